"""What is read is what pyarrow reads from the same files, value by value, for drawn tables, writers and folders.

pyarrow reads each file by itself, so that nothing of how this project merges files is in what it is compared with.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from sources.folders import folder_values
from tests.sources.lake import find, frame

pytestmark = pytest.mark.spark

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - as Spark's session in UTC gives times
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)
TIMES = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
FAMILIES: list[list[tuple[pa.DataType, st.SearchStrategy[Any]]]] = [
    [
        (pa.int8(), st.integers(-128, 127)),
        (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
        (pa.int64(), st.integers(-(2**53), 2**53)),
        (pa.uint16(), st.integers(0, 2**16 - 1)),
        (pa.uint32(), st.integers(0, 2**32 - 1)),
    ],
    [
        (pa.float32(), st.floats(width=32)),
        (pa.float64(), st.floats()),
        (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    ],
    [
        (pa.string(), TEXT),
        (pa.large_string(), TEXT),
        (pa.dictionary(pa.int32(), pa.string()), TEXT),
        (pa.null(), st.none()),
    ],
    [
        (pa.timestamp("us"), TIMES),
        (pa.timestamp("ns"), TIMES),
        (pa.timestamp("ms", "UTC"), TIMES.map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000))),
        (pa.date32(), st.dates(date(1950, 1, 1), date(2100, 1, 1))),
    ],
    [
        (pa.decimal128(9, 2), st.decimals(-9_999_999, 9_999_999, places=2)),
        (pa.decimal128(20, 5), st.decimals(-(10**14), 10**14, places=5)),
    ],
    [(pa.bool_(), st.booleans())],
    [(pa.binary(), st.binary(max_size=4)), (pa.string(), TEXT)],
    [
        (pa.list_(pa.int32()), st.lists(st.none() | st.integers(-9, 9), max_size=3)),
        (pa.list_(pa.int64()), st.lists(st.integers(-(2**40), 2**40), max_size=3)),
        (pa.list_(pa.null()), st.just([])),
    ],
]
"""Kinds of columns; the types of one family have a type in common that loses nothing."""

WRITERS: list[dict[str, Any]] = [
    {},
    {"version": "1.0"},
    {"version": "2.4", "data_page_version": "2.0"},
    {"use_deprecated_int96_timestamps": True},
    {"use_dictionary": False, "compression": "zstd"},
    {"use_compliant_nested_type": False, "compression": "gzip"},
    {"row_group_size": 1, "compression": "none", "write_page_index": True},
    {"store_schema": False, "compression": "lz4"},
]
FOLDERS = [
    "",
    "day=01",
    "day=1e5",
    "shop/day=2026-01-01",
    "hour=00/day=__HIVE_DEFAULT_PARTITION__",
    "day=Espa%C3%B1a/hour=-0",
]


@st.composite
def lakes(draw: st.DrawFn) -> list[tuple[str, pa.Table, dict[str, Any], str]]:
    """Files, each with its folder, its table, how it is written, and by what."""
    families = {f"c{number}": draw(st.sampled_from(FAMILIES)) for number in range(draw(st.integers(1, 4)))}
    return [_file(draw, families) for _ in range(draw(st.integers(1, 4)))]


def _file(draw: st.DrawFn, families: dict[str, Any]) -> tuple[str, pa.Table, dict[str, Any], str]:
    rows = draw(st.integers(0, 4))
    columns = {}
    for name in draw(st.permutations(sorted(families))):
        if draw(st.integers(0, 4)) or name == "c0":
            kind, values = draw(st.sampled_from(families[name]))
            drawn = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
            columns[name] = pa.array(drawn, kind)
    return (
        draw(st.sampled_from(FOLDERS)),
        pa.table(columns),
        draw(st.sampled_from(WRITERS)),
        draw(st.sampled_from(["pyarrow", "pandas"])),
    )


# Not made smaller when it fails: that takes Spark minutes.
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(lake=lakes())
def test_every_row_of_every_file_arrives_with_its_values(spark: SparkSession, lake: Any) -> None:  # noqa: ANN401
    root = Path(tempfile.mkdtemp(prefix="lake"))
    try:
        paths = [
            _written(root / file[0] / f"{number}.parquet", *file[1:]) for number, file in enumerate(lake)
        ]
        rows = frame(spark, root)
        names = rows.columns
        arrived = Counter(tuple(_plain(value) for value in row) for row in rows.collect())
        assert arrived == Counter(_expected(root, paths, names, dict(rows.dtypes)))
        assert find(root).rows == arrived.total()
    finally:
        shutil.rmtree(root)


def _written(path: Path, table: pa.Table, options: dict[str, Any], writer: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if writer == "pandas" and table.num_rows:
        frame_of_pandas: pd.DataFrame = table.to_pandas()
        frame_of_pandas.iloc[::-1].to_parquet(path)  # an index of its own, that is then a column
    else:
        pq.write_table(table, path, **options)
    return path


def _expected(
    root: Path, paths: list[Path], names: list[str], kinds: dict[str, str]
) -> Iterator[tuple[Any, ...]]:
    for path in paths:
        table = pq.ParquetFile(path).read()
        folder = folder_values(str(path.parent.relative_to(root)))
        for row in table.to_pylist():
            yield tuple(_plain(row[name] if name in row else folder.get(name), kinds[name]) for name in names)


def _plain(value: Any, kind: str | None = None) -> Any:  # noqa: ANN401, PLR0911
    """A value that can be counted; `kind` is the type of the whole column where pyarrow's may be a narrower one."""
    if isinstance(value, list):
        return tuple(map(_plain, value))
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, str) and kind == "binary":
        return value.encode()
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date) and kind in ("timestamp", "timestamp_ntz"):
        return EPOCH + timedelta(days=(value - EPOCH.date()).days)
    return Decimal(value) if isinstance(value, int) and (kind or "").startswith("decimal") else value
