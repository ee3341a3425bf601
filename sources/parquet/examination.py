"""The reason why Spark could not read a file: damage, or a feature of Parquet that this Spark lacks."""

from __future__ import annotations

from urllib.parse import unquote

import pyarrow as pa
from pyarrow import parquet as pq

from core.errors import InputError, StorageError
from core.storage import open_filesystem
from sources.listing import list_files
from sources.parquet.footers import read_footers
from sources.parquet.kinds import Unreadable
from sources.parquet.merging import clashes
from sources.parquet.schema_tree import NEW_TYPES

_CODECS = {"UNKNOWN": "LZ4 of Hadoop"}
"""Names of codecs for which pyarrow has none: it calls the newer LZ4_RAW LZ4."""


def how_written(url: str) -> str | None:
    """Return what is unusual in a file, as Spark names it, if pyarrow reads it completely; None if it does not.

    Reads the whole file once. Returns None for storage that this process does not read, such as some catalogs use.
    """
    path = unquote(url)
    try:
        filesystem, inner = open_filesystem(path)
        with filesystem.open_input_file(inner) as stream:
            file = pq.ParquetFile(stream, page_checksum_verification=True)
            for _ in file.iter_batches():
                pass
            metadata = file.metadata
    except StorageError:
        return None
    except (pa.ArrowException, OSError, ValueError):
        return _unknown_columns(path)
    group = metadata.row_group(0) if metadata.num_row_groups else None
    chunks = [group.column(index) for index in range(metadata.num_columns)] if group else []
    codecs = {_CODECS.get(chunk.compression, chunk.compression) for chunk in chunks}
    used = codecs | {each for chunk in chunks for each in chunk.encodings}
    return _unknown_columns(path) or ", ".join(sorted(used)) or "no column"


def _unknown_columns(path: str) -> str | None:
    """Return the columns of a type that keeps this Spark from opening the file at all."""
    try:
        [layout] = read_footers(list_files([path]).files).layouts
    except (InputError, ValueError):
        return None
    found = [
        f"{'.'.join(path)} ({kind})"
        for name, whole in layout.items()
        for path, kind in clashes(name, whole)
        if isinstance(kind, Unreadable) and kind.name in NEW_TYPES
    ]
    return f"the column {', '.join(found)}" if found else None
