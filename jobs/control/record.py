"""The content of `control/<run_id>.json`: who runs under this id, the requests to it, and how many are carried out.

JSON, read and written whole. It contains no credential and nothing of any event.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

Rate = Annotated[FiniteFloat, Field(gt=0)]
"""Requests per second."""

Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""The operator: one line, as it goes into the log."""


class Ask(StrEnum):
    """The kinds of requests to a run."""

    RATE = "rate"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


class ControlRequest(BaseModel):
    """A request: the `number`-th of the run, counted from 1.

    `token` is unique to the request. `rate`: requests per second, with `Ask.RATE` alone. Times are ISO
    8601; `heeded_at` is None until the run has carried it out.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    token: str
    ask: Ask
    rate: Rate | None = None
    by: Name
    asked_at: str
    heeded_at: str | None = None

    def __str__(self) -> str:
        return f"{self.rate:g} requests per second" if self.rate is not None else str(self.ask)


class ControlRecord(BaseModel):
    """The whole file.

    `execution` is the run's own token: a later run of the same id has another one. `heeded` is the number
    of the last request that was carried out; `requests` are those after it. `stopping`: the reason, if a
    stop was requested. `sends`: whether the run sends events; a plan or an import does not, and can only be stopped.
    `delivery.pacing.partition.lost_orders` reads the state, too.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    execution: str
    max_requests_per_second: Rate
    requests_per_second: Rate
    paused: bool = False
    stopping: str | None = None
    sends: bool = True
    heeded: int = 0
    requests: tuple[ControlRequest, ...] = ()

    def asking(self, request: ControlRequest) -> Self:
        """Return the record with `request` at its end, under the next number; the same record if it has it already."""
        if any(each.token == request.token for each in self.requests):
            return self
        last = self.requests[-1].number if self.requests else self.heeded
        numbered = request.model_copy(update={"number": last + 1})
        return self.model_copy(update={"requests": (*self.requests, numbered)})

    def with_heeded(
        self, number: int, requests_per_second: float, *, paused: bool, stopping: str | None = None
    ) -> Self:
        """Return the record of a run that has carried out all requests up to `number`, with its state now."""
        left = tuple(request for request in self.requests if request.number > number)
        state = {"requests_per_second": requests_per_second, "paused": paused, "stopping": stopping}
        return self.model_copy(update={"heeded": number, **state, "requests": left})

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        return f"{self.model_dump_json(indent=1)}\n".encode()

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Read a file's content; return None if it can't be read: half a file, or another version's."""
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            return None
