"""Dates of which other files make times: refused where they are text, as each file alone gives another one."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from core.errors import InputError
from sources.reading import plan_reading
from sources.used_columns import ALL, columns_as_they_are
from tests.sources.lake import find, write

NOON = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as pandas writes times
DATES, TIMES = pa.array([date(2026, 1, 1)]), pa.array([NOON])
NO_DATES, NO_TIMES = pa.nulls(1, DATES.type), pa.nulls(1, TIMES.type)


def within(values: pa.Array) -> dict[str, Any]:
    struct = pa.StructArray.from_arrays([values], ["Day"])
    lists = pa.array([values.to_pylist()], pa.list_(values.type))
    return {"v": values, "e": struct, "l": lists, "s": [struct.to_pylist()]}


@pytest.mark.parametrize("path", [("v",), ("e", "day"), ("l",), ("s", "day")], ids=".".join)
def test_a_text_of_dates_and_times_is_refused(tmp_path: Path, path: tuple[str, ...]) -> None:
    write(tmp_path / "a.parquet", within(DATES))
    write(tmp_path / "b.parquet", within(TIMES))
    footers = find(tmp_path).footers
    said = rf"column {'.'.join(path)}, .* date in .*a\.parquet, timestamp without time zone in .*b\.parquet\. Map"
    with pytest.raises(InputError, match=said):
        plan_reading(footers, ALL, [path])
    assert plan_reading(footers, ALL, [("other",)])


@pytest.mark.parametrize(("dates", "times"), [(NO_DATES, TIMES), (DATES, NO_TIMES)])
def test_what_is_null_throughout_makes_no_other_text(
    tmp_path: Path, dates: pa.Array, times: pa.Array
) -> None:
    write(tmp_path / "a.parquet", {"v": dates})
    write(tmp_path / "b.parquet", {"v": times})
    kind = plan_reading(find(tmp_path).footers, ALL, [("v",)]).columns["v"]
    assert str(kind) == ("date" if times is NO_TIMES else "timestamp without time zone")


@pytest.mark.spark
@pytest.mark.parametrize(
    ("mapped", "select", "columns"),
    [
        ("V", (), {("v",)}),
        ("cast(e.day as string)", (), {("e", "day")}),
        ("events[0]['Day']", (), {("events", "day")}),
        ("date_format(v, 'yyyy')", (), set()),
        ("x.day", ("explode(events) as x", "user"), {("events", "day")}),
        ("day", ("events.day", "user"), {("events", "day")}),
        ("x", ("posexplode(days) as (i, x)",), {("days",)}),
        ("col", ("explode_outer(days)",), {("days",)}),
        ("day", ("inline(events)", "*"), {("events", "day"), ("day",)}),
        ("day", ("e.*",), {("e", "day")}),
        ("x", ("date_format(v, 'yyyy') as x",), set()),
    ],
)
def test_a_column_is_followed_back_to_the_source(
    spark: SparkSession, mapped: str, select: tuple[str, ...], columns: set[tuple[str, ...]]
) -> None:
    assert columns_as_they_are(spark, [mapped], select) == columns
