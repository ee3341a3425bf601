"""The columns of a Delta Lake, Iceberg or Hudi table, in place of a log's files."""

from __future__ import annotations

from core.storage import open_filesystem
from jobs.init.log_sample import LogSample, bounds_of
from jobs.init.table_columns import a_data_file, table_columns
from sources.tables.table_source import Format


def sample_table(path: str, table: Format) -> LogSample:
    """Return the table's columns and, as far as one of its data files has them, the bounds of whole numbers.

    Raises:
        InputError, StorageError: the table's log or metadata can't be read.
    """
    columns = table_columns(path, table)
    file = a_data_file(path)
    found = bounds_of(file, *open_filesystem(file)) if file else ()
    bounds = {name: each for name, each in found if name.partition(".")[0] in columns}
    return LogSample(columns, bounds, (), ())
