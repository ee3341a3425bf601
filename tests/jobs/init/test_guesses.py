from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.init.guesses import NAMES, field_name, guess, quoted, unit_of

EVENT = pa.struct([("aid", pa.int64()), ("ts", pa.int64()), ("type", pa.string())])


def test_a_flat_log_is_understood_by_its_names() -> None:
    columns = {
        "USER_ID": pa.string(),
        "ITEM_ID": pa.int64(),
        "EVENT_TYPE": pa.string(),
        "TIMESTAMP": pa.int64(),
    }
    found = guess(columns, {"TIMESTAMP": (1_600_000_000, 1_700_000_000)})
    assert {part: each.expr for part, each in found.parts.items()} == {
        "userId": "USER_ID",
        "itemId": "ITEM_ID",
        "eventType": "EVENT_TYPE",
        "sentAt": "TIMESTAMP",
    }
    assert found.parts["sentAt"].unit == "seconds"
    assert found.select == ()


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())),
        *(pa.binary(), pa.large_binary(), pa.binary_view()),
    ],
    ids=str,
)
def test_text_of_any_layout_is_known_bytes_that_hold_it_among_them(kind: pa.DataType) -> None:
    """Of bytes, as Impala and old writers declare text, all events had become 'interaction', one constant."""
    columns = dict.fromkeys(("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"), kind)
    found = guess(columns, {}).parts
    assert {part: each.expr for part, each in found.items()} == {
        "userId": "USER_ID",
        "itemId": "ITEM_ID",
        "eventType": "EVENT_TYPE",
        "sentAt": "TIMESTAMP",
    }
    assert found["sentAt"].unit == "iso8601"


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.float64(), pa.float32(), pa.decimal128(38, 0), pa.uint64()),
        *(pa.uuid(), pa.binary(16), pa.list_(pa.float64())),
    ],
    ids=str,
)
def test_every_type_that_the_job_reads_as_an_id_is_one(kind: pa.DataType) -> None:
    """Ids of a log with one missing are fractions to pandas: they were a TODO, and fields of their own."""
    if pa.types.is_list(kind):
        assert "impression" in guess({"impressions": kind}, {}).parts
        return
    found = guess(dict.fromkeys(("user_id", "item_id", "session_id"), kind), {})
    assert set(found.parts) == {"userId", "itemId", "sessionId"}
    assert not found.properties


def test_numbers_that_spark_does_not_read_are_no_guess() -> None:
    """The next command refused them."""
    found = guess({"rating": pa.float16(), "price": pa.float16()}, {})
    assert (found.parts, found.properties, found.unused) == ({}, {}, ("rating", "price"))


def test_a_list_of_events_is_exploded() -> None:
    found = guess({"session": pa.int64(), "events": pa.list_(EVENT)}, {"events.ts": (1_600_000_000_000,) * 2})
    assert found.select == ("explode(events) as e", "session")
    assert found.parts["itemId"].expr == "e.aid"
    assert found.parts["sentAt"].expr == "e.ts"
    assert found.parts["sentAt"].unit == "milliseconds"
    assert found.parts["sessionId"].expr == "session"


def test_of_two_columns_that_would_do_the_likelier_is_taken_and_the_other_named() -> None:
    columns = {"product": pa.string(), "item_id": pa.string(), "ts": pa.timestamp("us")}
    found = guess(columns, {}).parts["itemId"]
    assert found.expr == "item_id"
    assert "product" in found.reason


@pytest.mark.parametrize(
    ("columns", "expr", "unit"),
    [
        ({"ts_ms": pa.int64(), "watch_time": pa.int64()}, "ts_ms", "milliseconds"),
        ({"id_long": pa.int64(), "eventTimeMillis": pa.int64()}, "eventTimeMillis", "milliseconds"),
        ({"day": pa.string(), "purchased_at": pa.timestamp("us", "UTC")}, "purchased_at", "timestamp"),
        ({"order date": pa.date32()}, "`order date`", "timestamp"),
        ({"when?": pa.string()}, "`when?`", "iso8601"),
    ],
)
def test_a_time_is_known_by_its_type_or_a_word_of_its_name(
    columns: dict[str, pa.DataType], expr: str, unit: str
) -> None:
    """Names of times are many: `ts_ms` was a TODO, and so was the only timestamp of a log."""
    limits = dict.fromkeys(("ts_ms", "eventTimeMillis", "id_long"), (1_600_000_000_000, 1_700_000_000_000))
    found = guess({"sku": pa.string(), **columns}, {**limits, "watch_time": (0, 7200)}).parts["sentAt"]
    assert (found.expr, found.unit) == (expr, unit)
    assert found.reason.startswith("by its name and type")


def test_a_number_that_only_looks_like_a_time_is_none() -> None:
    columns = {"sku": pa.string(), "order_no": pa.int64(), "watch_time": pa.int64()}
    limits = {"order_no": (1_600_000_000, 1_700_000_000), "watch_time": (0, 7200)}
    assert "sentAt" not in guess(columns, limits).parts


def test_no_column_is_two_parts_at_once() -> None:
    names = [name for each in NAMES.values() for name in each]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("kind", "bounds", "unit"),
    [
        (pa.int64(), (1_600_000_000, 1_600_000_001), "seconds"),
        (pa.int64(), (1_600_000_000_000, 1_600_000_000_001), "milliseconds"),
        (pa.int64(), (1_600_000_000_000_000, 1_600_000_000_000_001), "microseconds"),
        (pa.int64(), (1_600_000_000_000, 2**62), "milliseconds"),  # a dirty row does not hide the unit
        (pa.int64(), (0, 1), "seconds"),
        (pa.int64(), None, "seconds"),
        (pa.timestamp("ms"), None, "timestamp"),
        (pa.date32(), None, "timestamp"),
        (pa.string(), None, "iso8601"),
    ],
)
def test_the_unit_of_a_time_follows_from_its_type_and_bounds(
    kind: pa.DataType, bounds: tuple[int, int] | None, unit: str
) -> None:
    assert unit_of(kind, bounds)[0] == unit


def test_what_is_left_becomes_properties_five_at_the_most_and_the_rest_is_named() -> None:
    columns = {f"extra{number}": pa.string() for number in range(7)} | {"blob": pa.binary()}
    found = guess(columns, {})
    assert list(found.properties) == [f"EXTRA{number}" for number in range(5)]
    assert found.unused == ("extra5", "extra6", "blob")


def test_no_property_takes_a_name_that_the_service_keeps() -> None:
    assert guess({"TimeStamp": pa.list_(pa.int8()), "IMPRESSION": pa.bool_()}, {}).properties == {}


@given(st.text(max_size=30))
def test_any_column_name_has_a_field_name_that_avro_takes_or_none(name: str) -> None:
    made = field_name(quoted(name))
    assert made == "" or (made.isascii() and made.replace("_", "").isalnum() and made[0].isalpha())


def test_a_field_name_is_upper_snake() -> None:
    assert field_name("deviceType") == "DEVICE_TYPE"
    assert field_name("e.watch time") == "WATCH_TIME"


@pytest.mark.parametrize("name", ["null", "TRUE", "False"])
def test_a_column_that_is_called_as_a_literal_of_sql_is_quoted(name: str) -> None:
    """Unquoted it would be that constant in every row, in place of the column's values."""
    assert quoted(name) == f"`{name}`"
