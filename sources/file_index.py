"""A DataFrame of exactly the given files: without Spark's own listing, inference, patterns and filters.

`spark.read.parquet` lists by itself, under a dozen settings that pass over files, guesses the type of
folder values, takes wildcards in names for patterns, and asks the store for each path. Here Spark gets the
files and their folder values as its own `InMemoryFileIndex` holds them, by the constructors that Iceberg's
and Delta Lake's connectors call, too; they are the same in Spark 3.5 to 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from py4j.java_gateway import JavaGateway, JavaObject
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from core.catalyst import jvm_of
from sources.listing import SourceFile

_BLOCK = 128 << 20
_CACHE_BYTES = 1 << 40


def frame_of(
    spark: SparkSession, files: Sequence[SourceFile], columns: T.StructType, folders: Mapping[str, str]
) -> DataFrame:
    """Return the rows of `files`, read as `columns`, and a text column for each of `folders`.

    `folders` maps the lower-case key of each folder column to its name; for a file in no such folder, the
    value is null.
    """
    java = _Java(spark)
    partitions = T.StructType([T.StructField(name, T.StringType()) for name in folders.values()])
    index = java.index(files, partitions, list(folders))
    _check_all_there(index, files)
    relation = java.sources.HadoopFsRelation(
        index,
        java.schema(partitions),
        java.schema(columns),
        java.option(None),
        java.sources.parquet.ParquetFileFormat(),
        java.map(_options(files)),
        java.session,
    )
    return DataFrame(java.session.baseRelationToDataFrame(relation), spark)


def _options(files: Sequence[SourceFile]) -> dict[str, str]:
    """Return Hadoop's settings for these files: checksum files of local files can't be found after a colon."""
    if any(":" in file.path and file.url.startswith("file:") for file in files):
        return {
            "fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
            "fs.file.impl.disable.cache": "true",
        }
    return {}


def _check_all_there(index: JavaObject, files: Sequence[SourceFile]) -> None:
    seen, size = index.allFiles().size(), index.sizeInBytes()
    if (seen, size) != (len(files), sum(file.size for file in files)):
        raise RuntimeError(f"Spark was given {len(files)} files and reads {seen}, or another size of them")


class _Java:
    """Spark's own classes, and the arguments of their constructors."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm = jvm_of(spark)
        self._gateway: JavaGateway = spark.sparkContext._gateway  # noqa: SLF001 - PySpark has no public name
        self.session: JavaObject = spark._jsparkSession  # noqa: SLF001
        self.sources = self._jvm.org.apache.spark.sql.execution.datasources
        self._path = self._jvm.org.apache.hadoop.fs.Path

    def index(self, files: Sequence[SourceFile], partitions: T.StructType, keys: list[str]) -> JavaObject:
        """Return the index of the files; its cache already has what it would list."""
        root = self._path(files[0].url.rpartition("/")[0] or "/")
        cache = self.sources.SharedInMemoryCache(_CACHE_BYTES, -1).createForNewClient()
        cache.putLeafFiles(root, self._statuses(files))
        spec = self.sources.PartitionSpec(self.schema(partitions), self._folders(files, keys))
        # With no folder column, it would look for files in the root alone.
        parameters = self.map({} if keys else {"recursiveFileLookup": "true"})
        return self.sources.InMemoryFileIndex(
            self.session,
            self._seq([root]),
            parameters,
            self.option(None),
            cache,
            self.option(spec),
            self.option(None),
        )

    def schema(self, schema: T.StructType) -> JavaObject:
        """Return a schema as Spark holds it."""
        return self._jvm.org.apache.spark.sql.types.DataType.fromJson(schema.json())

    def option(self, value: object) -> JavaObject:
        """Return a Scala Option."""
        return self._jvm.scala.Option.apply(value)

    def map(self, values: Mapping[str, str]) -> JavaObject:
        """Return an immutable Scala map."""
        made = self._jvm.java.util.HashMap()
        for key, value in values.items():
            made.put(key, value)
        return self._jvm.PythonUtils.toScalaMap(made)

    def _seq(self, values: Sequence[object]) -> JavaObject:
        made = self._jvm.java.util.ArrayList()
        for value in values:
            made.add(value)
        return self._jvm.PythonUtils.toSeq(made)

    def _statuses(self, files: Sequence[SourceFile]) -> JavaObject:
        """Return the files as Hadoop's FileStatus[], in one call: one call for each would take minutes."""
        class_of = self._jvm.java.lang.Class.forName
        array = self._jvm.org.apache.hadoop.io.ArrayWritable(class_of("org.apache.hadoop.fs.FileStatus"))
        stream = self._jvm.java.io.ByteArrayInputStream(bytes(_written(files)))
        array.readFields(self._jvm.java.io.DataInputStream(stream))
        # Of the right type: the array's own elements are declared as Writable.
        made = self._gateway.new_array(self._jvm.org.apache.hadoop.fs.FileStatus, len(files))
        self._jvm.java.lang.System.arraycopy(array.get(), 0, made, 0, len(files))
        return made

    def _folders(self, files: Sequence[SourceFile], keys: list[str]) -> JavaObject:
        """Return each folder with a file in it, with its values."""
        if not keys:
            return self._seq([])
        values = {file.url.rpartition("/")[0]: file.values for file in files}
        row_of = self._jvm.org.apache.spark.sql.catalyst.expressions.GenericInternalRow
        text = self._jvm.org.apache.spark.unsafe.types.UTF8String.fromString
        folder_of = self.sources.PartitionPath  # looked up once: each lookup is a call to the JVM
        made = []
        for folder, of_folder in values.items():
            row = row_of(len(keys))
            lower = {name.lower(): value for name, value in of_folder.items()}
            for index, key in enumerate(keys):
                if lower.get(key) is None:
                    row.setNullAt(index)
                else:
                    row.update(index, text(lower[key]))
            made.append(folder_of(row, self._path(folder)))
        return self._seq(made)


def _written(files: Sequence[SourceFile]) -> bytearray:
    """Write an ArrayWritable of FileStatus: the count, then each as its protocol buffer after its length.

    FileStatusProto of Hadoop's FSProtos.proto: 1 fileType, 2 path, 3 length, 4 permission, 8
    block_replication, 9 blocksize.
    """
    out = bytearray(len(files).to_bytes(4, "big"))
    for file in files:
        path = file.url.encode()
        message = b"\x08\x02\x12" + _varint(len(path)) + path + b"\x18" + _varint(file.size)
        message += b"\x22\x03\x08" + _varint(0o644) + b"\x40\x01\x48" + _varint(_BLOCK)
        out += len(message).to_bytes(4, "big") + message
    return out


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:  # noqa: PLR2004 - seven bits in each byte
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
