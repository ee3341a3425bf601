"""A bulk import is advised where it can load the events and sending them takes long."""

from __future__ import annotations

import pytest

from bulk.import_job import MIN_ROWS
from jobs.plan.import_advice import LONG_SECONDS, advise

MAX_ROWS = 100 * 10**9


def test_what_takes_an_hour_and_fits_an_import_is_better_imported() -> None:
    advice = advise(MIN_ROWS, 0, MAX_ROWS, LONG_SECONDS)
    assert advice.better
    assert any("quota of live traffic" in reason for reason in advice.reasons)
    assert any("only FULL mode" in reason for reason in advice.reasons)


def test_up_to_a_gigabyte_an_import_may_add_to_what_was_imported() -> None:
    assert any(reason.startswith("INCREMENTAL") for reason in advise(10**6, 0, 10**9, 4000).reasons)


@pytest.mark.parametrize(
    ("events", "anonymous", "csv_bytes", "seconds", "said"),
    [
        (MIN_ROWS - 1, 0, 10, LONG_SECONDS, "1,000 events"),
        (10**9, 1, 10**9, LONG_SECONDS, "no userId"),
        (10**9, 0, MAX_ROWS + 1, LONG_SECONDS, "100 GB"),
        (10**9, 0, 10**9, LONG_SECONDS - 1, "less than an hour"),
    ],
)
def test_otherwise_it_is_not_and_the_reason_is_given(
    events: int, anonymous: int, csv_bytes: int, seconds: float, said: str
) -> None:
    advice = advise(events, anonymous, csv_bytes, seconds)
    assert not advice.better
    assert len(advice.reasons) == 1
    assert said in advice.reasons[0]


def test_every_obstacle_is_named() -> None:
    assert len(advise(1, 1, MAX_ROWS + 1, LONG_SECONDS).reasons) == 3
