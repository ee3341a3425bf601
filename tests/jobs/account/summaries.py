"""Summaries for tests: the shortest that a run can have left, and any that Hypothesis can think of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from pydantic import JsonValue

from jobs.account.summary import FilesEntry, ImportEntry, SteeringEntry, Summary, TableEntry, TimelineEntry
from jobs.plan.delivery_plan import Cost, Duration, Plan
from jobs.plan.ways import Way

OLDEST: dict[str, Any] = {
    "run_id": "run",
    "status": "dead_lettered",
    "exit_code": 4,
    "reason": None,
    "tracking_id": "tracker",
    "rows_read": 1234,
    "rows_rejected": 1,
    "duplicates_dropped": 0,
    "already_delivered": 0,
    "events_delivered": 1230,
    "events_dead_lettered": 2,
    "events_not_attempted": 1,
    "requests_delivered": 123,
    "request_attempts": 125,
    "throttled_attempts": 0,
    "minimum_requests": 124,
    "rejected_by_reason": {"expect_column_values_to_not_be_null(eventType)": 1},
    "max_requests_per_second": 500.0,
    "achieved_requests_per_second": 61.5,
    "started_at": "2026-01-01T00:00:00+00:00",
    "sending_started_at": "2026-01-01T00:00:10.250000+00:00",
    "sending_finished_at": "2026-01-01T00:00:12.280000+00:00",
    "finished_at": "2026-01-01T00:00:15+00:00",
}
"""What the first version of the job left: the contract's keys, `tracking_id` and `reason`."""

_TEXTS, _COUNTS = st.text(max_size=5), st.integers(0, 10**12)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_JSON: st.SearchStrategy[JsonValue] = (
    st.none() | st.booleans() | _COUNTS | _FLOATS | _TEXTS | st.lists(_TEXTS)
)
_TALLIES = st.dictionaries(_TEXTS, _COUNTS, max_size=3)
_SERIES = st.lists(_COUNTS, max_size=4).map(tuple)


def summaries() -> st.SearchStrategy[Summary]:
    """Any summary that a run may leave."""
    entries = {
        FilesEntry: {},
        TableEntry: {},
        SteeringEntry: {"requests_per_second": st.none() | _FLOATS},
        ImportEntry: {},
        TimelineEntry: {"started_at": _INSTANTS},
    }
    built = {kind: st.builds(kind, **given) for kind, given in entries.items()}
    return st.builds(
        Summary,
        started_at=_INSTANTS,
        finished_at=_INSTANTS,
        sending_started_at=st.none() | _INSTANTS,
        sending_finished_at=st.none() | _INSTANTS,
        max_requests_per_second=_FLOATS,
        achieved_requests_per_second=_FLOATS,
        timeline=st.none() | built[TimelineEntry],
        events_per_request=st.none() | _SERIES,
        source=st.none() | built[FilesEntry] | built[TableEntry],
        steering=st.lists(built[SteeringEntry], max_size=2).map(tuple),
        bulk_import=st.none() | built[ImportEntry],
        plan=st.none() | _plans(),
        rejected_by_reason=_TALLIES,
        events_by_day=st.none() | _TALLIES,
        events_by_type=st.none() | _TALLIES,
        settings=st.dictionaries(_TEXTS, _JSON, max_size=3),
        replay_of=st.none() | _TEXTS,
    )


def _plans() -> st.SearchStrategy[Plan]:
    """No figure of a plan is NaN or infinite."""
    return st.builds(
        Plan,
        duration=st.builds(Duration, _FLOATS, _FLOATS, _COUNTS, _FLOATS),
        cost=st.builds(Cost, _COUNTS, st.none() | _FLOATS, st.none() | _FLOATS),
        ways=st.lists(st.builds(Way, seconds=st.none() | _FLOATS), max_size=2).map(tuple),
    )
