from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from core.as_of import last_by, read_as_of, written

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (5, 5),
        ("8744736658442914487", 8744736658442914487),
        (" 7 ", 7),
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31 12:00", NOON),
        (datetime(2026, 1, 31, 12), NOON),  # noqa: DTZ001 - as YAML gives it
        ("2026-01-31T13:00:00+01:00", NOON),
        (date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)),
        (None, None),
    ],
)
def test_versions_and_times_are_read(value: object, wanted: object) -> None:
    assert read_as_of(value) == wanted


@pytest.mark.parametrize("value", [-1, True, 1.5, "yesterday", "", "-3", 2**63, [1], "٣"])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="give a version, a snapshot id, or a time"):
        read_as_of(value)


def test_the_last_commit_by_a_time_counts() -> None:
    commits = [(NOON, 1), (NOON + timedelta(hours=1), 2)]
    assert last_by(commits, NOON - timedelta(seconds=1)) is None
    assert last_by(commits, NOON) == 1
    assert last_by(commits, NOON + timedelta(days=1)) == 2


def test_a_time_is_written_in_utc() -> None:
    assert written(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-01-31T12:00:00.000Z"
