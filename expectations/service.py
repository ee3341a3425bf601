"""The service's own suite: `events.json` and the rules of a schema and a run. It can't be switched off."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib.resources import files

from expectations.schema_rules import PropertyRule, schema_rules
from expectations.suite import Suite

MAX_AHEAD = timedelta(days=1)
"""How far an event may be ahead of the run's beginning: clocks and time zones differ by less."""


def service_suite(
    properties: Iterable[PropertyRule] = (),
    required: Iterable[str] = (),
    metadata_columns: int = 0,
    *,
    begun_at: datetime | None = None,
) -> Suite:
    """Return the rules of PutEvents and of this dataset's schema, in Great Expectations' own format.

    `properties` are the mapped ones, `required` the event columns that the schema does not allow to be
    null, `metadata_columns` the number of the schema's metadata fields, EVENT_TYPE and EVENT_VALUE
    included. `begun_at` is the run's beginning, which bounds `sentAt`; without it the bound is the one that
    `events.json` has.
    """
    document = json.loads(files("expectations").joinpath("events.json").read_text(encoding="utf-8"))
    added = schema_rules(properties, required, metadata_columns)
    parameters = document["suite_parameters"]
    if begun_at is not None:
        parameters |= {"latest_sent_at": int((begun_at + MAX_AHEAD).timestamp())}
    return Suite(document["name"], "service", (*document["expectations"], *added), parameters)
