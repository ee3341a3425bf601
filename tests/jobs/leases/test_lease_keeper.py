"""A lease is renewed for as long as its run lasts, and a run that loses it gets the reason."""

from __future__ import annotations

import threading

import pytest

from jobs.leases import lease_keeper
from jobs.leases.lease_keeper import RETRY_ACQUIRE_SECONDS, RETRY_SECONDS, LeaseKeeper, wait_for
from jobs.leases.lease_record import LeaseRecord, parse_record
from jobs.leases.run_lease import (
    OVERDUE_SECONDS,
    RENEW_SECONDS,
    STALE_SECONDS,
    LeaseHeldError,
)
from tests.jobs.leases.lease_memory import Clock, MemoryStore, record, request, taken


def kept(store: MemoryStore, reasons: list[str]) -> LeaseKeeper:
    return LeaseKeeper(taken(store, "a"), reasons.append, lambda: "later")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(Clock())


def test_a_dead_holders_silence_is_waited_out_and_spoken_of_once(store: MemoryStore) -> None:
    taken(store, "dead")
    waits: list[LeaseRecord | None] = []

    def sleep(seconds: float) -> None:
        store.clock.now += seconds

    wait_for(request(store, "a"), sleep, waits.append)
    assert waits == [record("dead")]
    assert store.clock.now == pytest.approx(STALE_SECONDS, abs=RETRY_ACQUIRE_SECONDS)


def test_a_live_holder_is_reported_within_one_renewal(store: MemoryStore) -> None:
    holder = taken(store, "a")

    def sleep(seconds: float) -> None:
        store.clock.now += seconds
        if store.clock.now % RENEW_SECONDS == 0:
            holder.renew("later")

    with pytest.raises(LeaseHeldError):
        wait_for(request(store, "b"), sleep, lambda _: None)
    assert store.clock.now <= RENEW_SECONDS + RETRY_ACQUIRE_SECONDS


def test_a_holder_that_gives_back_while_another_waits_is_followed(store: MemoryStore) -> None:
    holder = taken(store, "a")
    wait_for(request(store, "b"), lambda _: holder.release(), lambda _: None)
    assert b"run-b" in (store.content or b"")


def test_a_renewal_that_fails_stops_the_run_only_when_overdue(
    store: MemoryStore,
) -> None:
    """Until then it is tried again soon."""
    reasons: list[str] = []
    keeper = kept(store, reasons)
    assert keeper.tick() == RENEW_SECONDS
    store.is_out_of_reach = True
    store.clock.now = OVERDUE_SECONDS - 1
    assert keeper.tick() == RETRY_SECONDS
    assert reasons == []
    store.clock.now = OVERDUE_SECONDS
    assert keeper.tick() == RETRY_SECONDS
    assert reasons == ["the lease could not be renewed for 30 seconds: could not reach it."]
    assert keeper.is_ours()


@pytest.mark.parametrize("hangs", [0.0, 1.0, 4.9, 9.0, 13.0])
def test_a_holder_is_stopped_before_another_may_take_its_lease(hangs: float, store: MemoryStore) -> None:
    """However long each renewal hangs before it fails: on S3, 13 seconds at the most."""
    reasons: list[str] = []
    keeper = kept(store, reasons)
    pause = keeper.tick()
    store.is_out_of_reach = True

    def hang() -> None:
        store.clock.now += hangs

    store.before_write = hang
    while not reasons:
        assert pause is not None
        store.clock.now += pause
        pause = keeper.tick()
    assert OVERDUE_SECONDS <= store.clock.now < STALE_SECONDS


def test_a_lease_that_was_taken_over_stops_the_run_and_names_the_winner(store: MemoryStore) -> None:
    reasons: list[str] = []
    keeper = kept(store, reasons)
    store.content = record("b").to_bytes()
    store.version = "another"
    assert keeper.tick() is None
    assert len(reasons) == 1
    assert reasons[0].startswith("run run-b (on host-b, process 1, since since) took over this run's lease")
    assert not keeper.is_ours()


def test_the_thread_renews_while_the_run_lasts_and_gives_back_at_its_end(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = threading.Event()

    def now() -> str:
        found = parse_record(store.content or b"")
        if found and found.renewals >= 2:
            renewed.set()
        return "later"

    monkeypatch.setattr(lease_keeper, "RENEW_SECONDS", 0.001)
    with LeaseKeeper(taken(store, "a"), pytest.fail, now):
        assert renewed.wait(30)
    assert store.read() is None
    assert not any(thread.name == "lease" for thread in threading.enumerate())


def test_a_lease_that_can_not_be_released_does_not_end_the_run_otherwise(store: MemoryStore) -> None:
    """It is left behind, and expires."""
    with kept(store, []):
        store.is_out_of_reach = True
    store.is_out_of_reach = False
    assert store.read() is not None


def lease_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lease"]


def test_no_thread_is_left_when_the_body_raises(store: MemoryStore) -> None:
    class BodyError(Exception):
        pass

    def body() -> None:
        with kept(store, []):
            assert len(lease_threads()) == 1
            raise BodyError

    with pytest.raises(BodyError):
        body()
    assert lease_threads() == []
    assert store.read() is None


def test_a_renewal_that_does_not_end_holds_up_neither_run_nor_thread(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate, left = threading.Event(), threading.Event(), threading.Event()
    keeper = kept(store, [])

    def hanging() -> None:
        begun.set()
        gate.wait(30)

    def run() -> None:
        with keeper:
            assert begun.wait(30)
        left.set()

    monkeypatch.setattr(lease_keeper, "RENEW_SECONDS", 0.001)
    monkeypatch.setattr(lease_keeper, "END_SECONDS", 0.01)
    store.before_write = hanging
    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    try:
        assert left.wait(20)
    finally:
        gate.set()
    for thread in (runner, *lease_threads()):
        thread.join(20)
    assert lease_threads() == []
