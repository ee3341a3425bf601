"""The verdict is one sentence that is true of the run, and the flow closes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.account.exit_status import TRIAL_IS_OVER
from jobs.account.summary import Summary
from jobs.report.flow import equation, parts, verdict
from jobs.steps.import_account import account_line
from tests.jobs.report.examples import import_entry, nothing_sent, summary

COUNTS = ("rows_rejected", "duplicates_dropped", "already_delivered", "events_delivered", "events_dead_lettered",
          "events_not_attempted")  # fmt: skip


IMPORT = import_entry()


@given(st.lists(st.integers(0, 10**10), min_size=6, max_size=6))
def test_each_part_starts_where_the_one_before_it_stops(counts: list[int]) -> None:
    found = parts(summary(rows_read=sum(counts), **dict(zip(COUNTS, counts, strict=True))))
    assert sum(part.rows for part in found) == sum(counts)
    for before, after in pairwise(found):
        assert after.start == pytest.approx(before.start + before.share)
    assert all(0 <= part.start <= part.start + part.share <= 1 + 1e-9 for part in found)


def test_an_import_has_its_own_ends() -> None:
    found = parts(summary(**{"import": IMPORT, "events_delivered": 190_000}))
    said = equation(found)
    assert said == (
        "1,001 rejected + 600 duplicates + 190,000 written + 8,399 not importable = 200,000 rows read"
    )


def test_the_equation_names_what_is_not_empty() -> None:
    said = equation(parts(summary()))
    assert said == "1,001 rejected + 600 duplicates + 198,399 delivered = 200,000 rows read"
    assert equation(parts(nothing_sent("delivered"))) == "nothing = 0 rows read"


def test_the_equation_says_what_the_log_says() -> None:
    """One word for one thing: an operator compares the page, the log's last line and the summary's keys."""
    run = summary(status="stopped", events_delivered=198_000, events_not_attempted=399)
    terms, _, _ = equation(parts(run)).replace(",", "").partition(" = ")
    assert [term for term in terms.split(" + ") if term not in account_line(run)] == []


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (summary(status="imported", events_delivered=5), "Personalize imported 5 events."),
        (summary(status="imported", events_delivered=0), "There was nothing to import."),
        (
            summary(status="written", **{"import": IMPORT}),
            "Written only: 190,000 events can be imported; the call that does it is below.",
        ),
        (
            summary(status="import_failed", **{"import": IMPORT}),
            "Personalize did not import the 190,000 events.",
        ),
        (summary(), "All 198,399 events to send went out and were accepted by the service."),
        (
            summary(events_delivered=1, already_delivered=5),
            "The one event to send went out and was accepted by the service; 5 it had already.",
        ),
        (
            nothing_sent("delivered", already_delivered=1),
            "Nothing was left to send: the service had 1 event already.",
        ),
        (nothing_sent("delivered", rows_read=1, rows_rejected=1), "There was nothing to send."),
        (
            nothing_sent("delivered"),
            "No row was read: the source, source.filter, source.select and the window leave none.",
        ),
        (
            nothing_sent("planned", events_not_attempted=12, minimum_requests=2),
            "Planned only: 12 events would go out in 2 requests.",
        ),
        (
            nothing_sent("refused", events_not_attempted=1),
            "The checks refused the data: not one request was sent; 1 valid event was held back.",
        ),
        (nothing_sent("refused"), "The checks refused the data: not one request was sent."),
        (
            nothing_sent("refused", **{"import": IMPORT}),
            "Too few rows were left for an import job: nothing was imported.",
        ),
        (
            summary(status="dead_lettered", events_delivered=7, events_dead_lettered=2),
            "7 events accepted by the service; 2 events it did not take, kept in dead_letters/.",
        ),
        (
            summary(status="stopped", events_delivered=7, events_not_attempted=2),
            (
                "The run ended early: 7 events delivered, 2 not attempted. "
                "Run the same command again to go on."
            ),
        ),
        (
            summary(status="stopped", events_delivered=7, events_not_attempted=2, reason=TRIAL_IS_OVER),
            "The run ended early: 7 events delivered, 2 not attempted.",
        ),
        (
            nothing_sent("stopped"),
            "The run ended before its checks had: nothing was sent. Run the same command again.",
        ),
    ],
)
def test_the_verdict_says_what_became_of_the_run(run: Summary, sentence: str) -> None:
    assert verdict(run) == sentence
