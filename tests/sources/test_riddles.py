"""What Spark fails over is named: damage as damage, and a way of writing that this Spark lacks as that."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from core.errors import InputError
from jobs.spark.spark_failures import SparkFailure, explained
from sources.parquet.examination import how_written
from sources.parquet.thrift import read_struct
from sources.reading import require_openable
from tests.sources.lake import find, frame, values, write
from tests.sources.parquet_mr import write_with_parquet_mr

pytestmark = pytest.mark.spark

TABLE = pa.table({"i": list(range(1000)), "s": [f"s{number % 7}" for number in range(1000)]})


def failure(spark: SparkSession, path: Path) -> str:
    with pytest.raises(SparkFailure) as caught:
        frame(spark, path).collect()
    said = explained(caught.value)
    assert said is not None
    assert "\n" not in str(said)
    return str(said)


def test_a_codec_that_spark_lacks_is_named(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "a b.parquet", TABLE, compression="brotli")
    said = failure(spark, tmp_path)
    assert "a%20b.parquet can't be read: it is written with BrotliCodec, which this Spark lacks" in said


def test_a_rare_encoding_is_read(spark: SparkSession, tmp_path: Path) -> None:
    """DuckDB writes it by itself. The job turns to the reader that knows it."""
    column = pa.table({"f": pa.array([0.1, 0.2, None])})
    write(tmp_path / "a.parquet", column, use_dictionary=False, column_encoding={"f": "BYTE_STREAM_SPLIT"})
    assert values(read_row_by_row(spark, tmp_path), "f") == [0.1, 0.2, None]


def read_row_by_row(spark: SparkSession, path: Path) -> DataFrame:
    """The rows of files that only the slower reader reads, kept."""
    assert find(path).footers.any_rare
    before = spark.conf.get("spark.sql.parquet.enableVectorizedReader")
    spark.conf.set("spark.sql.parquet.enableVectorizedReader", "false")
    try:
        return frame(spark, path).localCheckpoint()
    finally:
        spark.conf.set("spark.sql.parquet.enableVectorizedReader", before or "true")


def signed(number: int) -> bytes:
    return number.to_bytes(8, "big", signed=True)


@pytest.mark.parametrize("repetition", ["optional", "repeated"])
def test_decimals_as_bytes_are_read(spark: SparkSession, tmp_path: Path, repetition: str) -> None:
    """Kafka Connect and Sqoop write them so, by Avro. The vectorized reader ends with a NullPointerException."""
    schema = f"message m {{ {repetition} binary price (DECIMAL(10,2)); }}"
    rows = [{"price": signed(1999)}, {"price": signed(-5)}, {}]
    write_with_parquet_mr(spark, tmp_path / "a.parquet", schema, rows)
    found = [str(value) for value in values(read_row_by_row(spark, tmp_path), F.to_json(F.struct("price")))]
    want = ['{"price":19.99}', '{"price":-0.05}', "{}"]
    lists = ['{"price":[19.99]}', '{"price":[-0.05]}', '{"price":[]}']
    assert sorted(found) == sorted(want if repetition == "optional" else lists)


def test_decimals_of_more_digits_than_a_long_has_need_no_slower_reader(
    spark: SparkSession, tmp_path: Path
) -> None:
    schema = "message m { optional binary price (DECIMAL(19,2)); }"
    write_with_parquet_mr(spark, tmp_path / "a.parquet", schema, [{"price": signed(1999)}])
    assert not find(tmp_path).footers.any_rare
    assert values(frame(spark, tmp_path), "price") == [Decimal("19.99")]


def test_hadoops_lz4_is_named(spark: SparkSession, tmp_path: Path) -> None:
    """pyarrow calls it UNKNOWN."""
    file = tmp_path / "a.parquet"
    write_with_parquet_mr(spark, file, "message m { required binary b; }", [{"b": b"x"}], "LZ4")
    assert "LZ4 of Hadoop" in str(how_written(str(file)))


@pytest.mark.parametrize(
    "options", [{"write_page_checksum": True, "compression": "none"}, {"compression": "zstd"}]
)
def test_a_damaged_page_is_damage(spark: SparkSession, tmp_path: Path, options: dict[str, object]) -> None:
    file = write(tmp_path / "a.parquet", TABLE, **options)
    start = pq.read_metadata(file).row_group(0).column(0).data_page_offset + 40
    content = bytearray(file.read_bytes())
    content[start : start + 60] = b"\xff" * 60
    file.write_bytes(bytes(content))
    assert "a.parquet can't be read: it is damaged or not Parquet throughout" in failure(spark, tmp_path)


def test_a_checksum_of_another_file_is_named(spark: SparkSession, tmp_path: Path) -> None:
    """Spark writes a checksum file for each local file, and pandas overwrites the file alone."""
    frame(spark, write(tmp_path / "in.parquet", TABLE)).coalesce(1).write.parquet(f"file:{tmp_path}/out")
    [file] = (tmp_path / "out").glob("part-*.parquet")
    write(file, {"i": [1, 2, 3]})
    assert "it is not the file that its checksum file (.crc) was computed from" in failure(
        spark, tmp_path / "out"
    )


def test_a_file_without_columns_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", TABLE.select([]))
    with pytest.raises(InputError, match=r"a\.parquet: it has no column"):
        find(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\x15", b"\x19\xf5\xff\xff\xff\xff\x0f", b"\x1c" * 200, b"\x18\x7f", b"\x1e"]
)
def test_a_footer_that_is_no_thrift_is_damage(content: bytes) -> None:
    with pytest.raises(ValueError, match="footer"):
        read_struct(content)


def test_a_type_newer_than_this_spark_is_named_or_left_out(spark: SparkSession, tmp_path: Path) -> None:
    """Whether a Spark opens such a file depends on its version; it never ends in a riddle."""
    write(tmp_path / "a.parquet", {"i": [1], "h": pa.array([1.0], pa.float16())})
    footers = find(tmp_path).footers
    try:
        require_openable(spark, footers)
    except InputError as error:
        assert "a.parquet: column h is FLOAT16, and this Spark can't open" in str(error)  # noqa: PT017
    else:
        assert frame(spark, tmp_path, uses="i").collect() == [(1,)]


def test_an_unknown_logical_type_is_named(spark: SparkSession, tmp_path: Path) -> None:
    """No type has the number 90 yet: pyarrow refuses the whole footer, and so does Spark."""
    file = write(tmp_path / "a.parquet", {"i": [1], "h": pa.array([1.0], pa.float16())})
    content = file.read_bytes()
    logical = b"\xfc\x00\x00"  # in Thrift's compact protocol: field 15 of the union, an empty struct
    assert content.count(logical) == 1
    # A field number beyond 15 needs a byte of its own: the footer grows by one.
    length = int.from_bytes(content[-8:-4], "little") + 1
    grown = (
        content[:-8].replace(logical, b"\x0c\xb4\x01\x00\x00") + (length + 1).to_bytes(4, "little") + b"PAR1"
    )
    file.write_bytes(grown)
    with pytest.raises(InputError, match=r"a\.parquet: column h is of an unknown logical type, and"):
        require_openable(spark, find(tmp_path).footers)


def test_a_file_that_went_after_it_was_listed_is_named(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", TABLE)
    rows = frame(spark, write(tmp_path / "b.parquet", TABLE))
    (tmp_path / "b.parquet").unlink()
    with pytest.raises(SparkFailure) as caught:
        rows.collect()
    assert "b.parquet is not there any more" in str(explained(caught.value))


def test_a_column_called_as_sparks_row_number_is_refused_if_used(spark: SparkSession, tmp_path: Path) -> None:
    """Where a file lacks it, Spark makes it up; and it fails where its type is not long."""
    name = "_tmp_metadata_row_index"
    write(tmp_path / "a.parquet", {name: [7], "item": ["a"], "s": [{name: "x"}]})
    write(tmp_path / "b.parquet", {"item": ["b"]})
    with pytest.raises(InputError, match=rf"a\.parquet: column {name} is named like .* or rename it\."):
        frame(spark, tmp_path, uses=name)
    rows = frame(spark, tmp_path, uses=f"item, s.{name}")
    assert values(rows, "item", f"s.{name}") == [("a", "x"), ("b", None)]
