"""Events as the job shapes them: one valid event, and what a test changes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from expectations.rules import Rules
from tests.expectations.tallied import tallies_of

EVENT_SCHEMA = """
    userId string, sessionId string, eventType string, itemId string, sentAt long, eventId string,
    eventValue double, impression array<string>, recommendationId string, eventAttributionSource string,
    discount float, price double, category string,
    _unreadable_eventValue boolean, _unreadable_discount boolean, _unreadable_price boolean,
    _unreadable_category boolean,
    _properties string, _body_bytes int, _impression_size int, _impression_chars int,
    _impression_long_ids int, _impression_bad_ids int, _no_text string
"""

VALID_EVENT: dict[str, Any] = {
    "userId": "user-7",
    "sessionId": "session-7",
    "eventType": "click",
    "itemId": "item-7",
    "sentAt": 1_700_000_000,
    "eventId": "0123456789abcdef",
    "eventValue": 4.5,
    "impression": ["item-7", "item-8"],
    "recommendationId": "RID-7",
    "eventAttributionSource": "mail",
    "discount": 0.25,
    "price": 9.99,
    "category": "shoes|sports",
    "_unreadable_eventValue": False,
    "_unreadable_discount": False,
    "_unreadable_price": False,
    "_unreadable_category": False,
    "_properties": '{"discount":"0.25"}',
    "_body_bytes": 300,
    "_impression_size": 2,
    "_impression_chars": 13,
    "_impression_long_ids": 0,
    "_impression_bad_ids": 0,
    "_no_text": None,
}

Events = Callable[..., DataFrame]
Tally = Callable[[Rules, DataFrame], tuple[list[list[str]], dict[str, int]]]


@pytest.fixture
def events(spark: SparkSession) -> Events:
    """Makes a frame of events: each argument is what one row changes of the valid event."""

    def make(*changes: dict[str, Any]) -> DataFrame:
        rows = [tuple((VALID_EVENT | change).values()) for change in changes]
        return spark.createDataFrame(rows, EVENT_SCHEMA).coalesce(1)

    return make


@pytest.fixture
def tally() -> Tally:
    """Gives each row's reasons in order, and the tallies."""

    def run(rules: Rules, frame: DataFrame) -> tuple[list[list[str]], dict[str, int]]:
        checked = rules.check(frame)
        rows = checked.select("_rejected", rules.reasons()).collect()
        assert [row[0] for row in rows] == [bool(row[1]) for row in rows]
        reasons = [list(row[1]) for row in rows]
        return reasons, tallies_of(rules, checked)

    return run
