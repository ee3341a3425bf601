"""A refusal of an AWS service by its code."""

from __future__ import annotations

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""The codes for a missing permission."""

EXPIRED_KEYS = frozenset({"ExpiredToken", "ExpiredTokenException"})
"""The codes for temporary keys after their end."""

UNTRUSTED = frozenset(
    {
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""The codes for keys or a signature that the service does not accept ("Common Errors", and IAM's names for them)."""

MISTIMED = frozenset(
    {"RequestExpired", "RequestExpiredException", "RequestInTheFuture", "RequestTimeTooSkewed"}
)
"""The codes for a clock that is off by more than the service allows ("Common Errors": RequestExpired, 15 minutes)."""

UNREADABLE = (ResponseParserError, AttributeError, TypeError)
"""What a client raises for an answer that is not JSON, and for JSON that is not an object."""


def code_of(error: ClientError) -> str:
    """Return the service's own name for the error, such as `AccessDenied`; for a HEAD the status, such as `403`."""
    return str(error.response.get("Error", {}).get("Code") or "an unknown error")
