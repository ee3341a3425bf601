"""Great Expectations' verdict on a run's events: counts and names, without any value of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult


@dataclass(frozen=True, slots=True)
class RuleResult:
    """An expectation's outcome; `considered` and `failed` are None if its type names no rows."""

    name: str
    origin: str
    severity: str
    description: str | None
    success: bool
    considered: int | None
    failed: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of all rules.

    `refused`: an expectation of severity `critical` failed as a whole, so nothing may be sent. `failures`:
    one sentence per failed expectation, the critical ones first. `document`: Great Expectations' own
    `ExpectationSuiteValidationResult`, free of values, for `documents.write_validation`.
    """

    results: tuple[RuleResult, ...]
    success: bool
    refused: bool
    failures: tuple[str, ...]
    rejected_by_reason: dict[str, int]
    document: ExpectationSuiteValidationResult
