"""The ends of a run, and the exit code of each."""

from __future__ import annotations

from enum import StrEnum

TRIAL_IS_OVER = (
    "this run was a trial: --first allows no more events; run the same command without it for the rest"
)
"""The reason with which a trial ends as stopped."""


class Status(StrEnum):
    """The `status` of `summary.json`."""

    DELIVERED = "delivered"
    PLANNED = "planned"
    REFUSED = "refused"
    DEAD_LETTERED = "dead_lettered"
    STOPPED = "stopped"
    IMPORTED = "imported"
    WRITTEN = "written"
    IMPORT_FAILED = "import_failed"

    @property
    def exit_code(self) -> int:
        """Return the process's exit code; 1 (unexpected), and 2 except for a failed import, end without a summary."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Status.DELIVERED: 0,
    Status.PLANNED: 0,
    Status.REFUSED: 3,
    Status.DEAD_LETTERED: 4,
    Status.STOPPED: 5,
    Status.IMPORTED: 0,
    Status.WRITTEN: 0,
    Status.IMPORT_FAILED: 2,
}
UNEXPECTED_EXIT_CODE = 1
