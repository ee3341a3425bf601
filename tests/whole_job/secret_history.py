"""A history with a secret in every value, a job over it, a service that may fail, and a look for what has leaked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from standin.process import Option, StandinProcess
from tests.whole_job.harness import Job, interactions, rows_in

START = 1_760_000_000

SECRET = "Zq7x"
"""In every user, session, item and property of these runs, and must be in nothing that people read."""


def history(sessions: int, events: int = 10) -> list[dict[str, Any]]:
    """`events` events in each of `sessions` sessions: one full request a session at ten events."""
    return [
        {
            "USER_ID": f"user-{SECRET}-{session}",
            "SESSION_ID": f"session-{SECRET}-{session}",
            "ITEM_ID": f"item-{SECRET}-{number}",
            "TIMESTAMP": START + number,
            "DISCOUNT": f"discount-{SECRET}",
        }
        for session in range(sessions)
        for number in range(events)
    ]


@contextmanager
def service(tmp_path: Path, **options: Option) -> Iterator[StandinProcess]:
    """A service with the given faults that records what it accepts."""
    with StandinProcess(record=tmp_path / "record", seconds=300, **options) as standin:
        yield standin


def a_job(tmp_path: Path, standin: StandinProcess, sessions: int, **delivery: float) -> Job:
    job = Job(tmp_path / "job", standin)
    job.settings["delivery"] = delivery
    job.write_source(interactions(history(sessions)))
    return job


def accepted_ids(tmp_path: Path) -> set[str]:
    """The ids that the service recorded: look after it has ended."""
    return {event["eventId"] for event in rows_in(tmp_path / "record")}


def assert_nothing_leaked(folder: Path, log: str, standin: StandinProcess) -> None:
    """No personal value and no credential in what people read: log, summary, report, validation, Data Docs."""
    readable = [path for path in folder.rglob("*") if path.suffix in (".json", ".html")]
    assert len(readable) >= 4
    keys = standin.credentials
    for text in (log, *(path.read_text() for path in readable)):
        assert not any(secret in text for secret in (SECRET, keys.access_key, keys.secret_key))
