from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from expectations.compiler import compile_suites
from expectations.rules import BITS, value_name
from expectations.schema_rules import PropertyRule
from expectations.service import service_suite
from expectations.suite import Suite
from tests.expectations.price_rule import price_rule
from tests.expectations.tallied import tallies_of

if TYPE_CHECKING:
    from tests.expectations.conftest import Events, Tally

pytestmark = pytest.mark.spark

SERVICE = service_suite(
    [
        PropertyRule("discount", "float", nullable=True, categorical=False),
        PropertyRule("price", "double", nullable=False, categorical=False),
        PropertyRule("category", "string", nullable=True, categorical=True),
    ],
    ["itemId"],
    3,
)
NAN, INFINITE = float("nan"), float("inf")
IDS = ("userId", "sessionId", "eventType", "itemId", "eventId", "recommendationId")
NO_VALUES = (
    "",
    " ",
    "\t",
    "\u00a0",
    "\u2003\u3000",
    "\u0085",
    "null",
    "NULL",
    "None",
    " nan ",
    "NaN\n",
    "\u2009None\u2009",
)

REJECTED: list[tuple[dict[str, Any], str]] = [
    *(
        ({name: text}, f"expect_column_values_to_not_match_regex({name})")
        for name in IDS
        for text in NO_VALUES
    ),
    *(
        ({name: None}, f"expect_column_values_to_not_be_null({name})")
        for name in ("sessionId", "eventType", "sentAt", "itemId", "price")
    ),
    *(
        ({name: "x" * 257}, f"expect_column_value_lengths_to_be_between({name})")
        for name in IDS
        if name != "recommendationId"
    ),
    ({"recommendationId": "x" * 41}, "expect_column_value_lengths_to_be_between(recommendationId)"),
    (
        {"eventAttributionSource": "x" * 1_025},
        "expect_column_value_lengths_to_be_between(eventAttributionSource)",
    ),
    *(
        ({"eventAttributionSource": text}, "expect_column_values_to_match_regex(eventAttributionSource)")
        for text in ("  ", "é", "mail\n", "a\tb")
    ),
    *(
        ({"sentAt": at}, "expect_column_values_to_be_between(sentAt)")
        for at in (0, 315_532_799, 4_102_444_800, 1_700_000_000_000, -1)
    ),
    *(
        ({"eventValue": value}, "expect_column_values_to_be_between(eventValue)")
        for value in (NAN, INFINITE, -INFINITE, 1e39)
    ),
    ({"_unreadable_eventValue": True}, "expect_column_values_to_be_in_set(_unreadable_eventValue)"),
    ({"_properties": "x" * 1_025}, "expect_column_value_lengths_to_be_between(_properties)"),
    ({"_body_bytes": 10_241}, "expect_column_values_to_be_between(_body_bytes)"),
    ({"_impression_size": 26}, "expect_column_values_to_be_between(_impression_size)"),
    ({"_impression_chars": 1_001}, "expect_column_values_to_be_between(_impression_chars)"),
    ({"_impression_long_ids": 1}, "expect_column_values_to_be_between(_impression_long_ids)"),
    ({"_impression_bad_ids": 1}, "expect_column_values_to_be_between(_impression_bad_ids)"),
    ({"_no_text": "itemId"}, "expect_column_values_to_be_null(_no_text)"),
    ({"discount": INFINITE}, "expect_column_values_to_be_between(discount)"),
    ({"price": NAN}, "expect_column_values_to_be_between(price)"),
    ({"_unreadable_discount": True}, "expect_column_values_to_be_in_set(_unreadable_discount)"),
    ({"category": "x" * 1_001}, "expect_column_value_lengths_to_be_between(category)"),
]

NO_IMPRESSION = dict.fromkeys([f"_impression_{each}" for each in ("size", "chars", "long_ids", "bad_ids")])
ACCEPTED: list[dict[str, Any]] = [
    {},
    {
        "userId": None,
        "eventId": None,
        "eventValue": None,
        "recommendationId": None,
        "eventAttributionSource": None,
    },
    {"impression": None, "_properties": None, "discount": None, "category": None, **NO_IMPRESSION},
    *({name: "x" * 256} for name in IDS if name != "recommendationId"),
    {"userId": "nullable", "itemId": "nan-bread", "sessionId": "None-1", "eventType": "banana"},
    {"userId": "名前" * 128, "recommendationId": "x" * 40, "eventAttributionSource": " a" * 512},
    {"sentAt": 315_532_800, "eventValue": -3.4028234663852886e38},
    {"sentAt": 4_102_444_799, "eventValue": 0.0, "_body_bytes": 10_240, "_properties": "x" * 1_024},
    {"_impression_size": 25, "_impression_chars": 1_000, "_impression_long_ids": 0},
    {"category": "x" * 1_000},
]


def test_each_kind_of_dirt_is_rejected_for_its_own_reason(events: Events, tally: Tally) -> None:
    frame = events(*(change for change, _ in REJECTED))
    reasons, tallies = tally(compile_suites(frame, SERVICE), frame)
    missing = [
        (change, found) for (change, name), found in zip(REJECTED, reasons, strict=True) if name not in found
    ]
    assert not missing
    assert tallies["rows"] == len(REJECTED)


def test_a_clean_event_at_every_limit_is_not_rejected(events: Events, tally: Tally) -> None:
    frame = events(*ACCEPTED)
    reasons, _ = tally(compile_suites(frame, SERVICE), frame)
    assert reasons == [[]] * len(ACCEPTED)


