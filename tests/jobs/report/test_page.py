"""The page holds the whole account, adds up, asks for nothing from elsewhere and shows no row's values."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from jobs.account.summary import Summary
from jobs.plan.lines import sections
from jobs.plan.planning import Lengths, plan
from jobs.report.page import render_report
from tests.jobs.report.examples import RULES, content, days, import_entry, nothing_sent, summary, timeline
from transforms.session_lengths import SessionLength

ALL_REJECTED = nothing_sent(
    "refused", rows_read=5, rows_rejected=5, rejected_by_reason={"expect_x(userId)": 5}, reason="Too many."
)
ONE_EVENT = summary(
    rows_read=1, rows_rejected=0, duplicates_dropped=0, events_delivered=1, requests_delivered=1,
    request_attempts=1, throttled_attempts=0, minimum_requests=1, rejected_by_reason={},
    events_by_day={"2026-01-01": 1}, events_by_type={"view": 1}, timeline=timeline(1, 0, 1),
    events_per_request=[1, *[0] * 9], sending_finished_at="2026-04-15T09:00:21.300000+00:00",
)  # fmt: skip
TEN_MILLION = summary(
    rows_read=10_000_000, rows_rejected=1, duplicates_dropped=0, already_delivered=3, events_delivered=9_999_989,
    events_dead_lettered=4, events_not_attempted=3, status="stopped", reason="SIGTERM",
    events_by_day=days(date(2010, 1, 1), 1000, 9_999_996), timeline=timeline(1_000_100, 10_000, 600),
)  # fmt: skip
STOPPED_EARLY = nothing_sent("stopped", events_by_day=None, events_by_type=None)
REPLAY = summary(
    replay_of="the-first-run", events_by_day=None, events_by_type=None, rejected_by_reason={}, timeline=None
)
RUNS = {
    "delivered": summary(),
    "nothing read": nothing_sent("delivered"),
    "all rejected": ALL_REJECTED,
    "planned": nothing_sent("planned", rows_read=3, events_not_attempted=3, minimum_requests=1),
    "dead letters": summary(status="dead_lettered", events_delivered=198_390, events_dead_lettered=9),
    "one event": ONE_EVENT,
    "ten million": TEN_MILLION,
    "stopped early": STOPPED_EARLY,
    "replay": REPLAY,
}  # fmt: skip


class Page(HTMLParser):
    """A page's tags, its text, and the rows of its tables by `data-figure`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] | None = None
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "table":
            self._rows = self.tables.setdefault(found.get("data-figure") or "", [])
        if tag == "tr" and self._rows is not None:
            self._rows.append([])
        if tag in {"td", "th"} and self._rows:
            self._rows[-1].append("")
        self._in_cell = tag in {"td", "th"}

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in {"td", "th"}
        if tag == "table":
            self._rows = None

    def handle_data(self, data: str) -> None:
        if self._in_cell and self._rows:
            self._rows[-1][-1] += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


PAGES: dict[str, Page] = {}
"""By their run, as JSON: drawing one takes a second."""


def page(run: Summary) -> Page:
    key = run.model_dump_json()
    if key not in PAGES:
        PAGES[key] = Page(render_report(run, RULES))
    return PAGES[key]


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_the_rows_of_the_account_add_up_to_the_rows_read(run: Summary) -> None:
    *parts, whole = page(run).tables["account"][1:]
    assert sum(number(row[1]) for row in parts) == number(whole[1]) == run.rows_read


def test_the_rows_read_are_all_of_them() -> None:
    """Their share is no sum of the others': fractions such as these add up to a little less than 1."""
    account = page(
        summary(
            rows_read=30,
            rows_rejected=0,
            duplicates_dropped=0,
            already_delivered=6,
            events_delivered=19,
            events_dead_lettered=5,
            events_not_attempted=0,
            status="dead_lettered",
        )
    ).tables["account"]
    assert account[-1][1:3] == ["30", "100.00 %"]
    assert page(nothing_sent("delivered")).tables["account"][-1][1:3] == ["0", "0.00 %"]


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_the_page_asks_for_nothing_from_elsewhere(run: Summary) -> None:
    html = render_report(run, RULES)
    assert not re.search(r"https?:|url\((?!#)|@import|<script|javascript:|//[a-z]", html, re.IGNORECASE)
    links = [found.get("href") for tag, found in Page(html).tags if tag in {"a", "link"}]
    assert {"rejected/", "dead_letters/", "data_docs/index.html"} <= set(links)
    assert "default-src 'none'" in html


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_every_picture_says_in_words_what_it_shows_and_has_a_table(run: Summary) -> None:
    shown = page(run)
    pictures = [found for found in shown.named("div") if found.get("role") == "img"]
    assert all(found["aria-label"] for found in pictures)
    # Types and the account have a table in sight, with or without a picture above it.
    tables = set(shown.tables) - {"", "types"} - ({"account"} if not run.rows_read else set())
    assert len(pictures) == len(tables)
    assert all(found["aria-hidden"] == "true" for found in shown.named("svg"))


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_headings_ids_and_references_are_in_order(run: Summary) -> None:
    shown = page(run)
    levels = [int(tag[1]) for tag, _ in shown.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = Counter(found["id"] for _, found in shown.tags if "id" in found)
    assert set(ids.values()) == {1}
    meant = {found["aria-labelledby"] for _, found in shown.tags if "aria-labelledby" in found}
    linked = [found.get(key) or "" for _, found in shown.tags for key in ("href", "xlink:href")]
    inner = {link.removeprefix("#") for link in linked if link.startswith("#")}
    assert meant | inner <= set(ids)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("timeline", timeline(1_000_100, 10_000, 600)["attempts"]),
        ("requests", content()["events_per_request"]),
        ("days", list(days(date(2010, 1, 1), 1000, 9_999_996).values())),
    ],
)
def test_a_table_holds_every_number_of_its_picture(name: str, numbers: list[int]) -> None:
    run = TEN_MILLION
    assert [number(row[1]) for row in page(run).tables[name][1:]] == numbers


