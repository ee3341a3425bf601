"""What the awscrt client makes of a server's behaviour, and that boto3 makes the same of it."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from email.utils import formatdate
from queue import Queue
from unittest.mock import Mock

import pytest
from botocore.exceptions import CredentialRetrievalError
from botocore.session import Session

from delivery.packing import pack
from delivery.request import request_writer
from delivery.service import awscrt_client, signing
from delivery.service.answer import ACCEPTED, Answer
from delivery.service.awscrt_client import AwsCrtClient
from delivery.service.connections import ConnectionPool
from delivery.service.credentials import CredentialSource
from delivery.service.endpoint import resolve_endpoint
from delivery.service.events_client import EventsClient
from delivery.service.faults import Fault, classify, explain
from delivery.service.signing import Signer
from standin.process import StandinProcess
from tests.delivery import aws_environment
from tests.delivery.boto3_client import Boto3Client, boto3_service
from tests.delivery.fakes import staged
from tests.delivery.scripted_server import Reply, ScriptedServer, error

BODY = b'{"trackingId":"t","sessionId":"s","eventList":[{"eventType":"v","sentAt":170000000}]}'
HTML = Reply(502, {"Content-Type": "text/html"}, b"<html>bad gateway</html>")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)


@contextmanager
def awscrt(url: str, time_out: float = 10.0) -> Iterator[AwsCrtClient]:
    session = Session()
    endpoint = resolve_endpoint(session, "eu-west-1", url)
    signer = Signer(endpoint, CredentialSource(session.get_credentials), time.time)
    client = AwsCrtClient(signer, ConnectionPool(endpoint, 1.0), time.monotonic, time_out)
    yield client
    client.close()


@contextmanager
def boto3(url: str) -> Iterator[Boto3Client]:
    client = Boto3Client(boto3_service(Session(), "eu-west-1", url, threads=4), threads=4)
    yield client
    client.close()


def answers(client: EventsClient, count: int = 1) -> list[Answer]:
    """Send the same body that often at once; the answers as they come."""
    inbox: Queue[Answer] = Queue()
    for _ in range(count):
        client.send(BODY, inbox.put)
    return [inbox.get(timeout=30) for _ in range(count)]


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


@pytest.mark.parametrize("status", [200, 203])
def test_a_page_with_a_success_is_not_the_services_answer(status: int) -> None:
    """As a proxy's sign-in page: taken for the service's, it would be in the ledger, and its events be lost."""
    page = Reply(status, {"Content-Type": "text/html; charset=utf-8"}, b"<html>sign in</html>")
    with ScriptedServer(lambda _: page) as server, awscrt(server.url) as client:
        (answer,) = answers(client)
    assert classify(answer) is Fault.FATAL
    assert "web page" in explain(answer)


def test_of_an_error_without_end_no_more_is_kept_than_an_error_may_have() -> None:
    endless = Reply(400, {"x-amzn-ErrorType": "FooError"}, b'{"message": "' + b"x" * 5_000_000 + b'"}')
    with ScriptedServer(lambda _: endless) as server, awscrt(server.url) as client:
        assert answers(client) == [Answer(400, "FooError", None)]


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


@pytest.mark.timeout(30)
def test_warmed_up_it_has_a_connection_and_a_signature_and_has_sent_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(awscrt_client, "_WARM_UP_SECONDS", threading.TIMEOUT_MAX)
    with ScriptedServer() as server, awscrt(server.url) as client:
        sign = Mock(wraps=client._signer.sign)
        monkeypatch.setattr(client._signer, "sign", sign)
        client.warm_up()
        assert (len(client._pool._idle), sign.call_count, server.seen) == (1, 1, [])
        assert answers(client) == [ACCEPTED]
        assert server.connections == 1


@pytest.mark.timeout(30)
def test_a_server_that_is_not_there_does_not_delay_the_warm_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(awscrt_client, "_WARM_UP_SECONDS", threading.TIMEOUT_MAX)
    with ScriptedServer() as server:
        url = server.url
    with awscrt(url) as client:
        client.warm_up()
        assert not client._pool._idle


@pytest.mark.timeout(30)
def test_warming_up_waits_a_little_while_only_for_a_connection_that_never_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(awscrt_client, "_WARM_UP_SECONDS", 0.01)
    with ScriptedServer() as server, awscrt(server.url) as client:
        monkeypatch.setattr(client._pool, "borrow", lambda _: None)
        client.warm_up()


def test_keys_that_are_gone_are_no_matter_when_it_warms_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as server, awscrt(server.url) as client:
        monkeypatch.setattr(client._signer._credentials._credentials, "get_frozen_credentials", _broken)
        client.warm_up()
        assert classify(*answers(client)) is Fault.FATAL


def test_a_signature_that_never_comes_is_no_matter_when_it_warms_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "aws_sign_request", lambda *_: Future())
    monkeypatch.setattr(signing, "_SIGN_SECONDS", 0.01)
    with ScriptedServer() as server, awscrt(server.url) as client:
        client.warm_up()
        assert answers(client) == [Answer(None, "SigningTimeout")]


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


def test_expired_keys_are_looked_for_again_and_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(number: int) -> Reply:
        return error(403, "ExpiredTokenException", "expired") if number == 1 else Reply()

    with ScriptedServer(script) as server:
        session = Session()
        endpoint = resolve_endpoint(session, "eu-west-1", server.url)
        source = CredentialSource(lambda: Session().get_credentials())
        client = AwsCrtClient(
            Signer(endpoint, source, time.time), ConnectionPool(endpoint, 1.0), time.monotonic
        )
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEWER")
        (answer,) = answers(client)
        assert (answer.renewed, classify(answer)) == (True, Fault.TRANSIENT)
        assert answers(client) == [ACCEPTED]
        assert "Credential=AKIDNEWER/" in server.seen[1][1]["Authorization"]
        client.close()


@pytest.mark.parametrize("code", ["RequestExpired", "InvalidSignatureException"])
def test_a_misdated_request_is_dated_by_the_services_clock_once(code: str) -> None:
    # For any clock of the machine, this server is a day ahead and never content.
    def script(_: int) -> Reply:
        date = formatdate(time.time() + 86_400, usegmt=True)
        return Reply(400, {"x-amzn-ErrorType": code, "Date": date})

    with ScriptedServer(script) as server, awscrt(server.url) as client:
        first, second = answers(client)[0], answers(client)[0]
    assert (first.renewed, classify(first)) == (True, Fault.TRANSIENT)
    assert (second.renewed, classify(second)) == (False, Fault.FATAL)
    stamps = [headers["X-Amz-Date"][:8] for _, headers, _ in server.seen]
    assert stamps[0] < stamps[1]


def test_expired_keys_without_newer_ones_are_fatal() -> None:
    reply = error(403, "ExpiredTokenException", "expired")
    with ScriptedServer(lambda _: reply) as server, awscrt(server.url) as client:
        (answer,) = answers(client)
    assert (answer.renewed, classify(answer)) == (False, Fault.FATAL)


def test_credentials_that_can_not_be_read_are_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as server, awscrt(server.url) as client:
        monkeypatch.setattr(client._signer._credentials._credentials, "get_frozen_credentials", _broken)
        (answer,) = answers(client)
        assert server.seen == []
    assert classify(answer) is Fault.FATAL


def test_a_signature_that_never_comes_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "aws_sign_request", lambda *_: Future())
    monkeypatch.setattr(signing, "_SIGN_SECONDS", 0.01)
    with ScriptedServer() as server, awscrt(server.url) as client:
        (answer,) = answers(client)
    assert answer == Answer(None, "SigningTimeout")
    assert classify(answer) is Fault.TRANSIENT


def _broken() -> None:
    raise CredentialRetrievalError(provider="sso", error_msg="gone")


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
