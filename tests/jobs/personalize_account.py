"""Personalize's control plane on a clock of its own: what an account holds, its rates, and faults on demand.

A real boto3 client makes the calls; requests and answers are judged by botocore's model of the service. `answer` gives
the same answers to a server of AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import boto3
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.session import get_session
from botocore.validate import ParamValidator

from jobs.prepare.control_plane import Time
from jobs.prepare.new_plane import CLIENT_CONFIG
from tests.standin.service_answer import json_answer

ACCOUNT = "arn:aws:personalize:eu-west-1:123456789012"
GROUP = f"{ACCOUNT}:dataset-group/shop"
SCHEMA_ARN = "arn:aws:personalize:::schema/shop"
_MODEL = get_session().get_service_model("personalize")


class Clock:
    """Does not move but for sleeps and what a call takes; `asleep` is the sum of the sleeps in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asleep = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.asleep += seconds
        self.now += seconds

    def timing(self, random: Callable[[], float] = lambda: 1.0) -> Time:
        return Time(lambda: self.now, self.sleep, random)


@dataclass(frozen=True)
class Refusal:
    """An error answer, as the service's JSON protocol writes it."""

    code: str
    status: int = 400


THROTTLED = Refusal("ThrottlingException")


@dataclass
class Tracker:
    name: str
    tracking_id: str
    status: str = "ACTIVE"
    created: int = 0

    @property
    def arn(self) -> str:
        return f"{ACCOUNT}:event-tracker/{self.name}"


@dataclass
class Account:
    """What the calls see; `faults` says how a call fails, by operation and how often it was called before."""

    trackers: list[Tracker]
    kinds: tuple[str, ...] = ("INTERACTIONS",)
    schema: str = "{the schema}"
    faults: Callable[[str, int], Refusal | Exception | bytes | None] = lambda _operation, _before: None
    denied_trackers: frozenset[str] = frozenset()
    rate: float | None = 1.0
    page: int = 100
    takes: Callable[[], float] = lambda: 0.05
    clock: Clock = field(default_factory=Clock)
    calls: list[tuple[str, float]] = field(default_factory=list)
    described: list[str] = field(default_factory=list)
    throttled: int = 0
    _arrived: dict[str, float] = field(default_factory=dict)

    _VALIDATOR: ClassVar[ParamValidator] = ParamValidator()

    def client(self) -> Any:  # noqa: ANN401 - boto3's clients are made at run time
        made = boto3.client(
            "personalize",
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=CLIENT_CONFIG,
        )
        made.meta.events.register("before-send.personalize", self._send)
        return made

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """What the account holds, as JSON; no rate and no fault."""
        found = self._result(operation, asked)
        assert isinstance(found, dict)
        written: dict[str, Any] = json.loads(self._written(operation, found))
        return written

    def starts(self, operation: str) -> list[float]:
        return [at for name, at in self.calls if name == operation]

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().split(".")[1]
        before = len(self.starts(operation))
        self.calls.append((operation, self.clock.now))
        self.clock.now += self.takes() / 2
        fault = self._too_soon(operation) or self.faults(operation, before)
        answer = fault or self._result(operation, json.loads(request.body))
        self.clock.now += self.takes() / 2
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Refusal):
            secret = "User: arn:aws:iam::123456789012:role/secret-role"
            return json_answer(
                request, answer.status, json.dumps({"__type": answer.code, "message": secret}).encode()
            )
        return json_answer(
            request, 200, answer if isinstance(answer, bytes) else self._written(operation, answer)
        )

    def _too_soon(self, operation: str) -> Refusal | None:
        if self.rate is None:
            return None
        last = self._arrived.get(operation)
        if last is not None and self.clock.now < last + 1 / self.rate:
            self.throttled += 1
            return THROTTLED
        self._arrived[operation] = self.clock.now
        return None

    def _written(self, operation: str, answer: dict[str, Any]) -> bytes:
        shape = _MODEL.operation_model(operation).output_shape
        report = self._VALIDATOR.validate(answer, shape)
        assert not report.has_errors(), report.generate_report()
        return json.dumps(answer, default=lambda time: time.timestamp()).encode()

    def _result(self, operation: str, asked: dict[str, Any]) -> dict[str, Any] | Refusal:
        return getattr(self, f"_{xform_name(operation)}")(asked)

    def _list_event_trackers(self, asked: dict[str, Any]) -> dict[str, Any]:
        size, start = min(self.page, asked["maxResults"]), int(asked.get("nextToken", 0))
        more = {"nextToken": str(start + size)} if start + size < len(self.trackers) else {}
        shown = self.trackers[start : start + size]
        return {"eventTrackers": [self._summary(tracker) for tracker in shown], **more}

    @staticmethod
    def _summary(tracker: Tracker) -> dict[str, Any]:
        created = datetime.fromtimestamp(1_700_000_000 + tracker.created, UTC)
        return {
            "name": tracker.name,
            "eventTrackerArn": tracker.arn,
            "status": tracker.status,
            "creationDateTime": created,
            "lastUpdatedDateTime": created,
        }

    def _describe_event_tracker(self, asked: dict[str, Any]) -> dict[str, Any] | Refusal:
        tracker = next(one for one in self.trackers if one.arn == asked["eventTrackerArn"])
        self.described.append(tracker.name)
        if tracker.name in self.denied_trackers:
            return Refusal("AccessDeniedException")
        more = {"trackingId": tracker.tracking_id, "datasetGroupArn": GROUP, "accountId": "123456789012"}
        return {"eventTracker": {**self._summary(tracker), **more}}

    def _list_datasets(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["datasetGroupArn"] == GROUP
        size, start = min(self.page, asked["maxResults"]), int(asked.get("nextToken", 0))
        more = {"nextToken": str(start + size)} if start + size < len(self.kinds) else {}
        shown = self.kinds[start : start + size]
        return {"datasets": [{"datasetArn": _dataset(kind), "datasetType": kind} for kind in shown], **more}

    def _describe_dataset(self, asked: dict[str, Any]) -> dict[str, Any]:
        kind = next(kind for kind in self.kinds if _dataset(kind) == asked["datasetArn"])
        return {"dataset": {"datasetArn": _dataset(kind), "datasetType": kind, "schemaArn": SCHEMA_ARN}}

    def _describe_schema(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["schemaArn"] == SCHEMA_ARN
        return {"schema": {"schemaArn": SCHEMA_ARN, "schema": self.schema}}


def _dataset(kind: str) -> str:
    return f"{ACCOUNT}:dataset/shop/{kind}"
