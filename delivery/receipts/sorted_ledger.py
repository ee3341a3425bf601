"""The ledger's sorted files: what many runs accepted, in the order of the events' own time, which is in each name.

A reader that knows the time of its events opens only the files whose names say that they may have them. Each file is
written whole under a name that no other has; what it replaces is deleted by its caller, afterwards.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from core.storage import Folder, explaining, join
from delivery.receipts.ledger import LEDGER_SCHEMA
from delivery.receipts.segments import some_at_once

# Rows are sorted by time, so that only those row groups of a file are read whose times may match.
ROWS_PER_GROUP = 32_768
_NAME = re.compile(r"sorted\.(-?\d+)\.(-?\d+)\.(\d+)\.([0-9a-f]+)\.([0-9a-f]+)\.parquet")


@dataclass(frozen=True, slots=True)
class SortedFile:
    """One file, by its name: all its events are between the Unix seconds `first` and `last`, both inclusive.

    `written_by` is a token of the compaction that wrote it, in hexadecimal digits, and so is `attempt` of the task.
    """

    first: int
    last: int
    rows: int
    written_by: str
    attempt: str

    @classmethod
    def parse(cls, name: str) -> SortedFile | None:
        """Return the parts of `name`, None if it is not a sorted file's name."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        first, last, rows, written_by, attempt = found.groups()
        return cls(int(first), int(last), int(rows), written_by, attempt)

    @property
    def name(self) -> str:
        """The file's name."""
        return f"sorted.{self.first}.{self.last}.{self.rows}.{self.written_by}.{self.attempt}.parquet"


def last_accepted(folder: Folder, names: Sequence[str]) -> datetime | None:
    """Return the newest `accepted_at` of the ledger's files `names`, by their footers; None where there are none.

    Raises:
        StorageError: a file can't be read.
    """
    return max(some_at_once(partial(_last_accepted_in, folder), names), default=None)


def _last_accepted_in(folder: Folder, name: str) -> datetime:
    with explaining("read", join(folder.url, name)), folder.open_input(name) as file:
        footer = pq.read_metadata(file)
        column = footer.schema.names.index("accepted_at")
        groups = [footer.row_group(number).column(column) for number in range(footer.num_row_groups)]
        newest: datetime = max(group.statistics.max for group in groups)
    return newest


def written_names(batches: Iterator[pa.RecordBatch], url: str, written_by: str) -> Iterator[pa.RecordBatch]:
    """Write rows as `write_sorted` does and give the file's name, in a column `name`: what `mapInArrow` runs."""
    file = write_sorted(batches, url, written_by)
    names = pa.array([file.name] if file else [], pa.string())
    yield pa.RecordBatch.from_arrays([names], ["name"])


def write_sorted(batches: Iterator[pa.RecordBatch], url: str, written_by: str) -> SortedFile | None:
    """Write rows of the ledger, sorted by `sent_at`, as one file in the folder `url`; return None if there are none.

    Rows go through a file on the machine's own disk.

    Raises:
        StorageError: the file can't be written into the folder.
        pyarrow.ArrowException, OSError: the rows don't fit the ledger's types, or the own disk is full.
    """
    with tempfile.TemporaryDirectory() as scratch:
        local = Path(scratch) / "sorted.parquet"
        written = _write_locally(batches, local)
        if written is None:
            return None
        file = SortedFile(*written, written_by, uuid4().hex)
        with pa.memory_map(str(local)) as content:
            Folder(url).write_bytes(file.name, content.read_buffer())
    return file


def _write_locally(batches: Iterator[pa.RecordBatch], path: Path) -> tuple[int, int, int] | None:
    first, last, rows = None, None, 0
    with pq.ParquetWriter(
        path,
        LEDGER_SCHEMA,
        compression="zstd",
        use_dictionary=["tracking_id", "run_id"],
        write_page_checksum=True,
    ) as writer:
        for table in _groups(batches):
            writer.write_table(table, row_group_size=ROWS_PER_GROUP)
            times = table.column("sent_at")
            first = times[0].as_py() if first is None else first
            last, rows = times[-1].as_py(), rows + len(table)
    return None if first is None or last is None else (_seconds(first), _seconds(last), rows)


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Put batches together to groups of the size that a file has, and cast them to the ledger's types."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= ROWS_PER_GROUP:
            yield _table(held)
            held = []
    if any(map(len, held)):
        yield _table(held)


def _table(batches: list[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches).select(LEDGER_SCHEMA.names).cast(LEDGER_SCHEMA)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp() // 1)
