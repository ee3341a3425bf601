"""The proof of the run's key: who passes, who does not, and what either side sends to a peer that does not know it."""

from __future__ import annotations

import hashlib
import hmac
import multiprocessing
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import TypeAlias

import pytest

from delivery.errors import CoordinatorLostError
from delivery.pacing import handshake, link
from delivery.pacing.handshake import prove_as_driver, prove_as_partition
from delivery.pacing.link import Link
from delivery.task import CoordinatorAddress

KEY = b"k" * 32
SIDES = [prove_as_partition, prove_as_driver]

Pipe: TypeAlias = "Connection[bytes, bytes]"
Side: TypeAlias = Callable[[Pipe, bytes], None]


@pytest.fixture
def pipe() -> Iterator[tuple[Pipe, Pipe]]:
    ours, theirs = multiprocessing.Pipe()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as started:
        yield started


def prove(side: Side, connection: Pipe, key: bytes) -> None:
    """One side, which hangs up when it is not content, as a link does."""
    try:
        side(connection, key)
    except CoordinatorLostError:
        connection.close()
        raise


def driver_and_partition(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe], driver_key: bytes, partition_key: bytes
) -> list[Future[None]]:
    return [
        threads.submit(prove, prove_as_driver, pipe[0], driver_key),
        threads.submit(prove, prove_as_partition, pipe[1], partition_key),
    ]


def test_two_that_know_the_key_pass_and_nothing_is_left_over(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe]
) -> None:
    for side in driver_and_partition(threads, pipe, KEY, KEY):
        side.result(20)
    assert not pipe[0].poll()
    assert not pipe[1].poll()


def test_with_two_keys_neither_passes(threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe]) -> None:
    for side in driver_and_partition(threads, pipe, KEY, KEY[:-1] + b"l"):
        with pytest.raises(CoordinatorLostError):
            side.result(20)


def test_the_driver_proves_nothing_to_a_caller_that_has_not(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe]
) -> None:
    driver = threads.submit(prove, prove_as_driver, pipe[0], KEY)
    pipe[1].recv_bytes()
    pipe[1].send_bytes(bytes(64))
    with pytest.raises(EOFError):
        pipe[1].recv_bytes()
    assert isinstance(driver.exception(20), CoordinatorLostError)


def test_a_partition_does_not_take_its_own_proof_for_the_drivers(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe]
) -> None:
    partition = threads.submit(prove, prove_as_partition, pipe[1], KEY)
    pipe[0].send_bytes(bytes(32))
    pipe[0].send_bytes(pipe[0].recv_bytes()[32:])
    assert isinstance(partition.exception(20), CoordinatorLostError)


def test_the_driver_does_not_take_its_own_proof_for_a_partitions(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe]
) -> None:
    driver = threads.submit(prove, prove_as_driver, pipe[0], KEY)
    asked = pipe[1].recv_bytes()
    drivers_own = hmac.digest(KEY, handshake._DRIVER + asked + asked, "sha256")
    pipe[1].send_bytes(asked + drivers_own)
    assert isinstance(driver.exception(20), CoordinatorLostError)


@pytest.mark.parametrize("side", SIDES)
def test_what_was_said_on_one_connection_is_worth_nothing_on_the_next(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe], side: Side
) -> None:
    said = heard_by(side, threads, pipe)
    again, replayer = multiprocessing.Pipe()
    deceived = threads.submit(prove, side, again, KEY)
    for message in said:
        replayer.send_bytes(message)
    assert isinstance(deceived.exception(20), CoordinatorLostError)


