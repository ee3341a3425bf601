from __future__ import annotations

import json
from typing import Any

import botocore.session
from pyspark.sql import SparkSession

from transforms.event_json import envelope, event_body

COLUMNS = (
    "eventId string, eventType string, sentAt long, itemId string, eventValue double, _properties string, "
    "impression array<string>, recommendationId string, eventAttributionSource string"
)


def bodies(spark: SparkSession, *rows: tuple[Any, ...]) -> list[str]:
    return [row[0] for row in spark.createDataFrame(list(rows), COLUMNS).select(event_body()).collect()]


def test_an_event_is_written_as_botocores_model_names_it(spark: SparkSession) -> None:
    full = ("id", "click", 5, 'i"1\\', 1.5, '{"discount":"10"}', ["a", "b"], "rec", "src")
    body = json.loads(bodies(spark, full)[0])
    assert body == {
        "eventId": "id",
        "eventType": "click",
        "sentAt": 5,
        "itemId": 'i"1\\',
        "eventValue": 1.5,
        "properties": '{"discount":"10"}',
        "impression": ["a", "b"],
        "recommendationId": "rec",
        "metricAttribution": {"eventAttributionSource": "src"},
    }
    shape = botocore.session.Session().get_service_model("personalize-events").shape_for("Event")
    assert set(body) == set(shape.members)


def test_nulls_are_left_out_and_the_id_comes_first(spark: SparkSession) -> None:
    text = bodies(spark, ("id", "click", 5, *[None] * 6))[0]
    assert text == '{"eventId":"id","eventType":"click","sentAt":5}'


def test_control_characters_and_other_alphabets_survive(spark: SparkSession) -> None:
    odd = 'ü\u0000\u001f\u2028"\\/😀'
    assert json.loads(bodies(spark, ("id", odd, 5, *[None] * 6))[0])["eventType"] == odd


def test_a_value_that_json_cannot_hold_breaks_no_row(spark: SparkSession) -> None:
    for value in (float("nan"), float("inf")):
        assert bodies(spark, ("id", "click", 5, None, value, None, None, None, None))[0].startswith(
            '{"eventId"'
        )


def test_an_anonymous_envelope_has_no_user(spark: SparkSession) -> None:
    df = spark.createDataFrame([("u", "s"), (None, "s")], "userId string, sessionId string")
    texts = [row[0] for row in df.select(envelope()).collect()]
    assert texts == ['{"userId":"u","sessionId":"s"}', '{"sessionId":"s"}']
