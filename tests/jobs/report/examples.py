"""Made-up summaries for the report's tests: one like the demo's, and what makes others of it."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

from expectations.verdict import RuleResult
from jobs.account.summary import Summary

LIMIT = 1000
RULES = (
    RuleResult(
        "expect_column_values_to_not_be_null(eventType)", "service", "warning", "eventType is required.", True,
        200_000, 412,
    ),
    RuleResult(
        "expect_column_values_to_be_between(sentAt)", "service", "warning", "sentAt is in 1980 to 2099.", True,
        200_000, 380,
    ),
    RuleResult(
        "expect_column_value_lengths_to_be_between(itemId)", "service", "warning", None, True, 200_000, 209
    ),
    RuleResult("expect_table_row_count_to_be_between", "user", "critical", None, True, None, None),
)  # fmt: skip


def summary(**changed: Any) -> Summary:  # noqa: ANN401 - any JSON value
    """A delivered run like the demo's, with `changed` keys."""
    return Summary.model_validate({**content(), **changed})


def content() -> dict[str, Any]:
    """The `summary.json` of a delivered run like the demo's."""
    return {
        "run_id": "20260415T090000Z-3f2a9c1b77de",
        "status": "delivered",
        "exit_code": 0,
        "reason": None,
        "tracking_id": "demo-tracker",
        "rows_read": 200_000,
        "rows_rejected": 1_001,
        "duplicates_dropped": 600,
        "already_delivered": 0,
        "events_delivered": 198_399,
        "events_dead_lettered": 0,
        "events_not_attempted": 0,
        "requests_delivered": 27_747,
        "request_attempts": 27_901,
        "throttled_attempts": 154,
        "minimum_requests": 27_747,
        "rejected_by_reason": {rule.name: rule.failed for rule in RULES if rule.failed},
        "max_requests_per_second": LIMIT,
        "achieved_requests_per_second": 965.4,
        "started_at": "2026-04-15T09:00:00+00:00",
        "sending_started_at": "2026-04-15T09:00:21.300000+00:00",
        "sending_finished_at": "2026-04-15T09:00:50.200000+00:00",
        "finished_at": "2026-04-15T09:00:52+00:00",
        "events_by_day": days(date(2025, 10, 1), 182, 198_399),
        "events_by_type": {"view": 150_312, "add-to-cart": 31_204, "purchase": 12_701, "remove": 4_182},
        "settings": SETTINGS,
        "plan": None,
        "replay_of": None,
        "steering": [],
        "timeline": timeline(27_901, 154, 29),
        "events_per_request": [3_101, 1_904, 1_406, 1_102, 950, 801, 702, 605, 540, 16_636],
    }


SETTINGS = {
    "source.path": ["build/demo/source"],
    "schema": "build/demo/interactions.avsc",
    "preflight": "auto",
    "mapping.userId": "USER_ID",
    "mapping.eventType": "EVENT_TYPE",
    "mapping.sentAt.expr": "TIMESTAMP",
    "mapping.sentAt.unit": "seconds",
    "session.gap_minutes": 30,
    "session.per_user": False,
    "checks.max_rejected_fraction": 0.01,
    "personalize.tracking_id": "demo-tracker",
    "delivery.max_requests_per_second": 1000.0,
    "delivery.max_attempts": 8,
    "output.path": "build/demo/output",
}


def nothing_sent(status: str, **changed: Any) -> Summary:  # noqa: ANN401 - any JSON value
    """A run that ended with `status` before a request went out; nothing was read unless `changed` says so."""
    nothing: dict[str, Any] = dict.fromkeys(
        (key for key, value in content().items() if isinstance(value, int | float)), 0
    )
    nothing["max_requests_per_second"] = LIMIT
    gone = dict.fromkeys(("sending_started_at", "sending_finished_at", "timeline", "events_per_request"))
    none: dict[str, Any] = {key: {} for key in ("events_by_day", "events_by_type", "rejected_by_reason")}
    return summary(status=status, **{**nothing, **gone, **none, **changed})


def import_entry(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """The account of an import of most rows, with `changed` keys."""
    return {
        "mode": "full",
        "write_only": False,
        "rows_written": 190_000,
        "rows_not_importable": 8_399,
        "not_importable_by_reason": {"no_user": 8_399},
        **changed,
    }


def days(first: date, count: int, events: int) -> dict[str, int]:
    """`events` over `count` days from `first` on, more at weekends and towards the end."""
    weights = [(2 + n / count) * (1.5 if n % 7 in {2, 3} else 1 + 0.2 * math.sin(n)) for n in range(count)]
    counts = [int(events * weight / sum(weights)) for weight in weights]
    counts[-1] += events - sum(counts)
    return {(first + timedelta(n)).isoformat(): events for n, events in enumerate(counts)}


def timeline(attempts: int, throttled: int, intervals: int) -> dict[str, Any]:
    """`attempts` over `intervals` of a second, a slow first one, and all throttled ones in the middle."""
    weights = [0.6, *[1 - 0.03 * math.sin(n) ** 2 for n in range(intervals - 2)], 0.85][:intervals]
    sent = [int(attempts * weight / sum(weights)) for weight in weights]
    sent[-1] += attempts - sum(sent)
    refused = [0] * intervals
    refused[intervals // 2] = throttled
    return {
        "started_at": "2026-04-15T09:00:21.300000+00:00",
        "interval_seconds": 1,
        "attempts": sent,
        "delivered": [all_ - none for all_, none in zip(sent, refused, strict=True)],
        "throttled": refused,
    }
