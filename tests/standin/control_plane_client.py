"""boto3 clients that the stand-in's control plane answers in this process, on a clock that only sleeps move."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from jobs.prepare.control_plane import ControlPlane as Paced
from jobs.prepare.control_plane import Patience, Time
from standin.control_plane.objects import MemoryObjects
from standin.control_plane.service import ControlPlane
from standin.refusal import Refusal
from tests.standin.interactions_schema import INTERACTIONS
from tests.standin.service_answer import json_answer

ROLE = "arn:aws:iam::123456789012:role/PersonalizeImport"
SCHEMA = json.dumps(INTERACTIONS)
COLUMNS = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,DISCOUNT"


class Clock:
    """Unix seconds that move by sleeps alone."""

    def __init__(self) -> None:
        self.now = 1_760_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class World:
    """One account in `eu-west-1` with a dataset group `shop`, and clients of it.

    `lose` says whose answers get lost; `in_place` gives a status and a body that a proxy answers in its place.
    """

    def __init__(self, schema: str = SCHEMA) -> None:
        self.clock = Clock()
        self.objects = MemoryObjects()
        self.plane = ControlPlane(self.objects, self.clock, roles={ROLE})
        self.dataset = self.plane.add_group("shop", "tracker", schema)
        self.lose: Callable[[str], bool] = lambda _operation: False
        self.in_place: Callable[[str], tuple[int, bytes] | None] = lambda _operation: None

    @property
    def tracker_arn(self) -> str:
        (arn,) = self.plane.trackers
        return arn

    def put_csv(self, rows: int = 1000, first: int = 0, key: str = "imports/a/csv/part-0.csv") -> None:
        lines = [f"u{n},i,1760000000,view," for n in range(first, first + rows)]
        self.objects.objects["shop", key] = "\n".join([COLUMNS, *lines, ""]).encode()

    def client(self, service: str = "personalize") -> Any:  # noqa: ANN401 - boto3's clients are made at run time
        made = boto3.client(
            service,
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}),
        )
        made.meta.events.register(f"before-send.{service}", self._send)
        return made

    def paced(self) -> Paced:
        """A control plane of the job's own."""
        return Paced(
            self.client(), Patience(60.0), Time(lambda: self.clock.now, self.clock.sleep, lambda: 1.0)
        )

    def pause(self, seconds: float) -> str | None:
        """Wait; nothing asks to stop."""
        self.clock.sleep(seconds)
        return None

    def calls(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.plane.calls)

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).split(".")[1]
        if page := self.in_place(operation):
            return json_answer(request, *page)
        try:
            answer = self.plane.answer(operation, json.loads(request.body))
        except Refusal as refused:
            error = {"__type": refused.code, "message": refused.message}
            return json_answer(request, refused.status, json.dumps(error).encode())
        if self.lose(operation):
            return json_answer(request, 503, json.dumps({"__type": "ServiceUnavailable"}).encode())
        return json_answer(request, 200, json.dumps(answer, default=datetime.timestamp).encode())
