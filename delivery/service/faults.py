"""The meaning of an answer for the sender: go on, wait, split, or stop.

Sources of the codes: botocore's `retries/standard.py` (throttled and transient codes and statuses), the AWS
page "Common Errors" (docs.aws.amazon.com/personalize/latest/dg/CommonErrors.html), the PutEvents model in
botocore (`personalize-events/2018-03-22`: 400 InvalidInput, 404 ResourceNotFound, 409 ResourceInUse). Only
code and status count. A message may quote an event, so its words must not decide about the whole run; a
service that refuses every event for its content is detected by `circuit.py`.
"""

from __future__ import annotations

from enum import Enum

from core.aws.refusals import EXPIRED_KEYS, MISTIMED, UNTRUSTED
from delivery.service.answer import WEB_PAGE, Answer


class Fault(Enum):
    """The four kinds of failure, named by what the sender does next."""

    THROTTLED = "throttled"  # too fast: wait, slow the whole job down, send the same again
    TRANSIENT = "transient"  # the service or the network: wait, send the same again
    POISON = "poison"  # the content: halve the request until the bad event is alone
    FATAL = "fatal"  # nothing will be accepted: stop every partition


# botocore `ThrottledRetryableChecker`; PriorRequestNotComplete counts as transient here, since it does not
# mean that requests came too fast.
THROTTLED_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# botocore `TransientRetryableChecker`, and the 5xx and aborted requests of "Common Errors".
TRANSIENT_CODES = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "PriorRequestNotComplete",
        "RequestAbortedException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ResourceInUseException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
EXPIRED_CODES = EXPIRED_KEYS
# A missing permission too, and what the client says when it can't sign (the last three).
CREDENTIAL_CODES = UNTRUSTED | {
    "AccessDenied",
    "AccessDeniedException",
    "NotAuthorized",
    "OptInRequired",
    "UnauthorizedException",
    "CredentialRetrievalError",
    "NoCredentialsError",
    "SigningFailed",
}
CLOCK_CODES = MISTIMED
# Other names for a wrong clock; with CLOCK_CODES these are what aws-sdk-js-v3 lists as
# `CLOCK_SKEW_ERROR_CODES`, without EC2's own.
MISDATED_CODES = CLOCK_CODES | {"InvalidSignatureException", "SignatureDoesNotMatch"}
UNKNOWN_CODES = frozenset({"InvalidAction", "ResourceNotFoundException", "UnknownOperationException"})
_FATAL_CODES = EXPIRED_CODES | CREDENTIAL_CODES | CLOCK_CODES | UNKNOWN_CODES
_TRANSIENT_STATUSES = frozenset({408, 409})
_CONTENT_STATUSES = frozenset({400, 413, 422})
_TOO_MANY_REQUESTS = 429


def classify(answer: Answer) -> Fault | None:
    """Return the kind of failure, or None if the service accepted the request."""
    status, code = answer.status, answer.code
    if answer == WEB_PAGE:
        return Fault.FATAL
    if status is not None and 200 <= status < 300:  # noqa: PLR2004 - HTTP's own range of success
        return None
    if answer.renewed:
        return Fault.TRANSIENT
    return _by_code(code) or _by_status(status)


def _by_code(code: str | None) -> Fault | None:
    if code in THROTTLED_CODES:
        return Fault.THROTTLED
    if code in TRANSIENT_CODES:
        return Fault.TRANSIENT
    return Fault.FATAL if code in _FATAL_CODES else None


def _by_status(status: int | None) -> Fault:
    if status is None or status >= 500 or status in _TRANSIENT_STATUSES:  # noqa: PLR2004 - HTTP's server errors
        return Fault.TRANSIENT
    if status == _TOO_MANY_REQUESTS:
        return Fault.THROTTLED
    return Fault.POISON if status in _CONTENT_STATUSES else Fault.FATAL


def name(answer: Answer) -> str:
    """Return a failed answer's name for reports and dead letters: the code, or the status. Never the message."""
    if answer.code:
        return answer.code
    return "NoAnswer" if answer.status is None else f"HTTP {answer.status}"


def explain(answer: Answer) -> str:
    """Return one sentence on a fatal answer, for the run's stop reason: what came back and where to look."""
    error = f"{answer.code} (HTTP {answer.status})" if answer.code and answer.status else name(answer)
    return f"the service refuses every request with {error}: {_advice(answer)}"


def explain_silence(answer: Answer, fault: Fault) -> str:
    """Return one sentence for the run's stop reason if a partition's requests fail without a success in between."""
    reason = f"nothing is accepted any more; the last failure was {name(answer)}"
    if fault is not Fault.POISON:
        return reason
    return f"{reason}: error_message in dead_letters/ says why; check personalize.tracking_id and the mapping"


def _advice(answer: Answer) -> str:
    if answer == WEB_PAGE:
        return "a web page answers, not Personalize; check personalize.endpoint_url and the proxy"
    if answer.code in EXPIRED_CODES:
        return "the credentials have expired and none newer were found"
    if answer.code in CLOCK_CODES:
        return (
            "the clock of this machine is wrong, and the service's own time did not help; set the clock (NTP)"
        )
    if answer.code in CREDENTIAL_CODES or answer.status in (401, 403):
        return "check the AWS credentials and their permission personalize:PutEvents"
    return "check personalize.tracking_id, personalize.region and personalize.endpoint_url"
