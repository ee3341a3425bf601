"""CloudWatch's counts of PutEvents calls, and what they prove about a run.

Namespace `AWS/Personalize`, metrics and dimensions: developer guide, "CloudWatch metrics for Amazon
Personalize". They count calls, not events. Their delay is not documented. Retention by period and the status codes:
Amazon CloudWatch API Reference, GetMetricData and MetricDataResult (and botocore's model of them).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol

from core.aws.refusals import UNREADABLE
from core.errors import BackfillError

NAMES = {"accepted": "PutEventsRequests", "refused": "PutEvents4xxErrors", "failed": "PutEvents5xxErrors"}
SETTLING = timedelta(minutes=15)
"""Our choice: a count that is missing so soon after a run may still come."""

KEPT = timedelta(days=455)
"""How long CloudWatch keeps counts by the hour, which it keeps longest."""

MARGIN = timedelta(minutes=5)
"""Our choice: a run's times are by its executors' clocks, which may differ from CloudWatch's by this much."""

_NAMESPACE = "AWS/Personalize"
# CloudWatch keeps minutes for 15 days and five minutes for 63: a day less, as a span begins before its run.
_KEPT_BY_PERIOD = ((timedelta(days=14), 60), (timedelta(days=62), 300))
_MAX_PERIOD = 3600
_COMPLETE = "Complete"


class UnmeteredError(BackfillError):
    """CloudWatch's answer lacks counts, so it proves nothing; the text is a sentence's end."""

    exit_code: ClassVar[int] = 5


class CloudWatch(Protocol):
    """The one call that is used."""

    def get_metric_data(self, **parameters: Any) -> Any:  # noqa: ANN401 - boto3's own
        """Return the metric data; see boto3.

        Raises:
            ClientError: CloudWatch refused it.
            BotoCoreError: CloudWatch could not be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class Metered:
    """Calls of PutEvents that CloudWatch counted for one tracker, in whole periods around a run and its margins."""

    accepted: int
    refused: int
    failed: int


@dataclass(frozen=True, slots=True)
class Calls:
    """A run's own counts of its calls: `accepted` requests and all `attempts`, first to last."""

    accepted: int
    attempts: int
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """The run's accepted requests that were found, are missing, and are unknown, by number.

    `why_unknown`: a sentence, None if none is unknown.
    """

    found: int
    missing: int
    unknown: int
    why_unknown: str | None = None


def metered(client: CloudWatch, tracker_arn: str, calls: Calls, now: datetime) -> Metered:
    """Return CloudWatch's counts of the calls in the run's span, and `MARGIN` before and after it.

    Raises:
        UnmeteredError: its answer is not complete, or not CloudWatch's.
        ClientError: CloudWatch refused it.
        BotoCoreError: CloudWatch could not be reached.
    """
    period = _period(now - calls.began)
    start, last = _floor(calls.began - MARGIN, period), _floor(calls.ended + MARGIN, period)
    asked = {
        "MetricDataQueries": [_query(key, name, tracker_arn, period) for key, name in NAMES.items()],
        "StartTime": start,
        "EndTime": last + timedelta(seconds=period),
    }
    sums: Counter[str] = Counter()
    states: dict[str, str] = {}
    try:
        for result in _results(client, asked):
            sums[result["Id"]] += round(sum(result["Values"]))
            states[result["Id"]] = result.get("StatusCode", "no status")
    except (KeyError, *UNREADABLE):  # a proxy's page, say: botocore takes it for an answer without members
        raise UnmeteredError("what answered is not CloudWatch") from None
    _require_complete(states)
    return Metered(**{key: sums[key] for key in NAMES})


def _results(client: CloudWatch, asked: dict[str, Any]) -> Iterator[Any]:
    """Yield each page's results: a series that is `PartialData` on one goes on with the next."""
    more: dict[str, str] = {}
    while True:
        answer = client.get_metric_data(**asked, **more)
        yield from answer["MetricDataResults"]
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _require_complete(states: Mapping[str, str]) -> None:
    """Check the last state of each series: one without calls is `Complete`, too, and has no values."""
    for key, name in NAMES.items():
        if (state := states.get(key, "no answer")) != _COMPLETE:
            raise UnmeteredError(f"it gave no complete count of {name} ({state})")


def proof(calls: Calls, counted: Metered, now: datetime) -> Proof:
    """Compare the run's accepted requests with the service's count.

    The service may have counted more: live traffic of the same tracker, and requests whose answers were
    lost. It may have counted less, soon after the run and when it no longer keeps the counts.
    """
    found = min(calls.accepted, counted.accepted)
    lacking = calls.accepted - found
    why = _why_unknown(calls, now) if lacking else None
    return Proof(found, missing=0 if why else lacking, unknown=lacking if why else 0, why_unknown=why)


def _why_unknown(calls: Calls, now: datetime) -> str | None:
    if now - calls.ended < SETTLING:
        return (
            "the run ended less than 15 minutes ago: what is unknown may still be counted. Verify again later"
        )
    if now - calls.began >= KEPT - timedelta(days=1):
        return "the run began longer ago than the 455 days that CloudWatch keeps its counts"
    return None


def _query(key: str, name: str, tracker_arn: str, period: int) -> dict[str, Any]:
    dimensions = [{"Name": "EventTrackerArn", "Value": tracker_arn}]
    metric = {"Namespace": _NAMESPACE, "MetricName": name, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}}


def _period(age: timedelta) -> int:
    return next((period for kept, period in _KEPT_BY_PERIOD if age < kept), _MAX_PERIOD)


def _floor(moment: datetime, period: int) -> datetime:
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % period, UTC)
