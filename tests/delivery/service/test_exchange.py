"""An exchange gives one answer, the first, and returns the connection that it does not use."""

from __future__ import annotations

from typing import Any

from delivery.service.answer import Answer
from delivery.service.exchange import Exchange


class Pool:
    """Counts the connections that come back."""

    def __init__(self) -> None:
        self.returned: list[object] = []

    def give_back(self, connection: object) -> None:
        self.returned.append(connection)


class Connection:
    """Takes no request, and counts how often it is closed."""

    def __init__(self) -> None:
        self.closed = 0

    def request(self, *_: object) -> None:
        raise OSError("the connection is gone")

    def close(self) -> None:
        self.closed += 1


class Scene:
    def __init__(self) -> None:
        self.pool, self.connection = Pool(), Connection()
        self.answers: list[Answer] = []
        signed: Any = type("Signed", (), {"request": object()})()
        pool: Any = self.pool
        self.exchange = Exchange(signed, pool, lambda _, answer: self.answers.append(answer))

    def begin(self) -> None:
        connection: Any = self.connection
        self.exchange.begin(connection, None)


def test_only_the_first_answer_counts() -> None:
    scene = Scene()
    scene.exchange.begin(None, "AWS_IO_DNS_INVALID_NAME")
    scene.exchange.give_up()
    assert scene.answers == [Answer(None, "AWS_IO_DNS_INVALID_NAME")]


def test_one_given_up_before_its_connection_opened_sends_nothing() -> None:
    scene = Scene()
    scene.exchange.give_up()
    scene.begin()
    assert scene.answers == [Answer(None, "ConnectTimeout")]
    assert scene.pool.returned == [scene.connection]


def test_giving_up_closes_no_connection_of_one_that_has_its_answer() -> None:
    scene = Scene()
    scene.begin()
    scene.exchange.give_up()
    assert (scene.answers, scene.connection.closed) == ([Answer(None, "OSError")], 0)
