"""Who calls the coordinator: strangers, nonsense, partitions that die or come again; and its end, which leaves none."""

from __future__ import annotations

import socket
import threading
from multiprocessing.connection import Connection

import pytest

from delivery.errors import CoordinatorLostError, PeerSilentError
from delivery.pacing import link as link_module
from delivery.pacing.driver.budget import pace_of
from delivery.pacing.driver.coordinator import Coordinator
from delivery.pacing.link import Link, Message
from delivery.task import CoordinatorAddress
from tests.delivery.pacing.driver.coordinator.waiting import PATIENCE, receive, until


def test_the_address_does_not_show_the_key(coordinator: Coordinator) -> None:
    assert "authkey" not in repr(coordinator.address)


def test_a_caller_with_a_wrong_key_is_turned_away_and_others_are_served(coordinator: Coordinator) -> None:
    right = coordinator.address
    with pytest.raises(CoordinatorLostError):
        Link.join(CoordinatorAddress(right.host, right.port, b"wrong"))
    link = Link.join(right)
    link.send({"from": "a", "want": 1})
    assert "grant" in receive(link)


def test_callers_that_send_nothing_or_garbage_delay_no_other(coordinator: Coordinator) -> None:
    address = (coordinator.address.host, coordinator.address.port)
    silent = [socket.create_connection(address) for _ in range(20)]
    for number in range(20):
        with socket.create_connection(address) as garbage:
            garbage.sendall(bytes([number]) * 1000)
    link = Link.join(coordinator.address)
    link.send({"from": "a", "want": 1})
    assert "grant" in receive(link)
    for each in silent:
        each.close()


def test_what_a_silent_partition_may_use_is_granted_to_no_other_until_it_joins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether the same attempt of its task or the next one. One whose process has ended uses nothing."""
    reads = Link.read

    def silent(link: Link) -> Message:
        message = reads(link)
        if "silent" in message:
            raise PeerSilentError("The connection to the peer broke.")
        return message

    monkeypatch.setattr(Link, "read", silent)
    with Coordinator(host="127.0.0.1", limit=200, partitions=4) as coordinator:
        links = [Link.join(coordinator.address) for _ in range(2)]
        for number, link in enumerate(links):
            link.send({"from": str(number), "partition": number, "want": 1})
            assert "grant" in receive(link)
        links[0].send({"silent": True})
        assert until(lambda: coordinator.snapshot().rate == pace_of(150))
        links[1].close()
        assert until(lambda: coordinator.snapshot().partitions == 0)
        coordinator.set_rate(100)
        assert until(lambda: coordinator.snapshot().rate == pace_of(75))
        Link.join(coordinator.address).send({"from": "again", "partition": 0})
        assert until(lambda: coordinator.snapshot().rate == pace_of(100))


@pytest.mark.parametrize(
    "nonsense",
    [
        b"no json",
        b"[1]",
        b'{"want": "many"}',
        b'{"answered": [1]}',
        b'{"counts": [1]}',
        b'{"stop": "why"}',
        b'{"failed": [1]}',
        b'{"want": Infinity}',
        b"\xff",
    ],
)
def test_a_partition_that_sends_nonsense_is_dropped_and_others_are_served(
    coordinator: Coordinator, nonsense: bytes
) -> None:
    bad, good = Link.join(coordinator.address), Link.join(coordinator.address)
    connection: Connection[bytes, bytes] = bad._connection
    connection.send_bytes(nonsense)
    good.send({"from": "a", "want": 1})
    assert "grant" in receive(good)
    assert until(lambda: coordinator.snapshot().partitions == 1)


def test_nonsense_of_a_partition_that_can_not_be_answered_harms_no_other(
    monkeypatch: pytest.MonkeyPatch, coordinator: Coordinator
) -> None:
    """It is dropped where its slot can't be sent, and the rest of its message is nonsense."""
    sends = Link.send

    def unheard(link: Link, message: Message) -> None:
        if "hurried" in message:
            raise CoordinatorLostError("The connection to the peer broke.")
        sends(link, message)

    monkeypatch.setattr(Link, "send", unheard)
    bad, good = Link.join(coordinator.address), Link.join(coordinator.address)
    bad.send({"from": "b", "hurry": 1, "stop": "nonsense"})
    assert until(lambda: coordinator.snapshot().partitions == 1)
    good.send({"from": "a", "want": 1})
    assert "grant" in receive(good)


def test_a_partition_that_dies_leaves_the_queue_and_its_counts_stay(coordinator: Coordinator) -> None:
    link = Link.join(coordinator.address)
    link.send({"from": "a", "counts": [5, 1, 4, 40]})
    assert until(lambda: coordinator.snapshot().partitions == 1)
    link.close()
    assert until(lambda: coordinator.snapshot().partitions == 0)
    progress = coordinator.snapshot()
    assert (progress.request_attempts, progress.throttled_attempts) == (5, 1)


def test_a_partition_that_joins_again_is_not_counted_twice(coordinator: Coordinator) -> None:
    for _ in range(2):
        link = Link.join(coordinator.address)
        link.send({"from": "a", "counts": [5, 1, 4, 40]})
        assert until(lambda: coordinator.snapshot().request_attempts == 5)
        link.close()
        assert until(lambda: coordinator.snapshot().partitions == 0)
    assert coordinator.snapshot().request_attempts == 5


def test_at_the_end_every_partition_sees_its_link_closed() -> None:
    with Coordinator(host="127.0.0.1", limit=1) as coordinator:
        link = Link.join(coordinator.address)
        assert until(lambda: coordinator.snapshot().partitions == 1)
    with pytest.raises(CoordinatorLostError):
        receive(link)
    with pytest.raises(CoordinatorLostError):
        Link.join(coordinator.address)


def test_a_host_that_this_machine_does_not_have_is_still_advertised() -> None:
    with Coordinator(host="192.0.2.1", limit=1) as coordinator:
        assert coordinator.address.host == "192.0.2.1"
        here = CoordinatorAddress("127.0.0.1", coordinator.address.port, coordinator.address.authkey)
        Link.join(here).close()


def coordinator_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("coordinator")]


def test_at_the_end_no_thread_is_left_though_the_body_raised_and_callers_say_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_module, "_SECONDS", 60)  # no side gives up during the test

    class BodyError(Exception):
        pass

    silent: list[socket.socket] = []

    def body() -> None:
        with Coordinator(host="127.0.0.1", limit=1) as coordinator:
            address = (coordinator.address.host, coordinator.address.port)
            silent.extend(socket.create_connection(address) for _ in range(5))
            Link.join(coordinator.address)
            assert until(lambda: len(coordinator_threads()) >= 6)
            raise BodyError

    with pytest.raises(BodyError):
        body()
    assert coordinator_threads() == []
    for each in silent:
        each.settimeout(PATIENCE)
        while each.recv(4096):  # the question for its key, and then the end
            pass
        each.close()


def test_an_end_that_its_thread_notices_by_itself_is_an_end_like_any_other() -> None:
    with Coordinator(host="127.0.0.1", limit=1) as coordinator:
        coordinator._closing = True
        coordinator._thread.join(PATIENCE)
        assert coordinator_threads() == []
    coordinator.stop("a signal that comes late")
