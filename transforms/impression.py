"""The items shown with an event: an array of ids, and the sizes that the service limits.

The source holds an array or one string joined with `|`, the form of Personalize's bulk data (developer guide,
Impressions data). No impression, an empty array and an empty string are all absent: null. Order and repeats
are kept. It drops no bad id: it counts them, and a rule rejects the row.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from transforms.errors import BadInput
from transforms.scalars import id_text

SEPARATOR = "|"

_WHERE = "mapping.impression"
_NO_ID = r"[\s\p{Z}\x1c-\x1f\x85]*(null|none|nan)?[\s\p{Z}\x1c-\x1f\x85]*"
_IS_NO_ID = rf"(?i)\A{_NO_ID}\z"
_HOLDS_NO_ID = rf"(?i)(\A|\|){_NO_ID}(\||\z)"


def impression_ids(column: Column, data_type: T.DataType) -> Column:
    """Read the shown items as array<string>, null when there are none.

    Raises `BadInput` for a column that is neither a string nor an array of single values.
    """
    if isinstance(data_type, T.NullType):
        return F.lit(None).cast("array<string>")
    if isinstance(data_type, T.StringType):
        return F.when(column != "", F.split(column, r"\|"))
    if not isinstance(data_type, T.ArrayType):
        raise BadInput(
            f"{_WHERE} gives {data_type.simpleString()}; give an array, or a string joined with |."
        )
    return F.when(F.size(column) > 0, _texts(column, data_type.elementType))


def joined(ids: Column) -> Column:
    """Join the ids as Personalize counts their characters; a null id counts as an empty one."""
    return F.array_join(ids, SEPARATOR, "")


def lengths(ids: Column) -> Column:
    """Count the characters of each id: array<int>, null for a null id."""
    return F.transform(ids, F.char_length)


def canonical(ids: Column, joined_ids: Column, id_lengths: Column) -> Column:
    """Write the ids so that no two impressions are written alike, but for a null and an empty id: both are bad.

    The joined text does, behind the count of ids, unless an id holds a `|` itself; then the lengths tell.
    """
    separators = F.char_length(joined_ids) - F.char_length(F.replace(joined_ids, F.lit(SEPARATOR), F.lit("")))
    plain = F.concat(F.size(ids).cast("string"), F.lit(":"), joined_ids)
    told_apart = F.concat(F.array_join(id_lengths.cast("array<string>"), ",", "-"), F.lit("~"), joined_ids)
    return F.when(separators < F.size(ids), plain).otherwise(told_apart)


def impression_sizes(ids: Column, joined_ids: Column, id_lengths: Column) -> dict[str, Column]:
    """Give the helper columns that the rules look at, all int, all null where there is no impression.

    `_impression_size` ids, `_impression_chars` characters of the joined ids (AWS limits the joined value to
    1,000), `_impression_shortest` and `_impression_longest` characters of one id, `_impression_bad_ids` ids
    that are null, blank, or the words null, None or nan.
    """
    return {
        "_impression_size": F.when(ids.isNotNull(), F.size(ids)),
        "_impression_chars": F.char_length(joined_ids),
        "_impression_shortest": F.array_min(id_lengths),
        "_impression_longest": F.array_max(id_lengths),
        "_impression_bad_ids": _bad_ids(ids, joined_ids),
    }


def _texts(column: Column, element: T.DataType) -> Column:
    """Write each id as `id_text` does; a plain cast, which is quicker, does the same to all but fractions."""
    if isinstance(element, (T.FloatType, T.DoubleType)):
        return F.transform(column, lambda item: id_text(item, element, _WHERE))
    id_text(F.lit(None), element, _WHERE)
    return column.cast("array<string>")


def _bad_ids(ids: Column, joined_ids: Column) -> Column:
    """Count bad ids; a look at the joined text first spares nearly every row the search through its array."""
    bad = F.filter(ids, lambda item: F.coalesce(item.rlike(_IS_NO_ID), F.lit(True)))
    return F.when(joined_ids.rlike(_HOLDS_NO_ID), F.size(bad)).when(ids.isNotNull(), F.lit(0))
