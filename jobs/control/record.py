"""What `control/<run_id>.json` holds: who runs under this id, what was asked of it, and how far it has got with that.

JSON, read and written whole. It holds no credential and nothing of any event. It decides nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

Rate = Annotated[FiniteFloat, Field(gt=0)]
"""Requests per second."""

Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Who asks: one line, as it gets into the log."""


class Ask(StrEnum):
    """What can be asked of a run."""

    RATE = "rate"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


class Request(BaseModel):
    """One request: the `number`-th of the run, counted from 1.

    `token` is one that no other request has. `rate`: requests per second, with `Ask.RATE` alone. Times are ISO 8601;
    `heeded_at` is None until the run has done what was asked.
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

    `execution` is the run's own token: a later run of the same id has another one. `heeded` is the number of the last
    request that was done; `requests` are those after it. `stopping`: the reason, where a stop was asked for.
    `delivery.lost_orders` reads the state, too.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    execution: str
    max_requests_per_second: Rate
    requests_per_second: Rate
    paused: bool = False
    stopping: str | None = None
    heeded: int = 0
    requests: tuple[Request, ...] = ()

    def asking(self, request: Request) -> Self:
        """Return the record with `request` at its end, under the next number; the same one if it has it already."""
        if any(each.token == request.token for each in self.requests):
            return self
        last = self.requests[-1].number if self.requests else self.heeded
        numbered = request.model_copy(update={"number": last + 1})
        return self.model_copy(update={"requests": (*self.requests, numbered)})

    def with_heeded(
        self, number: int, requests_per_second: float, *, paused: bool, stopping: str | None = None
    ) -> Self:
        """Return the record of a run that has done all requests up to `number`, and the state that it is in now."""
        left = tuple(request for request in self.requests if request.number > number)
        state = {"requests_per_second": requests_per_second, "paused": paused, "stopping": stopping}
        return self.model_copy(update={"heeded": number, **state, "requests": left})

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        return f"{self.model_dump_json(indent=1)}\n".encode()

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Read a file's content; None where it can't be read: half a file, or another version's."""
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            return None
