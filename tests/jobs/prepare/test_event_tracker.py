"""The tracker of a tracking ID is found among many, and what Personalize says of it is one sentence or its schema."""

from __future__ import annotations

import logging

import pytest

from jobs.errors import UsageError
from jobs.prepare.control_plane import ControlPlane, ControlPlaneError, Patience
from jobs.prepare.event_tracker import interactions_schema_of
from tests.jobs.personalize_account import Account, Refusal, Tracker

PATIENT = Patience(faults=60.0)


def account(*trackers: Tracker, **holding: object) -> Account:
    return Account(list(trackers), **holding)


def schema_of(account: Account, tracking_id: str = "mine", patience: Patience = PATIENT) -> str:
    plane = ControlPlane(account.client(), patience, account.clock.timing())
    return interactions_schema_of(plane, tracking_id, "eu-west-1")


def many(count: int) -> list[Tracker]:
    """`count` trackers, the newest first; the one that is looked for is the last."""
    return [
        Tracker(f"t{n}", "mine" if n == count - 1 else f"other-{n}", created=count - n) for n in range(count)
    ]


def test_one_tracker_takes_five_calls_and_no_waiting() -> None:
    shop = account(Tracker("one", "mine"))
    assert schema_of(shop) == "{the schema}"
    assert len(shop.calls) == 5
    assert shop.clock.asleep == 0


def test_the_tracker_is_found_on_a_later_page_and_the_search_ends_there() -> None:
    shop = account(Tracker("one", "other"), Tracker("two", "mine"), Tracker("three", "third"), page=1)
    assert schema_of(shop) == "{the schema}"
    assert shop.described == ["one", "two"]
    assert len(shop.starts("ListEventTrackers")) == 2


def test_the_dataset_is_found_on_a_later_page() -> None:
    shop = account(Tracker("one", "mine"), kinds=("ITEMS", "USERS", "Interactions"), page=1)
    assert schema_of(shop) == "{the schema}"


def test_active_trackers_come_first_and_the_newest_of_them() -> None:
    """The list does not hold tracking IDs, so the order decides how many calls the search takes."""
    shop = account(
        Tracker("old", "mine", created=1),
        Tracker("failed", "other", "CREATE FAILED", created=9),
        Tracker("new", "third", created=5),
    )
    schema_of(shop)
    assert shop.described == ["new", "old"]


def test_an_unknown_tracking_id_is_refused_with_the_region_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="eu-west-1") as refusal:
        schema_of(account(Tracker("one", "other")), "mistyped-secret")
    assert "mistyped-secret" not in str(refusal.value)


@pytest.mark.parametrize("status", ["CREATE PENDING", "DELETE IN_PROGRESS", "CREATE FAILED"])
def test_a_tracker_that_is_not_active_is_refused_with_its_state(status: str) -> None:
    with pytest.raises(UsageError, match=status):
        schema_of(account(Tracker("one", "mine", status)))


def test_a_group_without_an_interactions_dataset_is_refused() -> None:
    with pytest.raises(UsageError, match="no Interactions dataset"):
        schema_of(account(Tracker("one", "mine"), kinds=("ITEMS", "ACTION_INTERACTIONS")))


def test_a_tracker_that_may_not_be_described_or_is_gone_is_passed_over() -> None:
    shop = account(
        Tracker("foreign", "other", created=3),
        Tracker("gone", "third", created=2),
        Tracker("own", "mine", created=1),
        denied_trackers=frozenset({"foreign"}),
        faults=lambda operation, before: (
            Refusal("ResourceNotFoundException")
            if (operation, before) == ("DescribeEventTracker", 1)
            else None
        ),
    )
    assert schema_of(shop) == "{the schema}"


def test_an_id_among_trackers_that_may_not_be_described_is_unknown_not_wrong() -> None:
    shop = account(
        Tracker("foreign", "mine"), Tracker("one", "other"), denied_trackers=frozenset({"foreign"})
    )
    with pytest.raises(ControlPlaneError, match="personalize:DescribeEventTracker"):
        schema_of(shop)


OPERATIONS = [
    "ListEventTrackers",
    "DescribeEventTracker",
    "ListDatasets",
    "DescribeDataset",
    "DescribeSchema",
]


@pytest.mark.parametrize("denied", OPERATIONS)
def test_the_missing_permission_is_named_and_nothing_else_of_the_answer(denied: str) -> None:
    shop = account(
        Tracker("one", "mine"),
        faults=lambda operation, _: Refusal("AccessDeniedException") if operation == denied else None,
    )
    with pytest.raises(ControlPlaneError) as why:
        schema_of(shop)
    assert f"the permission personalize:{denied} is missing" in str(why.value)
    assert "secret-role" not in str(why.value)
    assert len(shop.starts(denied)) == 1


def test_any_other_refusal_leaves_the_question_open_at_once() -> None:
    shop = account(Tracker("one", "mine"), faults=lambda *_: Refusal("UnrecognizedClientException"))
    with pytest.raises(ControlPlaneError, match="UnrecognizedClientException"):
        schema_of(shop)
    assert len(shop.calls) == 1


@pytest.mark.parametrize("page", [b"<html>Sign in</html>", b"{}"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_that_is_not_personalizes_leaves_the_question_open(operation: str, page: bytes) -> None:
    shop = account(Tracker("one", "mine"), faults=lambda asked, _: page if asked == operation else None)
    with pytest.raises(ControlPlaneError, match="in Personalize's place"):
        schema_of(shop)


def test_many_trackers_are_described_one_a_second_and_none_is_throttled() -> None:
    shop = account(*many(240))
    assert schema_of(shop) == "{the schema}"
    assert shop.throttled == 0
    assert len(shop.starts("DescribeEventTracker")) == 240


def test_many_trackers_are_reported_every_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        schema_of(account(*many(40)))
    lines = [line for line in caplog.messages if "described so far" in line]
    assert len(lines) == 4
    assert lines[0] == "Looking for the event tracker: 4 described so far, one a second."


def test_a_few_trackers_are_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        schema_of(account(*many(3)))
    assert caplog.messages == []


def test_a_search_that_takes_too_long_ends_in_time() -> None:
    """A run that can go on without the answer does not wait minutes for it."""
    shop = account(*many(200))
    began = shop.clock.now
    with pytest.raises(ControlPlaneError, match="30 seconds were not enough"):
        schema_of(shop, patience=Patience(faults=10.0, total=30.0))
    assert 28 <= shop.clock.now - began <= 30
