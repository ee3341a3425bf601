"""The suites of a run: the service's own for this Interactions schema, and the user's on top.

Translates between packages that do not know each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.storage import read_text
from expectations.schema_rules import PropertyRule
from expectations.service import service_suite
from expectations.suite import Suite, parse_suite
from jobs.config.settings import ChecksSettings
from transforms.interactions_schema import InteractionsSchema
from transforms.properties_plan import MAPPED_BY, Property

# USER_ID may be missing: events of anonymous sessions have none. EVENT_TYPE and TIMESTAMP are required by
# PutEvents itself, for any schema, so `events.json` has their rules.
_COUNTED = ("EVENT_TYPE", "EVENT_VALUE")
"""Reserved fields that count among the metadata columns: developer guide, "Interactions data requirements"."""

_RULED_ELSEWHERE = {"USER_ID", "EVENT_TYPE", "TIMESTAMP"}


def suite_of_schema(
    schema: InteractionsSchema, properties: Sequence[Property], begun_at: datetime | None = None
) -> Suite:
    """Return the service's rules, with those of `schema`: types, required fields, the number of event types.

    `begun_at`: the run's beginning, with its time zone; events more than a day ahead of it are rejected.
    """
    rules = [PropertyRule(each.key, each.type, each.nullable, each.categorical) for each in properties]
    required = [
        MAPPED_BY[field.name]
        for field in schema.fields
        if field.name in MAPPED_BY and field.name not in _RULED_ELSEWHERE and not field.nullable
    ]
    metadata_columns = len(schema.metadata) + sum(schema.get(name) is not None for name in _COUNTED)
    return service_suite(rules, required, metadata_columns, begun_at=begun_at)


def suite_of_user(settings: ChecksSettings, properties: Sequence[Property]) -> Suite | None:
    """Return the suite that `checks.suite` names, or None.

    Raises:
        StorageError: it can't be read.
        SuiteError: it is not a suite that Great Expectations reads.
    """
    if settings.suite is None:
        return None
    return parse_suite(read_text(settings.suite), settings.suite, [each.key for each in properties])
