from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from core.columns import EVENT_COLUMNS
from core.errors import InputError
from core.event_window import Window
from transforms.events import shape
from transforms.mapping import MappingSettings, SessionSettings
from transforms.properties_plan import Property

SECOND = 1_700_000_000
DISCOUNT = Property("DISCOUNT", "discount", "discount_text", "string", nullable=True, categorical=False)
STARS = Property("STARS", "stars", "stars_text", "int", nullable=True, categorical=False)
COLUMNS = (
    "user string, session string, kind string, item string, at long, worth string, shown string, "
    "discount_text double, stars_text string"
)
MAPPED = {
    "userId": "user",
    "sessionId": "session",
    "eventType": "kind",
    "itemId": "item",
    "sentAt": {"expr": "at", "unit": "seconds"},
    "eventValue": "worth",
    "impression": "shown",
}
ALL_TEXTS = {**MAPPED, "eventId": "id", "recommendationId": "recommended", "eventAttributionSource": "origin"}
NOTE = Property("NOTE", "note", "note", "string", nullable=True, categorical=False)
TAGS = Property("TAGS", "tags", "array('a', tag)", "string", nullable=True, categorical=False)
LATIN_1 = "cast(unhex('4A6F73E9') as string)"
ROW = ("u1", "s1", "click", "i1", SECOND, "1.5", "a|b", 0.1, "4")


def shaped(
    rows: DataFrame,
    mapped: Mapping[str, Any] = MAPPED,
    properties: tuple[Property, ...] = (DISCOUNT, STARS),
    window: Window | None = None,
    partitions: int = 2,
) -> DataFrame:
    mapping = MappingSettings.model_validate(mapped)
    rule = SessionSettings()
    return shape(rows, mapping, properties, rule, partitions=partitions, window=window or Window())


def frame(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), COLUMNS)


def first(df: DataFrame) -> Row:
    row = df.first()
    assert row is not None
    return row


def changed(**changes: object) -> tuple[Any, ...]:
    names = [column.split()[0] for column in COLUMNS.split(", ")]
    return tuple({**dict(zip(names, ROW, strict=True)), **changes}.values())


def test_a_full_row_becomes_the_event_that_is_sent(spark: SparkSession) -> None:
    row = first(shaped(frame(spark, ROW)))
    assert json.loads(row["_envelope"]) == {"userId": "u1", "sessionId": "s1"}
    assert json.loads(row["_body"]) == {
        "eventId": row["eventId"],
        "eventType": "click",
        "sentAt": SECOND,
        "itemId": "i1",
        "eventValue": 1.5,
        "properties": '{"discount":"0.1","stars":"4"}',
        "impression": ["a", "b"],
    }
    assert row["_body_bytes"] == len(row["_body"].encode())
    assert row["_at_micros"] == SECOND * 1_000_000
    assert (row["_impression_size"], row["_impression_chars"], row["_impression_bad_ids"]) == (2, 3, 0)
    assert row["_source"].asDict() == dict(zip(row["_source"].__fields__, ROW, strict=True))
    assert row["_unit_instead"] is None


def test_every_event_column_has_its_type_for_any_mapping(spark: SparkSession) -> None:
    sparse = {"userId": "user", "eventType": "'click'", "sentAt": {"expr": "at", "unit": "seconds"}}
    for mapped, properties in ((MAPPED, (DISCOUNT, STARS)), (sparse, ())):
        types = dict(shaped(frame(spark, ROW), mapped, properties).dtypes)
        assert [types[name] for name in EVENT_COLUMNS] == [
            *["string"] * 4, "bigint", "string", "double", "array<string>", "string", "string",
        ]  # fmt: skip
    row = first(shaped(frame(spark, ROW), sparse, ()))
    assert json.loads(row["_body"]) == {"eventId": row["eventId"], "eventType": "click", "sentAt": SECOND}
    assert row["_properties"] is None
    assert row["_unreadable_eventValue"] is False
    assert row["_impression_size"] is None


