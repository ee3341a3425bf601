"""The bookkeeping behind the sender: whose turn it is."""

from __future__ import annotations

from delivery.packing import Batch, pack
from delivery.sending.workload import MAX_HELD, READY_AHEAD, Request, Workload
from tests.delivery.fakes import staged


def batches(*runs: tuple[str, int]) -> list[Batch]:
    return [batch for session, size in runs for batch in pack(staged(session, *range(size)), 10)]


def taken(work: Workload, now: float = 0.0) -> list[Request]:
    return [work.take() for _ in range(work.ready(now))]


def sessions(requests: list[Request]) -> list[bytes]:
    return [request.batch.envelope for request in requests]


def test_one_request_of_each_session_is_ready() -> None:
    drawn = batches(("a", 25), ("b", 5), ("a", 5))
    work = Workload(iter(drawn))
    first = taken(work)
    assert [request.batch for request in first] == [drawn[0], drawn[3]]
    assert work.held == 5


def test_finishing_a_request_makes_its_sessions_next_one_ready() -> None:
    drawn = batches(("a", 25))
    work = Workload(iter(drawn))
    seen = []
    while requests := taken(work):
        seen += [request.batch for request in requests]
        work.finish(requests[0])
    assert seen == drawn
    assert work.held == 0


def test_a_retry_waits_for_its_time_and_goes_first() -> None:
    work = Workload(iter(batches(("a", 20), ("b", 20))))
    a, b = taken(work)
    work.retry_at(a, 5.0)
    assert (work.ready(4.9), work.next_due()) == (0, 5.0)
    work.finish(b)
    again, _ = taken(work, 5.0)
    assert again is a
    assert work.next_due() is None


def test_retries_come_in_the_order_of_their_time() -> None:
    work = Workload(iter(batches(("a", 1), ("b", 1))))
    a, b = taken(work)
    work.retry_at(a, 2.0)
    work.retry_at(b, 1.0)
    assert work.next_due() == 1.0
    assert taken(work, 1.5) == [b]


def test_halves_go_out_one_after_the_other_before_the_sessions_next_request() -> None:
    work = Workload(iter(batches(("a", 12))))
    (whole,) = taken(work)
    whole.attempts = whole.tries = 1
    work.split(whole)
    ids = []
    while requests := taken(work):
        (request,) = requests
        ids.append([event.event_id for event in request.batch.events])
        work.finish(request)
    assert ids == [[f"a-{n}" for n in range(5)], [f"a-{n}" for n in range(5, 10)], ["a-10", "a-11"]]
    assert work.held == 0


def test_halves_inherit_the_attempts_but_not_the_tries() -> None:
    (batch,) = batches(("a", 3))
    halves = Request(batch, attempts=4, tries=2).halves()
    assert [(half.attempts, half.tries, len(half.batch.events)) for half in halves] == [(4, 0, 1), (4, 0, 2)]


def test_batches_are_drawn_only_as_far_as_the_bounds() -> None:
    drawn = []
    endless = (drawn.append(n) or batches((f"s{n}", 1))[0] for n in range(100_000))
    work = Workload(endless)
    assert work.ready(0.0) == len(drawn) == READY_AHEAD


def test_one_session_alone_is_looked_through_only_so_far() -> None:
    drawn = []
    (batch,) = batches(("a", 1))
    work = Workload(drawn.append(n) or batch for n in range(100_000))
    assert work.ready(0.0) == 1
    assert len(drawn) == MAX_HELD


def with_requests_after(batch: Batch, requests_after: int) -> Batch:
    return Batch(
        batch.envelope, tuple(event._replace(requests_after=requests_after) for event in batch.events)
    )


def test_the_session_with_the_most_behind_it_goes_first_and_equals_by_the_file() -> None:
    drawn = batches(("a", 1), ("b", 1), ("c", 1), ("d", 1))
    ordered = [with_requests_after(*each) for each in zip(drawn, (0, 5, 7, 5), strict=True)]
    work = Workload(iter(ordered))
    assert sessions(taken(work)) == [drawn[place].envelope for place in (2, 1, 3, 0)]


def test_a_sessions_next_request_keeps_its_place_in_the_file() -> None:
    """Behind many that are ready a long session would get one request of many."""
    giant = [with_requests_after(batch, 2 - number) for number, batch in enumerate(batches(("a", 30)))]
    work = Workload(iter([giant[0], *batches(("b", 1), ("c", 1), ("d", 1)), *giant[1:]]))
    assert work.ready(0.0) == 4
    work.finish(work.take())
    assert work.requests_after == 1
    assert work.take().batch is giant[1]


def test_what_is_left_is_known_about_and_in_the_end_exactly() -> None:
    work = Workload(iter(batches(*((f"s{number}", 5) for number in range(4_000)))), events=20_000)
    assert work.left > 0
    work.ready(0.0)
    assert work.left == 4_000
    while requests := taken(work):
        for request in requests:
            work.finish(request)
    assert work.left == 0
