"""A run heeds what is in its control file, once and in order, and leaves nothing that a later run could obey."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.contested_file import control_file
from core.errors import StorageError
from jobs.control.control_file import ControlFile
from jobs.control.polling import ControlPoller, polled
from jobs.control.record import Ask, ControlRecord, ControlRequest
from jobs.control.steering import Steering
from tests.jobs.control.test_record import request
from tests.jobs.leases.lease_memory import Clock, MemoryStore
from tests.jobs.prepared_run import prepared_run

LIMIT = 500.0


@dataclass
class Sending:
    """Remembers how it was steered."""

    orders: list[object] = field(default_factory=list)

    def hold(self, *, holds: bool) -> None:
        self.orders.append("hold" if holds else "go on")

    def set_rate(self, rate: float) -> None:
        self.orders.append(rate)


@dataclass
class Run:
    """One execution of the run `day` over `store`; it polls only when the test says so."""

    store: MemoryStore
    execution: str = "e1"
    stops: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steering = Steering(LIMIT, self.stops.append, lambda: "now")
        beginning = ControlRecord(
            run_id="day", execution=self.execution, max_requests_per_second=LIMIT, requests_per_second=LIMIT
        )
        self.poller = ControlPoller(lambda: self.file, beginning, self.steering, every_seconds=3600.0)

    @property
    def file(self) -> ControlFile:
        return ControlFile(self.store)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(Clock())


def ask(store: MemoryStore, *requests: ControlRequest) -> None:
    for each in requests:
        ControlFile(store).change(lambda record, each=each: record and record.asking(each))


def test_requests_are_heeded_once_in_their_order_and_said_to_be(store: MemoryStore) -> None:
    run, sending = Run(store), Sending()
    with run.poller as poller:
        run.steering.steer(sending)
        ask(store, request("a", Ask.RATE, 50), request("b"), request("c", Ask.RESUME))
        poller.poll()
        poller.poll()
        record = run.file.read()
    assert sending.orders == [50, "hold", "go on"]
    assert record is not None
    assert (record.heeded, record.requests, record.requests_per_second, record.paused) == (3, (), 50, False)
    assert [(each.ask, each.heeded_at) for each in run.steering.requests] == [
        (Ask.RATE, "now"),
        (Ask.PAUSE, "now"),
        (Ask.RESUME, "now"),
    ]


def test_what_is_asked_while_it_stages_counts_from_the_first_request_on(store: MemoryStore) -> None:
    run, sending = Run(store), Sending()
    with run.poller as poller:
        ask(store, request("a", Ask.RATE, 50), request("b"))
        poller.poll()
        run.steering.steer(sending)
    assert sending.orders == [50, "hold"]


def test_what_is_asked_between_two_polls_comes_before_the_first_request(
    store: MemoryStore,
) -> None:
    run, sending = Run(store), Sending()
    with run.poller as poller:
        ask(store, request("a", Ask.RATE, 50), request("b"))
        poller.catch_up()
        run.steering.steer(sending)
        store.is_out_of_reach = True
        poller.catch_up()
        store.is_out_of_reach = False
    assert sending.orders == [50, "hold"]


def test_a_run_that_can_not_be_steered_is_not_held_up(store: MemoryStore) -> None:
    store.is_out_of_reach = True
    run = Run(store)
    with run.poller as poller:
        poller.catch_up()
    assert run.steering.requests == ()


def test_a_stop_names_who_asked_for_it(store: MemoryStore) -> None:
    run = Run(store)
    with run.poller as poller:
        ask(store, request("a", Ask.STOP))
        poller.poll()
    assert run.stops == ["kim@laptop asked the run to stop"]


def test_no_rate_is_above_the_limit_of_the_configuration(store: MemoryStore) -> None:
    run, sending = Run(store), Sending()
    with run.poller as poller:
        run.steering.steer(sending)
        ask(store, request("a", Ask.RATE, 10 * LIMIT))
        poller.poll()
    assert sending.orders == [LIMIT]


def test_a_later_run_of_the_same_id_obeys_no_old_request(store: MemoryStore) -> None:
    """The first run died: its file, with a request that it never read, is still there."""
    died = Run(store, "died")
    died.poller._file = died.file
    died.poller.begin()
    ask(store, request("a", Ask.STOP))
    later = Run(store, "later")
    with later.poller as poller:
        poller.poll()
        assert (later.stops, later.steering.requests) == ([], ())
    assert store.content is None


def test_a_request_to_another_execution_is_not_obeyed(store: MemoryStore) -> None:
    run = Run(store)
    with run.poller as poller:
        store.content = ControlRecord(
            run_id="day", execution="other", max_requests_per_second=1, requests_per_second=1
        ).asking(request("a", Ask.STOP)).to_bytes()  # fmt: skip
        poller.poll()
    assert run.stops == []
    assert store.content is not None, "it is not ours to take away"


def test_a_request_that_comes_too_late_is_remembered_as_not_heeded(store: MemoryStore) -> None:
    run = Run(store)
    with run.poller:
        ask(store, request("a", Ask.RATE, 50).model_copy(update={"heeded_at": "as its writer says"}))
    assert [(each.token, each.heeded_at) for each in run.steering.requests] == [("a", None)]
    assert store.content is None


def test_a_request_that_comes_while_the_file_is_taken_away_is_remembered(store: MemoryStore) -> None:
    run = Run(store)
    with run.poller:

        def once() -> None:
            store.before_write = lambda: None
            ask(store, request("a"))

        store.before_write = once
    assert [each.token for each in run.steering.requests] == ["a"]
    assert store.content is None


def test_a_request_that_comes_with_the_runs_own_answer_is_not_lost(store: MemoryStore) -> None:
    run = Run(store)
    with run.poller as poller:
        ask(store, request("a", Ask.RATE, 50))

        def once() -> None:
            store.before_write = lambda: None
            ask(store, request("b"))

        store.before_write = once
        poller.poll()
        poller.poll()
    assert [each.token for each in run.steering.requests] == ["a", "b"]


def test_a_file_that_was_deleted_by_hand_is_there_again_and_counts_on(store: MemoryStore) -> None:
    run = Run(store)
    with run.poller as poller:
        ask(store, request("a", Ask.RATE, 50))
        poller.poll()
        store.content = None
        poller.poll()
        ask(store, request("b"))
        poller.poll()
    assert [(each.token, each.number) for each in run.steering.requests] == [("a", 1), ("b", 2)]


def test_a_run_that_can_not_write_the_file_goes_on_and_says_so(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.is_out_of_reach = True
    with caplog.at_level(logging.WARNING), Run(store).poller:
        pass
    assert "this run can't be steered" in caplog.text


@pytest.mark.parametrize("sends", [True, False])
def test_the_file_says_whether_the_run_sends(tmp_path: Path, *, sends: bool) -> None:
    steering = Steering(LIMIT, lambda _: None, lambda: "now")
    with polled(str(tmp_path), "day", "e1", steering, sends=sends):
        record = ControlFile(control_file(str(tmp_path), "day")).read()
    assert record is not None
    assert record.sends == sends == replace(prepared_run(), plan_only=not sends).sends


def test_a_file_that_others_change_again_and_again_is_an_error(store: MemoryStore) -> None:
    def other() -> None:
        store.content, store.version = b"{}", f"{store.version}x"

    store.before_write = other
    with pytest.raises(StorageError, match="Try again"):
        ControlFile(store).change(lambda _: Run(store).poller._beginning)
