"""The client's connections: kept, given up, and never lent once closed; and nothing left of an exchange."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from queue import Queue

from delivery.service.answer import ACCEPTED, Answer
from tests.delivery.scripted_server import Reply, ScriptedServer
from tests.delivery.service.awscrt_client.clients import BODY, answers, awscrt


def test_an_answer_that_does_not_come_in_time_is_given_up_once() -> None:
    """And its connection with it."""

    def script(number: int) -> Reply:
        return Reply(behaviour="hang") if number == 1 else Reply()

    with ScriptedServer(script) as server, awscrt(server.url, time_out=0.3) as client:
        assert answers(client) == [Answer(None, "ReadTimeout")]
        assert server.hung_up.wait(10)
        assert answers(client) == [ACCEPTED]
        assert server.connections == 2


def test_a_time_out_spares_what_still_has_time_and_what_is_done() -> None:
    gate = threading.Event()

    def script(_: int) -> Reply:
        gate.wait(20)
        return Reply()

    inbox: Queue[Answer] = Queue()
    with ScriptedServer(script) as server, awscrt(server.url) as client:
        client.send(BODY, inbox.put)
        (exchange,) = client._open
        client.expire()
        gate.set()
        assert inbox.get(timeout=10) == ACCEPTED
        exchange.give_up()
        assert answers(client) == [ACCEPTED]
        assert server.connections == 1


def test_closing_gives_up_what_is_in_flight_and_hangs_up() -> None:
    inbox: Queue[Answer] = Queue()
    with ScriptedServer(lambda _: Reply(behaviour="hang")) as server, awscrt(server.url) as client:
        client.send(BODY, inbox.put)
        while not server.seen:
            time.sleep(0.001)
        client.close()
        assert inbox.get(timeout=10) == Answer(None, "ReadTimeout")
        assert server.hung_up.wait(10)


def test_connections_are_kept_and_grow_only_as_needed() -> None:
    with ScriptedServer() as server, awscrt(server.url) as client:
        for _ in range(20):
            assert answers(client) == [ACCEPTED]
        assert server.connections == 1
        assert answers(client, 5) == [ACCEPTED] * 5
        assert server.connections <= 6


def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    with ScriptedServer(lambda _: Reply(headers={"Connection": "close"}, behaviour="close")) as server:
        with awscrt(server.url) as client:
            assert [answers(client)[0] for _ in range(5)] == [ACCEPTED] * 5
        assert server.connections == 5


def test_a_connection_that_was_closed_is_neither_lent_nor_kept() -> None:
    with ScriptedServer() as server, awscrt(server.url) as client:
        assert answers(client) == [ACCEPTED]
        (idle,) = client._pool._idle
        idle.close().result(10)
        assert answers(client) == [ACCEPTED]
        client._pool.give_back(idle)
        assert idle not in client._pool._idle


def test_a_done_exchange_leaves_nothing_for_the_collector() -> None:
    class Done:
        def __init__(self, inbox: Queue[Answer]) -> None:
            self.inbox = inbox

        def __call__(self, answer: Answer) -> None:
            self.inbox.put(answer)

    inbox: Queue[Answer] = Queue()
    with ScriptedServer() as server, awscrt(server.url) as client:
        gc.collect()
        gc.disable()
        try:
            alive = []
            for _ in range(20):
                done = Done(inbox)
                alive.append(weakref.ref(done))
                client.send(BODY, done)
                inbox.get(timeout=10)
            del done
            answers(client)
            left = sum(reference() is not None for reference in alive)
        finally:
            gc.enable()
    assert left <= 1, "only the last may still be on its way out"
