"""The files of one run in the output: their names, not their contents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.storage import Folder, join


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one run, which users read and docs/ names, below `output`, an absolute path or a URL."""

    output: str
    run_id: str

    @property
    def url(self) -> str:
        """Return the run's own folder."""
        return join(self.output, "runs", self.run_id)

    @property
    def stage(self) -> str:
        """Return the folder of the checked events, while they are sent; it is deleted when the run ends."""
        return join(self.url, "stage")

    @property
    def rejected(self) -> str:
        """Return the folder of source rows that failed a check."""
        return join(self.url, "rejected")

    @property
    def dead_letters(self) -> str:
        """Return the folder of events that the service refused or that ran out of attempts."""
        return join(self.url, "dead_letters")

    def folder(self) -> Folder:
        """Return the run's own folder, to write to and to clear."""
        return Folder(self.url)

    def stage_folder(self) -> Folder:
        """Return the stage, to clear."""
        return Folder(self.stage)


def new_run_id(now: datetime, token: str) -> str:
    """Return a unique name that sorts by time: `20260131T235959Z-<token>`."""
    return f"{now:%Y%m%dT%H%M%SZ}-{token}"
