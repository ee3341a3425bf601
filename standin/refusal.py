"""All refusals of the stand-in, with the status and the error name that AWS uses.

The conditions are in the modules that check them. No text here contains a value. Sources: [common] is
https://docs.aws.amazon.com/mgn/latest/APIReference/CommonErrors.html, "errors common to the API actions of
all AWS services"; [model] is botocore's personalize-events model; [sigv4] is
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html.
"""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """A request that is answered with an error: HTTP status, AWS error name, a sentence without any value."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message


def invalid_input(message: str) -> Refusal:
    """Refuse the request's content: the one error that PutEvents lists [model]."""
    return Refusal(400, "InvalidInputException", message)


def unknown_tracker() -> Refusal:
    """Refuse a trackingId that belongs to no event tracker [model]."""
    return Refusal(404, "ResourceNotFoundException", "Could not find the specified resource.")


def throttled() -> Refusal:
    """Refuse because the dataset group's quota is used up [common]."""
    return Refusal(400, "ThrottlingException", "Rate exceeded")


def unknown_operation() -> Refusal:
    """Refuse a path that is not the one of PutEvents [common]."""
    return Refusal(
        404, "UnknownOperationException", "The requested operation is not recognized by the service."
    )


def wrong_method() -> Refusal:
    """Refuse a method other than POST (HTTP's own 405)."""
    return Refusal(405, "UnknownOperationException", "The method is not allowed for the requested URL.")


def too_large() -> Refusal:
    """Refuse an HTTP body that is larger than any valid request could be [common]."""
    return Refusal(413, "RequestEntityTooLargeException", "The request entity is too large.")


def missing_signature() -> Refusal:
    """Refuse a request without an Authorization header [common]."""
    return Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")


def incomplete_signature(what: str) -> Refusal:
    """Refuse an Authorization header that lacks a part, or that does not sign a required header [common]."""
    return Refusal(
        403, "IncompleteSignature", f"The request signature does not conform to AWS standards: {what}."
    )


def unknown_client() -> Refusal:
    """Refuse an access key or session token that the service does not know [common]."""
    return Refusal(
        403, "UnrecognizedClientException", "The security token included in the request is invalid."
    )


def wrong_signature(why: str) -> Refusal:
    """Refuse a signature that does not fit the request, the key or the credential's scope [sigv4]."""
    return Refusal(403, "InvalidSignatureException", why)


def expired_request() -> Refusal:
    """Refuse a request whose own date is more than 15 minutes away from the service's clock [common]."""
    return Refusal(
        400, "RequestExpired", "The date stamp on the request is more than 15 minutes away from now."
    )


def expired_token() -> Refusal:
    """Refuse an expired session token [common]."""
    return Refusal(403, "ExpiredTokenException", "The security token included in the request is expired")


def forbidden() -> Refusal:
    """Refuse valid credentials that may not call PutEvents [common]."""
    return Refusal(403, "AccessDeniedException", "User is not authorized to perform: personalize:PutEvents")


def internal_failure() -> Refusal:
    """Fail for an internal reason of the service [common]."""
    return Refusal(500, "InternalFailure", "The request processing has failed because of an unknown error.")


def unavailable() -> Refusal:
    """Refuse because the service is down for the moment [common]."""
    return Refusal(
        503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."
    )
