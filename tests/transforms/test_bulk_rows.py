"""A shaped event becomes a line of CSV as Personalize documents it, or is named for what keeps it out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pyspark.sql import SparkSession

from transforms.bulk_rows import DIVIDED_ID, LINE, OBSTACLE, OTHER_SESSION, field_texts, header, with_line
from transforms.events import shape
from transforms.interactions_schema import Field, InteractionsSchema
from transforms.mapping import MappingSettings, SessionSettings
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


COLUMNS = (
    "userId string, sessionId string, eventType string, itemId string, sentAt bigint, eventId string, "
    "eventValue double, impression array<string>, recommendationId string, eventAttributionSource string, "
    "discount string, isMember boolean"
)
EVENT = {
    "userId": "u",
    "sessionId": "s",
    "eventType": "view",
    "itemId": "i",
    "sentAt": 1_760_000_000,
    "eventId": "e",
}


def written(
    spark: SparkSession,
    *changes: dict[str, Any],
    schema: InteractionsSchema = SCHEMA,
    properties: Sequence[Property] = PROPERTIES,
) -> list[tuple[str, str | None]]:
    """The line and the obstacle of an event for each of `changes`."""
    names = [column.split()[0] for column in COLUMNS.split(", ")]
    events = [tuple({**dict.fromkeys(names), **EVENT, **change}.values()) for change in changes]
    rows = with_line(spark.createDataFrame(events, COLUMNS), schema, properties).collect()
    return [(row[LINE], row[OBSTACLE]) for row in rows]


def test_columns_stand_in_the_schemas_order_and_nulls_are_empty(spark: SparkSession) -> None:
    full = {
        "eventValue": 1e-7,
        "impression": ["a", "b"],
        "recommendationId": "r",
        "eventAttributionSource": "mail",
        "discount": "5",
        "isMember": True,
    }
    assert header(SCHEMA).startswith("ITEM_ID,USER_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION")
    assert written(spark, {}, full) == [
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
    (found,) = written(spark, {"discount": text})
    assert found == (f"i,u,1760000000,view,,,,,{cell},,", None)


@pytest.mark.parametrize("text", ["a\nb", "a\r", "\x00", "\x01", "\x7f"])
def test_what_would_break_a_line_is_named_and_so_is_a_missing_user(spark: SparkSession, text: str) -> None:
    found = written(spark, {"discount": text}, {"userId": None})
    assert [obstacle for _, obstacle in found] == ["control_character", "no_user"]


def test_an_id_that_would_be_read_as_two_makes_no_row(spark: SparkSession) -> None:
    shown = [["a", "b"], ["a|b"], ["a", "|"], ["a"], None]
    found = written(spark, *({"impression": ids} for ids in shown))
    assert [obstacle for _, obstacle in found] == [None, DIVIDED_ID, DIVIDED_ID, None, None]


def test_whole_event_values_have_no_fraction_and_sessions_only_a_field_of_their_own(
    spark: SparkSession,
) -> None:
    schema = InteractionsSchema(
        (
            Field("EVENT_VALUE", "float", nullable=True, categorical=False),
            Field("SESSION_ID", "string", nullable=False, categorical=False),
        )
    )
    assert written(spark, {"eventValue": 5.0}, schema=schema, properties=()) == [("5,s", None)]


def test_a_session_is_written_as_its_field_reads_it_or_the_row_is_left_out(spark: SparkSession) -> None:
    """As text in a column of numbers it would fail the whole import, and with a comma make two columns."""
    sessions = [{"sessionId": text} for text in ("12", "s,1", "1.5", None)]
    fields = (Field("SESSION_ID", "long", True, False), Field("ITEM_ID", "string", False, False))
    assert written(spark, *sessions, schema=InteractionsSchema(fields), properties=()) == [
        ("12,i", None),
        (",i", OTHER_SESSION),
        (",i", OTHER_SESSION),
        (",i", None),
    ]


def test_a_field_may_have_the_name_of_any_column_next_to_it(spark: SparkSession) -> None:
    """Spark ignores case: LINE is `line` to it, and EVENTTYPE is `eventType`."""
    names = ("EVENT_ID", "SENT_AT", "LINE", "OBSTACLE", "EVENTTYPE", "BODY")
    schema = InteractionsSchema(
        tuple(Field(name, "string", nullable=True, categorical=False) for name in names)
    )
    mapped = Property("LINE", "discount", "x", "string", nullable=True, categorical=False)
    assert written(spark, {"discount": "its own"}, schema=schema, properties=[mapped]) == [
        (",,its own,,,", None)
    ]


def test_each_field_has_the_value_that_putevents_would_be_sent(spark: SparkSession) -> None:
    """Compared with the JSON of the same events, read by another reader."""
    kinds = {
        "TEXT": "string",
        "WHOLE": "long",
        "SMALL": "int",
        "SHARE": "double",
        "RATIO": "float",
        "YES": "boolean",
    }
    fields = [Field(name, kind, nullable=True, categorical=False) for name, kind in kinds.items()]  # type: ignore[arg-type]
    properties = [
        Property(each.name, each.name.lower(), each.name, each.type, nullable=True, categorical=False)
        for each in fields
    ]
    usual = [field for field in SCHEMA.fields if field.name not in ("DISCOUNT", "MEMBER", "UNMAPPED")]
    schema = InteractionsSchema((*usual, *fields))
    rows = [
        (text, number, whole, yes, shown)
        for text in ("plain", "0", " b\tc ", 'q"\\', "é🛒", "a,b", "", None)
        for number, whole, yes, shown in (
            (0.1, 1, True, "a|b"),
            (1e-9, -(2**40), False, "a"),
            (1.5e300, 2**62, None, None),
            (-0.0, 0, True, "1.0|2"),
            (None, None, None, ""),
            (12345678.0, 2**53 + 1, False, "x|y|x"),
        )
    ]
    source = spark.createDataFrame(rows, "text string, number double, whole long, yes boolean, shown string")
    mapped = {"userId": "'u'", "sessionId": "'s'", "eventType": "'view'", "itemId": "coalesce(text, 'i')"} | {
        "sentAt": {"expr": "1760000000", "unit": "seconds"},
        "eventValue": "number",
        "impression": "shown",
        "recommendationId": "text",
        "eventAttributionSource": "text",
    }
    by_name = {
        "TEXT": "text",
        "WHOLE": "whole",
        "SMALL": "whole",
        "SHARE": "number",
        "RATIO": "number",
        "YES": "yes",
    }
    planned = [
        Property(each.field, each.key, by_name[each.field], each.type, nullable=True, categorical=False)
        for each in properties
    ]
    shaped = shape(source, MappingSettings.model_validate(mapped), planned, SessionSettings(), partitions=1)
    texts = field_texts(schema, planned)

    events = shaped.select(
        "_envelope", "_body", *(text.alias(f"_{name}") for name, text in texts.items())
    ).collect()

    assert len(events) == len(rows)
    for event in events:
        sent = _as_sent(json.loads(event["_envelope"]), json.loads(event["_body"]))
        found = {name: event[f"_{name}"] for name in texts}
        numbers = {"EVENT_VALUE"}
        assert {name: found[name] for name in found if name not in numbers} == {
            name: sent.get(name) for name in found if name not in numbers
        }
        assert (found["EVENT_VALUE"] and float(found["EVENT_VALUE"])) == sent.get("EVENT_VALUE")


def _as_sent(who: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """The values of a request by the dataset's fields, in the form of bulk data."""
    properties = {key.upper(): value for key, value in json.loads(event.get("properties", "{}")).items()}
    if "YES" in properties:
        properties["YES"] = properties["YES"].capitalize()
    return properties | {
        "USER_ID": who["userId"],
        "ITEM_ID": event["itemId"],
        "TIMESTAMP": str(event["sentAt"]),
        "EVENT_TYPE": event["eventType"],
        "EVENT_VALUE": event.get("eventValue"),
        "IMPRESSION": "|".join(event["impression"]) if "impression" in event else None,
        "RECOMMENDATION_ID": event.get("recommendationId"),
        "EVENT_ATTRIBUTION_SOURCE": event.get("metricAttribution", {}).get("eventAttributionSource"),
    }
