"""CloudWatch's GetMetricData for the metrics that Personalize publishes of PutEvents.

Namespace, names and dimensions: developer guide, "CloudWatch metrics for Amazon Personalize". Sums by whole periods:
Amazon CloudWatch API Reference, GetMetricData.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NAMESPACE = "AWS/Personalize"
NAMES = ("PutEventsRequests", "PutEvents4xxErrors", "PutEvents5xxErrors")
_DIMENSION = "EventTrackerArn"


@dataclass
class Metrics:
    """Counts by metric, tracker and second; `page` is how many series an answer holds, `status` the state of each."""

    counts: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)
    page: int = 500
    status: str = "Complete"

    def count(self, name: str, tracker_arn: str, at: float, value: int = 1) -> None:
        """Count calls at a Unix time."""
        self.counts.setdefault((name, tracker_arn), Counter())[int(at)] += value

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return GetMetricData's answer to a request that the model allows."""
        start, end = _seconds(asked["StartTime"]), _seconds(asked["EndTime"])
        begin = int(asked.get("NextToken", "0"))
        queries = asked["MetricDataQueries"]
        results = [self._result(query, start, end) for query in queries[begin : begin + self.page]]
        more = {"NextToken": str(begin + self.page)} if begin + self.page < len(queries) else {}
        return {"MetricDataResults": results, **more}

    def _result(self, query: dict[str, Any], start: float, end: float) -> dict[str, Any]:
        stat = query["MetricStat"]
        metric, period = stat["Metric"], stat["Period"]
        (dimension,) = metric["Dimensions"]
        key = (metric["MetricName"], dimension["Value"])
        known = metric["Namespace"] == NAMESPACE and dimension["Name"] == _DIMENSION and stat["Stat"] == "Sum"
        sums: Counter[int] = Counter()
        for second, value in self.counts.get(key, Counter()).items() if known else ():
            if start <= (period_start := second - second % period) < end:
                sums[period_start] += value
        return {
            "Id": query["Id"],
            "Label": metric["MetricName"],
            "Timestamps": [datetime.fromtimestamp(at, UTC) for at in sorted(sums)],
            "Values": [float(sums[at]) for at in sorted(sums)],
            "StatusCode": self.status,
        }


def _seconds(answer: float | datetime) -> float:
    return answer.timestamp() if isinstance(answer, datetime) else float(answer)
