"""Numbers, instants and names as text for the report. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from jobs.account.summary import SteeringEntry

NOTHING = "\N{EN DASH}"
"""The text for a missing value."""

TABLES = {"delta": "a Delta Lake table", "iceberg": "an Iceberg table", "hudi": "an Apache Hudi table"}
"""Formats of tables, as the summary names them."""

_MAX_LABEL = 28
_MIN_SHARE = 0.0001
_MINUTE, _HOUR = 60, 3600
_WITH_TENTHS = 10
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_FROM_UNITS = 10


def thousands(number: float) -> str:
    """Return `1234567` as 1,234,567; a fraction with at most three digits after the point."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.3f}".rstrip("0").rstrip(".")


def asked_for(request: SteeringEntry) -> str:
    """Return an operator's request in words."""
    rate = request.requests_per_second
    return f"{thousands(rate)} requests/s" if rate is not None else request.ask


def percent(share: float) -> str:
    """Return a share of 0 to 1 as text. A share above 0 never looks like 0 %, nor one below 1 like 100 %."""
    if 0 < share < _MIN_SHARE:
        return "< 0.01 %"
    if 1 - _MIN_SHARE < share < 1:
        return "> 99.99 %"
    return f"{100 * share:.2f} %"


def short(number: float, max_number: float) -> str:
    """Return a number for an axis that goes up to `max_number`, all of them in one unit: 1,500, 20k, 1.5M."""
    unit, letter = next(
        ((unit, letter) for unit, letter in _UNITS if max_number >= _FROM_UNITS * unit), (1, "")
    )
    return f"{number / unit:,g}{letter if number else ''}"


def instant(moment: datetime | str | None) -> str:
    """Return an instant in UTC, also one in ISO 8601, to the second.

    A text that is not an instant, or has no time zone, is shown as it is: any program may write a run's control file.
    """
    if moment is None:
        return "not at all"
    try:
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return printable(str(moment)) if at.tzinfo is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError):
        return printable(str(moment))


def elapsed(seconds: float) -> str:
    """Return seconds as 0.4 s, 12 s, 3 min 5 s or 2 h 3 min."""
    if seconds < _WITH_TENTHS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def printable(text: str) -> str:
    """Return `text` without characters that are invisible or would reverse the page's text."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def label(text: str) -> str:
    """Return `printable` text, short enough for a picture."""
    shown = printable(text)
    return shown if len(shown) <= _MAX_LABEL else shown[: _MAX_LABEL - 1] + "…"


def shown(value: object) -> str:
    """Return any JSON value as text; a list with commas, nothing as a dash."""
    if value is None or value == []:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return thousands(value)
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value)
    return printable(str(value))
