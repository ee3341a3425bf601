"""The result of one PutEvents request: a plain value, the same for every client.

`faults` classifies it. Its text form never contains the service's message, which may quote an event: the
message goes into the dead letters and nowhere else.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the service, or the lack of one.

    `status` is the HTTP status, None if no answer came (connection, time-out, signing). `code` is the
    error's name, from the service or the client library, None for a success. `message` is the service's own
    text. `renewed`: the cause of the refusal, expired credentials or a wrong clock, has been fixed, and the
    next attempt gets a new signature.
    """

    status: int | None
    code: str | None = None
    message: str | None = field(default=None, repr=False)
    renewed: bool = False


ACCEPTED = Answer(200)
WEB_PAGE = Answer(200, "WebPage")
"""A success that can't be the service's, since PutEvents never answers with a page: a proxy's sign-in, say."""

# A name goes into logs and summaries; other text there may quote an event.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}")


def error_code(header: str | None, body: object) -> str | None:
    """Return the error's name, from the `x-amzn-ErrorType` header or the body's `__type` or `code`.

    A name may carry a namespace before `#` and a URL behind `:`; both are cut off, as the AWS restJson1
    protocol asks (Smithy, "Operation error serialization"). Anything that does not look like a name is ignored.
    """
    names = (header, *(body.get(key) for key in ("__type", "code"))) if isinstance(body, dict) else (header,)
    name = next((name for name in names if isinstance(name, str) and name), None)
    found = _NAME.fullmatch(name.split(":", 1)[0].rsplit("#", 1)[-1]) if name else None
    return found[0] if found else None


def refusal(status: int, header: str | None, content: bytes) -> Answer:
    """Return the answer for an HTTP error: its status, its error type header and its body, JSON or not."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    message = (body.get("message") or body.get("Message")) if isinstance(body, dict) else None
    return Answer(status, error_code(header, body), _encodable(message) if isinstance(message, str) else None)


def _encodable(text: str) -> str:
    """Replace unpaired surrogates, which JSON can escape (RFC 8259, section 8.2) and UTF-8 can't hold."""
    return text.encode("utf-8", "replace").decode()
