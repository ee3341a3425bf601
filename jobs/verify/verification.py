"""`verification.json`: what the service has of what we sent, in counts and words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel

from bulk.comparison import Compared
from bulk.metrics import Calls, Metered, Proof

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

    @classmethod
    def of(cls, run_id: str, calls: Calls, counted: Metered, proof: Proof) -> Requests:
        """Put together what was asked and what was answered."""
        return cls(
            run_id=run_id,
            accepted=calls.accepted,
            attempts=calls.attempts,
            found=proof.found,
            missing=proof.missing,
            unknown=proof.unknown,
            metered_accepted=counted.accepted,
            metered_refused=counted.refused,
            metered_failed=counted.failed,
        )


class Interactions(BaseModel):
    """Distinct interactions that the service should have, compared with an export of its dataset.

    `run_id`: the run that sent or imported them; None: any run did.
    """

    export: str
    run_id: str | None = None
    found: int
    missing: int
    unknown: int
    anonymous: int
    columns_not_exported: list[str]
    unknown_format: str | None = None

    @classmethod
    def of(
        cls,
        export: str,
        compared: Compared,
        anonymous: int,
        absent: tuple[str, ...],
        run_id: str | None = None,
    ) -> Interactions:
        """Put together what was compared."""
        return cls(
            export=export,
            run_id=run_id,
            found=compared.found,
            missing=compared.missing,
            unknown=compared.unknown,
            anonymous=anonymous,
            columns_not_exported=list(absent),
        )


class Verification(BaseModel):
    """A verification. `unanswered`: why the service, or a part of it, could not be asked."""

    tracking_id: str
    verified_at: datetime
    requests: Requests | None = None
    interactions: Interactions | None = None
    unanswered: list[str] = []

    def without(self, reason: str) -> Verification:
        """Return what is known and `reason`, why something else is not."""
        return self.model_copy(update={"unanswered": [*self.unanswered, reason]})

    @property
    def exit_code(self) -> int:
        """Return 4 if something is missing, else 5 if the service could not be asked, else 0."""
        parts = [part for part in (self.requests, self.interactions) if part is not None]
        if any(part.missing for part in parts):
            return 4
        unreadable = self.interactions is not None and self.interactions.unknown_format is not None
        return 5 if self.unanswered or unreadable else 0

    def lines(self) -> Iterator[str]:
        """Yield the lines to print."""
        if self.requests:
            yield from _requests(self.requests)
        if self.interactions:
            yield from _interactions(self.interactions)
        yield from self.unanswered


def _requests(found: Requests) -> Iterator[str]:
    others = found.metered_accepted - found.found
    yield (
        f"requests of run {found.run_id}: {found.accepted:,} accepted = {found.found:,} found + {found.missing:,} "
        f"missing + {found.unknown:,} unknown (CloudWatch)"
    )
    yield (
        f"CloudWatch counted {found.metered_accepted:,} accepted calls in the run's span, {others:,} of them live "
        f"traffic or with lost answers; {found.metered_refused:,} 4xx and {found.metered_failed:,} 5xx for "
        f"{found.attempts - found.accepted:,} attempts that were not accepted"
    )
    if found.unknown:
        yield "the run ended less than 15 minutes ago: what is unknown may still be counted. Verify again later"


def _interactions(found: Interactions) -> Iterator[str]:
    if found.unknown_format:
        yield f"the export says nothing: {found.unknown_format}"
        return
    total = found.found + found.missing + found.unknown
    whose = f" of run {found.run_id}" if found.run_id else ""
    yield (
        f"distinct interactions{whose}: {total:,} delivered = {found.found:,} found + {found.missing:,} missing + "
        f"{found.unknown:,} unknown (export); {found.anonymous:,} anonymous events can't be verified"
    )
    if found.unknown:
        yield "unknown: the export has them by user, item, time and type, and writes other fields in another form"
    if found.columns_not_exported:
        yield f"not compared, as the export lacks them: {', '.join(found.columns_not_exported)}"
