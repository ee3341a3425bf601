"""`python -m jobs.config.reference`: the configuration's keys as a Markdown table, generated from the settings models.

`docs/configuration.md` contains its output.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from jobs.config.settings import Settings

HEAD = ("| key | default | meaning |", "|---|---|---|")


def reference(model: type[BaseModel] = Settings) -> str:
    """Return the table: a row for each key that has a value, in the models' order; keys are dotted."""
    return "\n".join([*HEAD, *_rows(model, "")])


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        block = field.annotation
        # A block with a description of its own, as `mapping.sentAt`, is a value that may be written
        # shorter.
        if field.description is None and isinstance(block, type) and issubclass(block, BaseModel):
            yield from _rows(block, f"{key}.")
        else:
            yield f"| `{key}` | {_default(field)} | {_in_cell(field.description or '')} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "none"
    return f"`{_as_yaml(value)}`"


def _as_yaml(value: object) -> str:
    """Return a default as it is written in the file: the existing ones are numbers, words and empty collections."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(reference())
