"""Keys that expire, a clock that is off, and a signature that can't be made: put right once, or an answer."""

from __future__ import annotations

import time
from concurrent.futures import Future
from email.utils import formatdate

import pytest
from botocore.session import Session

from delivery.service import signing
from delivery.service.answer import ACCEPTED, Answer
from delivery.service.awscrt_client import AwsCrtClient
from delivery.service.connections import ConnectionPool
from delivery.service.credentials import CredentialSource
from delivery.service.endpoint import resolve_endpoint
from delivery.service.faults import Fault, classify
from delivery.service.signing import Signer
from tests.delivery.scripted_server import Reply, ScriptedServer, error
from tests.delivery.service.awscrt_client.clients import answers, awscrt, broken


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
        monkeypatch.setattr(client._signer._credentials._credentials, "get_frozen_credentials", broken)
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
