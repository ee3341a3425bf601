"""A client that gets ready before the first request: it sends nothing, and nothing that is missing delays it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from unittest.mock import Mock

import pytest

from delivery.service import awscrt_client, signing
from delivery.service.answer import ACCEPTED, Answer
from delivery.service.faults import Fault, classify
from tests.delivery.scripted_server import ScriptedServer
from tests.delivery.service.awscrt_client.clients import answers, awscrt, broken


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


def test_a_warm_up_without_keys_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as server, awscrt(server.url) as client:
        monkeypatch.setattr(client._signer._credentials._credentials, "get_frozen_credentials", broken)
        client.warm_up()
        assert classify(*answers(client)) is Fault.FATAL


def test_a_warm_up_without_a_signature_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "aws_sign_request", lambda *_: Future())
    monkeypatch.setattr(signing, "_SIGN_SECONDS", 0.01)
    with ScriptedServer() as server, awscrt(server.url) as client:
        client.warm_up()
        assert answers(client) == [Answer(None, "SigningTimeout")]
