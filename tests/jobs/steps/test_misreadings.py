"""A mapping that misreads most of a column is refused, with the mapping that would read it."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from typing import Any

import pytest
from pyspark.sql import SparkSession

from expectations.rules import value_name
from jobs.errors import UsageError
from jobs.steps.misreadings import refuse_misread
from transforms.events import NO_TEXT, UNIT_INSTEAD
from transforms.mapping import MappingSettings

MAPPED: dict[str, Any] = {
    "eventType": "'view'",
    "userId": "user_id",
    "sentAt": {"expr": "at", "unit": "seconds"},
}


def misread(column: str, value: str, rows: int, **mapped: Any) -> None:  # noqa: ANN401
    """Refuse, or not, where so many of ten rows have this value of a column that counts misreadings."""
    counts = Counter({"rows": 10, value_name(column, value): rows})
    refuse_misread(MappingSettings.model_validate({**MAPPED, **mapped}), counts)


def refused(column: str, value: str, **mapped: Any) -> str:  # noqa: ANN401
    with pytest.raises(UsageError) as caught:
        misread(column, value, 6, **mapped)
    return str(caught.value)


@pytest.mark.parametrize(
    ("column", "value"), [(NO_TEXT, "userId"), (UNIT_INSTEAD, "milliseconds"), (UNIT_INSTEAD, "dd/MM/yyyy")]
)
def test_half_of_the_rows_misread_refuse_nothing_and_more_refuse_the_run(column: str, value: str) -> None:
    misread(column, value, 5)
    refused(column, value)


def test_another_unit_is_named() -> None:
    said = refused(UNIT_INSTEAD, "milliseconds")
    assert said == (
        "mapping.sentAt: read as seconds, most times are outside 1980 to 2100; as milliseconds they would be "
        "plausible. Set mapping.sentAt.unit to milliseconds."
    )


@pytest.mark.parametrize(("expr", "shown"), [("at", "at"), ("concat(day, ' 12:00')", "…")])
def test_another_form_is_named_without_the_users_literals(expr: str, shown: str) -> None:
    said = refused(UNIT_INSTEAD, "dd/MM/yyyy", sentAt={"expr": expr, "unit": "iso8601"})
    assert said.startswith("mapping.sentAt: most times can't be read as iso8601, and look like dd/MM/yyyy. ")
    assert f"Set mapping.sentAt.expr to to_timestamp({shown}, 'dd/MM/yyyy') and" in said


@pytest.mark.parametrize(
    ("part", "mapped"), [("userId", {}), ("properties.COLOUR", {"properties": {"COLOUR": "colour"}})]
)
def test_bytes_that_are_not_text_are_named_by_their_key(part: str, mapped: dict[str, Any]) -> None:
    assert refused(NO_TEXT, part, **mapped).startswith(
        f"mapping.{part}: most values are bytes that are not UTF-8 text."
    )


@pytest.mark.spark
def test_the_expression_that_is_shown_makes_text_of_a_uuid(spark: SparkSession) -> None:
    known = uuid.uuid4()
    said = re.search(r"Map UUIDs of 16 bytes as (.*), other bytes as ", refused(NO_TEXT, "userId"))
    assert said
    rows = spark.createDataFrame([(known.bytes,)], "user_id binary").selectExpr(f"{said[1]} as text")
    assert [row["text"] for row in rows.collect()] == [str(known)]