def test_source_columns_may_have_any_name_and_come_back_whole(spark: SparkSession) -> None:
    names = [
        "userId",
        "sentAt",
        "source",
        "_body",
        "a.b",
        "with space",
        "eventId",
        "_value_itemId",
        "_lane",
        "`x",
    ]
    rows = spark.createDataFrame([tuple(range(SECOND, SECOND + len(names)))], names)
    mapped = {
        "userId": "source",
        "eventType": "`with space`",
        "itemId": "`a.b`",
        "sentAt": {"expr": "sentAt", "unit": "seconds"},
    }
    row = first(shaped(rows, mapped, ()))
    assert [row["userId"], row["itemId"], row["eventType"]] == [str(SECOND + n) for n in (2, 4, 5)]
    assert row["sentAt"] == SECOND + 1
    assert row["_source"].asDict() == {name: SECOND + n for n, name in enumerate(names)}


def test_columns_that_could_not_be_written_again_are_refused(spark: SparkSession) -> None:
    mapped = {"userId": "at", "eventType": "'click'", "sentAt": {"expr": "at", "unit": "seconds"}}
    with pytest.raises(InputError, match="two columns are named a"):
        shaped(spark.range(1).selectExpr("id as at", "1 as a", "2 as A"), mapped, ())
    with pytest.raises(InputError, match=r"source\.select"):
        shaped(spark.range(1).selectExpr("id as at", "null as nothing"), mapped, ())


def test_values_of_the_wrong_type_are_null_and_marked_and_break_no_row(spark: SparkSession) -> None:
    row = first(shaped(frame(spark, changed(worth="abc", stars_text="4.5", at=2**62, shown=""))))
    assert (row["eventValue"], row["_unreadable_eventValue"]) == (None, True)
    assert (row["stars"], row["_unreadable_stars"], row["_unreadable_discount"]) == (None, True, False)
    assert (row["sentAt"], row["_at_micros"], row["impression"]) == (None, None, None)


@pytest.mark.parametrize(
    ("column", "shown", "named"),
    [
        ("id", "shown", "eventId"),
        ("user", "shown", "userId"),
        ("session", "shown", "sessionId"),
        ("kind", "shown", "eventType"),
        ("item", "shown", "itemId"),
        ("recommended", "shown", "recommendationId"),
        ("origin", "shown", "eventAttributionSource"),
        ("shown", "shown", "impression"),
        ("shown", "array('a', shown, null)", "impression"),
        ("shown", "array(unhex('6A'), cast(shown as binary))", "impression"),
        ("note", "shown", "properties.NOTE"),
        ("tag", "shown", "properties.TAGS"),
        ("unused", "array('a', shown, null)", None),
    ],
)
def test_what_is_not_utf8_is_named(spark: SparkSession, column: str, shown: str, named: str | None) -> None:
    """Java replaces it where it decodes, so that another id would be sent."""
    rows = with_all_texts(frame(spark, ROW))
    bad, empty = (rows.withColumn(column, F.expr(value)) for value in (LATIN_1, "cast(null as string)"))
    found = shaped(as_read(bad.union(rows).union(empty)), {**ALL_TEXTS, "impression": shown}, (NOTE, TAGS))
    assert [row["_no_text"] for row in found.collect()] == [named, None, None]


def test_of_several_texts_that_are_not_utf8_ids_are_named_first(spark: SparkSession) -> None:
    """A binary id in all rows is refused with advice, even if other columns have bad text in some."""
    rows, bad = with_all_texts(frame(spark, ROW)), F.expr(LATIN_1)
    names = ["user", "id", "item", "shown", "note"]
    found = [
        shaped(as_read(rows.withColumns(dict.fromkeys(names[n:], bad))), ALL_TEXTS, (NOTE,)) for n in range(5)
    ]
    parts = ["userId", "eventId", "itemId", "impression", "properties.NOTE"]
    assert [first(each)["_no_text"] for each in found] == parts


def with_all_texts(rows: DataFrame) -> DataFrame:
    return rows.selectExpr(
        "*", "'e' id", "'r' recommended", "'o' origin", "'n' note", "'t' tag", "'u' unused"
    )


def as_read(rows: DataFrame) -> DataFrame:
    """Return the rows as from a file: none of their values is known when they are planned."""
    return rows.localCheckpoint()


