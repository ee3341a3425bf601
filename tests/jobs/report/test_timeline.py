"""Rates over time are attempts by the length of their interval, the last of which is rarely whole."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.account.summary import Summary
from jobs.report.timeline import timeline_figure, timeline_of
from tests.jobs.report.examples import summary, timeline


def recorded(
    attempts: list[int], finished: str | None, steering: Sequence[dict[str, object]] = ()
) -> Summary:
    noted = {
        "started_at": "2026-01-01T00:00:00+00:00",
        "interval_seconds": 4,
        "attempts": attempts,
        "delivered": attempts,
        "throttled": [0] * len(attempts),
    }
    return summary(timeline=noted, sending_finished_at=finished, steering=steering)


def test_where_nothing_was_recorded_there_is_no_timeline() -> None:
    assert timeline_of(summary(timeline=None)) is None
    assert timeline_of(recorded([], None)) is None


def test_the_last_interval_ends_with_the_last_answer() -> None:
    found = timeline_of(recorded([40, 20], "2026-01-01T00:00:06+00:00"))
    assert found is not None
    assert found.per_second(found.attempts) == [10, 10]


def test_a_last_interval_of_an_instant_counts_as_a_second() -> None:
    found = timeline_of(recorded([40, 20], "2026-01-01T00:00:04.001+00:00"))
    assert found is not None
    assert found.per_second(found.attempts) == [10, 20]


def test_without_a_last_answer_every_interval_is_whole() -> None:
    found = timeline_of(recorded([40, 20], None))
    assert found is not None
    assert found.ends == [4, 8]


def test_throttles_are_counted_in_words_and_marked_in_the_picture() -> None:
    with_throttles = timeline_of(summary(timeline=timeline(1_000, 3, 10)))
    without = timeline_of(summary(timeline=timeline(1_000, 0, 10)))
    assert with_throttles is not None
    assert without is not None
    assert "3 attempts throttled, in 1 of 10 intervals" in timeline_figure(with_throttles).sentence
    assert ">throttled<" in timeline_figure(with_throttles).picture.wide
    assert "none throttled" in timeline_figure(without).sentence
    assert ">throttled<" not in timeline_figure(without).picture.wide


def test_the_limit_is_drawn_where_it_is_in_sight() -> None:
    near = timeline_of(summary(timeline=timeline(9_000, 0, 10)))
    far = timeline_of(summary(timeline=timeline(10, 0, 10)))
    assert near is not None
    assert far is not None
    assert ">limit<" in timeline_figure(near).picture.narrow
    assert ">limit<" not in timeline_figure(far).picture.narrow
    assert "of the 1,000 allowed" in timeline_figure(far).sentence


def request(ask: str, heeded_at: str | None, rate: float | None = None) -> dict[str, object]:
    return {
        "ask": ask,
        "requests_per_second": rate,
        "by": "kim@laptop",
        "asked_at": "2026-01-01T00:00:00+00:00",
        "heeded_at": heeded_at,
    }


def test_what_was_asked_while_it_sent_is_marked_and_said() -> None:
    asked = [
        request("pause", "2025-12-31T23:59:59+00:00"),  # before the first request
        request("rate", "2026-01-01T00:00:02+00:00", 50.0),
        request("pause", "2026-01-01T00:00:04+00:00"),
        request("stop", None),
    ]
    found = timeline_of(recorded([40, 20], "2026-01-01T00:00:06+00:00", asked))
    assert found is not None
    assert found.marks == ((2.0, "50 requests/s"), (4.0, "pause"))
    figure = timeline_figure(found)
    assert "After 2.0 s: 50 requests/s. After 4.0 s: pause." in figure.sentence
    assert " 50 requests/s" in figure.picture.wide
