"""One partition's growing receipt: rows in, a Parquet segment out every three seconds.

Writing happens in a thread of its own, so that sending never waits for storage. A write that fails is tried
again with the same rows; when that fails too, `failure` says so and the sender stops. The caller defines what
a row is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import pyarrow as pa

from core.errors import StorageError
from core.storage import Folder
from delivery.receipts.segments import Segment, merge, parquet_bytes, read_ids, segments_of, steadily
from delivery.receipts.settled import SettledIds
from delivery.task import DeliveryTask

# After a crash at most five seconds of sending go out again (docs/guarantees.md): a row is written when it is three
# seconds old, and the sender starts nothing while the write takes longer than the rest (`unwritten_seconds`).
FLUSH_SECONDS = 3.0
RETRY_SECONDS = 0.5
_FAILURES_TO_STOP = 3
# A write that takes longer may never end: nothing more may be sent in that time, since it would not be recorded.
STUCK_SECONDS = 30.0


Row = TypeVar("Row")
Over = Callable[[Iterator[pa.ChunkedArray]], Iterator[pa.ChunkedArray]]
"""A function that passes on what an iterator yields, and may note each, as `Watchdog.over` does."""


class SegmentWriter(Generic[Row]):
    """A writer of the rows that one attempt of a task adds. `add` and `close` belong to one thread.

    Opening it lists once what earlier attempts of the task wrote. It may merge (`merges`) only if its rows are not
    read before the run has ended: a reader would miss the segments that are deleted while it reads. Use `start` to
    have segments written in the background; without it each `tick` writes one.
    """

    def __init__(
        self,
        folder: Folder,
        task: DeliveryTask,
        attempt: str,
        to_table: Callable[[list[Row]], pa.Table],
        clock: Callable[[], float] = time.monotonic,
        *,
        merges: bool = False,
    ) -> None:
        self._folder = folder
        self._task = task
        self._attempt = attempt
        self._to_table = to_table
        self._earlier = self._find_earlier()
        self._written: list[Segment] = []
        self._added: deque[tuple[float, Row]] = deque()
        self._unwritten: list[Row] = []
        self._unwritten_since: float | None = None
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._clock = clock
        self._ticking_since: float | None = None
        self._failures: list[str] = []
        self._thread: threading.Thread | None = None
        self._merges = merges

    def start(self) -> None:
        """Write what was added every few seconds from now on, in a thread that ends with the process."""
        self._thread = threading.Thread(target=self._keep_writing, name="receipts", daemon=True)
        self._thread.start()

    def settled_before(self, over: Over = iter) -> SettledIds:
        """Return the ids that earlier attempts of the same task recorded; `over` passes on the columns as they come.

        Raises:
            StorageError: they can't be read.
        """
        self._earlier, settled = steadily(
            self._earlier,
            self._find_earlier,
            lambda found: (found, SettledIds(over(read_ids(self._folder, found)))),
        )
        return settled

    def add(self, row: Row) -> None:
        """Take one row; it is on storage at most five seconds later, or `failure` says why not."""
        self._added.append((self._clock(), row))

    @property
    def unwritten_seconds(self) -> float:
        """The age of the oldest row that is not on storage; 0 if all are. Any thread may ask."""
        # In the opposite order of `_take`: a row that the first look misses is in the second one.
        added, since = self._first_added(), self._unwritten_since
        times = [at for at in (added, since) if at is not None]
        return self._clock() - min(times) if times else 0.0

    @property
    def failure(self) -> str | None:
        """The reason why rows can't be written: three attempts failed, one takes far too long, or no more are made."""
        if self._thread is not None and not (self._thread.is_alive() or self._closing.is_set()):
            return f"could not write {self._folder.url}: its thread has ended. Run again to go on."
        since = self._ticking_since
        if since is not None and self._clock() - since > STUCK_SECONDS:
            return self._stuck()
        return self._failures[-1] if len(self._failures) >= _FAILURES_TO_STOP else None

    def _stuck(self) -> str:
        return (
            f"could not write {self._folder.url}: it has taken more than {STUCK_SECONDS:.0f} seconds. "
            "Check the output and the network."
        )

    def tick(self) -> float:
        """Write what was added; return the seconds after which to do so again."""
        self._ticking_since = self._clock()
        try:
            self._flush()
        except StorageError as error:
            self._failures.append(str(error))
            return RETRY_SECONDS
        finally:
            self._ticking_since = None
        self._failures.clear()
        return max(0.0, FLUSH_SECONDS - self.unwritten_seconds)

    def close(self) -> None:
        """Write the last rows and, if it `merges`, put the partition's segments together to one file.

        Raises:
            StorageError: the last rows can't be written; they are kept, and `close` may be called again.
        """
        self._closing.set()
        if self._thread is not None:
            self._thread.join(STUCK_SECONDS)
            if self._thread.is_alive():
                raise StorageError(self._stuck())
        self._flush()
        if self._merges:
            merge(self._folder, [*self._earlier, *self._written], self._attempt)
            self._earlier, self._written = [], []

    def _find_earlier(self) -> list[Segment]:
        task = self._task
        found = segments_of(self._folder, task.run_id, task.execution, task.partition)
        return [segment for segment in found if segment.attempt != self._attempt]

    def _keep_writing(self) -> None:
        pause = FLUSH_SECONDS
        while not self._closing.wait(pause):
            pause = self.tick()

    def _flush(self) -> None:
        with self._writing:
            self._take()
            if not self._unwritten:
                return
            self._written.append(self._write(self._unwritten))
            self._unwritten, self._unwritten_since = [], None

    def _take(self) -> None:
        """Take what was added. Rows may be added during this: only as many are taken as there are now."""
        if self._unwritten_since is None:
            self._unwritten_since = self._first_added()
        self._unwritten += [self._added.popleft()[1] for _ in range(len(self._added))]

    def _first_added(self) -> float | None:
        try:
            return self._added[0][0]
        except IndexError:
            return None

    def _write(self, rows: list[Row]) -> Segment:
        """Write a segment; any error is a `StorageError` without the library's own text, which may quote a row."""
        try:
            table = self._to_table(rows)
            segment = self._next_segment(len(table))
            self._folder.write_bytes(segment.name, parquet_bytes(table))
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - pyarrow's and Python's own, of any kind
            kind = type(error).__name__
            raise StorageError(f"could not write {self._folder.url}: {kind}. Run again to go on.") from None
        return segment

    def _next_segment(self, rows: int) -> Segment:
        task, number = self._task, f"{len(self._written)}-{rows}"
        return Segment(task.run_id, task.execution, task.partition, self._attempt, number)
