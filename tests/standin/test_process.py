"""The stand-in as its own process, spoken to by boto3 and by bare sockets."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow.parquet as pq
import pytest
import trustme
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from standin.keys import Credentials
from standin.process import REGION, Option, StandinProcess
from standin.record import FILE_NAME
from standin.settings import EXAMPLE_CREDENTIALS
from tests.standin.forked import AS_A_USER_DOES
from tests.standin.signing import event

Send = Callable[..., None]


@pytest.fixture(scope="module", autouse=True)
def as_a_user_does() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StandinProcess, "_launch", staticmethod(AS_A_USER_DOES))
        yield


def sender(standin: StandinProcess, *, keys: Credentials = EXAMPLE_CREDENTIALS, wait: float = 10) -> Send:
    client = boto3.client(
        "personalize-events",
        endpoint_url=standin.url,
        region_name=REGION,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
        verify=standin.ca_file,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=wait),
    )

    def send(*events: dict[str, Any], session: str = "s") -> None:
        client.put_events(trackingId="t", userId="u", sessionId=session, eventList=list(events) or [event()])

    return send


@contextmanager
def serving(**options: Option) -> Iterator[tuple[StandinProcess, Send]]:
    with StandinProcess(seconds=60, **options) as standin:
        yield standin, sender(standin)


@contextmanager
def connected(standin: StandinProcess) -> Iterator[socket.socket]:
    parts = urlsplit(standin.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        yield connection


@pytest.mark.parametrize("tls", [False, True])
def test_boto3_is_served_and_the_end_tells_the_account(tls: bool, tmp_path: Path) -> None:  # noqa: FBT001
    with serving(tls=tls, record=tmp_path) as (standin, send):
        assert standin.url.startswith("https://" if tls else "http://")
        send(event(eventId="a"), event(eventId="b"))
        with pytest.raises(ClientError, match="InvalidInputException"):
            send(session="null")
        summary = standin.stop()
    assert summary["requests"] == 2
    assert summary["events_accepted"] == 2
    assert standin.stop() == summary
    assert pq.read_table(tmp_path / FILE_NAME)["eventId"].to_pylist() == ["a", "b"]


def test_it_knows_its_own_keys_and_no_others() -> None:
    temporary = Credentials("AKIDOTHER", "secret", "token")
    with StandinProcess(credentials=temporary, seconds=60) as standin:
        assert standin.environment["AWS_SESSION_TOKEN"] == "token"
        sender(standin, keys=temporary)()
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            sender(standin)()


def test_a_certificate_and_keys_may_come_from_files(tmp_path: Path) -> None:
    authority, later = trustme.CA(), Credentials("AKIDLATER", "secret", "token")
    files = {name: tmp_path / name for name in ("ca", "certificate", "key", "keys")}
    server = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(files["ca"])
    server.cert_chain_pems[0].write_to_path(files["certificate"])
    server.private_key_pem.write_to_path(files["key"])
    files["keys"].touch()
    with StandinProcess(
        seconds=60, **{name: files[name] for name in ("certificate", "key", "keys")}
    ) as standin:
        standin.ca_file = str(files["ca"])
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            sender(standin)()  # the environment's keys do not count then
        files["keys"].write_text(json.dumps(dataclasses.asdict(later)) + "\n")
        sender(standin, keys=later)()
        assert standin.stop()["requests_accepted"] == 1


def test_a_reset_is_a_closed_connection_to_the_client() -> None:
    with serving(faults={"reset-after": 1.0}) as (standin, send):
        with pytest.raises(ConnectionClosedError):
            send()
        assert standin.stop()["events_accepted"] == 1


def test_a_slow_answer_comes_after_the_clients_time_out() -> None:
    with StandinProcess(faults={"slow": 1.0}, seconds=60) as standin:
        with pytest.raises(ReadTimeoutError):
            sender(standin, wait=0.3)()
        assert standin.stop()["events_accepted"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_its_account(number: int) -> None:
    with serving() as (standin, send):
        send()
        os.kill(standin.pid, number)
        assert standin.wait(20)["requests"] == 1


def test_it_ends_by_itself_after_its_requests_and_answers_the_last() -> None:
    with serving(max_requests=2, latency_ms=50) as (standin, send):
        send()
        send()
        assert standin.wait(20)["requests_accepted"] == 2


def test_it_ends_by_itself_after_its_seconds() -> None:
    with StandinProcess(seconds=0.2) as standin:
        assert standin.wait(20)["requests"] == 0


def test_a_killed_one_leaves_no_account() -> None:
    with serving() as (standin, _):
        os.kill(standin.pid, signal.SIGKILL)
        assert standin.stop() == {}


def test_wrong_options_are_reported_before_anything_is_sent(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="exit code 2"), StandinProcess(quota="many"):
        pass
    assert "--quota" in capfd.readouterr().err


@pytest.mark.parametrize(
    "garbage", [b"\x00\x01\x02\x03\r\n\r\n", b"GET\r\n\r\n", b"POST /events HTTP/9\r\n\r\n"]
)
def test_what_is_not_http_costs_its_sender_the_connection_only(garbage: bytes) -> None:
    with serving() as (standin, send):
        with connected(standin) as connection:
            connection.sendall(garbage)
            with suppress(ConnectionResetError):  # just as closed
                assert connection.recv(100) == b""
        send()
        assert standin.stop()["requests"] == 1


def test_a_body_beyond_reason_is_refused_without_being_kept() -> None:
    with serving() as (standin, _), connected(standin) as connection:
        connection.sendall(
            b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + b" " * 3_000_000
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_connection_is_kept_unless_the_client_wants_it_closed() -> None:
    with serving() as (standin, _), connected(standin) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"404" in connection.recv(1000)
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"Connection: close" in connection.recv(1000)
        assert connection.recv(1000) == b""


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_a_clock_of_its_own_refuses_todays_signatures_and_is_in_the_date(ahead: float) -> None:
    with serving(clock_ahead=ahead) as (_, send), pytest.raises(ClientError) as refused:
        send()
    response = refused.value.response
    assert response["Error"]["Code"] == "RequestExpired"
    date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    assert date == pytest.approx(time.time() + ahead, abs=30)
