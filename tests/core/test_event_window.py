from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.event_window import Window


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.5Z", -500_000),
        (" 2026-01-01 ", 1_767_225_600_000_000),
        ("1970-01-01T00:00:00.000001000Z", 1),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(text: str, micros: int) -> None:
    assert Window.parse(text, None) == Window(since=micros, until=None)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_microsecond_is_kept(moment: datetime) -> None:
    until = Window.parse(None, moment.isoformat()).until
    assert until is not None
    assert divmod(until, 1_000_000)[1] == moment.microsecond


@pytest.mark.parametrize("text", ["", "yesterday", "12:30", "2026-13-01", "1767225600", "2026-02-30"])
def test_anything_else_is_refused_by_its_option(text: str) -> None:
    with pytest.raises(InputError, match=r"^--until: not ISO 8601"):
        Window.parse(None, text)


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00.0000011Z", "1970-01-01T00:00:00,000001001"])
def test_a_time_finer_than_a_microsecond_is_refused(text: str) -> None:
    """Cut off, it would let an event before it into the window."""
    with pytest.raises(InputError, match=r"^--since: finer than a microsecond"):
        Window.parse(text, None)


@pytest.mark.parametrize("until", ["2026-01-01", "2025-12-31", "2026-01-01T01:00+01:00"])
def test_a_window_that_holds_nothing_is_refused(until: str) -> None:
    with pytest.raises(InputError, match="--since must be before --until"):
        Window.parse("2026-01-01", until)
