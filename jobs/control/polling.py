"""Read a run's control file every few seconds while the run is in progress, and carry out its requests.

It is also read once right before the run does what can't be undone. An error with the file does not affect the run: it
goes on as it was last asked to.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from core.contested_file import control_file
from core.errors import StorageError
from jobs.control.control_file import ControlFile
from jobs.control.record import ControlRecord
from jobs.control.steering import Steering

_LOG = logging.getLogger("put_events")
POLL_SECONDS = 5.0
"""Between two polls; a request is carried out within this and the time that one poll takes."""
_END_SECONDS = 30.0


def polled(output: str, run_id: str, execution: str, steering: Steering, *, sends: bool) -> ControlPoller:
    """Return a poller of the control file of one execution of the run `run_id` in `output`, as a context manager.

    `sends`: whether the run sends events, as a plan and an import do not.
    """
    beginning = ControlRecord(
        run_id=run_id,
        execution=execution,
        max_requests_per_second=steering.limit,
        requests_per_second=steering.rate,
        sends=sends,
    )
    return ControlPoller(lambda: ControlFile(control_file(output, run_id)), beginning, steering, POLL_SECONDS)


def now_as_text() -> str:
    """Return the time in the format of requests: ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class ControlPoller:
    """A context manager that polls the control file of one execution of a run, in a thread of its own.

    `open_file` returns the file, or raises `StorageError`.
    """

    def __init__(
        self,
        open_file: Callable[[], ControlFile],
        beginning: ControlRecord,
        steering: Steering,
        every_seconds: float,
    ) -> None:
        self._open_file = open_file
        self._file: ControlFile
        self._beginning = beginning
        self._steering = steering
        self._every_seconds = every_seconds
        self._heeded = 0
        self._ending = threading.Event()
        self._polling = threading.Lock()
        self._thread = threading.Thread(target=self._keep_polling, name="control", daemon=True)

    def __enter__(self) -> Self:
        """Replace the file that an earlier run of the same id may have left by a new one, and poll it."""
        try:
            self._file = self._open_file()
            self.begin()
        except StorageError as error:
            _LOG.warning("this run can't be steered by personalize-backfill control: %s", error)
        else:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        if self._thread.ident is None:
            return
        self._thread.join(_END_SECONDS)
        if not self._thread.is_alive():
            self.end()

    def begin(self) -> None:
        """Write the file of a run without open requests.

        Raises:
            StorageError: it can't be written.
        """
        record = self._now(self._beginning)
        self._file.change(lambda _: record)

    def catch_up(self) -> None:
        """Carry out what was asked up to now; where the file can't be read, the next poll does."""
        if self._thread.ident is None:
            return
        try:
            self.poll()
        except StorageError as error:
            _LOG.debug("the control file could not be read: %s", error)

    def poll(self) -> None:
        """Carry out the new requests in the file, and record that there. Any thread may call it.

        Raises:
            StorageError: the file can't be read or written.
        """
        with self._polling:
            record = self._file.read()
            if record is None:
                self.begin()  # deleted by hand: what was carried out stays so
            elif record.execution == self._beginning.execution:
                self._obey(record)

    def end(self) -> None:
        """Delete the file; record requests that came too late for the last poll as not carried out."""
        try:
            record = self._file.take_away(self._beginning.execution)
        except StorageError as error:
            _LOG.debug("the control file is left behind, and binds no later run: %s", error)
            return
        for request in record.requests if record else ():
            if request.number > self._heeded:
                self._steering.miss(request)

    def _obey(self, record: ControlRecord) -> None:
        fresh = [request for request in record.requests if request.number > self._heeded]
        for request in fresh:
            self._steering.obey(request)
            self._heeded = request.number
        if record.requests:
            self._file.change(self._with_heeded)

    def _with_heeded(self, record: ControlRecord | None) -> ControlRecord | None:
        if record is None or record.execution != self._beginning.execution:
            return None
        return self._now(record)

    def _now(self, record: ControlRecord) -> ControlRecord:
        steering = self._steering
        return record.with_heeded(
            self._heeded, steering.rate, paused=steering.paused, stopping=steering.stopping
        )

    def _keep_polling(self) -> None:
        while not self._ending.wait(self._every_seconds):
            self.catch_up()
