"""Files as parquet-mr's own writer makes them: in Spark's JVM, with any types that pyarrow would not write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession


def write_with_parquet_mr(
    spark: SparkSession,
    path: Path,
    schema: str,
    rows: Sequence[Mapping[str, Any]],
    codec: str = "UNCOMPRESSED",
) -> None:
    """Write `rows` of top-level columns to a file of the `schema`, a message type in Parquet's own notation."""
    jvm: Any = spark._jvm
    parquet = jvm.org.apache.parquet
    message = parquet.schema.MessageTypeParser.parseMessageType(schema)
    builder = parquet.hadoop.example.ExampleParquetWriter.builder(
        jvm.org.apache.hadoop.fs.Path(f"file:{path}")
    )
    builder = builder.withType(message)
    builder.withCompressionCodec(getattr(parquet.hadoop.metadata.CompressionCodecName, codec))
    writer = builder.build()
    groups = parquet.example.data.simple.SimpleGroupFactory(message)
    for row in rows:
        group = groups.newGroup()
        for name, value in row.items():
            is_bytes = isinstance(value, bytes)
            group.append(name, parquet.io.api.Binary.fromConstantByteArray(value) if is_bytes else value)
        writer.write(group)
    writer.close()
