"""Calls to Amazon Personalize's control plane at its allowed rate.

Each operation has a rate of its own, one request per second for the account and Region, not adjustable (AWS
General Reference, "Amazon Personalize endpoints and quotas"). Other programs use up the same rate, so
keeping to it does not rule out throttling: a call that is throttled, or that a fault of the service or the
network ends, is repeated until the caller's patience is used up.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, Self, TypeGuard, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError

from core.aws.refusals import UNREADABLE, code_of
from core.aws.s3_errors import explain, is_cut_off
from core.errors import PassingError
from delivery.sending.backoff import wait as wait_before_retry
from delivery.service.answer import Answer
from delivery.service.faults import EXPIRED_CODES, Fault, classify
from jobs.errors import JobError

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

SECONDS_BETWEEN_CALLS = 1.0
_SILENT_SECONDS = 3.0
_SECONDS_BETWEEN_LINES = 10.0
_LOG = logging.getLogger("put_events")

P = ParamSpec("P")
R = TypeVar("R")

_WHY: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (SSLError, "its certificate is not trusted"),
    (ProxyConnectionError, "the proxy can't be reached"),
    (ReadTimeoutError, "it does not answer"),
    ((AwsConnectionError, HTTPClientError), "it can't be reached"),
    (UNREADABLE, "what answered is not Personalize"),
)
"""The first kind that fits counts, as some are of two."""


class ControlPlaneError(JobError):
    """Personalize did not answer a question; the text says why, as the end of a sentence without its full stop."""


class ControlPlaneBusyError(ControlPlaneError, PassingError):
    """The same, because of Personalize's own load or faults."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The seconds that a caller waits: `faults` through throttling and faults in all, `total` for everything."""

    faults: float
    total: float = math.inf


@dataclass(frozen=True, slots=True)
class Time:
    """A monotonic clock in seconds, a sleep in seconds, and a draw from [0, 1) for the pauses between attempts."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]


class CallPacer:
    """The times at which each operation may be called next; pure.

    A call's second begins with its answer: so the service sees two calls at least a second apart, however
    long each of them took.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def wait(self, operation: str, now: float) -> float:
        """Return the seconds until `operation` may be called; 0 means now."""
        return max(0.0, self._due.get(operation, now) - now)

    def ended(self, operation: str, now: float) -> None:
        """Record that a call of `operation` has just been answered or has failed."""
        self._due[operation] = now + SECONDS_BETWEEN_CALLS


