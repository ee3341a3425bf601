"""What the awscrt client makes of a server's behaviour, and that boto3 makes the same of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from queue import Queue

import pytest

from delivery.packing import pack
from delivery.request import request_writer
from delivery.service.answer import ACCEPTED, Answer
from delivery.service.events_client import EventsClient
from delivery.service.faults import Fault, classify, explain
from standin.process import StandinProcess
from tests.delivery import aws_environment
from tests.delivery.fakes import staged
from tests.delivery.scripted_server import Reply, ScriptedServer, error
from tests.delivery.service.awscrt_client.clients import BODY, answers, awscrt, boto3

HTML = Reply(502, {"Content-Type": "text/html"}, b"<html>bad gateway</html>")


@pytest.mark.parametrize("make", [awscrt, boto3])
@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Reply(), ACCEPTED),
        (
            error(400, "ThrottlingException", "Rate exceeded"),
            Answer(400, "ThrottlingException", "Rate exceeded"),
        ),
        (error(400, "InvalidInputException:http://x/", "bad"), Answer(400, "InvalidInputException", "bad")),
        (error(403, "AccessDeniedException", "no"), Answer(403, "AccessDeniedException", "no")),
        (error(500, "InternalFailure", "oh"), Answer(500, "InternalFailure", "oh")),
        (
            Reply(404, {}, b'{"__type":"a.b#ResourceNotFoundException","message":"m"}'),
            Answer(404, "ResourceNotFoundException", "m"),
        ),
    ],
)
def test_both_clients_tell_the_same_of_an_answer(
    make: Callable[[str], contextmanager[EventsClient]], reply: Reply, answer: Answer
) -> None:
    with ScriptedServer(lambda _: reply) as server, make(server.url) as client:
        assert answers(client) == [answer]


@pytest.mark.parametrize("make", [awscrt, boto3])
@pytest.mark.parametrize("reply", [Reply(behaviour="reset"), HTML, Reply(503)])
def test_both_clients_call_a_broken_way_transient(
    make: Callable[[str], contextmanager[EventsClient]], reply: Reply
) -> None:
    with ScriptedServer(lambda _: reply) as server, make(server.url) as client:
        (answer,) = answers(client)
        assert classify(answer) is Fault.TRANSIENT


def test_the_server_sees_boto3s_request() -> None:
    with ScriptedServer() as server:
        for make in (awscrt, boto3):
            with make(server.url + "/pre") as client:
                answers(client)
        (path, headers, body), (path3, headers3, _) = server.seen
    assert (path, body) == ("/pre/events", BODY) == (path3, BODY)
    for name in ("Host", "Content-Type", "X-Amz-Date"):
        ours = {key.lower(): value for key, value in headers.items()}[name.lower()]
        theirs = {key.lower(): value for key, value in headers3.items()}[name.lower()]
        assert ours[:8] == theirs[:8]


def test_no_server_at_all_is_an_answer_too() -> None:
    with ScriptedServer() as server:
        url = server.url
    with awscrt(url) as client:
        (answer,) = answers(client)
    assert answer.status is None
    assert classify(answer) is Fault.TRANSIENT


def test_answers_come_while_others_are_awaited() -> None:
    gate = threading.Event()

    def script(number: int) -> Reply:
        if number == 1:
            gate.wait(20)
        return Reply()

    with ScriptedServer(script) as server, awscrt(server.url) as client:
        inbox: Queue[str] = Queue()
        client.send(BODY, lambda _: inbox.put("slow"))
        while not server.seen:
            time.sleep(0.001)
        client.send(BODY, lambda _: inbox.put("quick"))
        assert inbox.get(timeout=10) == "quick"
        gate.set()
        assert inbox.get(timeout=10) == "slow"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_independent_server_accepts_the_signature_and_every_event(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandinProcess(tls=scheme == "https", seconds=60) as standin:
        aws_environment.only(monkeypatch, **standin.environment)
        assert standin.url.startswith(scheme)
        inbox: Queue[Answer] = Queue()
        with awscrt(standin.url) as client:
            for batch in pack(staged("s", *range(1_700_000_000, 1_700_000_030)), 10):
                client.send(request_writer("tracker")(batch), inbox.put)
            assert [inbox.get(timeout=20) for _ in range(3)] == [ACCEPTED] * 3
        assert standin.stop()["events_accepted"] == 30


def test_a_certificate_of_an_unknown_authority_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with StandinProcess(tls=True, seconds=60) as standin:
        trusting_others = {key: value for key, value in standin.environment.items() if key != "AWS_CA_BUNDLE"}
        aws_environment.only(monkeypatch, **trusting_others)
        with awscrt(standin.url, time_out=0.5) as client:
            # The TLS library holds the refusal back for 10 s or more, against timing attacks.
            assert answers(client) == [Answer(None, "ConnectTimeout")]


@pytest.mark.parametrize("status", [200, 203])
def test_a_page_with_a_success_is_not_the_services_answer(status: int) -> None:
    """As a proxy's sign-in page: taken for the service's, it would be in the ledger, and its events be lost."""
    page = Reply(status, {"Content-Type": "text/html; charset=utf-8"}, b"<html>sign in</html>")
    with ScriptedServer(lambda _: page) as server, awscrt(server.url) as client:
        (answer,) = answers(client)
    assert classify(answer) is Fault.FATAL
    assert "web page" in explain(answer)


def test_a_success_without_content_is_the_services_of_any_type() -> None:
    """Some servers name a type for nothing at all, and PutEvents answers with nothing."""
    empty = Reply(200, {"Content-Type": "text/html; charset=utf-8"}, b"")
    with ScriptedServer(lambda _: empty) as server, awscrt(server.url) as client:
        assert answers(client) == [ACCEPTED]


def test_of_an_error_without_end_no_more_is_kept_than_an_error_may_have() -> None:
    endless = Reply(400, {"x-amzn-ErrorType": "FooError"}, b'{"message": "' + b"x" * 5_000_000 + b'"}')
    with ScriptedServer(lambda _: endless) as server, awscrt(server.url) as client:
        assert answers(client) == [Answer(400, "FooError", None)]
