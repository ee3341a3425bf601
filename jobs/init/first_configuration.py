"""Guesses as a job's YAML file with comments, and as an Interactions schema."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from core.urls import is_on_s3
from jobs.init.guesses import Guesses

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_WORDS_OF_YAML = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_FIELDS = {
    "eventValue": ("EVENT_VALUE", "float"),
    "impression": ("IMPRESSION", "string"),
    "recommendationId": ("RECOMMENDATION_ID", "string"),
    "eventAttributionSource": ("EVENT_ATTRIBUTION_SOURCE", "string"),
}
"""The reserved fields that a log may fill, in addition to the four that every Interactions schema here has."""


def configuration_of(
    path: str,
    schema: Path,
    guesses: Guesses,
    differences: Sequence[str] = (),
    table: str | None = None,
) -> str:
    """Return the text of a job's file; what could not be guessed is a TODO that the job refuses with a sentence.

    `differences` says in what the log's files differ. `table`: the format of the table that the source is, by its name.
    """
    return _template().render(
        path=path,
        schema=str(schema),
        output=_separate_output(path),
        guesses=guesses,
        differences=differences,
        table=table,
    )


def schema_of(guesses: Guesses) -> str:
    """Return the Avro JSON of an Interactions schema with a field for each guess."""
    fields: list[dict[str, Any]] = [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_TYPE", "type": "string"},
    ]
    fields += [
        {"name": name, "type": ["null", kind]}
        for part, (name, kind) in _FIELDS.items()
        if part in guesses.parts
    ]
    for name, (_, kind) in guesses.properties.items():
        categorical = {"categorical": True} if kind == "string" else {}
        fields.append({"name": name, "type": ["null", kind], **categorical})
    record = {"type": "record", "name": "Interactions", "namespace": "com.amazonaws.personalize.schema"}
    return json.dumps({**record, "fields": fields, "version": "1.0"}, indent=2) + "\n"


@cache
def _template() -> Template:
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - it makes YAML, not HTML
    )
    environment.filters.update(yaml=_as_yaml, in_one_line=_in_one_line)
    text = (files("jobs.init") / "first_configuration.yaml").read_text(encoding="utf-8")
    return environment.from_string(text)


def _as_yaml(text: str) -> str:
    """Return a text as a YAML scalar; JSON's quotes are YAML's."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    return json.dumps(text, ensure_ascii=False)


def _in_one_line(text: str) -> str:
    """Return a text for a comment, which a line end in a column's name would end."""
    return " ".join(text.split())


def _separate_output(path: str) -> str:
    """Return a separate folder: in the same bucket, or in the working directory."""
    if is_on_s3(path):
        return "/".join(path.split("/")[:3]) + "/personalize-backfill/"
    return "personalize-backfill"
