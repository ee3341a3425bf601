"""Which table a run's source is, if it is one, and what can be known of it before Spark starts."""

from __future__ import annotations

from datetime import UTC, datetime

from core.as_of import written
from core.errors import InputError
from core.globs import is_glob
from sources.tables.formats import table_format
from sources.tables.hudi_state import hudi_state
from sources.tables.iceberg_state import iceberg_state
from sources.tables.table_source import TableSource
from transforms.mapping import SourceSettings


def find_table(settings: SourceSettings) -> TableSource | None:
    """Return the table that the source is; None where it is files.

    Raises:
        InputError: `as_of` is given without a table or is in the future; the table's metadata can't be used.
        OSError, StorageError: the path can't be looked into.
    """
    source = _table(settings)
    if settings.as_of is None:
        return source
    if source is None:
        raise InputError(
            "source.as_of: only a table has versions, and source.path is not the folder of one. Take source.as_of out, "
            "or name the folder of a Delta Lake, Iceberg or Hudi table alone."
        )
    if isinstance(settings.as_of, datetime) and settings.as_of > datetime.now(UTC):
        raise InputError(
            f"source.as_of: {written(settings.as_of)} is in the future, so a later run could read something else. "
            "Take a time in the past, or leave it out for the newest."
        )
    return source


def _table(settings: SourceSettings) -> TableSource | None:
    if settings.table is not None:
        return TableSource("source.table", settings.table, None, settings.as_of)
    if len(settings.path) != 1 or is_glob(settings.path[0]):
        return None
    [path] = settings.path
    found = table_format(path)
    if found is None:
        return None
    iceberg = iceberg_state(path, settings.as_of) if found == "iceberg" else None
    hudi = hudi_state(path, settings.as_of) if found == "hudi" else None
    return TableSource("source.path", path, found, settings.as_of, iceberg, hudi)
