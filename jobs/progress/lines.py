"""Progress without a terminal: a line of JSON on stderr every ten seconds, for a log collector.

Each line is complete by itself. It contains counts, rates and the program's own names, and no value of any
row.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from jobs.progress.run_progress import Measured, Phase, Tasks
from jobs.progress.sending_figures import SendingFigures

_LOG = logging.getLogger("put_events.progress")


class ProgressLines:
    """The view for logs; `now` gives the time in UTC."""

    every_seconds = 10.0

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._handler = logging.StreamHandler(sys.stderr)
        self._handler.setFormatter(logging.Formatter("%(message)s"))

    def __enter__(self) -> Self:
        # Among the job's other lines, without their prefix: the whole line is JSON.
        _LOG.propagate = False
        _LOG.addHandler(self._handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _LOG.removeHandler(self._handler)
        _LOG.propagate = True

    def show(self, ended: tuple[Phase, ...], current: Phase | None) -> None:  # noqa: ARG002 - each line is of now
        """Write one line; none once the run is over, since its summary follows."""
        if current is not None:
            _LOG.info("%s", json.dumps(self._line(current)))

    def _line(self, phase: Phase) -> dict[str, Any]:
        when = self._now().isoformat(timespec="milliseconds")
        return {"time": when, "phase": phase.name, "seconds": _round(phase.seconds)} | _fields(phase.measured)


def _fields(measured: Measured) -> dict[str, Any]:
    if isinstance(measured, Tasks):
        return {"tasks_done": measured.done, "tasks_known": measured.total}
    if isinstance(measured, SendingFigures):
        figures = asdict(measured) | {"share_done": round(measured.share_done, 4)}
        return {key: _round(value) for key, value in figures.items()}
    return {}


def _round(value: Any) -> Any:  # noqa: ANN401 - a figure of any kind
    return round(value, 4 if value < 1 else 1) if isinstance(value, float) else value
