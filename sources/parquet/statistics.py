"""Facts that footers' statistics prove about a column: all values are null, or all fit a double.

Used only if two files' kinds clash: each answer reads the footers of the files in question again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sources.listing import SourceFile
from sources.parquet.footer_reading import DAMAGE, chunks, read_content
from sources.parquet.kinds import DOUBLE, LONG, NULL, Kind, ListOf, Scalar

_THREADS = 64
_EXACT_IN_DOUBLE = 2**53
_PATH, _VALUES, _STATISTICS = 3, 5, 12
_MAX, _MIN, _NULL_COUNT, _MAX_VALUE, _MIN_VALUE = 1, 2, 3, 5, 6
"""Fields of ColumnMetaData and of its Statistics in parquet.thrift."""

Chunk = Mapping[int, Any]


def counts_as(name: str, kind: Kind, files: Sequence[SourceFile]) -> Kind:
    """Return the kind that a column counts as when files are merged.

    `null` if all its values are null; `double` if all are longs that a double holds, up to 2^53. The same for the
    elements of a list.
    """
    if isinstance(kind, ListOf) and isinstance(kind.element, Scalar):
        return ListOf(counts_as(f"{name}.", kind.element, files))
    if not isinstance(kind, Scalar):
        return kind
    is_null = is_small = True
    for chunk in _chunks(name, files):
        is_null = is_null and chunk is not None and _all_null(chunk)
        is_small = is_small and kind == LONG and chunk is not None and _is_small(chunk)
        if not (is_null or is_small):
            return kind
    return NULL if is_null else DOUBLE


def bounds(chunk: Chunk) -> tuple[int, int] | None:
    """Return the minimum and the maximum of a chunk of whole numbers; None if the footer has none."""
    statistics = _statistics(chunk)
    low = statistics.get(_MIN_VALUE, statistics.get(_MIN))
    high = statistics.get(_MAX_VALUE, statistics.get(_MAX))
    if not (isinstance(low, bytes) and isinstance(high, bytes) and low and high):
        return None
    return int.from_bytes(low, "little", signed=True), int.from_bytes(high, "little", signed=True)


def path_of(chunk: Chunk) -> list[str]:
    """Return the names of the levels down to a chunk's column."""
    return [part.decode("utf-8", "replace") for part in chunk.get(_PATH, []) if isinstance(part, bytes)]


def _statistics(chunk: Chunk) -> Mapping[int, Any]:
    found = chunk.get(_STATISTICS)
    return found if isinstance(found, dict) else {}


def _all_null(chunk: Chunk) -> bool:
    return bool(_statistics(chunk).get(_NULL_COUNT) == chunk.get(_VALUES))


def _is_small(chunk: Chunk) -> bool:
    limits = bounds(chunk)
    if limits is None:
        return _all_null(chunk)
    return limits[0] >= -_EXACT_IN_DOUBLE and limits[1] <= _EXACT_IN_DOUBLE


def _chunks(name: str, files: Sequence[SourceFile]) -> Iterator[Chunk | None]:
    """Yield the column's chunk in each row group of each file; None where the footer does not say."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(files), _THREADS):
            for found in pool.map(lambda file: _chunks_of(name, file), files[start : start + _THREADS]):
                yield from found


def _chunks_of(name: str, file: SourceFile) -> Sequence[Chunk | None]:
    """Return the chunks of the one leaf that is `name` or, if that ends with a point, below it.

    The levels of a list may have any names.
    """
    try:
        all_chunks = list(chunks(read_content(file.name, file.filesystem, file.path)))
    except (OSError, *DAMAGE):
        return [None]
    if not all_chunks:
        return []
    wanted = name.lower()
    by_leaf: dict[tuple[str, ...], list[Chunk]] = {}
    for chunk in all_chunks:
        path = path_of(chunk)
        joined = ".".join(path).lower()
        if joined == wanted or (wanted.endswith(".") and joined.startswith(wanted)):
            by_leaf.setdefault(tuple(path), []).append(chunk)
    return next(iter(by_leaf.values())) if len(by_leaf) == 1 else [None]
