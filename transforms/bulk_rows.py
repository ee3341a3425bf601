r"""Staged events as rows of the Interactions dataset: one text for each field of the schema, and the CSV line of them.

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
from transforms.properties_plan import Property
from transforms.scalars import as_text

EVENT_ID, LINE, OBSTACLE = "_event_id", "_line", "_obstacle"
"""Columns next to the fields, which may be called EVENT_ID or LINE: Spark ignores case."""

NO_USER = "no_user"
CONTROL_CHARACTER = "control_character"
DIVIDED_ID = "separator_in_impression"
OBSTACLES = (NO_USER, CONTROL_CHARACTER, DIVIDED_ID)
"""Why bulk data can't hold an event: every row needs a USER_ID, a record is one line, and `|` separates shown items."""

_EVENT = (
    "eventType string, sentAt bigint, itemId string, eventValue double, properties string, impression array<string>, "
    "recommendationId string, metricAttribution struct<eventAttributionSource: string>"
)
_WHO = "userId string, sessionId string"
_MAY_BREAK_A_LINE = r"[\x00-\x08\x0A-\x1F\x7F]"
"""Line ends, and what else no CSV reader is documented to take; a tab is allowed."""

_QUOTED_MARKS = (",", '"', "\\")
_QUOTED_ENDS = (" ", "\t")
"""What a text is quoted for: a mark anywhere, white space at an end. Other white space breaks a line, see above."""


def header(schema: InteractionsSchema) -> str:
    """Return the first line of every file: the fields in the schema's order, without quotation marks."""
    return ",".join(field.name for field in schema.fields)


def bulk_rows(staged: DataFrame, schema: InteractionsSchema, properties: Sequence[Property]) -> DataFrame:
    """Write each staged event (columns `event_id`, `envelope`, `body`) as a row of the dataset.

    Columns: `EVENT_ID`; one for each field of `schema`, a string, null if the event has no such value;
    `LINE`, the row as CSV without its line end; `OBSTACLE`, one of `OBSTACLES`, null if a file can hold the
    row.
    """
    parsed = _parsed(staged).withColumn("_properties", F.from_json("_event.properties", "map<string,string>"))
    keys = {planned.field: planned.key for planned in properties}
    fields = [_text(field, keys).alias(field.name) for field in schema.fields]
    marks = [F.col("_who.userId").alias("_user"), _divides("_event.impression").alias("_divided")]
    rows = parsed.select(EVENT_ID, *marks, *fields)
    lined = rows.withColumn(LINE, F.concat_ws(",", *(_cell(field) for field in schema.fields)))
    return lined.withColumn(OBSTACLE, _obstacle(schema)).drop("_user", "_divided")


def bulk_lines(staged: DataFrame, schema: InteractionsSchema, properties: Sequence[Property]) -> DataFrame:
    """Write each staged event as `bulk_rows` does, without the fields: `event_id`, `sent_at`, `line`, `obstacle`."""
    rows = bulk_rows(staged, schema, properties)
    named = {EVENT_ID: "event_id", LINE: "line", OBSTACLE: "obstacle"}
    columns = [F.col(name).alias(plain) for name, plain in named.items()]
    return rows.select(*columns, F.col("TIMESTAMP").cast("bigint").alias("sent_at"))


def _parsed(staged: DataFrame) -> DataFrame:
    """Read envelope and body as one document: to set up a parser costs about as much as what it reads here."""
    both = F.concat(F.lit('{"_who":'), "envelope", F.lit(',"_event":'), "body", F.lit("}"))
    read = staged.select(
        F.col("event_id").alias(EVENT_ID),
        F.from_json(both, f"_who struct<{_WHO}>, _event struct<{_EVENT}>").alias("_read"),
    )
    return read.select(EVENT_ID, "_read._who", "_read._event")


def _text(field: Field, keys: dict[str, str]) -> Column:
    """Return the value of one field as text: what PutEvents would be sent, in the form of bulk data."""
    if field.name in _FIELDS:
        return _FIELDS[field.name]()
    if field.name not in keys:
        # A session is no part of bulk data, unless the dataset has a field of its own for it.
        return F.col("_who.sessionId") if field.name == "SESSION_ID" else F.lit(None).cast("string")
    value = F.col("_properties")[keys[field.name]]
    return F.initcap(value) if field.type == "boolean" else value


_FIELDS = {
    "USER_ID": lambda: F.col("_who.userId"),
    "ITEM_ID": lambda: F.col("_event.itemId"),
    "TIMESTAMP": lambda: F.col("_event.sentAt").cast("string"),
    "EVENT_TYPE": lambda: F.col("_event.eventType"),
    "EVENT_VALUE": lambda: as_text(F.col("_event.eventValue"), T.DoubleType()),
    "IMPRESSION": lambda: joined(F.col("_event.impression")),
    "RECOMMENDATION_ID": lambda: F.col("_event.recommendationId"),
    "EVENT_ATTRIBUTION_SOURCE": lambda: F.col("_event.metricAttribution.eventAttributionSource"),
}


def _cell(field: Field) -> Column:
    value = F.col(field.name)
    if field.type != "string":
        return F.coalesce(value, F.lit(""))
    escaped = F.regexp_replace(value, r'(["\\])', r"\\$1")
    quoted = F.concat(F.lit('"'), escaped, F.lit('"'))
    return F.when(value.isNull(), "").when(_needs_quotes(value), quoted).otherwise(value)


def _needs_quotes(value: Column) -> Column:
    """Return whether a text is quoted, by searches of its bytes: a regular expression takes ten times as long."""
    marks = (value.contains(mark) for mark in _QUOTED_MARKS)
    ends = (found for end in _QUOTED_ENDS for found in (value.startswith(end), value.endswith(end)))
    return reduce(or_, (value == "", *marks, *ends))


def _divides(impression: str) -> Column:
    """Return whether an id of the array has the character that joins them: read back, it would be two ids."""
    read_back = F.size(F.split(joined(F.col(impression)), r"\|"))
    return read_back > F.greatest(F.size(impression), F.lit(1))


def _obstacle(schema: InteractionsSchema) -> Column:
    found = F.when(F.col("_user").isNull(), NO_USER)
    found = found.when(F.col(LINE).rlike(_MAY_BREAK_A_LINE), CONTROL_CHARACTER)
    return found if schema.get("IMPRESSION") is None else found.when(F.col("_divided"), DIVIDED_ID)
