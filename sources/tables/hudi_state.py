"""The instant of an Apache Hudi table that a run reads, found in the table's folder before Spark starts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.as_of import AsOf, last_by, written
from core.errors import InputError
from core.storage import cause_and_remedy, open_filesystem
from core.urls import with_scheme
from sources.tables.hudi_timeline import HudiTimeline, Instant, read_timeline
from sources.tables.table_source import HudiState, Snapshot


def hudi_state(path: str, as_of: AsOf | None) -> HudiState:
    """Find what is read of the Hudi table in the folder `path`: its newest complete commit, or the one that is asked.

    Raises:
        InputError: there is no such commit, or an earlier one is not complete.
    """
    label = f"source.path {path}"
    timeline = _timeline(label, path)
    if not timeline.commits:
        raise InputError(
            f"{label}: the timeline of this Hudi table holds no complete commit. Restore it, or wait for the first one."
        )
    wanted = _wanted(label, timeline.commits, as_of)
    _require_complete(label, timeline, wanted)
    is_newest = wanted == timeline.commits[-1]
    folder = f"{with_scheme(path).rstrip('/')}/{timeline.folder}"
    later = [f"{folder}/{name}" for instant, name in timeline.cleanings if instant > wanted.digits]
    return HudiState(
        wanted.digits,
        Snapshot("hudi", int(wanted.digits), wanted.time),
        () if is_newest else tuple(later),
    )


def _timeline(label: str, path: str) -> HudiTimeline:
    try:
        filesystem, folder = open_filesystem(path)
        return read_timeline(label, filesystem, folder.rstrip("/"))
    except OSError as error:
        cause = cause_and_remedy(error, "Check the permissions of the table's folder")
        raise InputError(f"{label}: the table's timeline can't be read: {cause}.") from None


def _wanted(label: str, commits: Sequence[Instant], as_of: AsOf | None) -> Instant:
    newest = commits[-1]
    if as_of is None:
        return newest
    known = {int(each.digits): each for each in commits}
    if isinstance(as_of, datetime):
        return known[_by_time(label, commits, as_of)]
    if as_of not in known:
        at = "" if newest.time is None else f" of {written(newest.time)}"
        raise InputError(
            f"source.as_of: {label} has no complete commit {as_of}: it was archived or rolled back, or is another "
            f"table's. Take another, such as the newest, {newest.digits}{at}."
        )
    return known[as_of]


def _by_time(label: str, commits: Sequence[Instant], time: datetime) -> int:
    timed = [(each.time, int(each.digits)) for each in commits if each.time is not None]
    found = last_by(timed, time)
    if found is None:
        oldest = f": the oldest on its timeline is of {written(timed[0][0])}" if timed else ""
        raise InputError(
            f"source.as_of: {label} has no commit as old as {written(time)}{oldest}. Take a later time."
        )
    return found


def _require_complete(label: str, timeline: HudiTimeline, wanted: Instant) -> None:
    """Refuse a state while an earlier commit is pending: Hudi orders commits by their beginning, so it would join."""
    first = timeline.pending[0] if timeline.pending else None
    if first is None or first > wanted.digits:
        return
    before = [each.digits for each in timeline.commits if each.digits < first]
    advice = f", or read the state before it: source.as_of={before[-1]}" if before else ""
    raise InputError(
        f"{label}: commit {first} began before {wanted.digits}, which would be read, and is not complete: its rows "
        f"would still join that state. Wait until it is complete or rolled back{advice}."
    )
