"""What `summary.json` says of when requests went out and how full they were."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from delivery.sending.timeline import Point, Timeline
from jobs.account.closed_account import Account, Sent, Staged
from jobs.account.exit_status import Status
from jobs.account.summary import Ending, summary_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def summary(sent: Sent) -> dict[str, Any]:
    account = Account(Staged(rows_read=30, to_send=30), sent)
    ending = Ending("run", "tracker", Status.STOPPED, None, account, 10.0, NOW, NOW, None, {})
    written: dict[str, Any] = json.loads(json.dumps(summary_of(ending)))
    return written


def test_the_timeline_stands_as_a_list_for_each_count_from_its_first_interval_on() -> None:
    timeline = Timeline(4, {250: Point(5, 3, 1), 252: Point(0, 1, 0)})
    assert summary(Sent(timeline=timeline))["timeline"] == {
        "started_at": "1970-01-01T00:16:40+00:00",
        "interval_seconds": 4,
        "attempts": [5, 0, 0],
        "delivered": [3, 0, 1],
        "throttled": [1, 0, 0],
    }


def test_the_fill_of_requests_stands_as_ten_counts_from_one_event_to_ten() -> None:
    written = summary(Sent(requests_by_events=Counter({10: 2, 1: 3})))["events_per_request"]
    assert written == [3, 0, 0, 0, 0, 0, 0, 0, 0, 2]


def test_both_are_null_where_nothing_was_sent() -> None:
    written = summary(Sent())
    assert (written["timeline"], written["events_per_request"]) == (None, None)
