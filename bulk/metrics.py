"""CloudWatch's counts of PutEvents calls, and what they prove about a run.

Namespace `AWS/Personalize`, metrics and dimensions: developer guide, "CloudWatch metrics for Amazon
Personalize". They count calls, not events. Their delay is not documented. Retention by period: Amazon
CloudWatch User Guide, "Metrics retention".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

NAMES = {"accepted": "PutEventsRequests", "refused": "PutEvents4xxErrors", "failed": "PutEvents5xxErrors"}
SETTLING = timedelta(minutes=15)
"""Ours: what is not there so soon after a run may still come."""

_NAMESPACE = "AWS/Personalize"
_KEPT = ((timedelta(days=14), 60), (timedelta(days=62), 300))
_MAX_PERIOD = 3600


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
    """Calls of PutEvents that CloudWatch counted for one tracker, in whole periods around a span of time."""

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
    """The run's accepted requests that were found, are missing, and are unknown, by number."""

    found: int
    missing: int
    unknown: int


def metered(client: CloudWatch, tracker_arn: str, calls: Calls, now: datetime) -> Metered:
    """Return CloudWatch's counts of the calls in the run's span.

    Raises:
        ClientError: CloudWatch refused it.
        BotoCoreError: CloudWatch could not be reached.
    """
    period = _period(now - calls.began)
    start, end = _floor(calls.began, period), _floor(calls.ended, period) + timedelta(seconds=period)
    asked = {
        "MetricDataQueries": [_query(key, name, tracker_arn, period) for key, name in NAMES.items()],
        "StartTime": start,
        "EndTime": end,
    }
    sums: Counter[str] = Counter()
    more: dict[str, str] = {}
    while True:
        answer = client.get_metric_data(**asked, **more)
        for result in answer["MetricDataResults"]:
            sums[result["Id"]] += round(sum(result["Values"]))
        if not answer.get("NextToken"):
            return Metered(**{key: sums[key] for key in NAMES})
        more = {"NextToken": answer["NextToken"]}


def proof(calls: Calls, counted: Metered, now: datetime) -> Proof:
    """Compare the run's accepted requests with the service's count.

    The service may have counted more: live traffic of the same tracker, and requests whose answers were
    lost.
    """
    found = min(calls.accepted, counted.accepted)
    lacking = calls.accepted - found
    is_late = now - calls.ended >= SETTLING
    return Proof(
        found=found,
        missing=lacking if is_late else 0,
        unknown=0 if is_late else lacking,
    )


def _query(key: str, name: str, tracker_arn: str, period: int) -> dict[str, Any]:
    dimensions = [{"Name": "EventTrackerArn", "Value": tracker_arn}]
    metric = {"Namespace": _NAMESPACE, "MetricName": name, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}}


def _period(age: timedelta) -> int:
    return next((period for kept, period in _KEPT if age < kept), _MAX_PERIOD)


def _floor(moment: datetime, period: int) -> datetime:
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % period, UTC)
