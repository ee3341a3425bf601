"""Receipts on storage: rows appended by one partition, as small Parquet files that are merged at the end.

A folder of segments is one Parquet dataset at any moment, for any reader. Each file's name says which
attempt of which partition of which execution wrote it. A merged file's footer lists the files that it
replaces, so that a crash between merging and deleting miscounts nothing; they are deleted only when it is
there, so that readers can list again. What the rows mean is not known here (`ledger.py`, `dead_letters.py`), and
only ids are ever held in memory all at once, 16 bytes each.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import StorageError
from core.storage import Folder, join
from delivery.receipts.settled import SettledIds

_REPLACES = b"replaces"
_MERGED = "all"
_NAME = re.compile(r"part-(.+)\.([^.]+)\.(\d+)\.([^.]+)\.([^.]+)\.parquet", re.DOTALL)
_FOOTER_READERS = 32
READERS = 16
"""Files that are read at once where thousands are to be read."""
_TRIES = 5

Found = TypeVar("Found")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Segment:
    """The writer of a file, read from its name: `<run id>.<execution>.<partition>.<attempt>.<number>.parquet`.

    The run id may hold full stops, the other parts do not. `number` is "all" for a merged file; of any other it ends in
    its number of rows, as in "12-300", but for those of earlier versions.
    """

    run_id: str
    execution: str
    partition: int
    attempt: str
    number: str

    @classmethod
    def parse(cls, name: str) -> Segment | None:
        """Return the parts of `name`, None if it is not a segment's name."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        run_id, execution, partition, attempt, number = found.groups()
        return cls(run_id, execution, int(partition), attempt, number)

    @property
    def rows(self) -> int | None:
        """The number of its rows, None if its name does not say."""
        rows = self.number.partition("-")[2]
        return int(rows) if rows.isdecimal() else None

    @property
    def name(self) -> str:
        """Return the file's name.

        It begins with `part-`, since readers pass over names that begin with `_` or `.`.
        """
        return f"part-{self.run_id}.{self.execution}.{self.partition}.{self.attempt}.{self.number}.parquet"


def parquet_bytes(table: pa.Table) -> pa.Buffer:
    """Return `table` as the content of a Parquet file, compressed with zstd, each page with its checksum."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()


def count_rows(folder: Folder, execution: str) -> int:
    """Return how many distinct events the segments of `execution` in `folder` hold.

    Names and footers are enough, except for a partition that more than one attempt wrote for: there ids are read and
    compared, since an attempt that was thought dead may have gone on at the same time as the next one.
    """
    return steadily(
        _named(folder, execution),
        lambda: _named(folder, execution),
        lambda found: sum(_distinct(folder, files) for files in _by_partition(folder, found).values()),
    )


def count_rows_apart(folder: Folder, other: Folder, execution: str) -> int:
    """Return how many distinct events the segments of `execution` in `folder` hold that those in `other` do not.

    An event may be in both: an attempt that was thought dead settled it in one way, and the next one in the
    other. A single attempt settles each event once, so there too footers are enough.
    """

    def find() -> tuple[list[Segment], list[Segment]]:
        ours = _named(folder, execution)
        return ours, _named(other, execution) if ours else []

    def count(found: tuple[list[Segment], list[Segment]]) -> int:
        ours, theirs = _by_partition(folder, found[0]), _by_partition(other, found[1])
        return sum(
            _distinct_apart(folder, files, other, theirs.get(partition, []))
            for partition, files in ours.items()
        )

    return steadily(find(), find, count)


def steadily(found: Found, find: Callable[[], Found], read: Callable[[Found], Result]) -> Result:
    """Return what `read` makes of `found`, a listing by `find`; repeat while the listing changes.

    Another attempt may merge at any moment. A file that was listed may be gone when it is read, and a listing that
    is taken during a merge may have neither the merged file nor those that it replaces. Two listings that agree have
    all that was there between them. If the listings never agree, the last one counts.
    """
    for _ in range(_TRIES - 1):
        try:
            result = read(found)
        except StorageError:
            if (now := find()) == found:
                raise
        else:
            if (now := find()) == found:
                return result
        found = now
    return read(found)


def read_ids(folder: Folder, segments: Sequence[Segment]) -> Iterator[pa.ChunkedArray]:
    """Yield the column `event_id` of each of `segments`, some of them at once: a long run leaves thousands."""
    return some_at_once(partial(_read_ids, folder), segments)


def some_at_once(read: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield what `read` returns for each item, in order; `READERS` of them are read at once, and held in memory."""
    with ThreadPoolExecutor(READERS) as readers:
        for start in range(0, len(items), READERS):
            yield from readers.map(read, items[start : start + READERS])


def _read_ids(folder: Folder, segment: Segment) -> pa.ChunkedArray:
    with _opened(folder, segment) as stream:
        table = pq.read_table(stream, columns=["event_id"], page_checksum_verification=True)
    return table.column("event_id")


