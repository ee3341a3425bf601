"""Numbers read as they are: never rounded into something that is not so."""

from __future__ import annotations

import pytest

from jobs.report.wording import elapsed, instant, label, percent, printable, short, thousands


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0.00 %"), (1, "100.00 %"), (1e-9, "< 0.01 %"), (1 - 1e-9, "> 99.99 %"), (0.5, "50.00 %")],
)
def test_a_share_never_looks_like_nothing_or_all_when_it_is_not(share: float, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.44, "0.4 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (7380, "2 h 3 min")]
)
def test_a_time_is_written_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert elapsed(seconds) == shown


@pytest.mark.parametrize(
    ("number", "max_number", "shown"),
    [(5000, 20_000, "5k"), (5000, 6000, "5,000"), (0, 1e7, "0"), (1.5e7, 2e7, "15M")],
)
def test_all_numbers_of_an_axis_have_one_unit(number: float, max_number: float, shown: str) -> None:
    assert short(number, max_number) == shown


def test_a_number_has_no_more_digits_than_it_needs() -> None:
    assert [thousands(1000.0), thousands(0.01), thousands(1_000_000)] == ["1,000", "0.01", "1,000,000"]


def test_what_does_not_print_is_seen_to_be_there() -> None:
    assert printable("a\n\u202eb") == "a\ufffd\ufffdb"
    assert label("x" * 100) == "x" * 27 + "\N{HORIZONTAL ELLIPSIS}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-31T23:59:59+00:00", "2026-01-31 23:59:59 UTC"),
        ("2026-02-01T01:59:59+02:00", "2026-01-31 23:59:59 UTC"),
        ("2026-01-31T23:59:59", "2026-01-31T23:59:59"),
        ("yesterday\u202e", "yesterday\ufffd"),
        ("", ""),
        ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59-23:59"),
    ],
)
def test_a_text_is_an_instant_in_utc_or_shown_as_it_is(text: str, shown: str) -> None:
    """Any program may have written a control file's times: none may cost the report."""
    assert instant(text) == shown
