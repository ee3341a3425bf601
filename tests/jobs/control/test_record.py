"""The control file's content: requests are numbered on, done ones leave it, and what can't be read is nothing."""

from __future__ import annotations

import pytest

from jobs.control.record import Ask, ControlRecord, ControlRequest

RECORD = ControlRecord(run_id="day", execution="e1", max_requests_per_second=500, requests_per_second=500)


def request(token: str, ask: Ask = Ask.PAUSE, rate: float | None = None) -> ControlRequest:
    return ControlRequest(
        number=0, token=token, ask=ask, rate=rate, by="kim@laptop", asked_at="2026-01-01T00:00:00+00:00"
    )


def test_requests_are_numbered_on_from_those_that_were_done() -> None:
    record = RECORD.asking(request("a")).asking(request("b"))
    assert [each.number for each in record.requests] == [1, 2]
    done = record.with_heeded(2, 50, paused=True)
    assert (done.requests, done.heeded, done.paused, done.requests_per_second) == ((), 2, True, 50)
    assert [each.number for each in done.asking(request("c")).requests] == [3]


def test_a_request_whose_answer_was_lost_is_not_made_twice() -> None:
    record = RECORD.asking(request("a"))
    assert record.asking(request("a")) == record


@pytest.mark.parametrize("change", [{"by": "kim\nERROR all is lost"}, {"rate": 0.0}, {"rate": -1.0}])
def test_a_request_that_no_command_makes_is_none(change: dict[str, object]) -> None:
    """Any program may write the file: what it holds gets into the log and decides the rate."""
    forged = request("a").model_copy(update=change)
    assert ControlRecord.parse(RECORD.model_copy(update={"requests": (forged,)}).to_bytes()) is None


def test_what_was_written_is_what_is_read() -> None:
    record = RECORD.asking(request("a", Ask.RATE, 12.5))
    assert ControlRecord.parse(record.to_bytes()) == record


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run_id": "day"}', b"\xff"])
def test_what_is_not_a_record_is_read_as_none(content: bytes) -> None:
    assert ControlRecord.parse(content) is None
