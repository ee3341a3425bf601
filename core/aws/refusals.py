"""A refusal of an AWS service by its code."""

from __future__ import annotations

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""The codes for a missing permission."""

UNREADABLE = (ResponseParserError, AttributeError, TypeError)
"""What a client raises for an answer that is not JSON, and for JSON that is not an object."""


def code_of(error: ClientError) -> str:
    """Return the service's own name for the error, such as `AccessDenied`; for a HEAD the status, such as `403`."""
    return str(error.response.get("Error", {}).get("Code") or "an unknown error")
