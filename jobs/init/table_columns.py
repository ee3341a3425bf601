"""The columns of a table's folder as Arrow types, for a first configuration: from its own schema, without Spark.

For Delta Lake, it is the newest `metaData` in the log (https://github.com/delta-io/delta/blob/master/PROTOCOL.md,
"Schema Serialization Format"), for Iceberg the metadata file's current schema (https://iceberg.apache.org/spec/#schemas).
For Hudi it is the footer of the newest base file, `<file group>_<write token>_<instant>.parquet`, since the timeline
has the schema as JSON up to table version 6, and as Avro from version 8 on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyarrow import fs as pafs
from pyarrow import parquet as pq

from core.storage import open_filesystem
from jobs.errors import UsageError
from sources.tables.hudi_state import hudi_state
from sources.tables.hudi_timeline import META
from sources.tables.iceberg_metadata import MetadataFolder
from sources.tables.table_source import Format

_SIMPLE = {
    "boolean": pa.bool_(), "byte": pa.int8(), "short": pa.int16(), "integer": pa.int32(), "int": pa.int32(),
    "long": pa.int64(), "float": pa.float32(), "double": pa.float64(), "string": pa.string(), "binary": pa.binary(),
    "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"), "timestamp_ntz": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"), "uuid": pa.string(),
}  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")
_COMMIT = re.compile(r"\d{20}\.json")
_BASE_FILE = re.compile(r"[^_.][^_]*_[^_]+_(\d+)\.parquet")
_DAMAGE = (pa.ArrowException, ValueError, TypeError, AttributeError, LookupError, RecursionError)
"""The errors of reading damaged JSON or Parquet: any value may be missing or of another type."""

_LOGS = {"_delta_log", ".hoodie"}
_CHECKPOINT = re.compile(r"\d{20}\.checkpoint.*\.parquet")


def table_columns(path: str, table: Format) -> Mapping[str, pa.DataType]:
    """Return the columns of the table in the folder `path`.

    Raises:
        UsageError: its log does not tell them, or is damaged.
        InputError: its metadata is damaged.
    """
    try:
        return _columns(path, table)
    except _DAMAGE:
        raise UsageError(
            f"{path}: the columns of the table can't be read: its log or metadata is damaged, or newer than is known. "
            "Restore it, or write the configuration by hand."
        ) from None


def _columns(path: str, table: Format) -> Mapping[str, pa.DataType]:
    filesystem, inner = open_filesystem(path)
    folder = inner.rstrip("/")
    if table == "hudi":
        return _columns_of_hudi(path, filesystem, folder)
    if table == "iceberg":
        content = MetadataFolder(f"source.path {path}", filesystem, f"{folder}/metadata").newest().content
        fields = _schema_of_iceberg(content)
    else:
        found = next(_schemas_of_delta(filesystem, f"{folder}/_delta_log"), None)
        if found is None:
            raise UsageError(f"{path}: the log of this Delta Lake table has no columns. Restore it.")
        fields = found["fields"]
    return {field["name"]: _type(field["type"]) for field in fields}


def a_data_file(path: str) -> str | None:
    """Return a path of one of the table's data files, as it can be opened; None if it has none."""
    filesystem, inner = open_filesystem(path)
    prefix = path.rstrip("/").removesuffix(inner.rstrip("/"))
    first = next(_data_files(filesystem, inner.rstrip("/")), None)
    return first and f"{prefix}{first.path}"


def _data_files(filesystem: pafs.FileSystem, folder: str) -> Iterator[pafs.FileInfo]:
    """Yield the Parquet files of a table's folder, but for those of its log."""
    for info in filesystem.get_file_info(pafs.FileSelector(folder, recursive=True)):
        if info.is_file and info.base_name.endswith(".parquet") and _LOGS.isdisjoint(info.path.split("/")):
            yield info


def _columns_of_hudi(path: str, filesystem: pafs.FileSystem, folder: str) -> Mapping[str, pa.DataType]:
    newest = hudi_state(path, None).instant
    files = _data_files(filesystem, folder)
    found = [(name[1], info.path) for info in files if (name := _BASE_FILE.fullmatch(info.base_name))]
    # A file of a later instant is of a commit that is not complete.
    complete = [each for each in sorted(found) if each[0] <= newest]
    if not complete:
        raise UsageError(
            f"{path}: this Hudi table has no base file that tells its columns, only logs. Compact it, or write the "
            "configuration by hand."
        )
    schema = pq.read_schema(complete[-1][1], filesystem=filesystem)
    return {field.name: field.type for field in schema if not field.name.startswith(META)}


def _schema_of_iceberg(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    schemas = {each.get("schema-id"): each for each in content.get("schemas") or []}
    schema = schemas.get(content.get("current-schema-id")) or content.get("schema") or {"fields": []}
    return list(schema["fields"])


def _schemas_of_delta(filesystem: pafs.FileSystem, log: str) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas in the table's log, the newest first."""
    names = [info.base_name for info in filesystem.get_file_info(pafs.FileSelector(log)) if info.is_file]
    for name in sorted(filter(_COMMIT.fullmatch, names), reverse=True):
        with filesystem.open_input_file(f"{log}/{name}") as stream:
            for line in bytes(stream.read()).splitlines():
                action = json.loads(line) if b'"metaData"' in line else {}
                if "metaData" in action:
                    yield json.loads(action["metaData"]["schemaString"])
    for name in sorted(filter(_CHECKPOINT.fullmatch, names), reverse=True):
        rows = pq.read_table(f"{log}/{name}", columns=["metaData"], filesystem=filesystem)["metaData"]
        yield from (json.loads(each["schemaString"]) for each in rows.to_pylist() if each)


def _type(written: Any) -> pa.DataType:  # noqa: ANN401 - JSON
    """Return the Arrow type of a type as either format writes it; a name, or an object with parts."""
    if isinstance(written, str):
        decimal = _DECIMAL.fullmatch(written)
        return pa.decimal128(int(decimal[1]), int(decimal[2])) if decimal else _SIMPLE.get(written, pa.null())
    if written["type"] == "struct":
        return pa.struct([(each["name"], _type(each["type"])) for each in written["fields"]])
    if written["type"] in ("array", "list"):
        return pa.list_(_type(written.get("elementType") or written["element"]))
    keys = (("keyType", "key"), ("valueType", "value"))
    key, value = (_type(written.get(delta) or written[iceberg]) for delta, iceberg in keys)
    return pa.map_(key, value)
