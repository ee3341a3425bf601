"""The meaning of an error while a table is opened or read: one sentence, by the connectors' own error classes.

Their texts are not passed on: they quote paths with credentials, schemas and rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from py4j.protocol import Py4JJavaError, Py4JNetworkError
from pyspark.errors import PySparkException

from core.errors import InputError
from sources.tables.table_source import NAMES, TableSource

ERROR_CLASS = re.compile(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]")
"""How Spark begins the text of an error that has a class, such as `[UNRESOLVED_COLUMN.WITH_SUGGESTION]`."""

_JAVA_CLASS = re.compile(r"^(?:: |Caused by: )?((?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error))", re.MULTILINE)
_FEATURES = re.compile(r'unsupported by Delta Lake "[^"]*": ([\w, -]+)|unsupported (version \d+)')

_NO_CONNECTOR = re.compile(
    r"DATA_SOURCE_NOT_FOUND|Failed to find data source|JavaPackage' object|ClassNotFoundException: io\.delta"
    r"|Cannot find catalog plugin class"
    # Spark's own parser does not know DESCRIBE HISTORY: Delta Lake's extension is not there.
    r"|PARSE_SYNTAX_ERROR"
)
_OTHER_SPARK = re.compile(
    r"NoSuchMethodError|NoClassDefFoundError|AbstractMethodError|IncompatibleClassChange"
)
_NEWER = re.compile(
    r"DELTA_UNSUPPORTED_FEATURES?_FOR_READ|DELTA_INVALID_PROTOCOL_VERSION|InvalidProtocolVersionException"
    r"|Cannot read unsupported version|Unknown versionCode"
)
_TYPES = re.compile(
    r"Spark does not support (\w+) fields|Cannot convert unsupported type to Spark|(timestamp_ns\w*)"
)
_NO_TABLE = re.compile(
    r"TableNotFoundException|DELTA_MISSING_DELTA_TABLE"
    r"|DELTA_TABLE_NOT_FOUND|is not a Delta table|DELTA_PATH_DOES_NOT_EXIST"
)
_NO_VERSION = re.compile(
    r"Cannot time travel Delta table to version|VersionNotFoundException|DELTA_VERSION_NOT_FOUND"
    r"|DELTA_STATE_RECOVER_ERROR|DELTA_NO_RECREATABLE_HISTORY"
    r"|DELTA_TRUNCATED_TRANSACTION_LOG|DELTA_LOG_FILE_NOT_FOUND|DELTA_.*TIME_?TRAVEL"
    r"|Cleaner cleaned up the timestamp|Please ensure sufficient commits are retained"
)
_PENDING = re.compile(r"must be earlier than the first incomplete commit")
_GONE = re.compile(
    r"(?:NotFoundException: (?:File does not exist|Failed to open input stream for file): "
    r"|DELTA_FILE_NOT_FOUND[^:]*: ?(?:File )?)(\S+?)(?:[,.]?\s|$)"
)


@contextmanager
def opening(source: TableSource, table_format: str) -> Iterator[None]:
    """Turn a connector's error, while it opens a table, into one sentence.

    Raises:
        InputError: the table can't be opened; it names the source and what to do.
    """
    try:
        yield
    except Py4JNetworkError:
        raise
    except (Py4JJavaError, PySparkException, TypeError) as error:
        raise InputError(
            _sentence(source, NAMES.get(table_format, "its catalog"), whole_text(error))
        ) from None


def gone_file(text: str) -> str | None:
    """Return the sentence for a file of a snapshot that is not there any more; None for any other error."""
    found = _GONE.search(text)
    if not found:
        return None
    name = PurePosixPath(found[1].rstrip(".,'\"")).name
    return (
        f"the table's file {name} is not there any more: the version or snapshot that is read was vacuumed or has "
        "expired. Read a newer one by source.as_of, or leave it out for the newest."
    )


def whole_text(error: BaseException) -> str:
    """Return the text of an error from Python and Java."""
    java = getattr(error, "java_exception", None)
    return f"{error}\n{java}" if java is not None else str(error)


def _sentence(source: TableSource, name: str, text: str) -> str:
    if _NO_CONNECTOR.search(text):
        return f"{source}: Spark has no connector for {name}. Start it with the package that docs/tables.md names."
    if _OTHER_SPARK.search(text):
        return (
            f"{source}: the connector for {name} on Spark's class path was made for another version of Spark. "
            "Use the package that docs/tables.md names for yours."
        )
    if _NEWER.search(text):
        features = _FEATURES.search(text)
        which = f" ({(features[1] or features[2]).strip()})" if features else ""
        return (
            f"{source}: the table uses features of {name} that this connector does not know{which}. "
            "Use a newer connector, or remove the feature from the table."
        )
    types = _TYPES.search(text)
    if types:
        return (
            f"{source}: the table has a column of a type that Spark can't read ({types[1] or types[2] or types[0]}). "
            "Write the table without it, or export the columns that you need as Parquet."
        )
    return _of_log(source, name, text)


def _of_log(source: TableSource, name: str, text: str) -> str:
    gone = gone_file(text)
    if gone:
        return f"{source}: {gone}"
    if _NO_TABLE.search(text):
        return f"{source}: there is no table of {name}: its log holds no commit. Name the table's own folder."
    if _NO_VERSION.search(text):
        return (
            f"{source}: that version can't be read any more: its part of the log was cleaned up, or is damaged. "
            "Take a newer one by source.as_of, or leave it out for the newest."
        )
    if _PENDING.search(text):
        return (
            f"{source}: a commit that began earlier is not complete, and its rows would still join the state to be "
            "read. Wait until it is complete or rolled back, or take an older one by source.as_of."
        )
    cause = ERROR_CLASS.findall(text) or [each.rpartition(".")[2] for each in _JAVA_CLASS.findall(text)]
    return (
        f"{source}: the table of {name} can't be opened ({cause[-1] if cause else 'for an unknown reason'}): its "
        "log or metadata is damaged, or can't be read. Restore it, or read an older version by source.as_of."
    )
