"""A plan says which of a model's needs the events don't meet, at the very number where that begins."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jobs.plan.delivery_plan import Need
from jobs.plan.model_needs import Counted, model_needs
from transforms.session_lengths import SessionLength, Unmatched, UserLength

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


def needs(
    interactions: int = 1_000,
    users: tuple[UserLength, ...] = (UserLength(40, 25),),
    unmatched: Unmatched = Unmatched(),  # noqa: B008 - a frozen value
    counted: Counted | None = None,
) -> dict[str, Need]:
    sessions = (
        SessionLength(interactions, anonymous=False, sessions=1, body_bytes=1, envelope_bytes=1),
        SessionLength(5_000, anonymous=True, sessions=2, body_bytes=1, envelope_bytes=1),
    )
    found = model_needs(sessions, users, unmatched, counted, NOW)
    assert len({need.name for need in found}) == len(found)
    return {need.name: need for need in found}


def unmet(found: dict[str, Need]) -> set[str]:
    return {name for name, need in found.items() if not need.is_met}


def test_what_meets_every_need_meets_it_exactly() -> None:
    assert unmet(needs()) == set()


def test_each_need_has_a_page_of_the_developer_guide() -> None:
    counted = Counted({"2026-01-01": 1}, {})
    for need in needs(counted=counted).values():
        assert need.source.startswith("https://docs.aws.amazon.com/personalize/latest/dg/")
        assert need.consequence


def test_anonymous_events_do_not_count_as_interactions_of_users() -> None:
    found = needs(interactions=999)
    assert unmet(found) == {"interactions"}
    assert (found["interactions"].has, found["interactions"].needs) == (999, 1_000)


@pytest.mark.parametrize(
    ("users", "lacks"),
    [
        ((UserLength(2, 24), UserLength(1, 100)), {"users with two interactions"}),
        ((UserLength(2, 25), UserLength(1, 2_475)), set()),
        ((UserLength(2, 25), UserLength(1, 2_476)), {"share with two interactions"}),
        ((), {"users with two interactions"}),
    ],
)
def test_users_count_who_have_two_interactions(users: tuple[UserLength, ...], lacks: set[str]) -> None:
    assert unmet(needs(users=users)) == lacks


@pytest.mark.parametrize(("interactions", "fits"), [(500_000_000, True), (500_000_001, False)])
def test_more_than_a_model_considers_is_said(interactions: int, fits: bool) -> None:  # noqa: FBT001
    need = needs(interactions=interactions)["interactions considered"]
    assert (need.is_met, need.at_most) == (fits, True)
    assert "3,000,000,000" in need.consequence


def test_sessions_without_a_user_are_said_with_their_events() -> None:
    need = needs(unmatched=Unmatched(3, 40))["sessions without any userId"]
    assert (need.has, need.is_met) == (3, False)
    assert "their events (40)" in need.consequence


@pytest.mark.parametrize(
    ("by_day", "older"),
    [
        ({"2026-01-05": 4, "2026-01-06": 8}, 4),
        ({"2026-01-06": 8, "2026-01-19": 16}, 0),
        ({"2025-12": 4, "2026-01": 8}, 4),
    ],
)
def test_events_too_old_for_metrics_are_at_least_those_of_whole_older_days(
    by_day: dict[str, int], older: int
) -> None:
    """14 days before 20 January is the 6th, of which a part counts; of a month that is not over nothing is said."""
    need = needs(counted=Counted(by_day, None))["events older than 14 days"]
    assert (need.has, need.is_met) == (older, older == 0)


def test_types_that_use_cases_of_a_domain_need_are_counted_by_their_exact_name() -> None:
    by_type = {"View": 1_000, "purchase": 70, "Watch": 999}
    found = needs(counted=Counted({}, by_type))
    lacking = {name.partition(" ")[0]: found[name].has for name in unmet(found)}
    assert lacking == {"Purchase": 0, "Watch": 999}
    [purchase] = [need for name, need in found.items() if name.startswith("Purchase")]
    assert "70 have it in another case" in purchase.consequence


def test_of_types_that_were_put_together_nothing_is_said() -> None:
    assert not [name for name in needs(counted=Counted({}, None)) if "(" in name]
    assert not [name for name in needs() if "(" in name or "older" in name]
