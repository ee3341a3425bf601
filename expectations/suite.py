"""A suite as its author wrote it: Great Expectations' JSON, checked entry by entry."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from core.columns import EVENT_COLUMNS
from expectations.columns import near_misses
from expectations.errors import SuiteError, first_line
from expectations.library import build_expectation, known_expectation_types
from expectations.row_level import refusal

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_ENTRY_KEYS = ("type", "kwargs", "meta", "notes", "description", "severity")
_SINGLE_COLUMNS = ("column", "column_A", "column_B")


@dataclass(frozen=True, slots=True)
class Suite:
    """Entries of plain JSON: `type`, `kwargs`, optionally `severity`, `meta`, `notes`, `description`."""

    name: str
    origin: Literal["service", "user"]
    entries: tuple[dict[str, Any], ...]
    parameters: dict[str, Any] = field(default_factory=dict)

    def expectations(self) -> Iterator[Expectation]:
        """Yield Great Expectations' objects, in the suite's order.

        Raises:
            SuiteError: an entry is refused; the text names it.
        """
        for number, entry in enumerate(self.entries, start=1):
            yield _built(entry, self.parameters, f"expectation {number} of the suite {self.name!r}")


def parse_suite(text: str, where: str, property_keys: Collection[str] = ()) -> Suite:
    """Return a user's suite from its JSON; `where` (path or URL) names it in errors.

    Reads what `ExpectationSuite.to_json_dict()` writes, and the 0.18 form (`expectation_suite_name`,
    `expectation_type`, `evaluation_parameters`). It may name the event columns and `property_keys`.

    Raises:
        SuiteError: it is not JSON, or has an unknown expectation, wrong arguments, a column that events
            don't have, or an expectation over rows whose severity asks for what can't be done.
    """
    document = _document(text, where)
    name = document.get("name") or document.get("expectation_suite_name") or where
    parameters = document.get("suite_parameters") or document.get("evaluation_parameters") or {}
    numbered = enumerate(document["expectations"], start=1)
    entries = tuple(_entry(each, where, number) for number, each in numbered)
    suite = Suite(str(name), "user", entries, parameters)
    for number, each in enumerate(suite.expectations(), start=1):
        _check_columns(each, (*EVENT_COLUMNS, *property_keys), f"{where}, expectation {number}")
        _check_rows_are_named(each, f"{where}, expectation {number}")
    return suite


def columns_named(expectation: Expectation) -> tuple[str, ...]:
    """Return the columns in an expectation's own arguments, in their order, without those of row conditions."""
    kwargs = expectation.configuration.kwargs
    single = [kwargs[key] for key in _SINGLE_COLUMNS if key in kwargs]
    return tuple(single) if single else tuple(kwargs.get("column_list") or ())


def may_be_absent(expectation: Expectation) -> bool:
    """Return whether the expectation checks if its column exists, so that it may name an unknown one."""
    return bool(expectation.expectation_type == "expect_column_to_exist")


def _document(text: str, where: str) -> dict[str, Any]:
    try:
        document = json.loads(text.removeprefix("\ufeff"))  # some editors begin a file with it
    except (ValueError, RecursionError) as problem:  # nested too deeply
        raise SuiteError(f"{where} is not JSON: {problem}. Correct it.") from None
    if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
        raise SuiteError(
            f"{where} is not a Great Expectations suite: it lacks a list named 'expectations'. Give it one."
        )
    return document


def _entry(entry: object, where: str, number: int) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise SuiteError(
            f"{where}, expectation {number}: it is not a JSON object. Write one with type and kwargs."
        )
    modern = {"type": entry.get("expectation_type"), **entry}
    if not isinstance(modern["type"], str):
        raise SuiteError(f"{where}, expectation {number}: it has no 'type'. Give it one.")
    kept = {key: modern[key] for key in _ENTRY_KEYS if modern.get(key) is not None}
    if not isinstance(kept.get("kwargs", {}), dict):
        raise SuiteError(f"{where}, expectation {number}: its 'kwargs' are not a JSON object. Write one.")
    # Older releases wrote it into suites; a result format may show values, so the suite may not choose it.
    kwargs = {key: value for key, value in kept.get("kwargs", {}).items() if key != "result_format"}
    return {**kept, "kwargs": kwargs}


def _built(entry: dict[str, Any], parameters: dict[str, Any], where: str) -> Expectation:
    kind, known = entry["type"], known_expectation_types()
    if kind not in known:
        raise SuiteError(
            f"{where}: Great Expectations knows no {kind}{near_misses(kind, known)}. Correct the type."
        )
    try:
        return build_expectation(entry, parameters)
    except Exception as problem:  # noqa: BLE001 - pydantic v1, marshmallow and GX errors share no base
        raise SuiteError(f"{where}, {kind}: {first_line(problem)}. Correct its arguments.") from None


def _check_columns(expectation: Expectation, known: Collection[str], where: str) -> None:
    kind = expectation.expectation_type
    for name in () if may_be_absent(expectation) else columns_named(expectation):
        if name not in known:
            raise SuiteError(
                f"{where}, {kind}: events have no column {name}{near_misses(name, known)}. Correct the name."
            )


def _check_rows_are_named(expectation: Expectation, where: str) -> None:
    why = refusal(expectation)
    if why is not None:
        raise SuiteError(f"{where}, {expectation.expectation_type}: {why}")
