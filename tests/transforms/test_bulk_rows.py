"""A staged event becomes a line of CSV as Personalize documents it, or is named for what keeps it out."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession

from transforms.bulk_rows import DIVIDED_ID, LINE, bulk_lines, bulk_rows, header
from transforms.interactions_schema import Field, InteractionsSchema
from transforms.properties_plan import Property

pytestmark = pytest.mark.spark

SCHEMA = InteractionsSchema(
    (
        Field("ITEM_ID", "string", nullable=False, categorical=False),
        Field("USER_ID", "string", nullable=False, categorical=False),
        Field("TIMESTAMP", "long", nullable=False, categorical=False),
        Field("EVENT_TYPE", "string", nullable=False, categorical=False),
        Field("EVENT_VALUE", "float", nullable=True, categorical=False),
        Field("IMPRESSION", "string", nullable=True, categorical=False),
        Field("RECOMMENDATION_ID", "string", nullable=True, categorical=False),
        Field("EVENT_ATTRIBUTION_SOURCE", "string", nullable=True, categorical=False),
        Field("DISCOUNT", "string", nullable=True, categorical=True),
        Field("MEMBER", "boolean", nullable=True, categorical=False),
        Field("UNMAPPED", "string", nullable=True, categorical=False),
    )
)
PROPERTIES = (
    Property("DISCOUNT", "discount", "d", "string", nullable=True, categorical=True),
    Property("MEMBER", "isMember", "m", "boolean", nullable=True, categorical=False),
)


def staged(
    user: str | None = "u", properties: dict[str, str] | None = None, **more: object
) -> tuple[str, str, str]:
    event = {"eventId": "e", "eventType": "view", "sentAt": 1_760_000_000, "itemId": "i", **more}
    if properties:
        event["properties"] = json.dumps(properties)
    who = {"sessionId": "s"} if user is None else {"userId": user, "sessionId": "s"}
    return "e", json.dumps(who), json.dumps(event)


def written(spark: SparkSession, *events: tuple[str, str, str]) -> list[tuple[str, str | None]]:
    frame = spark.createDataFrame(list(events), "event_id string, envelope string, body string")
    rows = bulk_lines(frame, SCHEMA, PROPERTIES).collect()
    return [(row["line"], row["obstacle"]) for row in rows]


def test_columns_stand_in_the_schemas_order_and_nulls_are_empty(spark: SparkSession) -> None:
    full = staged(
        eventValue=1e-7,
        impression=["a", "b"],
        recommendationId="r",
        metricAttribution={"eventAttributionSource": "mail"},
        properties={"discount": "5", "isMember": "true"},
    )
    assert header(SCHEMA).startswith("ITEM_ID,USER_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION")
    assert written(spark, staged(), full) == [
        ("i,u,1760000000,view,,,,,,,", None),
        ("i,u,1760000000,view,0.0000001,a|b,r,mail,5,True,", None),
    ]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain ünïcode 🛒", "plain ünïcode 🛒"),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ('\\"', '"\\\\\\""'),
        (" led by a blank", '" led by a blank"'),
        ("with a blank at its end ", '"with a blank at its end "'),
        ("\tled by a tab", '"\tled by a tab"'),
        ("with a tab at its end\t", '"with a tab at its end\t"'),
        ("", '""'),
        ("#1", "#1"),
        ("a\tb", "a\tb"),
    ],
)
def test_text_is_quoted_and_escaped_as_the_guide_says(spark: SparkSession, text: str, cell: str) -> None:
    (found,) = written(spark, staged(properties={"discount": text}))
    assert found == (f"i,u,1760000000,view,,,,,{cell},,", None)


@pytest.mark.parametrize("text", ["a\nb", "a\r", "\x00", "\x01", "\x7f"])
def test_what_would_break_a_line_is_named_and_so_is_a_missing_user(spark: SparkSession, text: str) -> None:
    found = written(spark, staged(properties={"discount": text}), staged(user=None))
    assert [obstacle for _, obstacle in found] == ["control_character", "no_user"]


def test_an_id_that_would_be_read_as_two_is_no_row(spark: SparkSession) -> None:
    shown = [["a", "b"], ["a|b"], ["a", "|"], ["a"], [], None]
    found = written(spark, *(staged(impression=ids) for ids in shown))
    assert [obstacle for _, obstacle in found] == [None, DIVIDED_ID, DIVIDED_ID, None, None, None]


def test_whole_event_values_have_no_fraction_and_sessions_only_a_field_of_their_own(
    spark: SparkSession,
) -> None:
    schema = InteractionsSchema(
        (
            Field("EVENT_VALUE", "float", nullable=True, categorical=False),
            Field("SESSION_ID", "string", nullable=False, categorical=False),
        )
    )
    frame = spark.createDataFrame([staged(eventValue=5.0)], "event_id string, envelope string, body string")
    assert [row[LINE] for row in bulk_rows(frame, schema, ()).collect()] == ["5,s"]


def test_a_field_may_have_the_name_of_any_column_next_to_the_fields(spark: SparkSession) -> None:
    """Spark ignores case: LINE is `line` to it."""
    names = ("TIMESTAMP", "EVENT_ID", "SENT_AT", "LINE", "OBSTACLE", "ENVELOPE", "BODY")
    schema = InteractionsSchema(
        tuple(Field(name, "string", nullable=True, categorical=False) for name in names)
    )
    mapped = [
        Property(name, name.lower(), "x", "string", nullable=True, categorical=False) for name in names[1:]
    ]
    event = staged(properties={each.key: f"its {each.key}" for each in mapped})
    frame = spark.createDataFrame([event], "event_id string, envelope string, body string")
    (row,) = bulk_lines(frame, schema, mapped).collect()
    assert (row["event_id"], row["sent_at"], row["obstacle"]) == ("e", 1_760_000_000, None)
    assert row["line"] == "1760000000,its event_id,its sent_at,its line,its obstacle,its envelope,its body"
