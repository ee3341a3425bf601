"""`summary.json`: the account of a run in the contract's words, built, written and read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.storage import Folder
from delivery.request import events_per_request
from delivery.sending.timeline import Timeline
from jobs.account.closed_account import Account, Sent
from jobs.account.event_counts import EventCounts
from jobs.account.exit_status import Status
from jobs.control.record import Request
from jobs.errors import UsageError

if TYPE_CHECKING:  # a program that only reads summaries, as `jobs.inspect`, loads no Spark
    from jobs.plan.delivery_plan import Plan

NAME = "summary.json"


@dataclass(frozen=True, slots=True)
class Ending:
    """A run at its end: what it was, how it ended, and why in a sentence without any row's values."""

    run_id: str
    tracking_id: str
    status: Status
    reason: str | None
    account: Account
    max_requests_per_second: float
    started_at: datetime
    finished_at: datetime
    counts: EventCounts | None
    settings: dict[str, Any]
    plan: Plan | None = None
    replay_of: str | None = None
    source: dict[str, object] | None = None
    steering: tuple[Request, ...] = ()
    bulk_import: dict[str, object] | None = None


def summary_of(ending: Ending) -> dict[str, Any]:
    """Return the keys of the contract's `summary.json`, in its order, and after them those for the report.

    Counts are rows, events or requests; times are ISO 8601 in UTC, null where nothing was sent. `timeline` and
    `events_per_request` say less than the counts, or null, where a partition's report was lost with its task. `plan`,
    as `jobs.plan.delivery_plan` has it, is null but with `--plan`. `settings` as `jobs.config.shown_settings` gives
    them; `events_by_day` and `events_by_type` null where nothing was counted. `replay_of`: the run whose dead letters
    were sent again. `source`: what was read, as `jobs.steps.source_reading` has it; null in a replay, and where the
    check did not end.
    `steering`: what operators asked of the run, in that order; `heeded_at` is null where it ended before that.
    `import`: as `jobs.steps.import_account` has it; null in a run that sends.
    """
    staged, sent = ending.account.staged, ending.account.sent
    return {
        "run_id": ending.run_id,
        "status": str(ending.status),
        "exit_code": ending.status.exit_code,
        "reason": ending.reason,
        "tracking_id": ending.tracking_id,
        "rows_read": staged.rows_read,
        "rows_rejected": staged.rows_rejected,
        "duplicates_dropped": staged.duplicates_dropped,
        "already_delivered": staged.already_delivered,
        "events_delivered": sent.events_delivered,
        "events_dead_lettered": sent.events_dead_lettered,
        "events_not_attempted": ending.account.events_not_attempted,
        "requests_delivered": sent.requests_delivered,
        "request_attempts": sent.request_attempts,
        "throttled_attempts": sent.throttled_attempts,
        "minimum_requests": staged.minimum_requests,
        "rejected_by_reason": staged.rejected_by_reason,
        "max_requests_per_second": ending.max_requests_per_second,
        "achieved_requests_per_second": round(sent.requests_per_second, 3),
        "started_at": ending.started_at.isoformat(),
        "sending_started_at": _instant(sent.started_at),
        "sending_finished_at": _instant(sent.finished_at),
        "finished_at": ending.finished_at.isoformat(),
        "timeline": _timeline(sent.timeline),
        "events_per_request": _events_per_request(sent),
        "replay_of": ending.replay_of,
        "source": ending.source,
        "steering": [_request(each) for each in ending.steering],
        "import": ending.bulk_import,
        "plan": None if ending.plan is None else asdict(ending.plan),
        "events_by_day": ending.counts and ending.counts.by_day,
        "events_by_type": ending.counts and ending.counts.by_type,
        "settings": ending.settings,
    }


def read_summary(folder: Folder) -> dict[str, Any] | None:
    """Return the summary in a run's folder; None if there is none.

    Raises:
        UsageError: it is damaged.
        StorageError: the folder can't be read.
    """
    if NAME not in folder.names():
        return None
    try:
        summary = json.loads(folder.read_bytes(NAME))
    except ValueError:
        summary = None
    if not isinstance(summary, dict):
        raise UsageError(f"{folder.url}/{NAME} is damaged: it holds no JSON object.")
    return summary


def write_summary(folder: Folder, summary: dict[str, Any]) -> None:
    """Write `summary.json` into the run's folder: the last file of a run, whose presence says that it ended."""
    folder.write_bytes(NAME, f"{json.dumps(summary, indent=2, ensure_ascii=False)}\n".encode())


def _instant(epoch: float | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()


def _request(request: Request) -> dict[str, Any]:
    return {
        "ask": str(request.ask),
        "requests_per_second": request.rate,
        "by": request.by,
        "asked_at": request.asked_at,
        "heeded_at": request.heeded_at,
    }


def _timeline(timeline: Timeline) -> dict[str, Any] | None:
    """Return requests by interval; `started_at` is the start of the first, a whole multiple of its length."""
    if not timeline.points:
        return None
    points = list(timeline.series())
    return {
        "started_at": _instant(timeline.started_at),
        "interval_seconds": timeline.interval,
        "attempts": [point.attempts for point in points],
        "delivered": [point.delivered for point in points],
        "throttled": [point.throttled for point in points],
    }


def _events_per_request(sent: Sent) -> list[int] | None:
    """Return delivered requests with one event, with two, and so on, up to as many as a request may hold."""
    if not sent.requests_by_events:
        return None
    return [sent.requests_by_events[events] for events in range(1, events_per_request() + 1)]
