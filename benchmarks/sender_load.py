"""The cost of the sender itself, and its constant memory: a stage sent to a client that accepts everything.

    python -m benchmarks.sender_load [--events 2000000]

Reads a staged Parquet file, packs, keeps sessions in order, writes the bodies, counts; no network, no pace.
A small and a large file, each in a process of its own, so that their peaks can be compared; then the large
one by two processes at once against one alone: the part that needs a core for each executor.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from delivery.pacing.pacer import DRAIN_SECONDS
from delivery.packing import StagedEvent, pack
from delivery.request import events_per_request, request_writer
from delivery.sending.inbox import ThreadInbox
from delivery.sending.sender import Sender, SenderServices
from delivery.sending.stage import read_stage
from delivery.service.answer import ACCEPTED
from delivery.service.events_client import Done

FEW_EVENTS = 10_000


class Nodding:
    """Client, pacer, ledger and dead letters in one: it accepts everything at once and keeps nothing."""

    holds = False
    stop_reason: str | None = None
    failure: str | None = None
    drain_seconds = DRAIN_SECONDS

    def send(self, body: bytes, done: Done) -> None:  # noqa: ARG002 - nothing is sent
        """Accept the request."""
        done(ACCEPTED)

    def wait(self, ready: int, left: int = 1, after: int = 0) -> float:  # noqa: ARG002 - there is no limit
        """Return 0: never wait."""
        return 0.0

    def spend(self) -> int:
        """Count nothing."""
        return 0

    def sent(self) -> None:
        """Learn nothing."""

    def observe(
        self, fault: str | None, ticket: int, events: int = 0, *, took: float = 0.0, name: str = ""
    ) -> None:
        """Learn nothing."""

    def accepted(self, events: Sequence[StagedEvent], at: float) -> None:
        """Record nothing."""

    def add(self, event_id: str, body: str, code: str, message: str | None, attempts: int) -> None:
        """Record nothing."""

    def stop_all(self, reason: str, drain: float = DRAIN_SECONDS) -> None:  # noqa: ARG002 - nothing is in flight
        """Stop."""
        self.stop_reason = reason

    def close(self) -> None:
        """Hold nothing."""


def event_json(number: int) -> str:
    """Return the JSON of an event, about 180 bytes."""
    return (
        f'{{"eventId":"{number:032x}","eventType":"view","sentAt":{1_700_000_000 + number},'
        f'"itemId":"item-{number % 5000}","eventValue":1.5,"properties":"{{\\"discount\\":\\"0.15\\"}}"}}'
    )


def write_stage(path: Path, events: int) -> None:
    """Write a staged file of sessions of 1 to 19 events of about 200 bytes."""
    texts = [(name, pa.string()) for name in ("event_id", "envelope", "body")]
    schema = pa.schema([*texts, ("sent_at", pa.int64()), ("requests_after", pa.int32())])
    draw, session, left = random.Random(7), 0, 0  # noqa: S311 - not a secret
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, events, 100_000):
            rows = []
            for number in range(start, min(events, start + 100_000)):
                if left == 0:
                    session, left = session + 1, draw.randint(1, 19)
                left -= 1
                envelope = f'{{"userId":"user-{session}","sessionId":"session-{session}"}}'
                texts = {"event_id": f"{number:032x}", "envelope": envelope, "body": event_json(number)}
                rows.append({**texts, "sent_at": 1_700_000_000 + number, "requests_after": left // 10})
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema))


def peak_megabytes() -> float:
    """Return this process's own peak; `ru_maxrss` would include the parent's memory, as it survives the exec."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def send(path: str) -> None:
    """Send one staged file and print its figures on one line."""
    nod = Nodding()
    services = SenderServices(
        client=nod,
        pacer=nod,
        ledger=nod,
        dead_letters=nod,
        write=request_writer("benchmark-tracker"),
        inbox=ThreadInbox(),
        monotonic=time.monotonic,
        wall=time.time,
        random=random.random,
        alive=nod.close,
    )
    sender = Sender(pack(read_stage(path), events_per_request()), 8, services)
    started = time.process_time()
    sender.run()
    used, tally = time.process_time() - started, sender.tally
    print(
        f"{tally.events_delivered:8} events in {tally.requests_delivered:7} requests:"
        f" {used / tally.events_delivered * 1e6:5.2f} us CPU an event,"
        f" {used / tally.requests_delivered * 1e6:6.1f} us a request, peak {peak_megabytes():6.1f} MB"
    )


def main() -> None:
    """Run the small and the large file, one process each, then the large one twice at once."""
    parser = argparse.ArgumentParser(description="What the sender costs.")
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--send", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.send:
        send(arguments.send)
        return
    with tempfile.TemporaryDirectory() as folder:
        for events in (FEW_EVENTS, arguments.events):
            path = Path(folder) / f"{events}.parquet"
            write_stage(path, events)
            alone = _seconds(path, processes=1)
        print(f"two at once: {2 * alone / _seconds(path, processes=2):.2f} times the events of one")


def _seconds(path: Path, processes: int) -> float:
    """Return how long so many processes take that each send the whole file."""
    command = [sys.executable, "-m", "benchmarks.sender_load", "--send", str(path)]
    began = time.perf_counter()
    running = [subprocess.Popen(command) for _ in range(processes)]  # noqa: S603 - our own module
    codes = [process.wait(timeout=300) for process in running]
    if any(codes):
        raise RuntimeError(f"a sender ended with {codes}")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
