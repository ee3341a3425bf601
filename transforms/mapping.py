"""The settings that say how a source becomes events: the blocks `source:`, `mapping:` and `session:`.

They check their own form only: `expressions` checks whether an expression fits the columns,
`properties_plan` whether the properties fit the schema. Their messages never repeat a value.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from core.as_of import AsOf, read_as_of
from core.blocks import Block, WholeNumber

TimeUnit = Literal["seconds", "milliseconds", "microseconds", "nanoseconds", "timestamp", "iso8601"]

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_SCHEMES = ("s3", "s3a", "file")


def _number_as_sql(value: object) -> object:
    """Let `eventValue: 1` in YAML be the SQL constant 1; a boolean stays an error."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_NotBlank = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Expression = Annotated[_NotBlank, BeforeValidator(_number_as_sql)]
"""A Spark SQL expression: not blank."""


class SourceSettings(Block):
    """Block `source:`: the location of the Parquet, the rows to load, and how they are reshaped first."""

    path: tuple[_NotBlank, ...] = Field(
        default=(),
        description="Parquet: one path or a list; `s3://`, `s3a://`, `file:` or bare; globs allowed; `key=value` "
        "folders become columns. Or the folder of one Delta Lake, Iceberg or Hudi table. "
        "This or `source.table` is required",
    )
    table: _NotBlank | None = Field(
        default=None,
        description="instead of a path: a table that Spark's catalogs know, such as `glue_catalog.shop.events`",
    )
    as_of: Annotated[AsOf | None, BeforeValidator(read_as_of)] = Field(
        default=None,
        description="of a table: a version, a snapshot id, an instant of Hudi, or a time (ISO 8601, UTC unless it "
        "says otherwise); left out: the newest when the run begins",
    )
    filter: Expression | None = Field(
        default=None,
        description="Spark SQL on the raw columns, pushed down to the Parquet scan; it may use the current time, but "
        "no random values",
    )
    select: tuple[Expression, ...] = Field(
        default=(),
        description="Spark SQL select list that reshapes first; it also decides which columns are read and are in "
        "`rejected/`",
    )

    @field_validator("path", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else () if value is None else value

    @model_validator(mode="after")
    def _names_one_source(self) -> SourceSettings:
        if self.path and self.table:
            raise ValueError(
                "source.path and source.table exclude one another: name the one that is to be read"
            )
        if not self.path and not self.table:
            raise ValueError("source.path is missing: name the logs' folder, or a table as source.table")
        return self

    @field_validator("select", mode="before")
    @classmethod
    def _null_selects_nothing(cls, value: object) -> object:
        return () if value is None else value

    @field_validator("path")
    @classmethod
    def _schemes_are_known(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            scheme = _SCHEME.match(path)
            if scheme and scheme[1].lower() not in _SCHEMES:
                raise ValueError(
                    f"can't read the scheme {scheme[1]}; give an s3://, s3a:// or file: URL, or a bare path"
                )
        return paths

    @field_validator("path")
    @classmethod
    def _nothing_is_read_twice(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        folders = [path.rstrip("/") + "/" for path in paths]
        for number, inner in enumerate(folders):
            if any(inner.startswith(outer) for index, outer in enumerate(folders) if index != number):
                raise ValueError("one path is within another (or is repeated): name each file once")
        return paths


class SentAtSettings(Block):
    """`mapping.sentAt`: the event's time. A bare expression is the same as `{expr: …}` without a unit."""

    expr: Expression
    unit: TimeUnit | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_expression(cls, value: object) -> object:
        return {"expr": value} if isinstance(value, str | int | float) else value


class PropertySettings(Block):
    """An entry of `mapping.properties`. A bare expression is the same as `{expr: …}` with the usual key."""

    expr: Expression
    key: _NotBlank | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_expression(cls, value: object) -> object:
        return {"expr": value} if isinstance(value, str | int | float) else value


class MappingSettings(Block):
    """Block `mapping:`: a Spark SQL expression for each part of an event; keys are PutEvents' own, in camelCase.

    `properties` maps schema fields to expressions; an entry that is null is left out. Dump by alias.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    user_id: Expression | None = Field(default=None, description="rows without it are anonymous")
    session_id: Expression | None = Field(default=None, description="left out: derived, see `session`")
    event_type: Expression = Field(description="a constant is `\"'view'\"`")
    item_id: Expression | None = Field(
        default=None, description="required where the schema's `ITEM_ID` can't be null"
    )
    sent_at: SentAtSettings = Field(
        description="an expression, or `{expr, unit}` with unit `seconds` (the default of numbers), `milliseconds`, "
        "`microseconds`, `nanoseconds`, `timestamp` or `iso8601`; text needs a unit, dates and timestamps none"
    )
    event_id: Expression | None = Field(
        default=None,
        description="left out: made from the event's content; rows whose mapped id is null get one that way too",
    )
    event_value: Expression | None = Field(
        default=None, description="a finite number; a whole one if the schema's `EVENT_VALUE` is int or long"
    )
    impression: Expression | None = Field(
        default=None, description="an array column, or a string joined with `|`; empty means none"
    )
    recommendation_id: Expression | None = Field(default=None, description="1 to 40 characters")
    event_attribution_source: Expression | None = Field(
        default=None, description="sent as `metricAttribution.eventAttributionSource`"
    )
    properties: dict[str, PropertySettings] = Field(
        default_factory=dict,
        description="schema field → expression, or `{expr, key}` where camelCase of the field is not the key you want",
    )

    @field_validator("properties", mode="before")
    @classmethod
    def _null_is_left_out(cls, value: object) -> object:
        if isinstance(value, dict):
            return {field: entry for field, entry in value.items() if entry is not None}
        return {} if value is None else value

    def expressions(self) -> dict[str, str]:
        """Return the mapped expressions, properties aside, by the key of its column (`userId`, …, `sentAt`)."""
        mapped = self.model_dump(by_alias=True, exclude={"properties", "sent_at"}, exclude_none=True)
        return {**mapped, "sentAt": self.sent_at.expr}

    def texts(self) -> dict[str, str]:
        """Return the expressions whose values may be sent as text, all but the time's, by key (`properties.PRICE`)."""
        parts = {part: expr for part, expr in self.expressions().items() if part != "sentAt"}
        return parts | {f"properties.{name}": each.expr for name, each in self.properties.items()}


class SessionSettings(Block):
    """Block `session:`: how sessions are derived if `mapping.sessionId` is left out.

    A new session starts after more than `gap_minutes` without an event of the user; `per_user` makes one
    session of each user. The maximum of ten million minutes is 19 years; for more, use `per_user`.
    """

    gap_minutes: WholeNumber = Field(
        default=30, gt=0, le=10_000_000, description="a longer pause begins a new session of the user"
    )
    per_user: bool = Field(default=False, description="one session of each user: the fullest requests")
