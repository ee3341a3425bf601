"""The items shown with an event: an array of ids, and the sizes that the service limits.

The source holds an array or one string joined with `|`, the form of Personalize's bulk data (developer
guide, Impressions data). No impression, an empty array and an empty string are all absent: null. Order and
repeats are kept. Bad ids are counted, and a rule rejects the row.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.errors import InputError
from transforms.identity import identity
from transforms.scalars import id_text

SEPARATOR = "|"
MAX_ID_CHARACTERS = 256
"""botocore's personalize-events model, shape ItemId."""

_WHERE = "mapping.impression"
_NO_ID = r"[\s\p{Z}\x1c-\x1f\x85]*(null|none|nan)?[\s\p{Z}\x1c-\x1f\x85]*"
_IS_NO_ID = rf"(?i)\A{_NO_ID}\z"
_HOLDS_NO_ID = rf"(?i)\|{_NO_ID}(\||\z)"
"""For joined ids after one more `|`: a pattern that starts with a plain character is found three times as fast."""


def impression_ids(column: Column, data_type: T.DataType) -> Column:
    """Read the shown items as array<string>, null when there are none.

    Raises:
        InputError: the column is neither a string nor an array of single values.
    """
    if isinstance(data_type, T.NullType):
        return F.lit(None).cast("array<string>")
    if isinstance(data_type, T.StringType):
        return F.when(column != "", F.split(column, r"\|"))
    if not isinstance(data_type, T.ArrayType):
        raise InputError(
            f"{_WHERE}: gives {data_type.simpleString()}. Give an array, or a string joined with |."
        )
    return F.when(F.size(column) > 0, _texts(column, data_type.elementType))


def joined(ids: Column) -> Column:
    """Join the ids as Personalize counts their characters; a null id counts as an empty one."""
    return F.array_join(ids, SEPARATOR, "")


def impression_identity(column: Column, data_type: T.DataType, ids: Column) -> Column:
    """Replace the ids, in their order, by 64 bits (xxHash64, each id's seeded with the one before); null if none.

    That is enough to distinguish two events that agree in all else; as text the ids would be the larger
    part of what an event id hashes.
    """
    return F.when(ids.isNotNull(), F.xxhash64(identity(column, ids, data_type)))


def impression_sizes(ids: Column, joined_ids: Column) -> dict[str, Column]:
    """Return the helper columns that the rules read, all int, all null if there is no impression.

    `_impression_size` ids, `_impression_chars` characters of the joined ids (AWS limits the joined value to
    1,000), `_impression_long_ids` ids of more than 256 characters, `_impression_bad_ids` ids that are null,
    empty, blank, or the words null, None or nan.
    """
    return {
        "_impression_size": F.when(ids.isNotNull(), F.size(ids)),
        "_impression_chars": F.char_length(joined_ids),
        "_impression_long_ids": _long_ids(ids, joined_ids),
        "_impression_bad_ids": _bad_ids(ids, joined_ids),
    }


def _texts(column: Column, element: T.DataType) -> Column:
    """Write each id as `id_text` does; a plain cast, which is quicker, does the same to all but fractions and decimals.

    Text that is not UTF-8 rejects its row, so its result here does not matter.
    """
    if isinstance(element, (T.FloatType, T.DoubleType, T.DecimalType)):
        return F.transform(column, lambda item: id_text(item, element, _WHERE))
    if isinstance(element, T.StringType):
        # Parquet's reader takes a text out of its dictionary each time that it is read; a slice does so once.
        return F.slice(column, 1, F.size(column))
    id_text(F.lit(None), element, _WHERE)
    return column.cast("array<string>")


def _long_ids(ids: Column, joined_ids: Column) -> Column:
    # Bytes are counted at once, characters one by one, and there are never fewer bytes.
    may_hold = F.octet_length(joined_ids) > MAX_ID_CHARACTERS
    return _search(ids, may_hold, lambda item: F.char_length(item) > MAX_ID_CHARACTERS)


def _bad_ids(ids: Column, joined_ids: Column) -> Column:
    may_hold = F.concat(F.lit(SEPARATOR), joined_ids).rlike(_HOLDS_NO_ID)
    return _search(ids, may_hold, lambda item: F.coalesce(item.rlike(_IS_NO_ID), F.lit(True)))


def _search(ids: Column, may_hold: Column, wanted: Callable[[Column], Column]) -> Column:
    """Count the wanted ids; a search of the joined text first spares nearly every row the search through its array."""
    return F.when(may_hold, F.size(F.filter(ids, wanted))).when(ids.isNotNull(), F.lit(0))
