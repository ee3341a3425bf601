"""Dead letters: the events that the service refused or that ran out of attempts, a dataset for each run.

Parquet under `runs/<run_id>/dead_letters/` with `event_id`, `body`, `error_code`, `error_message`,
`attempts` and `envelope`, the user and session that a request is for: with body and envelope an event can
be sent again. Bodies, envelopes and messages contain personal values: they are written there and nowhere
else.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import StorageError
from core.storage import Folder, join
from delivery.packing import StagedEvent
from delivery.receipts.ledger import ledger_folder
from delivery.receipts.segment_writer import Over, SegmentWriter
from delivery.receipts.segments import Segment, count_rows, count_rows_apart, parquet_bytes
from delivery.receipts.settled import SettledIds
from delivery.task import DeliveryTask

DEAD_LETTERS_SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("body", pa.string(), nullable=False),
        pa.field("error_code", pa.string()),
        pa.field("error_message", pa.string()),
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("envelope", pa.string(), nullable=False),
    ]
)
_Letter = tuple[str, str, str | None, str | None, int, str]


class DeadLetters:
    """The dead letters of one attempt of a sending task; for use by the sender's one thread.

    `attempt` is a token of letters and digits that no other attempt of the task ever had. Opening lists the
    folder once.

    Raises:
        StorageError: the folder can't be listed.
    """

    def __init__(self, task: DeliveryTask, attempt: str) -> None:
        self._writer: SegmentWriter[_Letter] = SegmentWriter(
            _folder(task.output_url, task.run_id), task, attempt, _to_table, merges=True
        )

    def start(self) -> DeadLetters:
        """Write segments in the background, at most five seconds after an event was given up."""
        self._writer.start()
        return self

    def settled_before(self, over: Over = iter) -> SettledIds:
        """Return the ids that earlier attempts of this task gave up; see `SegmentWriter`.

        Raises:
            StorageError: they can't be read.
        """
        return self._writer.settled_before(over)

    def add(self, event: StagedEvent, code: str | None, message: str | None, attempts: int) -> None:
        """Record an event with its last answer, after so many attempts."""
        body, envelope = (part.decode(errors="replace") for part in (event.body, event.envelope))
        self._writer.add((event.event_id, body, code, message, attempts, envelope))

    @property
    def failure(self) -> str | None:
        """Return why dead letters can't be written, None while they can."""
        return self._writer.failure

    def close(self) -> None:
        """Record the rest and merge this partition's segments.

        Raises:
            StorageError: the rest can't be written.
        """
        self._writer.close()


def prepare_folder(output_url: str, run_id: str) -> None:
    """Make a run's dead letters a readable dataset from the start: one file with the columns and no row."""
    empty = parquet_bytes(DEAD_LETTERS_SCHEMA.empty_table())
    _folder(output_url, run_id).write_bytes("part-empty.parquet", empty)


def dead_letter_count(output_url: str, tracking_id: str, run_id: str, execution: str) -> int:
    """Return how many distinct events one execution of a run gave up for good.

    An event that one attempt of a task gave up and another one delivered is not counted: the service has
    it.

    Raises:
        StorageError: they can't be read.
    """
    return count_rows_apart(_folder(output_url, run_id), ledger_folder(output_url, tracking_id), execution)


def stored_count(output_url: str, run_id: str) -> int:
    """Return how many distinct events are in a run's folder, from any execution.

    Raises:
        StorageError: they can't be read.
    """
    folder = _folder(output_url, run_id)
    found = (Segment.parse(name) for name in folder.names())
    return sum(count_rows(folder, execution) for execution in {each.execution for each in found if each})


def without_envelope(output_url: str, run_id: str) -> str | None:
    """Return the name of a file whose events can't be sent again, since it has no `envelope`; None if there is none.

    Reads footers.

    Raises:
        StorageError: they can't be read, or a file is not Parquet.
    """
    folder = _folder(output_url, run_id)
    files = [name for name in folder.names() if name.endswith(".parquet")]
    return next((name for name in files if "envelope" not in _columns(folder, name)), None)


def _columns(folder: Folder, name: str) -> list[str]:
    try:
        with folder.open_input(name) as stream:
            names: list[str] = pq.read_schema(stream).names
    except pa.ArrowException:
        raise StorageError(damaged_dead_letters(join(folder.url, name))) from None
    return names


def damaged_dead_letters(file: str) -> str:
    """Return the sentence for a file of dead letters that can't be read."""
    return (
        f"dead letters {file} can't be read: the file is damaged or not Parquet. Run the command of that run again "
        "in place of the replay; it sends what the ledger lacks."
    )


def _folder(output_url: str, run_id: str) -> Folder:
    return Folder(join(output_url, "runs", run_id, "dead_letters"))


def _to_table(rows: list[_Letter]) -> pa.Table:
    columns = zip(zip(*rows, strict=True), DEAD_LETTERS_SCHEMA.types, strict=True)
    return pa.table([pa.array(values, kind) for values, kind in columns], schema=DEAD_LETTERS_SCHEMA)
