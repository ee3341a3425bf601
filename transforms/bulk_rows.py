r"""Shaped events as rows of the Interactions dataset: one text for each field of the schema, and the CSV line of them.

The format is the developer guide's, "Preparing training data", "Item interaction data" and "Troubleshooting": columns
in the schema's order, an empty field for null, text in double quotes with `\` before `"` and `\`, one line for each
record, times in seconds. What the guide leaves open is written in the plainest way: numbers without exponent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from transforms.impression import joined
from transforms.interactions_schema import Field, InteractionsSchema
from transforms.properties import sent_text, typed_text
from transforms.properties_plan import Property
from transforms.scalars import as_text, is_unreadable, read_as

LINE, OBSTACLE = "_line", "_obstacle"
"""The columns of `with_line`. No key of a property begins with `_`."""

NO_USER = "no_user"
CONTROL_CHARACTER = "control_character"
DIVIDED_ID = "separator_in_impression"
OTHER_SESSION = "session_of_other_type"
OBSTACLES = (NO_USER, CONTROL_CHARACTER, DIVIDED_ID, OTHER_SESSION)
"""Why bulk data can't hold an event.

Every row needs a USER_ID, a record is one line, `|` separates shown items, and the session must be readable as the type
of the field SESSION_ID, if there is one.
"""

_MAY_BREAK_A_LINE = r"[\x00-\x08\x0A-\x1F\x7F]"
"""Line ends, and other control characters that no CSV reader is documented to take; a tab is allowed."""

_QUOTED_MARKS = (",", '"', "\\")
_QUOTED_ENDS = (" ", "\t")
"""What a text is quoted for: a mark anywhere, white space at an end. Other white space breaks a line, see above."""

_SESSION = "SESSION_ID"
_TEXT = "_text_"
"""The prefix of the columns that hold a field's text while a line is made."""


def header(schema: InteractionsSchema) -> str:
    """Return the first line of every file: the fields in the schema's order, without quotation marks."""
    return ",".join(field.name for field in schema.fields)


def field_texts(schema: InteractionsSchema, properties: Sequence[Property]) -> dict[str, Column]:
    """Return the text of each field of `schema` over shaped events, by the field's name.

    It is what PutEvents would be sent, in the form of bulk data; null if the event has no such value.
    """
    planned = {each.field: each for each in properties}
    return {field.name: _text(field, planned.get(field.name)) for field in schema.fields}


def with_line(events: DataFrame, schema: InteractionsSchema, properties: Sequence[Property]) -> DataFrame:
    """Add two columns to shaped events: `LINE`, the row as CSV without its line end, and `OBSTACLE`.

    An obstacle is one of `OBSTACLES`, null if a file can hold the row.
    """
    texts = {_TEXT + name: text for name, text in field_texts(schema, properties).items()}
    cells = [_cell(F.col(_TEXT + field.name), field) for field in schema.fields]
    lined = events.withColumns(texts).withColumn(LINE, F.concat_ws(",", *cells))
    return lined.withColumn(OBSTACLE, _obstacle(schema, properties)).drop(*texts)


def staged_lines(staged: DataFrame) -> DataFrame:
    """Return staged events that have the columns of `with_line` as `event_id`, `sent_at`, `line`, `obstacle`."""
    return staged.select("event_id", "sent_at", F.col(LINE).alias("line"), F.col(OBSTACLE).alias("obstacle"))


def _text(field: Field, planned: Property | None) -> Column:
    if field.name in _FIELDS:
        return _FIELDS[field.name]()
    if planned is not None:
        text = sent_text(planned)
    elif field.name == _SESSION:
        text = _session_text(field)
    else:
        return F.lit(None).cast("string")
    return F.initcap(text) if field.type == "boolean" else text


def _session_text(field: Field) -> Column:
    """Return the session for a dataset with a field of its own for it; null if it can't be read as the field's type."""
    session = F.col("sessionId")
    if field.type == "string":
        return session
    return typed_text(read_as(session, T.StringType(), field.type, "mapping.sessionId"), field.type)


_FIELDS = {
    "USER_ID": lambda: F.col("userId"),
    "ITEM_ID": lambda: F.col("itemId"),
    "TIMESTAMP": lambda: F.col("sentAt").cast("string"),
    "EVENT_TYPE": lambda: F.col("eventType"),
    "EVENT_VALUE": lambda: as_text(F.col("eventValue"), T.DoubleType()),
    "IMPRESSION": lambda: joined(F.col("impression")),
    "RECOMMENDATION_ID": lambda: F.col("recommendationId"),
    "EVENT_ATTRIBUTION_SOURCE": lambda: F.col("eventAttributionSource"),
}


def _cell(text: Column, field: Field) -> Column:
    if field.type != "string":
        return F.coalesce(text, F.lit(""))
    escaped = F.regexp_replace(text, r'(["\\])', r"\\$1")
    quoted = F.concat(F.lit('"'), escaped, F.lit('"'))
    return F.when(text.isNull(), "").when(_needs_quotes(text), quoted).otherwise(text)


def _needs_quotes(text: Column) -> Column:
    """Return whether a text is quoted, by searches of its bytes: a regular expression takes ten times as long."""
    marks = (text.contains(mark) for mark in _QUOTED_MARKS)
    ends = (found for end in _QUOTED_ENDS for found in (text.startswith(end), text.endswith(end)))
    return reduce(or_, (text == "", *marks, *ends))


def _divides(impression: Column) -> Column:
    """Return whether an id of the array has the character that joins them: read back, it would be two ids."""
    read_back = F.size(F.split(joined(impression), r"\|"))
    return read_back > F.greatest(F.size(impression), F.lit(1))


def _obstacle(schema: InteractionsSchema, properties: Sequence[Property]) -> Column:
    found = F.when(F.col("userId").isNull(), NO_USER)
    found = found.when(F.col(LINE).rlike(_MAY_BREAK_A_LINE), CONTROL_CHARACTER)
    if schema.get("IMPRESSION") is not None:
        found = found.when(_divides(F.col("impression")), DIVIDED_ID)
    if schema.get(_SESSION) is None or any(each.field == _SESSION for each in properties):
        return found
    return found.when(is_unreadable(F.col("sessionId"), F.col(_TEXT + _SESSION)), OTHER_SESSION)
