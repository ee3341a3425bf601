"""A plan's table can be read at any width, with any character set, on a terminal or out of a pipe."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from rich.box import ASCII2
from rich.console import Console

from jobs.plan.delivery_plan import Plan
from jobs.plan.model_needs import Counted
from jobs.plan.planning import Lengths, plan
from jobs.plan.table import print_plan, show
from jobs.plan.ways import Files
from transforms.session_lengths import SessionLength, Unmatched, UserLength

COUNTED = Lengths(
    sessions=(
        SessionLength(23, anonymous=False, sessions=1000, body_bytes=2_300_000, envelope_bytes=50_000),
        SessionLength(3, anonymous=True, sessions=7, body_bytes=2_100, envelope_bytes=200),
    ),
    users=(UserLength(46, 500),),
)


def planned(price: float | None = None, counted: Lengths = COUNTED) -> Plan:
    return plan(counted, "tracker", 0.5, price, begun_at=datetime(2026, 1, 1, tzinfo=UTC))


def shown(one: Plan, width: int) -> list[str]:
    out = io.StringIO()
    show(one, Console(file=out, width=width), ASCII2)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_no_line_is_wider_than_the_room_and_no_number_is_cut(width: int) -> None:
    lines = shown(planned(), width)
    assert max(map(len, lines)) <= width
    letters = "".join("".join(lines).split())
    assert "3,007" in letters
    assert "…" not in letters
    assert "everyrowofanimportneedsone." in letters.replace("|", "")


def test_every_line_of_the_plan_is_there() -> None:
    text = "\n".join(shown(planned(price=2.0), 120))
    for said in (
        "23,021",
        "3,007, 7.66 events each",
        "2,000 (66.5%) #############",
        "7 requests of sessions without a userId",
        "1,000 last requests",
        "would save 500 requests: 2,507",
        "1:40:14",
        "0:00:04",
        "3 requests in turn",
        ", at 2 a GB",
        "no better way:",
        "21 events have no userId",
    ):
        assert said in text, said


def test_both_ways_are_put_side_by_side() -> None:
    counted = Lengths(COUNTED.sessions, COUNTED.users, Files(rows=23_000, bytes=1_500_000_000, left_out=21))
    text = " ".join(" ".join(shown(planned(counted=counted), 150)).replace("|", "").split())
    assert "by run 23,021 events, 0.003 GB, 3,007 requests, 1:40:14" in text
    assert (
        "by import 23,000 events, 1.500 GB, 0 requests, how long is not documented; 21 events can't be"
        in text
    )
    assert "has effect at the next training; the next full import replaces it" in text


def test_one_is_singular_in_every_line() -> None:
    one = Lengths(
        sessions=(SessionLength(1, anonymous=True, sessions=1, body_bytes=300, envelope_bytes=30),),
        files=Files(rows=0, bytes=0, left_out=1),
        unmatched=Unmatched(1, 1),
    )
    lines = shown(planned(counted=one), 150)
    text = " ".join(" ".join(lines).replace("|", "").split())
    for said in (
        "1 request of sessions without a userId",
        "1 request in turn",
        "by run 1 event, 0.000 GB, 1 request, ",
        "; 1 event can't be imported",
        "1 event has no userId",
    ):
        assert said in text, said
    assert not [line for line in lines if re.search(r"\b1 (?:requests|events)\b", line)]


def test_what_a_model_lacks_is_said_with_its_source() -> None:
    counted = Lengths(COUNTED.sessions, (UserLength(46, 12),), unmatched=Unmatched(7, 21))
    text = " ".join(" ".join(shown(planned(counted=counted), 200)).replace("|", "").split())
    assert "what a model needs these events alone lack what follows" in text
    assert "users with two interactions 12 of 25: no model is trained with fewer than 25 users" in text
    assert "sessions without any userId 7: their events (21) are not trained on until" in text
    assert text.count("https://docs.aws.amazon.com/personalize/latest/dg/") == 2


def test_events_that_have_all_a_model_needs_are_said_to() -> None:
    assert "these events have all of it" in "\n".join(shown(planned(), 120))


def test_a_cost_that_is_not_known_names_the_key_that_says_it() -> None:
    assert "plan.price_per_gb" in "\n".join(shown(planned(), 120))


def test_nothing_to_send_is_said() -> None:
    assert "nothing to send" in "\n".join(shown(planned(counted=Lengths()), 120))


def test_out_of_a_pipe_it_is_plain_text_that_any_character_set_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_plan(planned())
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert "3,007" in out


def test_out_of_a_pipe_each_address_is_in_one_piece(capsys: pytest.CaptureFixture[str]) -> None:
    counted = Lengths(COUNTED.sessions, (UserLength(46, 12),), unmatched=Unmatched(7, 21))
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    by_type = Counted({"2025-01-01": 23_021}, {"click": 23_021})
    lacking = plan(counted, "tracker", 0.5, None, begun_at=begun, counted=by_type)
    sources = {need.source for need in lacking.model_needs if not need.is_met}
    assert len(sources) == 5
    print_plan(lacking)
    out = capsys.readouterr().out
    assert {source for source in sources if source not in out} == set()
