"""One execution of a run: the same run may be carried out again, under the same name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from core.urls import absolute
from jobs.runs.run_folder import RunFolder, new_run_id


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution of `run` that began at `began_at`, in UTC. `token`: no other execution of any run has it."""

    run: RunFolder
    token: str
    began_at: datetime

    @classmethod
    def begin(cls, output: str, run_id: str | None) -> Self:
        """Begin to carry out the run `run_id`, or a new one."""
        now, token = datetime.now(UTC), uuid.uuid4().hex[:12]
        return cls(RunFolder(absolute(output), run_id or new_run_id(now, token)), token, now)
