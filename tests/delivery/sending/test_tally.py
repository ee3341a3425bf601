"""A partition counts in sum and by time: both agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from delivery.sending.tally import Tally
from delivery.service.faults import Fault

steps = st.lists(st.one_of(st.none(), st.integers(1, 10), st.sampled_from(Fault)), max_size=50)


@given(steps, st.floats(0.01, 100))
def test_the_timeline_and_the_fill_of_requests_add_up_to_the_counts(
    happened: list[int | Fault | None], pause: float
) -> None:
    tally, now = Tally(), 1_760_000_000.0
    for step in happened:
        now += pause
        if step is None:
            tally.attempted(now)
        elif isinstance(step, Fault):
            tally.failed(step, now)
        else:
            tally.accepted(step, now)
    points = list(tally.timeline.series())
    assert sum(point.attempts for point in points) == tally.request_attempts
    assert sum(point.delivered for point in points) == tally.requests_delivered
    assert sum(point.throttled for point in points) == tally.throttled_attempts
    assert tally.requests_by_events.total() == tally.requests_delivered
    assert sum(size * count for size, count in tally.requests_by_events.items()) == tally.events_delivered


def test_only_an_answer_moves_the_time_of_the_last_answer() -> None:
    tally = Tally()
    tally.attempted(5.0)
    assert (tally.first_attempt_at, tally.last_answer_at) == (5.0, None)
    tally.failed(Fault.POISON, 6.0)
    assert (tally.last_answer_at, tally.last_accepted_at, tally.failing_since) == (6.0, None, None)
    tally.accepted(3, 7.0)
    assert (tally.first_attempt_at, tally.last_answer_at, tally.last_accepted_at) == (5.0, 7.0, 7.0)
