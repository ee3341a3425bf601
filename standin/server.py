"""The running stand-in: a socket on loopback, its end by signal or limit, and the two lines that it prints.

One process, one event loop, no thread but the record's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from standin.account import Account
from standin.certificate import loopback_tls, tls_from
from standin.connection import Connection
from standin.endpoint import Answer, Endpoint, Request
from standin.faults import FaultPlan
from standin.judge import Judge
from standin.keys import KeyFile, single_key
from standin.quota import Quota
from standin.record import Record
from standin.settings import Settings
from standin.signature import Verifier

FLUSH_SECONDS = 0.1
"""Seconds for answers that are due to leave after the end."""

TICK_SECONDS = 0.01
"""Seconds between two checks of the loop for stalls."""

Say = Callable[[dict[str, Any]], None]


def run(settings: Settings) -> None:
    """Serve until a signal or a limit ends it; print the address first and the summary last, as JSON lines."""
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with tempfile.TemporaryDirectory(prefix="standin-") as folder, runner:
        runner.run(_serve(settings, Path(folder), _say))


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def _endpoint(settings: Settings) -> Endpoint:
    find_key = KeyFile(settings.keys) if settings.keys else single_key(settings.credentials)
    return Endpoint(
        verifier=Verifier(find_key, settings.region, settings.clock_ahead),
        judge=Judge(settings.tracking_id),
        quota=Quota(settings.quota),
        faults=FaultPlan(settings.faults, settings.seed),
        record=Record(settings.record) if settings.record else None,
        slow_seconds=settings.slow_seconds,
    )


async def _serve(settings: Settings, folder: Path, say: Say) -> None:
    endpoint, ended = _endpoint(settings), asyncio.Event()
    _end_on_signals(ended)
    connections: set[asyncio.Transport] = set()
    handle = _handler(endpoint, settings.max_requests, ended)
    tls, ca_file = _tls(settings, folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(handle, endpoint.refuse, connections, settings.latency, _clock(settings)),
        settings.host,
        settings.port,
        ssl=tls,
        backlog=2048,
    )
    gc.freeze()
    cpu_before = time.process_time()
    say(_address(server, settings, tls, ca_file))
    stalls = asyncio.create_task(_note_stalls(endpoint.account))
    await _wait(ended, settings.seconds)
    stalls.cancel()
    server.close()
    await asyncio.sleep(settings.latency + FLUSH_SECONDS)
    for transport in tuple(connections):
        transport.close()
    if endpoint.record is not None:
        endpoint.record.close()
    say({**endpoint.account.summary(), "cpu_seconds": round(time.process_time() - cpu_before, 3)})


def _tls(settings: Settings, folder: Path) -> tuple[ssl.SSLContext | None, Path | None]:
    """Return the server's context, and the file of the authority to trust if that was created here."""
    if settings.certificate and settings.key:
        return tls_from(settings.certificate, settings.key), None
    if not settings.tls:
        return None, None
    ca_file = folder / "ca.pem"
    return loopback_tls(ca_file), ca_file


def _clock(settings: Settings) -> Callable[[], float]:
    return lambda: time.time() + settings.clock_ahead


def _handler(
    endpoint: Endpoint, max_attempts: int | None, ended: asyncio.Event
) -> Callable[[Request], Answer]:
    def handle(request: Request) -> Answer:
        answer = endpoint.answer(request, time.time())
        if max_attempts is not None and endpoint.account.attempts >= max_attempts:
            ended.set()
        return answer

    return handle


def _end_on_signals(ended: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)


async def _wait(ended: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return


async def _note_stalls(account: Account) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(TICK_SECONDS)
        account.stalled(time.time(), time.monotonic() - before - TICK_SECONDS)


def _address(
    server: asyncio.Server, settings: Settings, tls: ssl.SSLContext | None, ca_file: Path | None
) -> dict[str, Any]:
    port = server.sockets[0].getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if tls else "http"
    trust = str(ca_file) if ca_file else None
    return {"url": f"{scheme}://{host}:{port}", "ca_file": trust, "pid": os.getpid()}
