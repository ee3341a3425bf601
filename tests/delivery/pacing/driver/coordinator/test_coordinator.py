"""The coordinator over loopback, with real processes: grants, stops, pauses, rates and outages reach all partitions."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.queues import Queue
from threading import Event

import pytest

from delivery.pacing.driver.coordinator import Coordinator
from delivery.pacing.driver.outage import OUTAGE_SECONDS
from delivery.pacing.driver.progress import Progress
from delivery.pacing.link import Link
from delivery.pacing.pacer import DEAD_DRAIN_SECONDS
from delivery.pacing.partition.granted_pacer import GrantedPacer
from delivery.pacing.partition.static_pacer import StaticPacer
from delivery.sending.inbox import ThreadInbox
from delivery.task import CoordinatorAddress
from tests.delivery.pacing.driver.coordinator.waiting import PATIENCE, receive, until


def send_attempts(
    address: CoordinatorAddress, partition: int, count: int, done: Queue[tuple[int, float, float]]
) -> None:
    """Make so many attempts; tell how many, a time before the first and a time after the last."""
    inbox = ThreadInbox()
    pacer = GrantedPacer(lambda: Link.join(address), StaticPacer(1.0, partition, time.time)).start(inbox.wake)
    sent, first = 0, 0.0
    while sent < count and pacer.stop_reason is None:
        asked = time.monotonic()
        if (pause := pacer.wait(count - sent)) > 0:
            inbox.take(pause)
        else:
            first = first or asked
            pacer.observe(None, pacer.spend(), events=10)
            sent += 1
    last = time.monotonic()
    pacer.close()
    done.put((sent, first, last))


def test_processes_share_the_limit_and_the_driver_knows_what_they_did(coordinator: Coordinator) -> None:
    context = multiprocessing.get_context("spawn")
    done: Queue[tuple[int, float, float]] = context.Queue()
    work = [150, 100, 50]
    senders = [
        context.Process(target=send_attempts, args=(coordinator.address, number, count, done))
        for number, count in enumerate(work)
    ]
    for sender in senders:
        sender.start()
    sent, firsts, lasts = zip(*(done.get(timeout=60) for _ in senders), strict=True)
    assert sorted(sent) == sorted(work)
    # A busy machine only makes it longer.
    assert max(lasts) - min(firsts) >= (300 - 1) / (1.05 * 200)
    for sender in senders:
        sender.join(PATIENCE)
    assert until(lambda: coordinator.snapshot().events_delivered == 3000)
    progress = coordinator.snapshot()
    assert (progress.request_attempts, progress.requests_delivered) == (300, 300)
    assert until(lambda: coordinator.snapshot().partitions == 0)


def test_a_sender_that_waits_is_woken_by_a_grant_and_by_a_stop(coordinator: Coordinator) -> None:
    """A session that must not wait would lose the time until the next look, with each request."""
    woken = Event()
    pacer = GrantedPacer(lambda: Link.join(coordinator.address), StaticPacer(1.0, 0, time.time))
    pacer.start(woken.set)
    assert woken.wait(PATIENCE), "the coordinator is joined"
    woken.clear()
    assert pacer.wait(1) > 0
    assert woken.wait(PATIENCE), "a slot is granted"
    assert until(lambda: pacer.wait(1) == 0)
    woken.clear()
    coordinator.stop("enough")
    assert woken.wait(PATIENCE), "the job is stopped"
    assert pacer.stop_reason == "enough"
    pacer.close()


def test_a_partition_gets_a_grant_for_what_it_asks(coordinator: Coordinator) -> None:
    link = Link.join(coordinator.address)
    link.send({"from": "a", "want": 2})
    grant = receive(link)["grant"]
    assert isinstance(grant, list)
    assert grant[0] == 2
    link.close()


def test_stop_reaches_every_partition_and_those_that_come_later(coordinator: Coordinator) -> None:
    first, second = Link.join(coordinator.address), Link.join(coordinator.address)
    assert until(lambda: coordinator.snapshot().partitions == 2)
    first.send({"from": "a", "stop": ["the service refuses everything", 2.0]})
    assert receive(second) == {"stop": ["the service refuses everything", 2.0]}
    coordinator.stop("a later reason")
    assert receive(Link.join(coordinator.address)) == {"stop": ["the service refuses everything", 2.0]}
    assert coordinator.snapshot().stop_reason == "the service refuses everything"


def test_an_outage_that_no_partition_sees_alone_stops_them_all() -> None:
    """And they wait for no answers."""
    now = [1000.0]
    with Coordinator(host="127.0.0.1", limit=200, clock=lambda: now[0]) as coordinator:
        links = [Link.join(coordinator.address) for _ in range(2)]
        for number, link in enumerate(links):
            link.send({"from": str(number), "counts": [1, 0, 0, 0], "failed": [1, 0, 10.5, "ReadTimeout"]})
        assert until(lambda: coordinator.snapshot().request_attempts == 2)
        assert coordinator.snapshot().stop_reason is None
        now[0] += OUTAGE_SECONDS - 10.0
        stops = [receive(link)["stop"] for link in links]
    (reason, drain) = stops[0]
    assert stops[1] == [reason, drain]
    assert drain == DEAD_DRAIN_SECONDS
    assert "2 attempts failed" in reason
    assert "ReadTimeout" in reason


def test_a_pause_grants_nothing_and_reaches_partitions_that_come_later(
    coordinator: Coordinator,
) -> None:
    first = Link.join(coordinator.address)
    assert until(lambda: coordinator.snapshot().partitions == 1)
    coordinator.hold(holds=True)
    assert receive(first) == {"hold": True}
    second = Link.join(coordinator.address)
    assert receive(second) == {"hold": True}
    assert coordinator.snapshot().paused
    # The second report is read in a later turn than the first, at whose end a grant would have been given.
    for attempts in (1, 2):
        for name, link in (("a", first), ("b", second)):
            link.send({"from": name, "want": 5, "counts": [attempts, 0, 0, 0]})
        assert until(lambda: coordinator.snapshot().request_attempts == 2 * attempts)  # noqa: B023 - called at once
    coordinator.hold(holds=False)
    # Had a grant been given in the pause, it would come before this.
    assert receive(first) == receive(second) == {"hold": False}
    assert "grant" in receive(first)
    assert "grant" in receive(second)


def test_a_paused_run_can_be_stopped(coordinator: Coordinator) -> None:
    link = Link.join(coordinator.address)
    assert until(lambda: coordinator.snapshot().partitions == 1)
    coordinator.hold(holds=True)
    assert receive(link) == {"hold": True}
    coordinator.stop("enough", 2.0)
    assert receive(link) == {"stop": ["enough", 2.0]}


def test_a_pause_is_not_an_outage_and_its_time_counts_for_none() -> None:
    now = [1000.0]
    with Coordinator(host="127.0.0.1", limit=200, clock=lambda: now[0]) as coordinator:
        link = Link.join(coordinator.address)
        link.send({"from": "a", "counts": [5, 0, 0, 0], "failed": [5, 0, 1.0, "ReadTimeout"]})
        assert until(lambda: coordinator.snapshot().request_attempts == 5)
        coordinator.hold(holds=True)
        assert receive(link) == {"hold": True}
        now[0] += 8 * 3600
        coordinator.hold(holds=False)
        assert receive(link) == {"hold": False}
        link.send({"from": "a", "counts": [6, 0, 0, 0], "failed": [1, 0, 0.1, "ReadTimeout"], "want": 1})
        assert "grant" in receive(link)
        assert coordinator.snapshot().stop_reason is None


def test_a_rate_changes_what_is_granted_and_what_a_lost_partition_may_use(coordinator: Coordinator) -> None:
    link = Link.join(coordinator.address)
    assert until(lambda: coordinator.snapshot().partitions == 1)
    coordinator.set_rate(20)
    assert receive(link) == {"share": 0.1}
    assert coordinator.snapshot().rate < 20


def test_one_partitions_success_keeps_the_others_going() -> None:
    now = [1000.0]
    with Coordinator(host="127.0.0.1", limit=200, clock=lambda: now[0]) as coordinator:
        first, second = Link.join(coordinator.address), Link.join(coordinator.address)
        first.send({"from": "a", "counts": [5, 0, 0, 0], "failed": [5, 0, 10.5, "ReadTimeout"]})
        assert until(lambda: coordinator.snapshot().request_attempts == 5)
        second.send({"from": "b", "counts": [1, 0, 1, 10]})
        assert until(lambda: coordinator.snapshot().requests_delivered == 1)
        now[0] += OUTAGE_SECONDS
        second.send({"from": "b", "counts": [2, 0, 1, 10], "want": 1})
        assert receive(second, "grant")
        assert coordinator.snapshot().stop_reason is None


def test_all_partitions_learn_that_the_service_accepts(coordinator: Coordinator) -> None:
    first, second = Link.join(coordinator.address), Link.join(coordinator.address)
    assert until(lambda: coordinator.snapshot().partitions == 2)
    first.send({"from": "a", "counts": [300, 0, 0, 0]})
    first.send({"from": "a", "counts": [301, 0, 1, 1]})
    assert receive(second) == {"accepts": True}
    assert receive(Link.join(coordinator.address)) == {"accepts": True}


def test_what_earlier_runs_delivered_is_known_from_the_start() -> None:
    """A run that has nothing but dead letters left gives each of them up again, and ends."""
    with Coordinator(host="127.0.0.1", limit=100, accepts=True) as coordinator:
        assert receive(Link.join(coordinator.address)) == {"accepts": True}


def test_before_anybody_came_there_is_nothing_to_report() -> None:
    with Coordinator(host="127.0.0.1", limit=100) as coordinator:
        assert coordinator.snapshot() == Progress(rate=98.0)


def test_a_partition_learns_how_long_the_rest_takes_and_gets_a_slot_out_of_turn() -> None:
    with Coordinator(host="127.0.0.1", limit=200, requests=1_000) as coordinator:
        link = Link.join(coordinator.address)
        link.send({"from": "a", "counts": [200, 0, 100, 1_000], "hurry": 1, "left": 900})
        message = receive(link)
        assert message["hurried"][:2] == [1, 0.0]  # type: ignore[index]
        assert message["rest"] == pytest.approx(900 / (0.98 * 200))
        link.send({"from": "a", "counts": [200, 0, 100, 1_000], "want": 5, "left": 900})
        assert receive(link, "grant")
        link.close()


def test_a_slot_out_of_turn_that_had_to_wait_comes_when_there_is_room() -> None:
    now = [100.0]
    with Coordinator(host="127.0.0.1", limit=40, requests=1_000, clock=lambda: now[0]) as coordinator:
        link = Link.join(coordinator.address)
        for _ in range(2):  # the first one is in the plan, as nothing is granted yet
            link.send({"from": "a", "counts": [0, 0, 0, 0], "hurry": 1, "left": 900})
            assert "hurried" in receive(link)
        now[0] += 0.01
        link.send({"from": "a", "counts": [2, 0, 0, 0], "hurry": 1, "left": 900})
        assert until(lambda: bool(coordinator._budget._waiting))
        now[0] += 0.016  # where the plan comes to the slot that the second one was given
        assert "hurried" in receive(link)
        link.close()
