"""Whether Personalize agrees with the configuration, asked before Spark starts: the tracker, and the schema's fields.

It asks Personalize's control plane, which a stand-in of PutEvents does not have: see `_is_elsewhere`. Nothing is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from jobs.aws_account import Service
from jobs.errors import UsageError
from jobs.event_tracker import Unasked, interactions_schema_of
from jobs.settings import SCHEMA_OF_SERVICE, Settings
from transforms.interactions_schema import Field, InteractionsSchema

_LOG = logging.getLogger("put_events")
_OF_SERVICE = "the Interactions schema in Personalize"

AskSchema = Callable[[], str]
"""Gives the service's Interactions schema as Avro JSON, or raises `UsageError` or `Unasked`."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What `preflight:` asks for; `elsewhere` when the service's control plane can't be where PutEvents is."""

    settings: Settings
    ask: AskSchema
    elsewhere: bool

    def schema_of_service(self) -> InteractionsSchema:
        """The schema for `schema: personalize`.

        Raises:
            UsageError: preflight is off, the service could not be asked, or what it says forbids the run.
            BadInput: the service's schema is none that events can be made for.
        """
        if self.settings.preflight == "off":
            raise UsageError(
                "schema: personalize is asked of the service, and preflight is off; set preflight: auto."
            )
        try:
            return InteractionsSchema.parse(self.ask(), _OF_SERVICE)
        except Unasked as error:
            raise UsageError(
                f"schema: personalize can't be had: {error}; mend that, or give a file."
            ) from None

    def check(self, schema: InteractionsSchema) -> None:
        """Hold the configuration's own `schema` against the service's.

        Raises:
            UsageError: they differ, the tracker is not there or not ACTIVE, or `preflight: required` could not ask.
            BadInput: the service's schema is none that events can be made for.
        """
        mode = self.settings.preflight
        if mode == "off" or (mode == "auto" and self.elsewhere):
            return
        try:
            of_service = InteractionsSchema.parse(self.ask(), _OF_SERVICE)
        except Unasked as error:
            if mode == "required":
                raise UsageError(f"preflight: required, but {error}; mend that, or set it to auto.") from None
            _LOG.warning("preflight: %s; going on without it.", error)
            return
        require_agreement(schema, of_service, self.settings.interactions_schema)


def preflight(
    settings: Settings, service: Service, session: boto3.Session, environ: Mapping[str, str]
) -> Preflight:
    """The preflight of a run that sends to `service`; no call is made yet."""

    def ask() -> str:
        client = session.client("personalize", region_name=service.region, config=_IMPATIENT)
        return interactions_schema_of(client, settings.personalize.tracking_id, service.region)

    return Preflight(settings, ask, _is_elsewhere(service, settings, environ))


# A run should not wait for what it can go on without: no second attempt, and seconds for the one.
_IMPATIENT = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})


def _is_elsewhere(service: Service, settings: Settings, environ: Mapping[str, str]) -> bool:
    """Whether events go to an endpoint of the user's own (a stand-in, a VPC's), which tells nothing of the other."""
    if environ.get("AWS_ENDPOINT_URL_PERSONALIZE"):
        return False
    host = urlsplit(service.endpoint_url).hostname or ""
    return settings.personalize.endpoint_url is not None or not host.startswith("personalize-events")


def require_agreement(schema: InteractionsSchema, of_service: InteractionsSchema, where: str) -> None:
    """Refuse a schema that differs from the service's in a field's name, type or nullability; order means nothing.

    Raises:
        UsageError: names `where`, the first such field and both sides.
    """
    for name in dict.fromkeys(field.name for field in (*schema.fields, *of_service.fields)):
        here, there = _words(schema.get(name)), _words(of_service.get(name))
        if here != there:
            raise UsageError(
                f"schema: field {name} is {here} in {where} and {there} in Personalize; make the file the same, "
                f"or set schema: {SCHEMA_OF_SERVICE}."
            )


def _words(field: Field | None) -> str:
    if field is None:
        return "missing"
    return f"{field.type} or null" if field.nullable else field.type