def test_an_id_depends_on_each_part_of_the_content_and_on_nothing_else(spark: SparkSession) -> None:
    variants = [
        ROW,
        *(changed(**{name: None}) for name in ("user", "session", "kind", "item", "at", "worth", "shown")),
        changed(discount_text=None),
        changed(discount_text=0.1 + 2**-55),
        changed(stars_text=None),
        changed(item=""),
        changed(worth="1.25"),
        changed(shown="b|a"),
        changed(at=SECOND + 1),
    ]
    ids = [row["eventId"] for row in shaped(frame(spark, *variants)).collect()]
    assert len(set(ids)) == len(variants)
    turned = {**MAPPED, "eventType": "concat(kind, '')"}
    again = shaped(frame(spark, *reversed(variants)).repartition(3), turned, (STARS, DISCOUNT))
    assert {row["eventId"] for row in again.collect()} == set(ids)
    widened = frame(spark, ROW).withColumn("extra", F.lit(1)).withColumn("worth", F.lit(1.5))
    assert first(shaped(widened))["eventId"] == ids[0]


def test_neither_the_window_nor_a_derived_session_changes_an_id(spark: SparkSession) -> None:
    derived = {name: expr for name, expr in MAPPED.items() if name != "sessionId"}
    rows = frame(spark, *(changed(at=SECOND + 1200 * n) for n in range(6)))
    everything = {row["sentAt"]: row for row in shaped(rows, derived).collect()}
    window = Window(since=(SECOND + 3600) * 1_000_000)
    late = {row["sentAt"]: row for row in shaped(rows, derived, window=window, partitions=3).collect()}
    assert sorted(late) == [SECOND + 1200 * n for n in range(3, 6)]
    assert all(everything[at]["eventId"] == late[at]["eventId"] for at in late)
    assert all(everything[at]["sessionId"] != late[at]["sessionId"] for at in late)


def test_a_mapped_id_wins_and_a_null_one_falls_back_to_the_content(spark: SparkSession) -> None:
    mapped = {**MAPPED, "eventId": "nullif(discount_text, 0.1)"}
    ids = [row["eventId"] for row in shaped(frame(spark, ROW, changed(discount_text=7.0)), mapped).collect()]
    assert ids == [first(shaped(frame(spark, ROW)))["eventId"], "7"]


@pytest.mark.parametrize("kind", ["long", "double", "decimal(20, 3)"])
def test_a_time_that_cannot_be_read_is_in_every_window(spark: SparkSession, kind: str) -> None:
    rows = frame(spark, changed(at=None), changed(at=SECOND - 1), changed(at=SECOND), changed(at=SECOND + 1))
    window = Window(since=SECOND * 1_000_000, until=(SECOND + 1) * 1_000_000)
    mapped = {**MAPPED, "sentAt": {"expr": f"cast(at as {kind})", "unit": "seconds"}}
    assert [row["sentAt"] for row in shaped(rows, mapped, window=window).collect()] == [None, SECOND]


@pytest.mark.parametrize("kind", ["bigint", "int", "timestamp"])
def test_the_window_reaches_the_parquet_scan(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    folder = str(tmp_path / "rows")
    spark.range(4).selectExpr(f"cast(id + {SECOND} as {kind}) as at", "'u' as user").write.parquet(folder)
    mapped = {"userId": "user", "eventType": "'click'", "sentAt": {"expr": "at"}}
    window = Window(since=(SECOND + 1) * 1_000_000, until=(SECOND + 3) * 1_000_000)
    df = shaped(spark.read.parquet(folder), mapped, (), window=window)
    assert sorted(row["sentAt"] for row in df.collect()) == [SECOND + 1, SECOND + 2]
    assert "PushedFilters: [Or(" in df._jdf.queryExecution().executedPlan().toString()


@pytest.mark.parametrize("key", ["userId", "itemId", "eventValue", "impression"])
def test_an_expression_of_the_wrong_kind_is_named_by_its_key(spark: SparkSession, key: str) -> None:
    with pytest.raises(InputError, match=rf"mapping\.{key}"):
        shaped(frame(spark, ROW), {**MAPPED, key: "map('a', 1)"})


def test_json_and_hash_are_computed_once_for_each_row(spark: SparkSession) -> None:
    plan = shaped(frame(spark, ROW))._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count("sha2(") == 1
    assert sum(plan.lower().count(name) for name in ("structstojsonevaluator", "to_json(")) == 3
