"""What each answer means for the sender, code by code."""

from __future__ import annotations

import gzip
import json
from itertools import combinations
from pathlib import Path

import botocore
import pytest
from botocore.retries import standard

from delivery.service import faults
from delivery.service.answer import ACCEPTED, Answer
from delivery.service.faults import Fault, classify


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (ACCEPTED, None),
        (Answer(204), None),
        (Answer(400, "ThrottlingException"), Fault.THROTTLED),
        (Answer(429), Fault.THROTTLED),
        (Answer(429, "TooManyRequestsException"), Fault.THROTTLED),
        (Answer(503, "SlowDown"), Fault.THROTTLED),
        (Answer(500, "InternalFailure"), Fault.TRANSIENT),
        (Answer(503), Fault.TRANSIENT),
        (Answer(599), Fault.TRANSIENT),
        (Answer(408), Fault.TRANSIENT),
        (Answer(409, "ResourceInUseException"), Fault.TRANSIENT),
        (Answer(None, "AWS_ERROR_HTTP_CONNECTION_CLOSED"), Fault.TRANSIENT),
        (Answer(None, "ReadTimeout"), Fault.TRANSIENT),
        (Answer(400, "InvalidInputException"), Fault.POISON),
        (Answer(400, "ValidationException"), Fault.POISON),
        (Answer(400, "SerializationException"), Fault.POISON),
        (Answer(400), Fault.POISON),
        (Answer(413), Fault.POISON),
        (Answer(400, "InvalidInputException", "eventList member is invalid"), Fault.POISON),
        (Answer(400, "InvalidInputException", "Invalid trackingId"), Fault.POISON),
        (Answer(400, "InvalidInputException", "No event tracker was found"), Fault.POISON),
        (Answer(404, "ResourceNotFoundException"), Fault.FATAL),
        (Answer(404), Fault.FATAL),
        (Answer(403), Fault.FATAL),
        (Answer(401), Fault.FATAL),
        (Answer(405), Fault.FATAL),
        (Answer(301), Fault.FATAL),
        (Answer(400, "UnrecognizedClientException"), Fault.FATAL),
        (Answer(403, "InvalidSignatureException"), Fault.FATAL),
        (Answer(400, "RequestExpired"), Fault.FATAL),
        (Answer(403, "ExpiredTokenException"), Fault.FATAL),
        (Answer(403, "ExpiredTokenException", renewed=True), Fault.TRANSIENT),
        (Answer(400, "RequestExpired", renewed=True), Fault.TRANSIENT),
        (Answer(None, "CredentialRetrievalError"), Fault.FATAL),
    ],
)
def test_each_answer_has_one_meaning(answer: Answer, fault: Fault | None) -> None:
    assert classify(answer) is fault


def test_botocores_own_throttled_and_transient_codes_are_ours() -> None:
    throttled = set(standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    transient = set(standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES)
    assert throttled - transient == faults.THROTTLED_CODES
    assert transient <= faults.TRANSIENT_CODES
    for status in standard.TransientRetryableChecker._TRANSIENT_STATUS_CODES:
        assert classify(Answer(status)) is Fault.TRANSIENT


def test_every_exception_of_the_services_model_has_its_meaning() -> None:
    folder = Path(botocore.__file__).parent / "data/personalize-events/2018-03-22"
    shapes = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))["shapes"]
    statuses = {name: shape["error"]["httpStatusCode"] for name, shape in shapes.items() if "error" in shape}
    assert {name: classify(Answer(status, name)) for name, status in statuses.items()} == {
        "InvalidInputException": Fault.POISON,
        "ResourceInUseException": Fault.TRANSIENT,
        "ResourceNotFoundException": Fault.FATAL,
    }


def test_no_code_means_two_things() -> None:
    families = [
        faults.THROTTLED_CODES,
        faults.TRANSIENT_CODES,
        faults.EXPIRED_CODES,
        faults.CREDENTIAL_CODES,
        faults.CLOCK_CODES,
        faults.UNKNOWN_CODES,
    ]
    assert all(not (one & other) for one, other in combinations(families, 2))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (Answer(403, "AccessDeniedException", "user-3"), "permission personalize:PutEvents"),
        (Answer(403, None, "user-3"), "permission personalize:PutEvents"),
        (Answer(400, "RequestExpired", "user-3"), "clock"),
        (Answer(403, "RequestTimeTooSkewed", "user-3"), "clock"),
        (Answer(403, "ExpiredTokenException", "user-3"), "expired"),
        (Answer(404, "ResourceNotFoundException", "tracking id of user-3"), "personalize.tracking_id"),
    ],
)
def test_a_fatal_answer_is_explained_without_its_message(answer: Answer, hint: str) -> None:
    sentence = faults.explain(answer)
    assert hint in sentence
    assert faults.name(answer) in sentence
    assert "user-3" not in sentence


def test_an_answer_without_a_code_is_named_once() -> None:
    assert faults.explain(Answer(403)).startswith("the service refuses every request with HTTP 403: check")


def test_every_failure_has_a_name() -> None:
    named = [faults.name(answer) for answer in (Answer(None), Answer(503), Answer(400, "Foo"))]
    assert named == ["NoAnswer", "HTTP 503", "Foo"]
