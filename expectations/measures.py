"""Measures: what rules need of an event that no expression over its columns gives.

They are columns of their own, next to the event's, which are computed before the rules and once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T


def measure_name(number: int) -> str:
    """Return the name of the column of the measure with this number."""
    return f"_measure_{number}"


def occurrences(columns: Sequence[str], considered: Column) -> Column:
    """Return how many of the `considered` events have the same values of `columns` as this one; a long.

    Null equals null, and `considered` is not null. All events are shuffled by these values and sorted; those
    that are not considered are spread by their ids, as one group of them could be nearly all.
    """
    values = [F.when(considered, F.col(name)) for name in columns]
    alike = Window.partitionBy(considered, *values, F.when(~considered, F.xxhash64("eventId")))
    return F.count(F.lit(1)).over(alike)


def matches_json_schema(column: str, schema: Mapping[str, Any]) -> Column:
    """Return whether a text is JSON of this schema; boolean, null for null.

    Like Great Expectations' own condition, except that a text that is not JSON does not end the run.

    Raises:
        jsonschema.SchemaError: the schema is not valid.
    """
    from jsonschema.validators import validator_for  # noqa: PLC0415 - half a second, for those who use it

    validator_for(schema).check_schema(schema)

    def matches(text: str | None) -> bool | None:
        if text is None:
            return None
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return bool(validator_for(schema)(schema).is_valid(value))

    return F.udf(matches, T.BooleanType())(column)
