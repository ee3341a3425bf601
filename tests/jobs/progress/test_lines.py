"""Progress for a log: each line is JSON by itself, on stderr."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest

from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import Phase, Tasks
from jobs.progress.sending_figures import SendingFigures

FIGURES = SendingFigures(620, 1000, 98.7654, 99.0, 100.0, 3, 0.25, 2, 3.94, stopping=False)


@pytest.fixture(autouse=True)
def _informing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "put_events")


def lines(capsys: pytest.CaptureFixture[str], *phases: Phase | None) -> list[dict[str, object]]:
    with ProgressLines(lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) as view:
        for phase in phases:
            view.show((), phase)
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_holds_the_time_the_phase_and_how_far_it_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = lines(
        capsys, Phase("start", 0.5), Phase("judge", 7.26, Tasks(1, 4)), Phase("send", 60.0, FIGURES)
    )
    assert first == {"time": "2026-01-02T03:04:05.000+00:00", "phase": "start", "seconds": 0.5}
    assert (second["seconds"], second["tasks_done"], second["tasks_known"]) == (7.3, 1, 4)
    assert third == {
        "time": "2026-01-02T03:04:05.000+00:00",
        "phase": "send",
        "seconds": 60.0,
        "events_delivered": 620,
        "events_to_send": 1000,
        "share_done": 0.62,
        "requests_per_second": 98.8,
        "allowed_requests_per_second": 99.0,
        "max_requests_per_second": 100.0,
        "throttled_attempts": 3,
        "throttled_per_second": 0.25,
        "partitions": 2,
        "seconds_left": 3.9,
        "stopping": False,
        "paused": False,
    }


def test_the_end_of_the_run_makes_no_line_and_leaves_no_handler(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, None) == []
    assert logging.getLogger("put_events.progress").handlers == []
    assert logging.getLogger("put_events.progress").propagate


def test_a_line_is_written_once_among_the_jobs_own_lines(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert len(lines(capsys, Phase("send", 1.0))) == 1
    assert caplog.records == []
