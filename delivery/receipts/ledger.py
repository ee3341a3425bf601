"""The ledger: the ids of all events that the service accepted, shared by all runs, under `ledger/`.

Parquet with `event_id`, `tracking_id`, `run_id` and `accepted_at`; written by each partition while it
sends, read by the next run before it sends, and by this one for its account. An id may stand in it twice (a
crash, an event sent again): readers count distinct ids. It decides nothing about sending.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import StorageError
from core.storage import Folder, join
from delivery.receipts.segment_writer import SegmentWriter
from delivery.receipts.segments import count_rows, merged_names
from delivery.receipts.settled import SettledIds
from delivery.settings import DeliveryTask

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("tracking_id", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("accepted_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)
_Accepted = tuple[Sequence[str], float]


class Ledger:
    """What one attempt of a sending task writes to the ledger; use it from the sender's one thread.

    `attempt` is a token of letters and digits that no other attempt of the task ever had. Opening lists the
    ledger's folder once, and raises `StorageError` if that can't be done.
    """

    def __init__(self, task: DeliveryTask, attempt: str) -> None:
        self._task = task
        self._writer: SegmentWriter[_Accepted] = SegmentWriter(
            ledger_folder(task.output_url), task, attempt, self._to_table
        )

    def start(self) -> Ledger:
        """Have segments written in the background, at most five seconds after the service accepted."""
        self._writer.start()
        return self

    def settled_before(self) -> SettledIds:
        """Return the ids that earlier attempts of this task recorded. Raises `StorageError`."""
        return self._writer.settled_before()

    def accepted(self, event_ids: Sequence[str], at: float) -> None:
        """Record events that the service accepted at the Unix time `at`, in seconds."""
        self._writer.add((event_ids, at))

    @property
    def failure(self) -> str | None:
        """Why the ledger can't be written, None while it can: what is sent after that may go out twice."""
        return self._writer.failure

    def close(self) -> None:
        """Record the rest and merge this partition's segments. Raises `StorageError` if the rest can't be."""
        self._writer.close()

    def _to_table(self, rows: list[_Accepted]) -> pa.Table:
        ids = [event_id for event_ids, _ in rows for event_id in event_ids]
        times = [round(at * 1_000_000) for event_ids, at in rows for _ in event_ids]
        columns = [ids, [self._task.tracking_id] * len(ids), [self._task.run_id] * len(ids), times]
        return pa.table([pa.array(column) for column in columns], names=LEDGER_SCHEMA.names).cast(
            LEDGER_SCHEMA
        )


class MergeWatch:
    """Tells whether a reader that passes over missing files may have missed ids of `tracking_id` since now.

    A merged file is there before those that it replaces go: if none has come, all that was there stayed there, or
    is in a merged file that did. Raises `StorageError` where the ledger can't be listed.
    """

    def __init__(self, output_url: str, tracking_id: str) -> None:
        self._folder = ledger_folder(output_url)
        self._tracking_id = tracking_id
        self._before = merged_names(self._folder)

    def has_seen_one(self) -> bool:
        """Return whether segments of the tracking ID were merged since; True where that can't be known."""
        return any(self._is_ours(name) for name in merged_names(self._folder) - self._before)

    def _is_ours(self, name: str) -> bool:
        try:
            with self._folder.open_input(name) as stream:
                ids = pq.ParquetFile(stream).read_row_group(0, columns=["tracking_id"]).column(0)
        except (StorageError, OSError):
            return True  # it was merged itself meanwhile, or is out of reach
        return bool(ids[0].as_py() == self._tracking_id)


def accepted_count(output_url: str, execution: str) -> int:
    """Return how many distinct events the service accepted in one execution. Raises `StorageError`."""
    return count_rows(ledger_folder(output_url), execution)


def ledger_folder(output_url: str) -> Folder:
    """Return where the ledger of all runs with one output lies."""
    return Folder(join(output_url, "ledger"))
