"""What footers' statistics prove of a column: that all its values are null, or are whole numbers that a double holds.

Asked only where two files' kinds clash: each answer reads the footers of the files in question again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sources.footers import read_metadata
from sources.kinds import DOUBLE, LONG, NULL, Kind, ListOf, Scalar
from sources.listing import SourceFile

_THREADS = 64
_EXACT_IN_DOUBLE = 2**53


def counts_as(name: str, kind: Kind, files: Sequence[SourceFile]) -> Kind:
    """Return the kind as which a column counts when files are merged.

    `null` where all its values are; `double`, which holds them, where its longs are all within 2^53. The same for the
    elements of a list.
    """
    if isinstance(kind, ListOf) and isinstance(kind.element, Scalar):
        return ListOf(counts_as(f"{name}.", kind.element, files))
    if not isinstance(kind, Scalar):
        return kind
    is_null = is_small = True
    for chunk in _chunks(name, files):
        statistics = chunk.statistics if chunk is not None and chunk.is_stats_set else None
        is_null = is_null and statistics is not None and _all_null(statistics, chunk.num_values)
        is_small = is_small and kind == LONG and statistics is not None and _is_small(statistics)
        if not (is_null or is_small):
            return kind
    return NULL if is_null else DOUBLE


def _all_null(statistics: Any, values: int) -> bool:  # noqa: ANN401 - pyarrow has no types
    return bool(statistics.has_null_count and statistics.null_count == values)


def _is_small(statistics: Any) -> bool:  # noqa: ANN401
    if not statistics.has_min_max:
        return bool(statistics.has_null_count and statistics.num_values == 0)
    return bool(statistics.min >= -_EXACT_IN_DOUBLE and statistics.max <= _EXACT_IN_DOUBLE)


def _chunks(name: str, files: Sequence[SourceFile]) -> Iterator[Any]:
    """Give the column's chunk in each row group of each file; None where it is not one of the file's."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(files), _THREADS):
            for metadata in pool.map(read_metadata, files[start : start + _THREADS]):
                place = _place(metadata, name)
                if place is None:  # the value is the folder's
                    yield None
                    return
                for number in range(metadata.num_row_groups):
                    yield metadata.row_group(number).column(place)


def _place(metadata: Any, name: str) -> int | None:  # noqa: ANN401
    paths = [metadata.schema.column(place).path.lower() for place in range(metadata.num_columns)]
    wanted = name.lower()
    # The writer may call the levels of a list as it likes.
    found = [
        place
        for place, path in enumerate(paths)
        if path == wanted or (wanted[-1:] == "." and path.startswith(wanted))
    ]
    return found[0] if len(found) == 1 else None
