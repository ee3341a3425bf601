"""`summary.json` holds what is known of a run, in the contract's words, and can be read back as it was written."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from core.storage import Folder
from delivery.sending.timeline import Point, Timeline
from jobs.account.closed_account import Sent, Staged
from jobs.account.exit_status import Status
from jobs.account.summary import Summary, read_summary, write_summary
from jobs.control.record import Ask, ControlRequest
from jobs.ending.outcome import Outcome
from jobs.ending.summary_making import summary_of
from jobs.errors import UsageError
from jobs.steps.checking import Checked
from tests.jobs.account.summaries import OLDEST, summaries
from tests.jobs.prepared_run import prepared_run

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def written(sent: Sent, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - what is known of the run
    checked = Checked(Staged(rows_read=30, to_send=30), None, ())
    summary = summary_of(prepared_run(), Outcome(NOW, checked=checked, sent=sent, **more), NOW)
    content: dict[str, Any] = json.loads(summary.to_bytes())
    return content


@given(summaries())
def test_what_is_read_is_what_was_written(summary: Summary) -> None:
    assert Summary.model_validate_json(summary.to_bytes()) == summary


def test_the_contracts_keys_come_first_and_in_its_order() -> None:
    keys = list(written(Sent()))
    assert keys[: len(OLDEST)] == list(OLDEST)
    assert keys[len(OLDEST) :] == [
        "timeline",
        "events_per_request",
        "replay_of",
        "source",
        "steering",
        "import",
        "plan",
        "events_by_day",
        "events_by_type",
        "settings",
    ]


def test_times_are_iso_8601_in_utc() -> None:
    found = written(Sent(started_at=1_000.0, finished_at=1_000.5))
    assert found["started_at"] == "2026-01-01T00:00:00+00:00"
    assert found["sending_started_at"] == "1970-01-01T00:16:40+00:00"
    assert found["sending_finished_at"] == "1970-01-01T00:16:40.500000+00:00"


def test_a_summary_of_the_first_version_can_be_read(tmp_path: Path) -> None:
    Folder(str(tmp_path)).write_bytes("summary.json", json.dumps(OLDEST).encode())
    found = read_summary(Folder(str(tmp_path)))
    assert found is not None
    assert (found.status, found.rows_read, found.source, found.settings) == (
        Status.DEAD_LETTERED,
        1234,
        None,
        {},
    )


def test_a_summary_of_a_later_version_can_be_read(tmp_path: Path) -> None:
    content = {**OLDEST, "weather": {"sun": 1}}
    Folder(str(tmp_path)).write_bytes("summary.json", json.dumps(content).encode())
    assert read_summary(Folder(str(tmp_path))) is not None


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read_summary(Folder(str(tmp_path))) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "holds no JSON object"),
        (b"\xff", "holds no JSON object"),
        (b"[]", "holds no JSON object"),
        (b"null", "holds no JSON object"),
        (json.dumps({**OLDEST, "rows_read": "many-a-user"}).encode(), "has no valid rows_read"),
        (json.dumps({**OLDEST, "status": "[bold]"}).encode(), "has no valid status"),
    ],
)
def test_a_damaged_one_is_named_with_the_key_and_without_the_value(
    tmp_path: Path, content: bytes, why: str
) -> None:
    Folder(str(tmp_path)).write_bytes("summary.json", content)
    with pytest.raises(UsageError, match=rf"summary\.json is damaged: it {why}\. Restore the file") as raised:
        read_summary(Folder(str(tmp_path)))
    assert "many" not in str(raised.value)


def test_it_is_written_as_lines_that_can_be_read(tmp_path: Path) -> None:
    write_summary(Folder(str(tmp_path)), Summary.model_validate({**OLDEST, "tracking_id": "ü"}))
    text = (tmp_path / "summary.json").read_text()
    assert text.startswith('{\n  "run_id": "run",\n')
    assert '"tracking_id": "ü"' in text


def test_the_timeline_is_a_list_for_each_count_from_its_first_interval_on() -> None:
    timeline = Timeline(4, {250: Point(5, 3, 1), 252: Point(0, 1, 0)})
    assert written(Sent(timeline=timeline))["timeline"] == {
        "started_at": "1970-01-01T00:16:40+00:00",
        "interval_seconds": 4,
        "attempts": [5, 0, 0],
        "delivered": [3, 0, 1],
        "throttled": [1, 0, 0],
    }


def test_the_fill_of_requests_is_ten_counts_from_one_event_to_ten() -> None:
    found = written(Sent(requests_by_events=Counter({10: 2, 1: 3})))["events_per_request"]
    assert found == [3, 0, 0, 0, 0, 0, 0, 0, 0, 2]


def test_both_are_null_where_nothing_was_sent() -> None:
    found = written(Sent())
    assert (found["timeline"], found["events_per_request"]) == (None, None)


def test_a_request_of_an_operator_is_recorded_without_its_token() -> None:
    request = ControlRequest(
        number=1, token="t", ask=Ask.RATE, rate=20, by="kim@laptop", asked_at="then", heeded_at=None
    )
    assert written(Sent(), steering=(request,))["steering"] == [
        {
            "ask": "rate",
            "requests_per_second": 20.0,
            "by": "kim@laptop",
            "asked_at": "then",
            "heeded_at": None,
        }
    ]
