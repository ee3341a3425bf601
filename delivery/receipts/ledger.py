"""The ledger: the ids of all events that the service accepted, shared by all runs, under `ledger/`.

Parquet with `event_id`, `tracking_id`, `run_id`, `accepted_at` and `sent_at`, the event's own time (both times in UTC);
a folder for each tracking ID, since what one accepted says nothing about another. Each partition writes it while it
sends; the next run reads it before it sends, and this one for its account. An id may be in it twice (a crash, an
event sent again): readers count distinct ids.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from core.storage import Folder, join
from core.urls import name_of_tracking_id
from delivery.packing import StagedEvent
from delivery.receipts.segment_writer import Over, SegmentWriter
from delivery.receipts.segments import count_rows
from delivery.receipts.settled import SettledIds
from delivery.task import DeliveryTask

_TIME = pa.timestamp("us", tz="UTC")
LEDGER_SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("tracking_id", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("accepted_at", _TIME, nullable=False),
        pa.field("sent_at", _TIME, nullable=False),
    ]
)
_MICROS = 1_000_000
_Accepted = tuple[Sequence[StagedEvent], float]


class Ledger:
    """The receipts of one attempt of a sending task in the ledger; use it from the sender's one thread.

    `attempt` is a token of letters and digits that no other attempt of the task ever had. Opening lists
    once what earlier attempts of the task wrote.

    Raises:
        StorageError: the folder can't be listed.
    """

    def __init__(self, task: DeliveryTask, attempt: str) -> None:
        self._task = task
        self._writer: SegmentWriter[_Accepted] = SegmentWriter(
            ledger_folder(task.output_url, task.tracking_id), task, attempt, self._to_table
        )

    def start(self) -> Ledger:
        """Write segments in the background, at most five seconds after the service accepted."""
        self._writer.start()
        return self

    def settled_before(self, over: Over = iter) -> SettledIds:
        """Return the ids that earlier attempts of this task recorded; see `SegmentWriter`.

        Raises:
            StorageError: they can't be read.
        """
        return self._writer.settled_before(over)

    def accepted(self, events: Sequence[StagedEvent], at: float) -> None:
        """Record events that the service accepted at the Unix time `at`, in seconds."""
        self._writer.add((events, at))

    @property
    def failure(self) -> str | None:
        """The reason why the ledger can't be written, None while it can: what is sent after that may go out twice."""
        return self._writer.failure

    @property
    def unwritten_seconds(self) -> float:
        """The age of the oldest record that is not on storage yet; 0 if all are."""
        return self._writer.unwritten_seconds

    def close(self) -> None:
        """Record the rest.

        Raises:
            StorageError: it can't be written.
        """
        self._writer.close()

    def _to_table(self, rows: list[_Accepted]) -> pa.Table:
        events = [event for batch, _ in rows for event in batch]
        columns = [
            [event.event_id for event in events],
            [self._task.tracking_id] * len(events),
            [self._task.run_id] * len(events),
            [round(at * _MICROS) for batch, at in rows for _ in batch],
            [event.sent_at * _MICROS for event in events],
        ]
        return pa.table([pa.array(column) for column in columns], names=LEDGER_SCHEMA.names).cast(
            LEDGER_SCHEMA
        )


def accepted_count(output_url: str, tracking_id: str, execution: str) -> int:
    """Return how many distinct events the service accepted in one execution.

    Raises:
        StorageError: the ledger can't be read.
    """
    return count_rows(ledger_folder(output_url, tracking_id), execution)


def ledger_folder(output_url: str, tracking_id: str) -> Folder:
    """Return the folder of the ledger of all runs with one output and one tracking ID."""
    return Folder(join(whole_ledger(output_url).url, name_of_tracking_id(tracking_id)))


def whole_ledger(output_url: str) -> Folder:
    """Return the folder of all tracking IDs' ledgers; earlier versions wrote directly into it, without `sent_at`."""
    return Folder(join(output_url, "ledger"))
