"""A shop's history as Parquet, the same for the same seed, with a known number of dirty rows and duplicates.

It is the source of the demo, of whole-job tests and of benchmarks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from demo.dirt import CROWDED, KINDS, Mask, crowded_sizes, spoil
from demo.shop import Shop, make_shop

DIRTY_SHARE = 0.005
DUPLICATE_SHARE = 0.003
MAX_EVENTS_PER_REQUEST = 10
"""The largest eventList (botocore's model)."""


@dataclass(frozen=True, slots=True)
class History:
    """The truth about a generated history: `rows` = `valid` + `rejected` + `duplicates`."""

    folder: Path
    rows: int
    valid: int
    duplicates: int
    dirty: Mapping[str, int]
    sessions: int
    minimum_requests: int

    @property
    def rejected(self) -> int:
        """Return the number of all dirty rows."""
        return sum(self.dirty.values())


def generate(
    folder: Path,
    events: int = 200_000,
    seed: int = 7,
    *,
    dirty_share: float = DIRTY_SHARE,
    duplicate_share: float = DUPLICATE_SHARE,
    files_per_month: int = 2,
) -> History:
    """Write `events` rows under `folder/month=YYYY-MM/` and return the truth about them.

    The columns are those of `make_shop`, with `month` as the partition column. Exact duplicates are copies
    of clean rows.

    Raises:
        FileExistsError: `folder` exists; another history's files would falsify the truth.
    """
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    duplicates = round(events * duplicate_share)
    rows = _dirty_rows(events - duplicates, dirty_share, random)
    shop = make_shop(events - duplicates, random, crowded_sizes(rows[CROWDED]))
    clean = ~np.any(list(rows.values()), axis=0)
    copies = random.choice(np.flatnonzero(clean), duplicates, replace=False)
    table = pa.table(spoil(shop.columns, rows))
    _write(folder, table, shop.time, copies, files_per_month)
    return _truth(folder, shop, rows, clean, duplicates)


def _dirty_rows(count: int, share: float, random: np.random.Generator) -> dict[str, Mask]:
    """Return a mask per kind, all of one size, none overlapping."""
    each = round(count * share / len(KINDS))
    drawn = random.choice(count, each * len(KINDS), replace=False).reshape(len(KINDS), each)
    masks = np.zeros((len(KINDS), count), np.bool_)
    np.put_along_axis(masks, drawn, values=True, axis=1)
    return dict(zip(KINDS, masks, strict=True))


def _write(
    folder: Path, table: pa.Table, time: npt.NDArray[np.int64], copies: npt.NDArray[np.int64], files: int
) -> None:
    # In the order of time, as a log is written; a copy is next to its original or in the next file.
    order = np.concatenate([np.arange(len(time)), copies])
    order = order[np.argsort(time[order], kind="stable")]
    months = time[order].astype("datetime64[s]").astype("datetime64[M]")
    for month in np.unique(months):
        target = folder / f"month={month}"
        target.mkdir()
        for number, part in enumerate(np.array_split(order[months == month], files)):
            pq.write_table(
                table.take(pa.array(part)), target / f"part-{number:03d}.parquet", compression="zstd"
            )


def _truth(folder: Path, shop: Shop, rows: Mapping[str, Mask], clean: Mask, duplicates: int) -> History:
    per_session = np.bincount(shop.session[clean])
    requests = -(-per_session // MAX_EVENTS_PER_REQUEST)
    return History(
        folder=folder,
        rows=len(clean) + duplicates,
        valid=int(clean.sum()),
        duplicates=duplicates,
        dirty={kind: int(mask.sum()) for kind, mask in rows.items()},
        sessions=int((per_session > 0).sum()),
        minimum_requests=int(requests.sum()),
    )
