"""The dirty rows of real histories, each of which must be rejected.

Each kind spoils one column of its own rows. The kinds are those that hurt users today: casts that turned a
missing id into text (aws/aws-sdk-js issue 3371), milliseconds (issue 3370), event types that are null
(aws-samples/ amazon-personalize-samples issue 142), and values beyond the limits of botocore's model.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

SPOILED: Mapping[str, tuple[str, str | float | None]] = {
    "session called null": ("session_id", "null"),
    "user called nan": ("user_id", "nan"),
    "item missing": ("item_id", None),
    "item empty": ("item_id", ""),
    "item blank": ("item_id", "   "),
    "item called None": ("item_id", "None"),
    "event type missing": ("event_type", None),
    "event type called null": ("event_type", "null"),
    "time missing": ("timestamp", None),
    "property too long": ("discount", "9" * 1100),
}
"""Kind: the column that it spoils, and the value it puts there."""

MILLISECONDS = "time in milliseconds"
CROWDED = "impression too long"
"""Kinds that depend on the row: its own time times 1,000, one shown item more than the model allows."""

KINDS = (*SPOILED, MILLISECONDS, CROWDED)
CROWDED_SIZE = 26


def crowded_sizes(mask: Mask) -> npt.NDArray[np.int64]:
    """Return how many items make the masked rows dirty, 0 elsewhere: the `shown_sizes` of `make_shop`."""
    return np.where(mask, CROWDED_SIZE, 0)


def spoil(columns: Mapping[str, pa.Array], rows: Mapping[str, Mask]) -> dict[str, pa.Array]:
    """Return the columns with the rows of each kind spoiled; `rows` has one mask per kind, none overlapping."""
    spoiled = dict(columns)
    for kind, (name, value) in SPOILED.items():
        column, mask = spoiled[name], pa.array(rows[kind])
        # Only as many copies of the value as there are rows: a long one for every row would not fit an
        # array.
        values = pa.array([value] * pc.sum(mask).as_py(), column.type)
        spoiled[name] = pc.replace_with_mask(column, mask, values)
    time = spoiled["timestamp"]
    spoiled["timestamp"] = pc.if_else(pa.array(rows[MILLISECONDS]), pc.multiply(time, 1000), time)
    return spoiled
