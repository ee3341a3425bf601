"""The way from the client's threads to the sender's."""

from __future__ import annotations

import threading

from delivery.packing import pack
from delivery.sending.inbox import Arrival, ThreadInbox
from delivery.sending.workload import Request
from delivery.service.answer import ACCEPTED
from tests.delivery.fakes import staged


def arrivals(count: int) -> list[Arrival]:
    (batch,) = pack(staged("s", 1), 10)
    return [Arrival(Request(batch), ticket, ACCEPTED) for ticket in range(count)]


def test_an_empty_inbox_gives_nothing() -> None:
    assert (ThreadInbox().take(0.0), ThreadInbox().take(0.001)) == (None, None)


def test_what_other_threads_put_in_comes_out_in_order() -> None:
    inbox, sent = ThreadInbox(), arrivals(50)
    thread = threading.Thread(target=lambda: [inbox.put(arrival) for arrival in sent])
    thread.start()
    assert [inbox.take(10.0) for _ in sent] == sent
    thread.join()


def test_news_of_another_kind_ends_a_wait_and_loses_no_arrival() -> None:
    inbox, (arrival,) = ThreadInbox(), arrivals(1)
    threading.Timer(0.01, inbox.wake).start()
    assert inbox.take(10.0) is None
    inbox.wake()
    inbox.put(arrival)
    assert [inbox.take(0.0), inbox.take(0.0), inbox.take(0.0)] == [None, arrival, None]