def test_an_event_more_than_a_day_ahead_of_the_run_is_rejected(events: Events, tally: Tally) -> None:
    begun = 1_700_000_000
    frame = events(*({"sentAt": begun + ahead} for ahead in (-86_400, 0, 86_400, 86_401, 31_536_000)))
    rules = compile_suites(frame, service_suite(begun_at=datetime.fromtimestamp(begun, UTC)))
    reasons, tallies = tally(rules, frame)
    name = "expect_column_values_to_be_between(sentAt)"
    assert reasons == [[], [], [], [name], [name]]
    assert rules.rejected_by_reason(tallies) == {name: 2}


def test_a_row_lists_every_rule_that_it_breaks(events: Events, tally: Tally) -> None:
    frame = events({"eventType": None, "price": NAN})
    [reasons], _ = tally(compile_suites(frame, SERVICE), frame)
    assert reasons == [
        "expect_column_values_to_not_be_null(eventType)",
        "expect_column_values_to_be_between(price)",
    ]


def test_critical_and_warning_reject_a_row_and_info_does_not(events: Events, tally: Tally) -> None:
    suite = Suite(
        "mine",
        "user",
        (
            price_rule("critical", max_value=1),
            price_rule("warning", max_value=2),
            price_rule("info", max_value=3),
        ),
    )
    frame = events({"price": 9.0}, {"price": 1.5})
    rules = compile_suites(frame, suite)
    reasons, tallies = tally(rules, frame)
    name = "expect_column_values_to_be_between(price)"
    assert reasons == [[name, f"{name}#2"], [name]]
    assert rules.rejected_by_reason(tallies) == {name: 2, f"{name}#2": 1}


def test_a_rule_that_is_in_both_suites_rejects_under_both_names(events: Events, tally: Tally) -> None:
    """Both count the same rows, by one bit."""
    suites = [Suite(whose, "user", (price_rule("warning", max_value=2),)) for whose in ("ours", "theirs")]
    frame = events({"price": 9.0}, {"price": 1.5})
    rules = compile_suites(frame, *suites)
    reasons, tallies = tally(rules, frame)
    name = "expect_column_values_to_be_between(price)"
    assert reasons == [[name, f"{name}#2"], []]
    assert rules.rejected_by_reason(tallies) == {name: 1, f"{name}#2": 1}


@pytest.mark.parametrize(
    ("one", "other", "texts"),
    [
        pytest.param(["a", "b"], ["a', 'b"], ["a", "a', 'b"], id="of one text"),
        pytest.param([1], [1.0], ["1", "1.0"], id="equal in Java"),
    ],
)
def test_two_rules_whose_predicates_look_alike_are_two_rules(
    events: Events, tally: Tally, one: list[object], other: list[object], texts: list[str]
) -> None:
    """Spark writes two sets as `'a', 'b'`, and 3.5 writes `a, b` even for a set of that one value."""
    kind = "expect_column_values_to_be_in_set"
    entries = [{"type": kind, "kwargs": {"column": "eventType", "value_set": each}} for each in (one, other)]
    frame = events(*({"eventType": each} for each in texts))
    reasons, _ = tally(compile_suites(frame, Suite("mine", "user", tuple(entries))), frame)
    assert reasons == [[f"{kind}(eventType)#2"], [f"{kind}(eventType)"]]


def test_more_rules_than_one_column_has_bits_for_are_all_distinguished(events: Events, tally: Tally) -> None:
    limits = range(2 * BITS + 3)
    suite = Suite("mine", "user", tuple(price_rule("warning", max_value=limit) for limit in limits))
    prices = (BITS - 0.5, BITS + 0.5, 1e6, -1.0)
    frame = events(*({"price": price} for price in prices))
    rules = compile_suites(frame, suite)
    reasons, tallies = tally(rules, frame)
    assert [len(each) for each in reasons] == [BITS, BITS + 1, len(limits), 0]
    assert len(rules.check_columns()) == 3
    assert rules.rejected_by_reason(tallies) == Counter(name for each in reasons for name in each)
    assert tallies["rows"] == 4


def test_tallies_and_reasons_need_nothing_but_what_is_staged(events: Events) -> None:
    frame = events({}, {"price": NAN}, {"eventType": "click"})
    rules = compile_suites(frame, SERVICE)
    staged = rules.check(frame).select(
        *rules.check_columns(), *rules.distinct_columns(), F.lit(True).alias("flag")
    )
    tallies = tallies_of(rules, staged, ["flag"])
    [name] = rules.rejected_by_reason(tallies)
    assert (name, tallies[value_name("flag", value=True)]) == ("expect_column_values_to_be_between(price)", 3)
    assert [row[0] for row in staged.select(rules.reasons()).collect()] == [[], [name], []]


def test_no_events_at_all_still_make_tallies(events: Events, tally: Tally) -> None:
    frame = events({}).where("false")
    rules = compile_suites(frame, SERVICE)
    _, tallies = tally(rules, frame)
    assert set(tallies.values()) == {0}


def test_no_rules_at_all_reject_nothing(events: Events, tally: Tally) -> None:
    frame = events({})
    rules = compile_suites(frame, Suite("mine", "user", ()))
    assert tally(rules, frame) == ([[]], {"rows": 1})
    assert rules.check(frame).select(rules.reasons()).dtypes[0][1] == "array<string>"
