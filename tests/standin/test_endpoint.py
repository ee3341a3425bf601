from __future__ import annotations

import json
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from standin.endpoint import Answer, Endpoint, Request
from standin.faults import REFUSALS, FaultPlan, parse_faults
from standin.judge import Judge
from standin.keys import Credentials, single_key
from standin.quota import Quota, parse_quota
from standin.record import FILE_NAME, Record
from standin.signature import Verifier
from tests.standin.signing import CREDENTIALS, URL, body, event, signed


def good() -> Request:
    """Return a good request, signed now: one that was signed when the tests were collected may have expired."""
    return signed(body())


def endpoint(faults: str = "", quota: str | None = None, record: Record | None = None) -> Endpoint:
    return Endpoint(
        verifier=Verifier(single_key(CREDENTIALS)),
        judge=Judge(),
        quota=Quota(parse_quota(quota) if quota else ()),
        faults=FaultPlan(parse_faults(faults), seed=1),
        record=record,
        slow_seconds=9.0,
    )


def test_a_good_request_is_answered_with_200_and_nothing() -> None:
    service = endpoint()
    assert service.answer(good(), time.time()) == Answer(200, None, b"", 0.0, reset=False)
    assert service.account.summary()["events_accepted"] == 1


def test_a_refusal_has_the_form_of_rest_json() -> None:
    answer = endpoint().answer(signed(body(sessionId="null")), time.time())
    assert (answer.status, answer.code) == (400, "InvalidInputException")
    assert set(json.loads(answer.body)) == {"message"}


def test_another_path_or_method_is_not_put_events() -> None:
    service = endpoint()
    assert service.answer(signed(body(), url=f"{URL}/other"), time.time()).status == 404
    assert service.answer(signed(body(), method="GET"), time.time()).status == 405


def test_the_signature_is_looked_at_before_the_content() -> None:
    stranger = Credentials("AKIDOTHER", "x")
    assert endpoint().answer(signed(b"{", credentials=stranger), time.time()).status == 403


def test_attempts_beyond_the_quota_are_throttled_and_not_accepted() -> None:
    service = endpoint(quota="2")
    assert [service.answer(good(), time.time()).code for _ in range(3)] == [None, None, "ThrottlingException"]
    assert service.account.summary()["requests"] == 3
    assert service.account.summary()["requests_accepted"] == 2


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusing_fault_answers_its_error_and_accepts_nothing(kind: str) -> None:
    service = endpoint(f"{kind}=1")
    answer = service.answer(good(), time.time())
    assert (answer.status, answer.code) == (REFUSALS[kind]().status, REFUSALS[kind]().code)
    assert service.account.summary()["faults"] == {kind: 1}
    assert service.account.summary()["events_accepted"] == 0


@pytest.mark.parametrize(("fault", "accepted"), [("down=0", 0), ("reset-before=1", 0), ("reset-after=1", 1)])
def test_a_reset_comes_before_or_after_the_events_are_accepted(fault: str, accepted: int) -> None:
    service = endpoint(fault)
    assert service.answer(good(), time.time()).reset
    assert service.account.summary()["events_accepted"] == accepted


def test_a_slow_answer_is_late_and_its_events_accepted() -> None:
    service = endpoint("slow=1")
    assert service.answer(good(), time.time()) == Answer(delay=9.0)
    assert service.account.summary()["events_accepted"] == 1


def test_poison_refuses_its_request_every_time_and_the_rest_never() -> None:
    service = endpoint("poison=0.5")
    plan = FaultPlan(parse_faults("poison=0.5"), seed=1)
    for number in range(20):
        each = event(eventId=str(number))
        answers = {service.answer(signed(body(each)), time.time()).code for _ in range(2)}
        assert answers == {"InvalidInputException" if plan.poisons([each]) else None}


def test_what_was_accepted_is_recorded_and_nothing_else(tmp_path: Path) -> None:
    record = Record(tmp_path)
    service = endpoint(quota="2", record=record)
    for request in (signed(body(userId="nan")), good(), good()):
        service.answer(request, time.time())
    record.close()
    assert pq.read_table(tmp_path / FILE_NAME)["request"].to_pylist() == [1]
