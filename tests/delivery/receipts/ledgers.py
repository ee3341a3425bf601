"""A ledger on disk: filled by hand, flushed at once, and looked at as a reader sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds

from core.errors import StorageError
from delivery.packing import StagedEvent
from delivery.receipts.ledger import Ledger, ledger_folder
from delivery.receipts.ledger import accepted_count as accepted_by
from tests.delivery.tasks import task_of

SENT_AT = 1_703_980_800


def flush(ledger: Ledger) -> float:
    return ledger._writer.tick()


def files(output: Path) -> list[str]:
    return ledger_folder(str(output), "tracker").names()


def folder_of(output: Path) -> Path:
    return Path(ledger_folder(str(output), "tracker").url)


def accepted_count(output: str, execution: str) -> int:
    return accepted_by(output, "tracker", execution)


def events(*ids: str) -> list[StagedEvent]:
    """Accepted events, whose own time is a day before 2024."""
    return [StagedEvent(each, b"", b"", SENT_AT) for each in ids]


def merging(output: Path, attempt: str) -> Ledger:
    """A writer that merges, as those of dead letters do."""
    ledger = Ledger(task_of(output), attempt)
    ledger._writer._merges = True
    return ledger


def rows(output: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = ds.dataset(output / "ledger", format="parquet").to_table().to_pylist()
    return found


class StopsAfter:
    """Lets so many storage calls through and then fails them all, as a process that is killed there would."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def around(self, call: Callable[..., None]) -> Callable[..., None]:
        def counted(*arguments: object) -> None:
            if self.left <= 0:
                raise StorageError("killed")
            self.left -= 1
            call(*arguments)

        return counted


def unmerged(output: Path, attempt: str = "z1") -> Ledger:
    """Three events of an attempt, each in a segment of its own, that `close` will merge."""
    ledger = merging(output, attempt)
    for number in range(3):
        ledger.accepted(events(f"e{number}"), 1.0)
        flush(ledger)
    return ledger