def test_events_by_type_are_shown_with_their_share() -> None:
    [first, *_] = page(summary()).tables["types"][1:]
    assert first[:3] == ["view", "150,312", "75.76 %"]


def test_what_a_source_holds_can_t_become_part_of_the_page() -> None:
    evil = "<script>alert(1)</script>$x$\u202e\n&"
    run = summary(
        events_by_type={evil: 3},
        rejected_by_reason={evil: 1},
        settings={evil: evil},
        reason=evil,
        run_id=evil,
    )
    html = render_report(run, RULES)
    assert "<script" not in html
    assert "\u202e" not in "".join(cell for row in Page(html).tables["types"] for cell in row)


def test_a_plan_is_shown_line_by_line_its_histogram_as_a_picture() -> None:
    planned = plan(
        Lengths((SessionLength(21, False, 2, 4_000, 100),)),
        "tracker",
        10.0,
        None,
        begun_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    run = nothing_sent("planned", plan=planned)
    lines = [list(line) for section in sections(planned) for line in section]
    shown = page(run)
    assert [row for row in shown.tables[""] if row in lines] == lines
    assert shown.tables["planned"][1:] == [["1", "2"], *([str(n), "0"] for n in range(2, 10)), ["10", "4"]]


def test_a_replay_names_its_first_run_and_links_to_no_checks_since_it_made_none() -> None:
    assert "replay of run the-first-run" in render_report(REPLAY, ())
    assert "replay of run" not in render_report(summary(), RULES)
    links = {found.get("href") for found in Page(render_report(REPLAY, ())).named("a")}
    assert {"dead_letters/", "summary.json"} <= links
    assert not links & {"rejected/", "data_docs/index.html", "validation.json"}


@pytest.mark.parametrize(
    ("delivered", "said"),
    [(30, "20 were the fewest possible"), (3, "20 are the fewest for all events to be sent")],
)
def test_fewer_requests_than_the_fewest_are_said_to_be_a_part(delivered: int, said: str) -> None:
    run = summary(
        requests_delivered=delivered,
        minimum_requests=20,
        timeline=None,
        events_by_day=None,
        events_per_request=None,
    )
    assert said in render_report(run, RULES)


@pytest.mark.parametrize(
    ("ask", "heeded_at", "says_so"),
    [
        ("pause", "2026-04-15T09:00:30+00:00", True),
        ("rate", "2026-04-15T09:00:30+00:00", True),
        ("rate", None, False),
        ("stop", "2026-04-15T09:00:30+00:00", False),
    ],
)
def test_an_average_that_an_operator_lowered_says_so(
    ask: str, heeded_at: str | None, *, says_so: bool
) -> None:
    """A share of the limit that was set looks like a fault of the sending where the run was slowed or paused."""
    request = {
        "ask": ask,
        "requests_per_second": 50.0 if ask == "rate" else None,
        "by": "ann@shop-1",
        "asked_at": "2026-04-15T09:00:28+00:00",
        "heeded_at": heeded_at,
    }
    said = "1,000 allowed, with the rates and pauses that were asked for" in render_report(
        summary(steering=[request]), RULES
    )
    assert said == says_so


def test_the_same_run_gives_the_same_page() -> None:
    assert render_report(summary(), RULES) == render_report(summary(), RULES)


def test_a_run_of_ten_million_gives_a_page_that_a_phone_can_hold() -> None:
    assert len(render_report(TEN_MILLION, RULES)) < 600_000


def test_the_table_that_was_read_is_named_with_its_version() -> None:
    delta = {"format": "delta", "as_of": 41, "time": "2026-01-31T18:00:00.000Z", "bytes": 5}
    shown = render_report(summary(source=delta), RULES)
    assert (
        "Read from a Delta Lake table, version 41 of 2026-01-31 18:00:00 UTC; to read the same again: "
        "--set source.as_of=41" in shown
    )
    empty = {"format": "iceberg", "as_of": None, "time": None, "bytes": 0}
    assert "Read from an Iceberg table</p>" in render_report(summary(source=empty), RULES)
    assert "Read from" not in render_report(summary(source={"files": 3, "bytes": 4, "rows": 5}), RULES)


def test_an_import_shows_its_account_its_job_and_its_reasons() -> None:
    account = import_entry(
        job_name="backfill-1", failure_reason="Insufficient privileges for accessing data in Amazon S3."
    )
    page = render_report(summary(status="import_failed", **{"import": account}), RULES)
    for said in (
        "190,000 written",
        "8,399 not importable",
        "not importable: no user",
        "backfill-1",
        "Insufficient",
    ):
        assert said in page
    assert "Requests over time" not in page
    values = {name: value for name, value, *_ in Page(page).tables[""]}
    assert (values["rows written"], values["write only"]) == ("190,000", "no")
