"""Personalize's control plane and CloudWatch under AWS's host names; signatures are checked.

Sources: Personalize Developer Guide, "Common errors"; Smithy, "AWS JSON 1.1 protocol".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standin.refusal import Refusal
from tests.aws.identity.keys import KeyRing
from tests.aws.identity.signatures import Unsigned, check
from tests.aws.log import Log
from tests.aws.network.addresses import region_of
from tests.aws.network.http import Request, Response

Answer = Callable[[str, dict[str, Any]], "dict[str, Any] | None"]
_UNSIGNED = {"expired": "ExpiredTokenException", "unknown key": "UnrecognizedClientException"}


@dataclass
class ControlPlane:
    """Handles the requests of both services: `answer` by operation and input; None, or nothing set, denies."""

    keys: KeyRing
    log: Log
    answer: Answer = lambda *_: None

    def __call__(self, request: Request) -> Response:
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        principal, code = None, ""
        try:
            principal = self._principal(request)
            response = _response(200, self._answer(operation, request))
        except Refusal as refused:
            code = refused.code
            response = _response(refused.status, {"__type": code, "message": refused.message})
        self.log.note_call(request, operation, response, code=code, principal=principal)
        return response

    def _principal(self, request: Request) -> str:
        service = request.host.partition(".")[0]
        try:
            return check(request, self.keys, service, region_of(request.host)).key.principal
        except Unsigned as error:
            code = _UNSIGNED.get(error.kind, "InvalidSignatureException")
            raise Refusal(403, code, f"The request is refused: {error.kind}.") from None

    def _answer(self, operation: str, request: Request) -> dict[str, Any]:
        found = self.answer(operation, json.loads(request.body or b"{}"))
        if found is None:
            raise Refusal(403, "AccessDeniedException", f"not authorized: personalize:{operation}")
        return found


def _response(status: int, content: dict[str, Any]) -> Response:
    body = json.dumps(content, default=datetime.timestamp).encode()
    return Response(status, {"Content-Type": "application/x-amz-json-1.1"}, body)
