"""Every way the stand-in says no, with the status and the error name that AWS uses for it.

It holds names and statuses, not the conditions: those stand with what checks them. No text here ever carries
a value. Sources: [common] is https://docs.aws.amazon.com/mgn/latest/APIReference/CommonErrors.html, "errors
common to the API actions of all AWS services"; [model] is botocore's personalize-events model; [sigv4] is
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
    """The request's content is wrong: the one error that PutEvents lists [model]."""
    return Refusal(400, "InvalidInputException", message)


def unknown_tracker() -> Refusal:
    """The trackingId belongs to no event tracker [model]."""
    return Refusal(404, "ResourceNotFoundException", "Could not find the specified resource.")


def throttled() -> Refusal:
    """The dataset group's quota is used up [common]."""
    return Refusal(400, "ThrottlingException", "Rate exceeded")


def unknown_operation() -> Refusal:
    """The path is not the one of PutEvents [common]."""
    return Refusal(
        404, "UnknownOperationException", "The requested operation is not recognized by the service."
    )


def wrong_method() -> Refusal:
    """The path is right and the method is not POST (HTTP's own 405)."""
    return Refusal(405, "UnknownOperationException", "The method is not allowed for the requested URL.")


def too_large() -> Refusal:
    """The HTTP body is larger than any valid request could be [common]."""
    return Refusal(413, "RequestEntityTooLargeException", "The request entity is too large.")


def missing_signature() -> Refusal:
    """There is no Authorization header [common]."""
    return Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")


def incomplete_signature(what: str) -> Refusal:
    """The Authorization header lacks a part, or a header that must be signed is not [common]."""
    return Refusal(
        403, "IncompleteSignature", f"The request signature does not conform to AWS standards: {what}."
    )


def unknown_client() -> Refusal:
    """The access key or its session token is not one that the service knows [common]."""
    return Refusal(
        403, "UnrecognizedClientException", "The security token included in the request is invalid."
    )


def wrong_signature(why: str) -> Refusal:
    """The signature does not fit the request, the key or the credential's scope [sigv4]."""
    return Refusal(403, "InvalidSignatureException", why)


def expired_request() -> Refusal:
    """The request's own date is more than 15 minutes away from the service's clock [common]."""
    return Refusal(
        400, "RequestExpired", "The date stamp on the request is more than 15 minutes away from now."
    )


def expired_token() -> Refusal:
    """The session token has run out [common]."""
    return Refusal(403, "ExpiredTokenException", "The security token included in the request is expired")


def forbidden() -> Refusal:
    """The credentials are good and may not call PutEvents [common]."""
    return Refusal(403, "AccessDeniedException", "User is not authorized to perform: personalize:PutEvents")


def internal_failure() -> Refusal:
    """The service failed for a reason of its own [common]."""
    return Refusal(500, "InternalFailure", "The request processing has failed because of an unknown error.")


def unavailable() -> Refusal:
    """The service is down for the moment [common]."""
    return Refusal(
        503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."
    )
