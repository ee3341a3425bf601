from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from standin.account import Account
from standin.judge import PutEvents
from tests.standin.signing import event


def summary_of(*requests: list[dict[str, Any]], session: str = "s") -> dict[str, Any]:
    account = Account()
    for events in requests:
        account.accepted(PutEvents("t", "u", session, events))
    return account.summary()


def at(sent_at: int, event_id: str | None) -> dict[str, Any]:
    return event(sentAt=sent_at, eventId=event_id)


def test_every_event_is_counted_once_and_its_return_apart() -> None:
    summary = summary_of([at(1, "a"), at(2, "b")], [at(2, "b"), at(3, "c")], [at(4, None)])
    assert summary["requests_accepted"] == 3
    assert summary["events_accepted"] == 5
    assert summary["distinct_event_ids"] == 3
    assert summary["events_accepted_again"] == 1
    assert summary["events_without_id"] == 1
    assert summary["events_per_request"] == {"1": 1, "2": 2}


def test_an_older_event_after_a_newer_one_of_its_session_is_out_of_order() -> None:
    assert summary_of([at(5, "a"), at(5, "b")], [at(4, "c"), at(6, "d")])["events_out_of_order"] == 1


def test_a_resend_says_nothing_about_the_order() -> None:
    assert summary_of([at(5, "a")], [at(6, "b")], [at(5, "a")])["events_out_of_order"] == 0


def test_each_session_has_an_order_of_its_own() -> None:
    account = Account()
    account.accepted(PutEvents("t", "u", "one", [at(5, "a")]))
    account.accepted(PutEvents("t", "u", "two", [at(4, "b")]))
    account.accepted(PutEvents("t", None, "one", [at(3, "c")]))
    assert account.summary()["events_out_of_order"] == 0
    assert account.summary()["sessions"] == 3


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60))
def test_the_busiest_second_is_the_fullest_window_that_slides(milliseconds: list[int]) -> None:
    times = sorted(milliseconds)
    account = Account()
    for time in times:
        account.attempted(time / 1000)
    fullest = max(sum(start <= time < start + 1000 for time in times) for start in times)
    # Floating seconds may put an attempt exactly one second later on either side.
    edges = max(sum(start <= time <= start + 1000 for time in times) for start in times)
    assert fullest <= account.summary()["busiest_second"] <= edges


def test_only_a_stall_while_requests_come_in_counts() -> None:
    account = Account()
    account.stalled(5.0, 4.0)
    account.attempted(10.0)
    account.stalled(10.5, 0.4)
    account.stalled(10.6, 0.1)
    account.stalled(30.0, 2.0)
    assert account.summary()["longest_stall_seconds"] == 0.4


def test_refusals_and_faults_are_counted_by_kind() -> None:
    account = Account()
    assert [account.attempted(1.0), account.attempted(2.0)] == [0, 1]
    account.refused("ThrottlingException", "Rate exceeded")
    account.struck("throttle")
    summary = account.summary()
    assert summary["requests"] == 2
    assert summary["refusals"] == {"ThrottlingException": 1}
    assert summary["refusal_messages"] == {"Rate exceeded": 1}
    assert summary["faults"] == {"throttle": 1}
    assert (summary["first_request_at"], summary["last_request_at"]) == (1.0, 2.0)


def test_the_summary_is_json_from_the_start_and_holds_no_id() -> None:
    assert json.loads(json.dumps(Account().summary()))["requests"] == 0
    assert "personal" not in json.dumps(summary_of([at(1, "personal-id")], session="personal-session"))
