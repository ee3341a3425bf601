"""Comparison of the configuration with Personalize, before Spark starts: the tracker, and the schema's fields.

It asks Personalize's control plane, which a stand-in of PutEvents does not have: see `_is_elsewhere`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3

from jobs.config.settings import SCHEMA_OF_SERVICE, Settings
from jobs.errors import UsageError
from jobs.prepare.aws_account import Service, require_client
from jobs.prepare.control_plane import ControlPlane, ControlPlaneError, Patience, Time
from jobs.prepare.event_tracker import interactions_schema_of
from jobs.prepare.new_plane import CAN_GO_ON, CLIENT_CONFIG, MUST_KNOW, SYSTEM_TIME
from transforms.interactions_schema import Field, InteractionsSchema

_LOG = logging.getLogger("put_events")
OF_SERVICE = "the Interactions schema in Personalize"

AskSchema = Callable[[Patience], str]
"""Gives the service's Interactions schema as Avro JSON, or raises `UsageError` or `ControlPlaneError`."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """The preflight as configured; `elsewhere` if the service's control plane can't be where PutEvents is."""

    settings: Settings
    ask: AskSchema
    elsewhere: bool

    def schema_of_service(self) -> InteractionsSchema:
        """Return the schema for `schema: personalize`.

        Raises:
            UsageError: preflight is off, the service could not be asked, or what it says forbids the run.
            InputError: no events can be made for the service's schema.
        """
        if self.settings.preflight == "off":
            raise UsageError(
                "schema: personalize fetches it from the service, and preflight is off. Set preflight: auto."
            )
        try:
            return InteractionsSchema.parse(self.ask(MUST_KNOW), OF_SERVICE)
        except ControlPlaneError as error:
            raise UsageError(
                f"schema: personalize was not answered: {error}. Fix that or try again later, or set schema to a file."
            ) from None

    def check(self, schema: InteractionsSchema) -> None:
        """Compare the configuration's own `schema` with the service's.

        Raises:
            UsageError: they differ, the tracker is not there or not ACTIVE, or `preflight: required` could
                not ask.
            InputError: no events can be made for the service's schema.
        """
        mode = self.settings.preflight
        if mode == "off" or (mode == "auto" and self.elsewhere):
            return
        try:
            of_service = InteractionsSchema.parse(
                self.ask(MUST_KNOW if mode == "required" else CAN_GO_ON), OF_SERVICE
            )
        except ControlPlaneError as error:
            if mode == "required":
                raise UsageError(
                    f"preflight: required, but {error}. Fix that or try again later, or set preflight: auto."
                ) from None
            _LOG.warning("preflight: %s; going on without it.", error)
            return
        require_agreement(schema, of_service, self.settings.interactions_schema)


def preflight(
    settings: Settings,
    service: Service,
    session: boto3.Session,
    environ: Mapping[str, str],
    timing: Time = SYSTEM_TIME,
) -> Preflight:
    """Return the preflight of a run that sends to `service`; no call is made yet."""

    def ask(patience: Patience) -> str:
        client = require_client(
            "personalize",
            lambda: session.client("personalize", region_name=service.region, config=CLIENT_CONFIG),
        )
        plane = ControlPlane(client, patience, timing)
        return interactions_schema_of(plane, settings.personalize.tracking_id, service.region)

    return Preflight(settings, ask, _is_elsewhere(service, settings, environ))


def _is_elsewhere(service: Service, settings: Settings, environ: Mapping[str, str]) -> bool:
    """Return whether events go to an endpoint of the user's own, such as a stand-in or a VPC's."""
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
                f"schema: field {name} is {here} in {where} and {there} in Personalize. Make the file the same, "
                f"or set schema: {SCHEMA_OF_SERVICE}."
            )


def _words(field: Field | None) -> str:
    if field is None:
        return "missing"
    return f"{field.type} or null" if field.nullable else field.type
