"""The account closes for any outcomes in any order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.account.closed_account import Sent, Staged, events_not_attempted, status_of
from jobs.account.exit_status import Status

OUTCOMES = ("rejected", "duplicate", "already", "delivered", "dead", "open")


def account_of(outcomes: list[str]) -> tuple[Staged, Sent]:
    count = outcomes.count
    staged = Staged(
        rows_read=len(outcomes),
        rows_rejected=count("rejected"),
        duplicates_dropped=count("duplicate"),
        already_delivered=count("already"),
        to_send=count("delivered") + count("dead") + count("open"),
    )
    return staged, Sent(events_delivered=count("delivered"), events_dead_lettered=count("dead"))


@given(st.lists(st.sampled_from(OUTCOMES)))
def test_every_row_read_is_in_exactly_one_column(outcomes: list[str]) -> None:
    staged, sent = account_of(outcomes)
    assert staged.rows_read == (
        staged.rows_rejected
        + staged.duplicates_dropped
        + staged.already_delivered
        + sent.events_delivered
        + sent.events_dead_lettered
        + events_not_attempted(staged, sent)
    )
    assert events_not_attempted(staged, sent) == outcomes.count("open")


def test_a_stage_that_does_not_add_up_is_an_error() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Staged(rows_read=3, rows_rejected=1, to_send=1)


def test_more_settled_than_staged_is_an_error() -> None:
    with pytest.raises(ValueError, match="more events were settled"):
        events_not_attempted(Staged(rows_read=1, to_send=1), Sent(events_delivered=2))


@pytest.mark.parametrize(
    ("sent", "planned", "refused", "status"),
    [
        (Sent(events_delivered=2), False, False, Status.DELIVERED),
        (Sent(events_delivered=1, events_dead_lettered=1), False, False, Status.DEAD_LETTERED),
        (Sent(events_delivered=1), False, False, Status.STOPPED),
        (Sent(events_delivered=2, stop_reason="credentials gone"), False, False, Status.STOPPED),
        (Sent(), True, False, Status.PLANNED),
        (Sent(), True, True, Status.REFUSED),
        (Sent(), False, True, Status.REFUSED),
        (Sent(stop_reason="SIGTERM was received"), True, False, Status.STOPPED),
    ],
)
def test_the_status_follows_from_the_account(
    sent: Sent,
    planned: bool,  # noqa: FBT001
    refused: bool,  # noqa: FBT001
    status: Status,
) -> None:
    staged = Staged(rows_read=2, to_send=2)
    assert status_of(staged, sent, planned=planned, refused=refused) is status


def test_nothing_to_do_is_delivered() -> None:
    assert status_of(Staged(), Sent(), planned=False, refused=False) is Status.DELIVERED


def test_exit_codes_are_the_contracts() -> None:
    codes = {str(status): status.exit_code for status in Status}
    of_runs = {"delivered": 0, "planned": 0, "refused": 3, "dead_lettered": 4, "stopped": 5}
    assert codes == {**of_runs, "imported": 0, "written": 0, "import_failed": 2}


def test_the_rate_counts_attempts_over_the_time_of_sending() -> None:
    assert Sent(request_attempts=500, started_at=100.0, finished_at=110.0).requests_per_second == 50.0
    assert Sent(request_attempts=5, started_at=100.0, finished_at=100.1).requests_per_second == 5.0
    assert Sent().requests_per_second == 0.0
    assert Sent(request_attempts=5, started_at=100.0).requests_per_second == 0.0, "no answer came"
