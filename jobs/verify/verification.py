"""`verification.json`: what the service has of what we sent, in counts and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from bulk.metrics import Calls, Metered, Proof
from core.plurals import counted

Outcome = Literal["found", "missing", "unknown"]
NAME = "verification.json"
FOLDER = "verifications"


class Requests(BaseModel):
    """Requests that a run had accepted, and CloudWatch's counts for the same span, in calls."""

    run_id: str
    accepted: int
    attempts: int
    found: int
    missing: int
    unknown: int
    metered_accepted: int
    metered_refused: int
    metered_failed: int
    why_unknown: str | None = None

    @classmethod
    def of(cls, run_id: str, calls: Calls, metered: Metered, proof: Proof) -> Requests:
        """Put together what was asked and what was answered."""
        return cls(
            run_id=run_id,
            accepted=calls.accepted,
            attempts=calls.attempts,
            found=proof.found,
            missing=proof.missing,
            unknown=proof.unknown,
            metered_accepted=metered.accepted,
            metered_refused=metered.refused,
            metered_failed=metered.failed,
            why_unknown=proof.why_unknown,
        )


class Interactions(BaseModel):
    """Distinct interactions that the service should have, compared with an export of its dataset.

    `run_id`: the run that sent or imported them; None: any run did. `unknown` includes `not_in_source`: events of the
    ledger and of imports that the source does not yield.
    """

    export: str
    run_id: str | None = None
    found: int = 0
    missing: int = 0
    unknown: int = 0
    not_in_source: int = 0
    anonymous: int = 0
    columns_not_exported: list[str] = []
    unknown_format: str | None = None


class ImportedFiles(BaseModel):
    """The files of an import, and the newest job for them: what became of it, and why in words.

    `call`: the command that makes a job if none brought the rows.
    """

    import_name: str
    rows: int
    outcome: Outcome
    why: str
    job_name: str | None = None
    job_status: str | None = None
    failure_reason: str | None = None
    call: str | None = None


class Imports(BaseModel):
    """Imports by what became of their jobs, in numbers; a job says nothing of single rows."""

    found: int
    missing: int
    unknown: int
    files: list[ImportedFiles]

    @classmethod
    def of(cls, files: Sequence[ImportedFiles]) -> Imports:
        """Count the outcomes."""
        outcomes = [each.outcome for each in files]
        return cls(
            found=outcomes.count("found"),
            missing=outcomes.count("missing"),
            unknown=outcomes.count("unknown"),
            files=list(files),
        )


class Verification(BaseModel):
    """A verification. `unanswered`: why the service, or a part of it, could not be asked."""

    tracking_id: str
    verified_at: datetime
    requests: Requests | None = None
    imports: Imports | None = None
    interactions: Interactions | None = None
    unanswered: list[str] = []

    def without(self, reason: str) -> Verification:
        """Return what is known and `reason`, why something else is not."""
        return self.model_copy(update={"unanswered": [*self.unanswered, reason]})

    @property
    def exit_code(self) -> int:
        """Return 4 if something is missing, else 5 if not all could be asked or nothing could be compared, else 0."""
        parts = (self.requests, self.imports, self.interactions)
        if any(part is not None and part.missing for part in parts):
            return 4
        return 5 if self.unanswered or not self._has_compared else 0

    @property
    def _has_compared(self) -> bool:
        return self._decisive is not None and self._decisive.found + self._decisive.missing > 0

    @property
    def _decisive(self) -> Requests | Imports | Interactions | None:
        """Return the part that has to be compared: interactions prove most, and import jobs nothing of requests."""
        parts = (self.interactions, self.requests, self.imports)
        return next((part for part in parts if part is not None), None)

    def lines(self) -> Iterator[str]:
        """Yield the lines to print."""
        if self.requests:
            yield from _requests(self.requests)
        if self.imports:
            yield from _imports(self.imports)
        if self.interactions:
            yield from _interactions(self.interactions)
        yield from self.unanswered
        if self._decisive is not None and not self._has_compared:
            yield self._not_compared()

    def _not_compared(self) -> str:
        if self._decisive is self.requests and self.imports is not None and self.imports.found:
            return "no request could be compared, so none is verified: import jobs prove nothing of requests"
        return "nothing of it could be compared, so nothing is verified"


def _requests(found: Requests) -> Iterator[str]:
    others = found.metered_accepted - found.found
    yield (
        f"requests of run {found.run_id}: {found.accepted:,} accepted = {found.found:,} found + {found.missing:,} "
        f"missing + {found.unknown:,} unknown (CloudWatch)"
    )
    yield (
        f"CloudWatch counted {counted(found.metered_accepted, 'accepted call')} in the run's span, {others:,} of "
        f"them live traffic or with lost answers; {found.metered_refused:,} 4xx and {found.metered_failed:,} 5xx for "
        f"{counted(found.attempts - found.accepted, 'attempt')} not accepted"
    )
    if found.why_unknown:
        yield found.why_unknown


def _imports(found: Imports) -> Iterator[str]:
    yield (
        f"import jobs: {counted(len(found.files), 'import')} = {found.found:,} found + {found.missing:,} missing + "
        f"{found.unknown:,} unknown (Personalize)"
    )
    for each in found.files:
        call = f". The call that imports them: {each.call}" if each.call else ""
        yield f"import {each.import_name}, {counted(each.rows, 'row')}: {each.why}{call}"


def _interactions(found: Interactions) -> Iterator[str]:
    if found.unknown_format:
        yield f"the export says nothing: {found.unknown_format}"
        return
    total = found.found + found.missing + found.unknown
    whose = f" of run {found.run_id}" if found.run_id else ""
    yield (
        f"distinct interactions{whose}: {total:,} delivered = {found.found:,} found + {found.missing:,} missing + "
        f"{found.unknown:,} unknown (export); {counted(found.anonymous, 'anonymous event')} can't be verified"
    )
    if found.not_in_source:
        yield (
            f"unknown: the source does not yield {found.not_in_source:,} of the delivered events: rows may have been "
            "deleted, or the filter, the mapping or the checks changed"
        )
    if found.unknown > found.not_in_source:
        yield (
            f"unknown: the export has {found.unknown - found.not_in_source:,} by user, item, time and type, and writes "
            "other fields, or the type, in another form"
        )
    if found.columns_not_exported:
        yield f"not compared, as the export lacks them: {', '.join(found.columns_not_exported)}"
