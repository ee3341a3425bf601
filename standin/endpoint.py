"""PutEvents itself: one HTTP request in, one answer out, checked in the order of the service.

Pure of I/O: the Answer describes a late answer or a reset, and the connection carries it out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from standin import refusal
from standin.account import Account
from standin.faults import REFUSALS, FaultPlan
from standin.judge import Judge
from standin.quota import Quota
from standin.record import Record
from standin.refusal import Refusal
from standin.signature import Verifier

PATH = "/events"
"""The request URI of PutEvents in botocore's model."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; header names are in lower case, `target` is the path with its query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to send: status, error name and JSON body after `delay` seconds, or a reset."""

    status: int = 200
    code: str | None = None
    body: bytes = b""
    delay: float = 0.0
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The judge of requests, with its counts; `slow_seconds` is the delay of a `slow` answer."""

    verifier: Verifier
    judge: Judge
    quota: Quota
    faults: FaultPlan
    record: Record | None = None
    slow_seconds: float = 60.0
    account: Account = field(default_factory=Account)

    def answer(self, request: Request, now: float) -> Answer:
        """Answer a request that arrived at `now` (Unix seconds). Never raises because of what a client sent."""
        number = self.account.attempted(now)
        fault = self.faults.draw(number)
        if fault is not None:
            self.account.struck(fault)
        try:
            return self._answer(request, now, number, fault)
        except Refusal as refused:
            return self.refuse(refused)

    def refuse(self, refused: Refusal) -> Answer:
        """Count a refusal and return it in AWS's rest-json form."""
        self.account.refused(refused.code, refused.message)
        return Answer(refused.status, refused.code, json.dumps({"message": refused.message}).encode())

    def _answer(self, request: Request, now: float, number: int, fault: str | None) -> Answer:
        if fault in {"down", "reset-before"}:
            return Answer(reset=True)
        _route(request)
        self.verifier.verify(request.method, request.target, request.headers, request.body, now)
        self.quota.spend(now)
        if fault is not None and fault in REFUSALS:
            raise REFUSALS[fault]()
        self._accept(request.body, now, number)
        return Answer(reset=fault == "reset-after", delay=self.slow_seconds if fault == "slow" else 0.0)

    def _accept(self, body: bytes, now: float, number: int) -> None:
        events = self.judge.read(body)
        if self.faults.poisons(events.events):
            self.account.struck("poison")
            raise refusal.invalid_input("An event is poison, on purpose.")
        self.account.accepted(events)
        if self.record is not None:
            self.record.add(events, number, now)


def _route(request: Request) -> None:
    if request.target.partition("?")[0] != PATH:
        raise refusal.unknown_operation()
    if request.method != "POST":
        raise refusal.wrong_method()
