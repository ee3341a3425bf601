"""From a YAML file and `--set` options to `Settings`, or to one sentence that says what to correct.

Precedence: defaults, file, `--set`. The file's text is passed in. A refused value is never repeated, since
a misplaced credential would get into a log.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.suggestions import nearest
from jobs.config.settings import Settings
from jobs.errors import UsageError

_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_OTHER_BASE = re.compile(r"[-+]?(0[0-9_]+|[0-9_]+:[0-9_:.]+)")
"""What YAML 1.1 reads in base 8 or 60: 010 is 8, and 1:30 is 90."""

_MISREAD = "misread"


class _StrictLoader(yaml.SafeLoader):
    """YAML's safe loader, which raises YAML's own errors only, and others where it would lose or change something.

    That is a key given twice, a key that is no text (`on`, `2026`), and a number in an unexpected base.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001 - PyYAML's own signature
        keys = [key.value for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"key {twice!r} is given twice", node.start_mark
            )
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag not in (_TEXT, _MERGE):
                raise _misread(f"key {key.value!r} is not text to YAML", key.start_mark)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401, FBT001
        is_number = node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        if is_number and _OTHER_BASE.fullmatch(str(node.value)):
            raise _misread(
                "a number that begins with 0 or has a colon is in base 8 or 60 to YAML", node.start_mark
            )
        try:
            return super().construct_object(node, deep=deep)
        except ValueError:  # Python's own: YAML takes 2026-02-30 for a date
            raise yaml.constructor.ConstructorError(
                None, None, "a value is not a valid date or number", node.start_mark
            ) from None


def parse_settings(text: str, where: str, overrides: Iterable[str] = ()) -> Settings:
    """Return the settings in `text` (YAML) with `overrides` (`dotted.key=YAML value`) applied.

    Raises:
        UsageError: not YAML, an unknown key (naming the nearest known one), a wrong type or range; the
            sentence names the key, and `where` or `--set`, whichever has it.
    """
    document = _mapping_of(text, where)
    overridden = [_lay_over(document, override) for override in overrides]
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        origin, what = _origin(error, where, overridden)
        raise UsageError(f"{origin}: {'; '.join(_sentences(error))}. Correct {what}.") from None


def print_settings(settings: Settings) -> str:
    """Return the effective settings as YAML, in the form of a configuration file."""
    return yaml.safe_dump(
        settings.model_dump(mode="json", by_alias=True), sort_keys=False, allow_unicode=True
    )


def _mapping_of(text: str, where: str) -> dict[str, Any]:
    try:
        document = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, RecursionError) as error:  # nested too deeply
        if _is_misread(error):
            raise UsageError(
                f"{where}: it is misread{_position(error)}. Quote it if it is text, or write it in another way."
            ) from None
        raise UsageError(f"{where}: it is not valid YAML{_position(error)}. Correct it.") from None
    if not isinstance(document, dict):
        raise UsageError(f"{where}: not a YAML mapping. Give keys such as source, mapping and output.")
    return document


def _misread(problem: str, mark: yaml.Mark) -> yaml.constructor.ConstructorError:
    """Return the error of valid YAML that means something else than its text says."""
    return yaml.constructor.ConstructorError(None, None, problem, mark, _MISREAD)


def _is_misread(error: Exception) -> bool:
    return getattr(error, "note", None) == _MISREAD


def _position(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None)
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return where + (f": {problem}" if problem else "")


def _lay_over(document: dict[str, Any], override: str) -> list[str]:
    """Set the key of `override` in `document`; return the key's path."""
    key, equals, value = override.partition("=")
    if not equals or not all(part.strip() for part in key.split(".")):
        raise UsageError(
            "--set: it is not of the form KEY=VALUE. Write it as in --set delivery.max_requests_per_second=200."
        )
    *parents, last = path = key.strip().split(".")
    block = document
    for parent in parents:
        inner = block.get(parent)
        block[parent] = block = inner if isinstance(inner, dict) else {}
    block[last] = _yaml_value(value, key)
    return path


def _yaml_value(value: str, key: str) -> Any:  # noqa: ANN401 - any YAML value
    try:
        return yaml.load(value, Loader=_StrictLoader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, RecursionError) as error:
        if _is_misread(error):
            raise UsageError(
                f"--set {key}: it is misread{_position(error)}. Quote it if it is text, or write it in another way."
            ) from None
        raise UsageError(f"--set {key}: the value is not valid YAML. Quote it.") from None


def _origin(error: ValidationError, where: str, overridden: list[list[str]]) -> tuple[str, str]:
    """Return where the wrong values are from, and what to correct: the file `where`, options, or both."""
    paths = [[str(part) for part in detail["loc"]] for detail in error.errors(include_url=False)]
    if all(any(path[: len(key)] == key for key in overridden) for path in paths):
        return "--set", "the option"
    if any(path == key[: len(path)] or path[: len(key)] == key for path in paths for key in overridden):
        return f"{where} with --set", "the file or the option"
    return where, "the configuration"


def _sentences(error: ValidationError) -> list[str]:
    return list(
        dict.fromkeys(_sentence(detail) for detail in error.errors(include_url=False, include_input=False))
    )


_SAYINGS = {
    "missing": "is missing",
    "string_too_short": "is empty",
    "tuple_type": "should be a list",
    "dict_type": "should be a block of keys",
}
"""What replaces pydantic's own words, by its type of error: those name Python's types, or count characters."""


def _sentence(detail: ErrorDetails) -> str:
    path = [str(part) for part in detail["loc"]]
    key = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return f"unknown key {key}{_nearest(path)}"
    if detail["type"] == "model_type" and key:
        return f"{key}: should be a block of keys such as {_known_keys(path)[0]}"
    if detail["type"] in _SAYINGS and key:
        return f"{key} {_SAYINGS[detail['type']]}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {message[:1].lower()}{message[1:]}" if key else message


def _nearest(path: list[str]) -> str:
    known = _known_keys(path[:-1])
    close = nearest(path[-1], known, limit=1, cutoff=0.0)
    return f" (did you mean {'.'.join([*path[:-1], close[0]])}?)" if close else ""


def _known_keys(parents: list[str]) -> list[str]:
    model: type[BaseModel] | None = Settings
    for parent in parents:
        model = _model_below(model, parent) if model else None
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_below(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return next(iter(_models_in(field.annotation)), None)
    # A key of the user's own, such as a property's field: take the model of its value.
    return model


def _models_in(annotation: object) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)