class ControlPlane:
    """A caller of one `client`, which must not retry on its own, one call after the other.

    `renewed`: gives a client whose credentials are looked up again, for when those of the first have expired. `pacer`:
    that of callers of the same account and Region, who share the rate; left out: this is the only one.
    """

    def __init__(
        self,
        client: PersonalizeClient,
        patience: Patience,
        time: Time,
        renewed: Callable[[], PersonalizeClient] | None = None,
        pacer: CallPacer | None = None,
    ) -> None:
        self.client = client
        self._renewed = renewed
        self._patience = patience
        self._time = time
        self.pacer = pacer or CallPacer()
        self._progress = _Progress(time.now())
        self._started = time.now()
        self._lost = 0.0

    def call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the answer to `method`, a method of the client.

        Raises:
            ControlPlaneError: throttled, failing or out of reach for longer than the patience, credentials that have
                expired and were not renewed, or an answer that is not Personalize's.
            ClientError: any other refusal, such as a permission that is missing.
        """
        operation = self.client.meta.method_to_api_mapping[method.__name__]
        retries = 0
        while True:
            self._wait_for_turn(operation)
            attempted = self._time.now()
            try:
                return method(*args, **kwargs)
            except (ClientError, BotoCoreError, *UNREADABLE) as error:
                if renewed := self._with_renewed(method, error):
                    method = renewed
                    continue
                fault = self._fault(operation, error)
            finally:
                self.pacer.ended(operation, self._time.now())
            retries += 1
            self._pause(fault, retries, attempted)

    def _with_renewed(self, method: Callable[P, R], error: Exception) -> Callable[P, R] | None:
        """Return `method` of a client with newer credentials, once; None if `error` is not about credentials."""
        if self._renewed is None or not _is_expiry(error):
            return None
        self.client, self._renewed = self._renewed(), None
        found: Callable[P, R] = getattr(self.client, method.__name__)
        return found

    def progress(self, text: str) -> None:
        """Log `text`, a sentence without its full stop, unless only seconds have passed since the start or a line."""
        self._progress.say(text, self._time.now())

    def _wait_for_turn(self, operation: str) -> None:
        while pause := self.pacer.wait(operation, self._time.now()):
            if self._time.now() + pause - self._started > self._patience.total:
                raise ControlPlaneError(
                    f"Personalize takes one {operation} a second, and {self._patience.total:.0f} seconds "
                    "were not enough"
                )
            self._time.sleep(pause)

    def _fault(self, operation: str, error: Exception) -> _Fault:
        """Return the fault to wait out, or raise an error that waiting does not change."""
        if _is_expiry(error):
            raise ControlPlaneError(
                f"the AWS credentials have expired and none newer were found ({code_of(error)})"
            ) from None
        if isinstance(error, ClientError):
            if not self._is_passing(operation, error):
                raise error
            return _Fault.of_answer(operation, error)
        untrusted = isinstance(error, SSLError) and not is_cut_off(error)
        if isinstance(error, AwsConnectionError | HTTPClientError) and not untrusted:
            return _Fault(f"Personalize could not be asked ({_why(error)})")
        raise ControlPlaneError(f"Personalize could not be asked ({_why(error)})") from None

    def _is_passing(self, operation: str, error: ClientError) -> bool:
        """Return whether a refusal is about the service's load.

        An error that botocore's model lists for the operation is about the request: LimitExceededException
        means too many resources if it is listed (the Create operations), and too many requests if it is
        not.
        """
        model = self.client.meta.service_model.operation_model(operation)
        if code_of(error) in {shape.name for shape in model.error_shapes}:
            return False
        return classify(_answer(error)) in (Fault.THROTTLED, Fault.TRANSIENT)

    def _pause(self, fault: _Fault, retries: int, attempted: float) -> None:
        now = self._time.now()
        pause = wait_before_retry(retries, throttled=fault.throttled, random=self._time.random)
        left = min(
            self._patience.faults - self._lost - (now - attempted),
            self._patience.total - (now - self._started),
        )
        if left <= 0:
            waited = f"{fault.text} for {self._lost + now - attempted:.0f} seconds"
            if fault.may_pass:
                raise ControlPlaneBusyError(waited)
            raise ControlPlaneError(waited)
        pause = min(max(pause, SECONDS_BETWEEN_CALLS), left)
        self._progress.say(f"{fault.text}; asking again", now + pause)
        self._time.sleep(pause)
        self._lost += self._time.now() - attempted


@dataclass(frozen=True, slots=True)
class _Fault:
    """The cause of a failed attempt that is waited out. `may_pass`: the service gave it, so the way there is open."""

    text: str
    throttled: bool = False
    may_pass: bool = False

    @classmethod
    def of_answer(cls, operation: str, error: ClientError) -> Self:
        answer = _answer(error)
        if classify(answer) is Fault.THROTTLED:
            return cls(f"Personalize throttled {operation} ({answer.code})", throttled=True, may_pass=True)
        return cls(f"Personalize answered {operation} with {answer.code}", may_pass=True)


class _Progress:
    """An occasional line in the log; none if all is over within a few seconds."""

    def __init__(self, started: float) -> None:
        self._next = started + _SILENT_SECONDS

    def say(self, text: str, now: float) -> None:
        if now >= self._next:
            self._next = now + _SECONDS_BETWEEN_LINES
            _LOG.info("%s.", text)


def _is_expiry(error: Exception) -> TypeGuard[ClientError]:
    return isinstance(error, ClientError) and code_of(error) in EXPIRED_CODES


def _why(error: Exception) -> str:
    """Return why there was no answer. An error of botocore's own settings is worded as S3's is, without its remedy."""
    for kind, why in _WHY:
        if isinstance(error, kind) and not (kind is SSLError and is_cut_off(error)):
            return why
    return (
        str(explain(error)).partition(". ")[0] if isinstance(error, BotoCoreError) else type(error).__name__
    )


def _answer(error: ClientError) -> Answer:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return Answer(status, code_of(error))
