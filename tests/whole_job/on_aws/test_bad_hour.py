"""S3 as it is at times: every seventh request is refused for the moment, or its answer is lost on the way."""

from __future__ import annotations

import itertools
import threading
from collections import Counter

import pytest

from tests.aws.network.http import Request
from tests.aws.s3.errors import S3Error
from tests.aws.world import AwsWorld
from tests.whole_job.on_aws.shop import Shop

pytestmark = [pytest.mark.job, pytest.mark.aws, pytest.mark.usefixtures("s3_jars")]

SLOW = S3Error(503, "SlowDown", "Please reduce your request rate.")
FAILED = S3Error(500, "InternalError", "We encountered an internal error. Please try again.")
TIMEOUT = S3Error(400, "RequestTimeout", "Your socket connection to the server was not read from in time.")
CONFLICT = S3Error(409, "ConditionalRequestConflict", "A conflicting operation is in progress.")
LOST, CUT = 0, 700
"""All is done, and no answer comes; or the answer breaks off within its body, if it has as much of one."""


class BadHour:
    """Gives every `every`th request one trouble after the other, of those that its operation can meet."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._requests = itertools.count(1)
        self._kinds = itertools.cycle((SLOW, FAILED, LOST, TIMEOUT, CUT))
        self.met: Counter[str] = Counter()

    def __call__(self, request: Request, _: str) -> S3Error | int | None:
        with self._lock:
            if next(self._requests) % self._every:
                return None
            trouble = self._of(request, next(self._kinds))
            self.met[str(trouble) if isinstance(trouble, int) else trouble.code] += 1
            return trouble

    def _of(self, request: Request, trouble: S3Error | int) -> S3Error | int:
        if trouble is not TIMEOUT:
            return trouble
        if request.method != "PUT":
            return SLOW
        return CONFLICT if {"if-match", "if-none-match"} & set(request.headers) else TIMEOUT


def test_a_history_is_delivered_all_the_same(aws: AwsWorld) -> None:
    shop = Shop.open(aws)
    aws.events("eu-west-1")
    shop.configure("bad-hour")
    aws.s3.trouble = hour = BadHour(every=7)
    ended = shop.run("bad-hour", {**aws.user(), "AWS_REGION": "eu-west-1"})
    aws.s3.trouble = lambda *_: None
    shop.require_delivered("bad-hour", ended)
    assert len(hour.met) >= 4, hour.met
    assert aws.events("eu-west-1").stop()["events_accepted"] == 70
