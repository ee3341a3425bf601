"""Texts that other files would change, or Spark's microseconds cut: refused where they would be made in silence."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.errors import UsageError
from jobs.steps.changed_texts import Texts
from sources.layout import Layout
from sources.reading import plan_reading
from sources.used_columns import ALL
from tests.sources.lake import find, write
from transforms.mapping import MappingSettings, SourceSettings

pytestmark = pytest.mark.spark

FINE, COARSE = 1_760_000_000_123_456_789, 1_760_000_000_123_456_000
NOON = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as pandas writes times


def texts(spark: SparkSession, mapped: dict[str, Any], **source: Any) -> Texts:  # noqa: ANN401
    mapping = MappingSettings.model_validate({"eventType": "'view'", "sentAt": "at", **mapped})
    return Texts(spark, SourceSettings(path=("lake",), **source), mapping, ALL)


def lay_out(folder: Path, one: pa.Array, other: pa.Array) -> Layout:
    """Two files that differ in `v`, and in the fields of `e` and of the elements of `events`."""
    for name, column in (("a", one), ("b", other)):
        struct = pa.StructArray.from_arrays([column], ["Day"])
        lists = pa.array([[each] for each in struct.to_pylist()], pa.list_(struct.type))
        write(
            folder / f"{name}.parquet", {"at": [7], "v": column, "e": struct, "events": lists, "text": ["t"]}
        )
    return plan_reading(find(folder).footers, ALL)


@pytest.fixture
def days(tmp_path: Path) -> Layout:
    return lay_out(tmp_path, pa.array([date(2026, 1, 1)]), pa.array([NOON]))


@pytest.mark.parametrize(
    ("mapped", "source", "found"),
    [
        ({}, {"filter": "v in ('2026-01-01', '2026-01-02')"}, ("source.filter", "v")),
        ({}, {"filter": "concat(v, text) between '2026-01-01' and '2026-01-31'"}, ("source.filter", "v")),
        ({}, {"filter": "v = '2026-01-01' and at > 5"}, None),
        ({}, {"select": ["at", "concat(e.day, '') as x"]}, ("source.select", "e.Day")),
        ({"itemId": "v"}, {}, ("mapping.itemId", "v")),
        ({"userId": "coalesce(V, v)"}, {}, ("mapping.userId", "v")),
        ({"itemId": "events[0]['Day']"}, {}, ("mapping.itemId", "events.Day")),
        ({"itemId": "x.day"}, {"select": ["explode(events) as x", "at"]}, ("mapping.itemId", "events.Day")),
        ({"itemId": "day"}, {"select": ["inline(events)", "at"]}, ("mapping.itemId", "events.Day")),
        ({"itemId": "day"}, {"select": ["e.*", "at"]}, ("mapping.itemId", "e.Day")),
        ({"properties": {"DAYS": "events.day"}}, {}, ("mapping.properties.DAYS", "events.Day")),
        ({"sentAt": {"expr": "concat(v, 'T10')", "unit": "iso8601"}}, {}, ("mapping.sentAt", "v")),
        ({"sentAt": "v", "itemId": "date_format(v, 'yyyy')", "userId": "date(e.day)"}, {}, None),
        ({"itemId": "no_such_column", "userId": "v +"}, {"filter": "none = 1"}, None),
    ],
)
def test_a_text_of_dates_that_are_times_in_other_files_is_found(
    spark: SparkSession,
    days: Layout,
    mapped: dict[str, Any],
    source: dict[str, Any],
    found: tuple[str, str] | None,
) -> None:
    changed = texts(spark, mapped, **source).changed(days)
    assert (changed and (changed[0], changed[1].name)) == found


@pytest.mark.parametrize(
    ("one", "other", "is_changed"),
    [
        (pa.array([5], pa.int32()), pa.array([0.5]), True),
        (pa.array([5]), pa.array([2**40]), False),
        (pa.array([0.1], pa.float32()), pa.array([0.1]), True),
        (pa.array([Decimal("1.50")]), pa.array([Decimal("1.5000")]), True),
        (pa.array([Decimal("1.50")]), pa.array([Decimal("100.50")]), False),
        (pa.array([5]), pa.array([Decimal(123)], pa.decimal128(9, 0)), False),
        (pa.array(["a"]), pa.array([b"a"]), False),
        (pa.array([NOON], pa.timestamp("ns")), pa.array([NOON], pa.timestamp("ms", "UTC")), False),
        (pa.nulls(1), pa.array([5]), False),
    ],
)
def test_a_text_of_numbers_that_get_a_point_is_found(
    spark: SparkSession, tmp_path: Path, one: pa.Array, other: pa.Array, *, is_changed: bool
) -> None:
    layout = lay_out(tmp_path, one, other)
    assert texts(spark, {"itemId": "v"}).changed(layout) is None
    assert (texts(spark, {"itemId": "concat('item-', v)"}).changed(layout) is not None) == is_changed


@pytest.mark.parametrize(
    ("mapped", "select", "found"),
    [
        ({"itemId": "V"}, [], r"^mapping\.itemId: column v has times in nanoseconds, and"),
        ({"userId": "`x y`"}, ["v as `x y`", "at"], r"^mapping\.userId: column v has"),
        ({"properties": {"AT": "e.day"}}, [], r"^mapping\.properties\.AT: column e\.Day has"),
        ({"itemId": "x.day"}, ["explode(events) as x", "at"], r"^mapping\.itemId: column events\.Day has"),
        ({"properties": {"AT": "events.day"}}, [], r"^mapping\.properties\.AT: column events\.Day has"),
    ],
)
def test_ids_that_would_become_one_are_refused(
    spark: SparkSession, tmp_path: Path, mapped: dict[str, Any], select: list[str], found: str
) -> None:
    """Also where another file has the column in another type."""
    fine, coarse = (pa.array([each], pa.timestamp("ns")) for each in (FINE, COARSE))
    with pytest.raises(UsageError, match=found):
        texts(spark, mapped, select=select).refuse_cut(lay_out(tmp_path / "fine", fine, pa.array([NOON])))
    texts(spark, mapped, select=select).refuse_cut(lay_out(tmp_path / "coarse", coarse, pa.array([NOON])))


@pytest.mark.parametrize("item", ["no_such_column", "v +", "date(v)", "text"])
def test_expressions_that_do_not_send_the_nanoseconds_are_not_refused(
    spark: SparkSession, tmp_path: Path, item: str
) -> None:
    fine = pa.array([FINE], pa.timestamp("ns"))
    texts(spark, {"itemId": item}).refuse_cut(lay_out(tmp_path, fine, fine))
