"""The settings of one run: the configuration file's shape, its defaults and its limits.

Packages below define the blocks that they read; this module combines them. `jobs.config.configuration` reads
the file.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from bulk.import_job import Mode
from core.blocks import Block, Number
from jobs.config.delivery_settings import DeliverySettings, PersonalizeSettings
from transforms.mapping import MappingSettings, SessionSettings, SourceSettings

NonBlank = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


RoleArn = Annotated[
    str,
    StringConstraints(max_length=256, pattern=r"^arn:[a-z\d-]+:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$"),
]
"""botocore's model, shape RoleArn."""

SCHEMA_OF_SERVICE = "personalize"
"""What `schema:` says to have the schema from the service itself."""


def _off_as_word(value: object) -> object:
    """Return "off" for False: YAML reads a bare `off` as false."""
    return "off" if value is False else value


PreflightMode = Annotated[Literal["required", "auto", "off"], BeforeValidator(_off_as_word)]


class ChecksSettings(Block):
    """`checks:` — a suite of the user's own, and how much dirt a run may carry."""

    suite: NonBlank | None = Field(
        default=None, description="your own Great Expectations suite (its JSON), local or on S3"
    )
    max_rejected_fraction: Number = Field(
        default=0.01, ge=0, le=1, description="above it nothing at all is sent"
    )


class PlanSettings(Block):
    """`plan:` — what `--plan` can't find out by itself."""

    price_per_gb: Number | None = Field(
        default=None,
        ge=0,
        description="what your region charges for a GB of data, in its currency, for the cost that `--plan` shows",
    )


class ImportSettings(Block):
    """`import:` — how Personalize imports what was checked, in place of PutEvents."""

    role_arn: RoleArn | None = Field(
        default=None,
        description="the role with which Personalize reads the files, and writes an export; `import` needs it",
    )
    mode: Mode = Field(
        default="incremental",
        description="`full` replaces all that was imported in bulk before, `incremental` adds to it; a dataset's first "
        "import must be `full`",
    )
    write_only: bool = Field(
        default=False, description="write the files and print the call that imports them, but don't make it"
    )


class OutputSettings(Block):
    """`output:` — the folder, local or on S3, below which everything is written."""

    path: NonBlank = Field(description="a folder of its own, local or on S3")


class Settings(Block):
    """Everything that a configuration file and `--set` can say."""

    source: SourceSettings
    # `schema` is taken: pydantic's models have a method of that name.
    interactions_schema: NonBlank = Field(
        alias="schema",
        description="the dataset's Interactions schema, Avro JSON, local or on S3; `personalize` fetches it from the "
        "service",
    )
    preflight: PreflightMode = Field(
        default="auto",
        description="whether tracker and schema are compared with what Personalize itself says: `required`, `auto` (as "
        "far as permissions, network and half a minute allow; not with an endpoint of your own) or `off`",
    )
    mapping: MappingSettings
    session: SessionSettings = SessionSettings()
    checks: ChecksSettings = ChecksSettings()
    personalize: PersonalizeSettings
    delivery: DeliverySettings = DeliverySettings()
    # `import` is taken too: it is a word of Python's.
    bulk_import: ImportSettings = Field(alias="import", default=ImportSettings())
    plan: PlanSettings = PlanSettings()
    output: OutputSettings
