"""The settings of one run: the configuration file's shape, its defaults and its limits.

Each room defines the block that it reads; this module only puts them together. It reads no file
(`jobs.configuration` does) and looks at no AWS account.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from delivery.settings import DeliverySettings, PersonalizeSettings
from transforms.mapping import MappingSettings, SessionSettings, SourceSettings

NonBlank = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Block(BaseModel):
    """A block of the configuration: frozen, and closed to keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class ChecksSettings(Block):
    """`checks:` — a suite of the user's own, and how much dirt a run may carry."""

    suite: NonBlank | None = None
    max_rejected_fraction: float = Field(default=0.01, ge=0, le=1)


class OutputSettings(Block):
    """`output:` — the folder, local or on S3, below which everything is written."""

    path: NonBlank


class Settings(Block):
    """Everything that a configuration file and `--set` can say."""

    source: SourceSettings
    # `schema` is taken: pydantic's models have a method of that name.
    interactions_schema: NonBlank = Field(alias="schema")
    mapping: MappingSettings
    session: SessionSettings = SessionSettings()
    checks: ChecksSettings = ChecksSettings()
    personalize: PersonalizeSettings
    delivery: DeliverySettings = DeliverySettings()
    output: OutputSettings
