"""A lease belongs to one run at a time, for any interleaving of requests, renewals, deaths and lost answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StorageError
from jobs.leases.lease_record import parse_record
from jobs.leases.process_identity import ProcessIdentity
from jobs.leases.run_lease import (
    OVERDUE_SECONDS,
    STALE_SECONDS,
    HeldLease,
    LeaseHeldError,
    LeaseLostError,
)
from tests.jobs.leases.lease_memory import Clock, MemoryStore, record, request, taken


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(Clock())


def holder(store: MemoryStore) -> str | None:
    found = parse_record(store.content) if store.content else None
    return found.execution if found else None


def test_a_free_lease_is_taken_at_once_and_is_free_again_when_released(store: MemoryStore) -> None:
    lease = taken(store, "a")
    assert holder(store) == "a"
    lease.release()
    assert store.read() is None
    taken(store, "b")


def test_a_holder_that_is_seen_to_renew_refuses_the_next_and_is_named(store: MemoryStore) -> None:
    lease, second = taken(store, "a"), request(store, "b")
    assert second.acquire() is None
    lease.renew("later")
    with pytest.raises(LeaseHeldError, match=r"run run-a \(on host-a, process 1, since since\)"):
        second.acquire()


def test_a_holder_whose_process_runs_on_this_machine_refuses_at_once(store: MemoryStore) -> None:
    taken(store, "a")
    store.clock.now = 10 * STALE_SECONDS
    with pytest.raises(LeaseHeldError):
        request(store, "b", runs=True).acquire()


def test_a_holder_whose_process_is_gone_from_this_machine_is_followed_at_once(store: MemoryStore) -> None:
    taken(store, "a")
    assert request(store, "b", runs=False).acquire() is not None
    assert holder(store) == "b"


def test_a_silent_holder_is_followed_after_the_time_and_not_before(store: MemoryStore) -> None:
    taken(store, "a")
    store.clock.now = 1000.0
    second = request(store, "b")
    second.observe()
    store.clock.now += STALE_SECONDS - 0.1
    assert second.acquire() is None
    store.clock.now += 0.1
    assert second.acquire() is not None
    assert holder(store) == "b"


def test_where_the_store_has_a_clock_a_lease_that_is_old_already_is_not_waited_for(
    store: MemoryStore,
) -> None:
    store.has_clock = True
    taken(store, "a")
    store.clock.now = STALE_SECONDS - 0.1
    assert request(store, "b").acquire() is None
    store.clock.now = STALE_SECONDS
    assert request(store, "b").acquire() is not None


def test_half_a_file_is_a_holder_like_any_other(store: MemoryStore) -> None:
    store.create(b'{"run_id": "a", "exec')
    second = request(store, "b")
    assert second.acquire() is None
    store.clock.now = STALE_SECONDS
    assert second.acquire() is not None


def test_of_two_that_find_the_lease_free_one_gets_it(store: MemoryStore) -> None:
    others: list[HeldLease | None] = []

    def another_is_quicker() -> None:
        store.before_write = lambda: None
        others.append(request(store, "b").acquire())

    store.before_write = another_is_quicker
    first = request(store, "a")
    assert first.acquire() is None
    assert others[0] is not None
    others[0].renew("later")
    assert first.acquire() is None
    others[0].renew("later")
    with pytest.raises(LeaseHeldError):
        first.acquire()


def test_of_two_that_follow_a_dead_holder_one_gets_the_place(store: MemoryStore) -> None:
    taken(store, "dead")
    first, second = request(store, "a"), request(store, "b")
    first.observe()
    second.observe()
    store.clock.now = STALE_SECONDS
    others: list[HeldLease | None] = []

    def another_is_quicker() -> None:
        store.before_write = lambda: None
        others.append(second.acquire())

    store.before_write = another_is_quicker
    assert first.acquire() is None
    assert others[0] is not None
    with pytest.raises(LeaseHeldError, match="run-b"):
        first.acquire()


def test_a_holder_that_wakes_after_a_takeover_loses_the_place(
    store: MemoryStore,
) -> None:
    """And deletes nothing."""
    sleeper = taken(store, "a")
    assert request(store, "b", runs=False).acquire() is not None
    with pytest.raises(LeaseLostError, match="run-b"):
        sleeper.renew("later")
    sleeper.release()
    assert holder(store) == "b"


def test_a_write_whose_answer_was_lost_is_not_taken_for_another_holder(store: MemoryStore) -> None:
    first = request(store, "a")
    store.loses_answers = True
    with pytest.raises(StorageError):
        first.acquire()
    store.loses_answers = False
    lease = first.acquire()
    assert lease is not None
    store.loses_answers = True
    with pytest.raises(StorageError):
        lease.renew("later")
    store.loses_answers = False
    lease.renew("later")
    lease.release()
    assert store.read() is None


def test_a_lease_that_was_deleted_by_hand_is_written_again(store: MemoryStore) -> None:
    lease = taken(store, "a")
    store.content = None
    lease.renew("later")
    assert holder(store) == "a"


def test_a_lease_is_overdue_well_before_another_may_take_it(store: MemoryStore) -> None:
    lease = taken(store, "a")
    store.clock.now = OVERDUE_SECONDS - 0.1
    assert not lease.is_overdue
    store.clock.now = OVERDUE_SECONDS
    assert lease.is_overdue
    lease.renew("later")
    assert not lease.is_overdue


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"nul", b'{"process": 1}', b"\xff"])
def test_a_lease_that_can_not_be_read_names_no_holder(content: bytes) -> None:
    assert parse_record(content) is None


def test_a_record_comes_back_as_it_was_written_and_each_renewal_is_another_content() -> None:
    first = record("a", ProcessIdentity("m", 7, 8))
    assert parse_record(first.to_bytes()) == first
    assert first.renewed("renewed").to_bytes() != first.to_bytes()


class Runner:
    """A run as the keeper drives it: it tries to acquire, renews on request, stops when lost or overdue."""

    def __init__(self, store: MemoryStore, name: str) -> None:
        self._request = request(store, name)
        self.lease: HeldLease | None = None
        self.done = False

    @property
    def sends(self) -> bool:
        """Whether it takes itself for the holder and may be sending."""
        return not self.done and self.lease is not None and not self.lease.is_overdue

    def step(self) -> None:
        """One look, or one renewal."""
        if self.done:
            return
        try:
            if self.lease is None:
                self.lease = self._request.acquire()
            elif self.lease.is_overdue:
                self.done = True  # the keeper has stopped it, or its process is dead
            else:
                self.lease.renew("later")
        except (LeaseHeldError, LeaseLostError):
            self.done = True
        except StorageError:
            return

    def finish(self) -> None:
        if self.lease is not None and not self.done:
            self.done = True
            self.lease.release()


_MOVES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["step", "step", "step", "finish", "lose"]),
        st.sampled_from([0.0, 1.0, 9.0, 16.0, 46.0]),
    ),
    max_size=40,
)


@settings(max_examples=500, deadline=None)
@given(moves=_MOVES, between=_MOVES, has_clock=st.booleans())
def test_never_do_two_runs_take_themselves_for_the_holder(
    moves: list[tuple[int, str, float]], between: list[tuple[int, str, float]], *, has_clock: bool
) -> None:
    store = MemoryStore(Clock(), has_clock)
    runners = [Runner(store, str(number)) for number in range(3)]
    busy: set[int] = set()

    def move(number: int, action: str, seconds: float) -> None:
        if number in busy:
            return
        busy.add(number)
        store.loses_answers = action == "lose"
        if action == "finish":
            runners[number].finish()
        else:
            runners[number].step()
        store.loses_answers = False
        busy.discard(number)
        store.clock.now += seconds
        assert sum(runner.sends for runner in runners) <= 1

    def other_write() -> None:
        if between:
            move(*between.pop(0))

    store.before_write = other_write
    for each in moves:
        move(*each)
