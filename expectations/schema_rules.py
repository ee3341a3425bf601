"""The rules that follow from a dataset's Interactions schema, as suite entries. Pure: plain values in.

Every rule is of severity `warning`, so it costs the rows that break it, except for the number of event
types, which no single row breaks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

PropertyType = Literal["string", "int", "long", "float", "double", "boolean"]

BLANK_OR_LITERAL = r"\A[\s\p{Z}\x1c-\x1f\x85]*(?i:null|none|nan)?[\s\p{Z}\x1c-\x1f\x85]*\z"
"""Matches (in Java's regex dialect) an id that is empty, blank, or the text of a missing value."""

MAX_FLOAT = 3.4028234663852886e38
"""The largest finite IEEE 754 single; Personalize's `float` and `FloatType` are singles."""

MAX_DOUBLE = 1.7976931348623157e308
"""The largest finite IEEE 754 double."""

CATEGORICAL_CHARACTERS = 1_000
"""The maximum characters of one categorical value: https://docs.aws.amazon.com/personalize/latest/dg/limits.html"""

EVENT_TYPES_AND_METADATA = 10
"""The maximum of distinct event types plus metadata columns of one dataset; the same page."""

LIMITS_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/limits.html"
NUMBERS_PAGE = "https://www.rfc-editor.org/rfc/rfc8259#section-6"
SCHEMA_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/how-it-works-dataset-schema.html"


@dataclass(frozen=True, slots=True)
class PropertyRule:
    """The schema's facts about one mapped property; `key` is the camelCase name of its column."""

    key: str
    type: PropertyType
    nullable: bool
    categorical: bool


def schema_rules(
    properties: Iterable[PropertyRule], required: Iterable[str], metadata_columns: int
) -> list[dict[str, Any]]:
    """Return the suite entries for one schema.

    `required` names the event columns that the schema does not allow to be null (`itemId`, `eventValue`,
    …); `metadata_columns` is the number of the schema's metadata fields, EVENT_TYPE and EVENT_VALUE
    included.
    """
    rules = [_not_null(column) for column in required]
    for each in properties:
        rules += _property_rules(each)
    return [*rules, _few_event_types(metadata_columns)]


def _property_rules(rule: PropertyRule) -> list[dict[str, Any]]:
    rules = [_readable(rule)]
    if not rule.nullable:
        rules.append(_not_null(rule.key))
    if rule.type in {"float", "double"}:
        rules.append(_finite(rule))
    if rule.type == "string" and rule.categorical:
        rules.append(_short_category(rule.key))
    return rules


def _entry(
    kind: str, kwargs: dict[str, Any], says: str, source: str, severity: str = "warning"
) -> dict[str, Any]:
    entry = {"type": kind, "kwargs": kwargs, "severity": severity, "description": says}
    return entry | {"meta": {"source": source}}


def _not_null(column: str) -> dict[str, Any]:
    says = f"{column} may not be missing: the Interactions schema does not allow null."
    return _entry("expect_column_values_to_not_be_null", {"column": column}, says, SCHEMA_PAGE)


def _readable(rule: PropertyRule) -> dict[str, Any]:
    says = f"{rule.key} must be readable as {rule.type}, the schema's type."
    if rule.type == "string":
        says = f"{rule.key} must be text; of an array, which is joined with |, no element may be null or contain |."
    kwargs = {"column": f"_unreadable_{rule.key}", "value_set": [False]}
    return _entry("expect_column_values_to_be_in_set", kwargs, says, SCHEMA_PAGE)


def _finite(rule: PropertyRule) -> dict[str, Any]:
    largest = MAX_FLOAT if rule.type == "float" else MAX_DOUBLE
    says = f"{rule.key} must be a finite {rule.type}: NaN and infinities are not JSON numbers."
    kwargs = {"column": rule.key, "min_value": -largest, "max_value": largest}
    return _entry("expect_column_values_to_be_between", kwargs, says, NUMBERS_PAGE)


def _short_category(key: str) -> dict[str, Any]:
    says = f"{key} is categorical: at most {CATEGORICAL_CHARACTERS:,} characters."
    kwargs = {"column": key, "max_value": CATEGORICAL_CHARACTERS}
    return _entry("expect_column_value_lengths_to_be_between", kwargs, says, LIMITS_PAGE)


def _few_event_types(metadata_columns: int) -> dict[str, Any]:
    """Return the rule on the number of event types, over those that may be sent: dirty ones only cost their rows."""
    max_types = EVENT_TYPES_AND_METADATA - metadata_columns
    says = (
        f"At most {max_types} distinct event types: with the schema's {metadata_columns} metadata columns that makes "
        f"the {EVENT_TYPES_AND_METADATA} that a dataset may have. By the developer guide's page on interaction data, "
        "EVENT_TYPE and EVENT_VALUE count among those columns; the page on quotas does not say so."
    )
    pattern = BLANK_OR_LITERAL.replace("\\", "\\\\")
    clean = f"eventType IS NOT NULL AND NOT eventType RLIKE '{pattern}' AND length(eventType) <= 256"
    condition = {"type": "pass_through", "pass_through_filter": clean}
    kwargs = {"column": "eventType", "max_value": max_types, "row_condition": condition}
    return _entry("expect_column_unique_value_count_to_be_between", kwargs, says, LIMITS_PAGE, "critical")
