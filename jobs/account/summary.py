"""`summary.json`: the account of a run (docs/summary.md), as one type that is written and read.

`jobs.ending.summary_making` makes it. A summary of an earlier version, which has fewer keys, can be read: those that
came later have a default.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, PlainSerializer, ValidationError

from core.storage import Folder
from delivery.sending.timeline import Timeline
from jobs.account.exit_status import Status
from jobs.errors import UsageError
from jobs.plan.delivery_plan import Plan

NAME = "summary.json"

Instant = Annotated[
    AwareDatetime, PlainSerializer(datetime.isoformat, return_type=str, when_used="json-unless-none")
]
"""A time in UTC, in ISO 8601 as `datetime.isoformat` writes it."""


class _Part(BaseModel):
    """A part of the summary: unknown keys, such as those of a later version, are ignored."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class FilesEntry(_Part):
    """The source as files: how many, their bytes, the rows in their footers, and the columns in which they differ."""

    files: int
    bytes: int
    rows: int
    differences: tuple[str, ...] = ()


class TableEntry(_Part):
    """The source as a table at one snapshot, committed at `time`; `bytes` as its connector estimates them."""

    format: str
    as_of: int | None
    time: str | None
    bytes: int


class TimelineEntry(_Part):
    """Requests by interval; `started_at` is the start of the first, a whole multiple of its length."""

    started_at: Instant
    interval_seconds: int
    attempts: tuple[int, ...]
    delivered: tuple[int, ...]
    throttled: tuple[int, ...]

    @classmethod
    def of(cls, timeline: Timeline) -> Self | None:
        """Return the entry of a timeline; None if nothing was recorded."""
        if not timeline.points:
            return None
        points = list(timeline.series())
        return cls(
            started_at=datetime.fromtimestamp(timeline.started_at, UTC),
            interval_seconds=timeline.interval,
            attempts=tuple(point.attempts for point in points),
            delivered=tuple(point.delivered for point in points),
            throttled=tuple(point.throttled for point in points),
        )


class SteeringEntry(_Part):
    """A request of an operator; `heeded_at` is None where the run ended before it was carried out."""

    ask: str
    requests_per_second: float | None
    by: str
    asked_at: str
    heeded_at: str | None


class ImportEntry(_Part):
    """The account of an import: its rows, its files and its job. `call`: the command that makes such a job."""

    mode: str
    write_only: bool
    rows_written: int
    rows_not_importable: int
    not_importable_by_reason: dict[str, int]
    files: int = 0
    bytes: int = 0
    location: str | None = None
    written_by: str | None = None
    dataset_arn: str | None = None
    job_name: str | None = None
    job_arn: str | None = None
    job_status: str | None = None
    failure_reason: str | None = None
    call: str | None = None


class Summary(_Part):
    """The keys of `summary.json`, in the order of docs/summary.md: those of its first version, then those added since.

    Counts are rows, events or requests. `reason`: why the run was refused or stopped, without any row's values.
    `timeline` and `events_per_request` (delivered requests with one event, with two, and so on) hold less than the
    counts if a partition's report was lost with its task. None are: the times of sending if nothing was sent; `source`
    in a replay and if the check did not end; `plan` without `--plan`; `events_by_day` and `events_by_type` if nothing
    was counted; `bulk_import` in a run that sends.
    """

    run_id: str
    status: Status
    exit_code: int
    reason: str | None
    tracking_id: str
    rows_read: int
    rows_rejected: int
    duplicates_dropped: int
    already_delivered: int
    events_delivered: int
    events_dead_lettered: int
    events_not_attempted: int
    requests_delivered: int
    request_attempts: int
    throttled_attempts: int
    minimum_requests: int
    rejected_by_reason: dict[str, int]
    max_requests_per_second: float
    achieved_requests_per_second: float
    started_at: Instant
    sending_started_at: Instant | None
    sending_finished_at: Instant | None
    finished_at: Instant
    timeline: TimelineEntry | None = None
    events_per_request: tuple[int, ...] | None = None
    replay_of: str | None = None
    source: FilesEntry | TableEntry | None = None
    steering: tuple[SteeringEntry, ...] = ()
    bulk_import: ImportEntry | None = Field(default=None, alias="import")
    plan: Plan | None = None
    events_by_day: dict[str, int] | None = None
    events_by_type: dict[str, int] | None = None
    settings: dict[str, JsonValue] = {}

    model_config = ConfigDict(populate_by_name=True)

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        content = self.model_dump(mode="json", by_alias=True)
        return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n".encode()


def read_summary(folder: Folder) -> Summary | None:
    """Return the summary in a run's folder; None if there is none.

    Raises:
        UsageError: it is damaged.
        StorageError: the folder can't be read.
    """
    if NAME not in folder.names():
        return None
    try:
        return Summary.model_validate_json(folder.read_bytes(NAME))
    except ValidationError as error:
        why = _why_damaged(detail["loc"] for detail in error.errors())
    raise UsageError(f"{folder.url}/{NAME} is damaged: {why}. Restore the file, or delete it.")


def write_summary(folder: Folder, summary: Summary) -> None:
    """Write `summary.json` into the run's folder: the last file of a run, whose presence says that it ended."""
    folder.write_bytes(NAME, summary.to_bytes())


def _why_damaged(paths: Iterable[tuple[int | str, ...]]) -> str:
    keys = sorted({str(path[0]) for path in paths if path})
    return f"it has no valid {', '.join(keys)}" if keys else "it holds no JSON object"
