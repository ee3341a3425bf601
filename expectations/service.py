"""The service's own suite: `events.json` and what a schema adds. No configuration switches it off."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files

from expectations.schema_rules import PropertyRule, schema_rules
from expectations.suite import Suite


def service_suite(
    properties: Iterable[PropertyRule] = (), required: Iterable[str] = (), metadata_columns: int = 0
) -> Suite:
    """The rules of PutEvents and of this dataset's schema, in Great Expectations' own format.

    `properties` are the mapped ones, `required` the event columns that the schema does not let be null,
    `metadata_columns` how many metadata fields the schema has, EVENT_TYPE and EVENT_VALUE included.
    """
    document = json.loads(files("expectations").joinpath("events.json").read_text(encoding="utf-8"))
    added = schema_rules(properties, required, metadata_columns)
    return Suite(document["name"], "service", (*document["expectations"], *added))