def heard_by(side: Side, threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe]) -> list[bytes]:
    """The messages that side receives in a handshake that succeeds."""
    heard: list[bytes] = []

    class Overheard(Connection):
        def recv_bytes(self, maxlength: int | None = None) -> bytes:
            heard.append(super().recv_bytes(maxlength))
            return heard[-1]

    overheard = Overheard(socket.fromfd(pipe[0].fileno(), socket.AF_UNIX, socket.SOCK_STREAM).detach())
    (other,) = (each for each in SIDES if each is not side)
    both = [threads.submit(side, overheard, KEY), threads.submit(other, pipe[1], KEY)]
    for each in both:
        each.result(20)
    overheard.close()
    return heard


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("length", [0, 1, 31, 33, 63, 65, 100_000])
def test_a_message_of_any_other_length_ends_it(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe], side: Side, length: int
) -> None:
    proving = threads.submit(prove, side, pipe[0], KEY)
    threads.submit(pipe[1].send_bytes, bytes(length))
    assert isinstance(proving.exception(20), CoordinatorLostError)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("length", [2**31 - 1, -1, -2])
def test_of_a_message_that_claims_to_be_huge_nothing_is_awaited(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe], side: Side, length: int
) -> None:
    proving = threads.submit(prove, side, pipe[0], KEY)
    raw = socket.fromfd(pipe[1].fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
    raw.sendall(struct.pack("!i", length) + struct.pack("!Q", 2**63))
    assert isinstance(proving.exception(20), CoordinatorLostError)
    raw.close()


@pytest.mark.parametrize("side", SIDES)
def test_one_that_hangs_up_knows_no_key(pipe: tuple[Pipe, Pipe], side: Side) -> None:
    pipe[1].close()
    with pytest.raises(CoordinatorLostError):
        side(pipe[0], KEY)


@pytest.fixture
def silent_ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a loopback connection, and links that wait a second only."""
    monkeypatch.setattr(link, "_SECONDS", 1)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as caller,
        server.accept()[0] as called,
    ):
        yield caller, called


@pytest.mark.parametrize("said", [b"", b"\0", b"\0\0\0\x40half of it"])
def test_a_caller_that_falls_silent_is_given_up(
    silent_ends: tuple[socket.socket, socket.socket], said: bytes
) -> None:
    caller, called = silent_ends
    caller.sendall(said)
    with pytest.raises(CoordinatorLostError):
        Link.admit(called, KEY)


def test_a_driver_that_never_speaks_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(CoordinatorLostError):
        Link.join(CoordinatorAddress("127.0.0.1", silent.getsockname()[1], KEY))


def test_a_machine_without_md5_proves_it_all_the_same(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fips(real: Callable[..., object]) -> Callable[..., object]:
        def refuse(*args: object, **named: object) -> object:
            if any("md5" in str(each).lower() for each in (*args, *named.values())):
                raise ValueError("[digital envelope routines] unsupported")
            return real(*args, **named)

        return refuse

    for module, name in ((hmac, "new"), (hmac, "digest"), (hashlib, "new")):
        monkeypatch.setattr(module, name, fips(getattr(module, name)))
    monkeypatch.delattr(hashlib, "md5")
    for side in driver_and_partition(threads, pipe, KEY, KEY):
        side.result(20)


def test_the_words_on_the_wire_are_the_same_for_every_python(
    threads: ThreadPoolExecutor, pipe: tuple[Pipe, Pipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_bytes", lambda length: b"p" * length)
    partition = threads.submit(prove, prove_as_partition, pipe[1], KEY)
    pipe[0].send_bytes(b"d" * 32)
    said = pipe[0].recv_bytes()
    nonces = b"d" * 32 + b"p" * 32
    proofs = [
        hashlib.sha256(_pad(0x5C) + hashlib.sha256(_pad(0x36) + role + nonces).digest()).digest()
        for role in (b"personalize-backfill 1 partition", b"personalize-backfill 1 driver---")
    ]
    assert said == b"p" * 32 + proofs[0]
    pipe[0].send_bytes(proofs[1])
    partition.result(20)


def _pad(byte: int) -> bytes:
    """HMAC by its definition (RFC 2104)."""
    return bytes(each ^ byte for each in KEY.ljust(64, b"\0"))
