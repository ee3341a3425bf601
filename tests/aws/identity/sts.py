"""AWS STS: who a key is, and keys for a role, for as long as the world says.

Sources: AWS STS API Reference; IAM User Guide, "Trust policies".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from tests.aws.identity.keys import ACCOUNT, Key, KeyRing
from tests.aws.identity.signatures import Unsigned, check
from tests.aws.log import Log
from tests.aws.network.addresses import region_of
from tests.aws.network.http import Request, Response

_XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"
_UNSIGNED = {
    "missing": (403, "MissingAuthenticationToken"),
    "malformed": (400, "IncompleteSignature"),
    "unsigned header": (400, "IncompleteSignature"),
    "unknown key": (403, "InvalidClientTokenId"),
    "wrong token": (403, "InvalidClientTokenId"),
    "expired": (403, "ExpiredToken"),
}


class StsError(Exception):
    """An answer of STS's that is an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> Response:
        text = f"<Type>Sender</Type><Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
        body = f'<ErrorResponse xmlns="{_XMLNS}"><Error>{text}</Error></ErrorResponse>'
        return Response(self.status, {"Content-Type": "text/xml"}, body.encode())


@dataclass
class Sts:
    """Handles STS's requests. `roles` by ARN: who may assume each; `web_tokens`: the tokens that are taken."""

    keys: KeyRing
    log: Log
    session_seconds: float = 3600.0
    roles: dict[str, Callable[[str], bool]] = field(default_factory=dict)
    web_tokens: set[str] = field(default_factory=set)

    def __call__(self, request: Request) -> Response:
        given = dict(parse_qsl(request.body.decode())) | request.query
        operation, code, principal = given.get("Action", ""), "", None
        try:
            response, principal = self._answer(operation, request, given)
        except StsError as error:
            response, code = error.response(), error.code
        self.log.note_call(request, operation, response, code=code, principal=principal)
        return response

    def _answer(self, operation: str, request: Request, given: dict[str, str]) -> tuple[Response, str | None]:
        if operation == "AssumeRoleWithWebIdentity":
            if given.get("WebIdentityToken") not in self.web_tokens:
                raise StsError(400, "InvalidIdentityToken", "The web identity token is not valid.")
            return self._assumed(operation, given, "web identity"), None
        principal = self._signed(request).principal
        if operation == "GetCallerIdentity":
            return _result(operation, f"<Arn>{principal}</Arn><Account>{ACCOUNT}</Account>"), principal
        if operation == "AssumeRole":
            return self._assumed(operation, given, principal), principal
        raise StsError(400, "InvalidAction", f"Could not find operation {operation}")

    def _signed(self, request: Request) -> Key:
        try:
            return check(request, self.keys, "sts", region_of(request.host)).key
        except Unsigned as error:
            status, code = _UNSIGNED.get(error.kind, (403, "SignatureDoesNotMatch"))
            raise StsError(status, code, f"The request is refused: {error.kind}.") from None

    def _assumed(self, operation: str, given: dict[str, str], principal: str) -> Response:
        arn, session = given.get("RoleArn", ""), given.get("RoleSessionName")
        if not session or not 900 <= int(given.get("DurationSeconds", 3600)) <= 43200:
            raise StsError(400, "ValidationError", "RoleSessionName or DurationSeconds is not valid.")
        if arn not in self.roles or not self.roles[arn](principal):
            raise StsError(403, "AccessDenied", f"{principal} is not authorized to perform: sts:{operation}")
        key = self.keys.session(session_arn(arn, session), self.session_seconds)
        credentials = (
            f"<AccessKeyId>{key.access_key}</AccessKeyId><SecretAccessKey>{key.secret_key}</SecretAccessKey>"
            f"<SessionToken>{key.token}</SessionToken><Expiration>{key.expiration}</Expiration>"
        )
        user = f"<Arn>{key.principal}</Arn><AssumedRoleId>AROA:{escape(session)}</AssumedRoleId>"
        return _result(
            operation,
            f"<Credentials>{credentials}</Credentials><AssumedRoleUser>{user}</AssumedRoleUser>",
        )


def session_arn(role_arn: str, session: str) -> str:
    """The principal that a role's session is."""
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_arn.rpartition('/')[2]}/{session}"


def _result(operation: str, text: str) -> Response:
    result = f"<{operation}Result>{text}</{operation}Result>"
    metadata = f"<ResponseMetadata><RequestId>{secrets.token_hex(8)}</RequestId></ResponseMetadata>"
    body = f'<{operation}Response xmlns="{_XMLNS}">{result}{metadata}</{operation}Response>'
    return Response(200, {"Content-Type": "text/xml"}, body.encode())