def segments_of(folder: Folder, run_id: str, execution: str, partition: int) -> list[Segment]:
    """Return the segments in `folder` that any attempt of one partition of `execution` wrote.

    Each task asks for them when it starts, where the tasks before it may have left millions: no others are listed.
    """
    found = map(Segment.parse, folder.names(f"part-{run_id}.{execution}.{partition}."))
    return [each for each in found if each and (each.execution, each.partition) == (execution, partition)]


def merge(folder: Folder, segments: list[Segment], attempt: str) -> None:
    """Replace `segments`, all of one partition of one execution, by one file that has the rows of all.

    Merging only tidies up: where it fails the segments stay, which is as good. Rows are copied segment by
    segment through a file on the machine's own disk.
    """
    if len(segments) < 2:  # noqa: PLR2004  (one file is merged already)
        return
    first = segments[0]
    merged = Segment(first.run_id, first.execution, first.partition, attempt, _MERGED)
    with contextlib.suppress(StorageError, OSError), tempfile.TemporaryDirectory() as scratch:
        local = Path(scratch) / "merged.parquet"
        _copy_rows(folder, _live(folder, segments), local, [_key(segment) for segment in segments])
        with pa.memory_map(str(local)) as content:
            folder.write_bytes(merged.name, content.read_buffer())
        folder.delete_files([segment.name for segment in segments if segment != merged])


@dataclass(frozen=True, slots=True)
class _File:
    segment: Segment
    rows: int
    replaces: frozenset[tuple[int, str]]

    def writers(self) -> set[str]:
        """Return the writers of the rows, by the footers: attempts, and merged files, with rows of any attempt."""
        keys = {key for _, key in self.replaces} or {_key(self.segment)}
        return {key if key.endswith(_MERGED) else key.partition(".")[0] for key in keys}


def _key(segment: Segment) -> str:
    return f"{segment.attempt}.{segment.number}"


def _named(folder: Folder, execution: str) -> list[Segment]:
    found = (Segment.parse(name) for name in folder.names())
    return [segment for segment in found if segment is not None and segment.execution == execution]


def _live(folder: Folder, segments: list[Segment]) -> list[_File]:
    """Return those of `segments` that no other one replaces."""
    with ThreadPoolExecutor(_FOOTER_READERS) as readers:
        files = list(readers.map(lambda segment: _footer(folder, segment), segments))
    replaced = frozenset().union(*(file.replaces for file in files))
    return [file for file in files if (file.segment.partition, _key(file.segment)) not in replaced]


@contextlib.contextmanager
def _opened(folder: Folder, segment: Segment) -> Iterator[pa.NativeFile]:
    """Yield the open file; on S3 a read error shows only during reading, and is a `StorageError` there too."""
    try:
        with folder.open_input(segment.name) as stream:
            yield stream
    except OSError as error:
        raise StorageError(
            f"could not read {join(folder.url, segment.name)}: it broke off or is damaged. Run the same command again."
        ) from error


def _footer(folder: Folder, segment: Segment) -> _File:
    if segment.rows is not None:
        return _File(segment, segment.rows, frozenset())  # one that is not merged replaces none
    with _opened(folder, segment) as stream:
        metadata = pq.read_metadata(stream)
    keys = json.loads((metadata.metadata or {}).get(_REPLACES, b"[]"))
    return _File(segment, metadata.num_rows, frozenset((segment.partition, key) for key in keys))


def _by_partition(folder: Folder, segments: list[Segment]) -> dict[int, list[_File]]:
    """Return the files of one execution that no other one replaces, by partition."""
    files: dict[int, list[_File]] = defaultdict(list)
    for file in _live(folder, segments):
        files[file.segment.partition].append(file)
    return files


def _distinct_apart(folder: Folder, files: list[_File], other: Folder, others: list[_File]) -> int:
    if not others or len(_writers([*files, *others])) == 1:
        return _distinct(folder, files)
    return _ids(folder, files).count_apart(_ids(other, others))


def _distinct(folder: Folder, files: list[_File]) -> int:
    if len(_writers(files)) == 1:
        return sum(file.rows for file in files)
    return len(_ids(folder, files))


def _writers(files: list[_File]) -> set[str]:
    return set().union(*(file.writers() for file in files))


def _ids(folder: Folder, files: list[_File]) -> SettledIds:
    return SettledIds(read_ids(folder, [file.segment for file in files]))


def _copy_rows(folder: Folder, files: list[_File], local: Path, replaces: list[str]) -> None:
    writer: pq.ParquetWriter | None = None
    for file in files:
        with _opened(folder, file.segment) as stream:
            table = pq.read_table(stream, page_checksum_verification=True)
        if writer is None:
            schema = table.schema.with_metadata({_REPLACES: json.dumps(replaces)})
            writer = pq.ParquetWriter(local, schema, compression="zstd", write_page_checksum=True)
        writer.write_table(table.replace_schema_metadata(writer.schema.metadata))
    if writer is not None:
        writer.close()
