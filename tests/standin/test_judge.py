from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standin.judge import Judge
from standin.refusal import Refusal
from tests.standin.signing import body, event

judge = Judge()


def refusal_of(content: bytes, by: Judge = judge) -> Refusal:
    with pytest.raises(Refusal) as refused:
        by.read(content)
    return refused.value


def test_a_valid_request_comes_back_as_what_it_says() -> None:
    request = judge.read(body(event(), event(eventId="e-2")))
    assert (request.tracking_id, request.user_id, request.session_id) == ("t", "u", "s")
    assert [each["eventId"] for each in request.events] == ["e-1", "e-2"]


def test_an_anonymous_session_is_valid() -> None:
    assert judge.read(body(userId=None)).user_id is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"trackingId":"t","sessionId":"s","eventList":[{"eventType":"v","sentAt":NaN}]}',
        body(event(itemId="\ud800")),
        body(sessionId="null"),
        body(userId=" "),
        body(event(), event(itemId="nan")),
        body(event(sentAt=1)),
        body(event(impression=["é" * 256] * 25)),
    ],
)
def test_wrong_content_is_an_invalid_input(content: bytes) -> None:
    refused = refusal_of(content)
    assert (refused.status, refused.code) == (400, "InvalidInputException")


def test_one_event_over_10_kilobytes_refuses_the_request() -> None:
    # Within every limit of characters; four bytes each and JSON's escapes make it too large.
    large = event(
        impression=["\U0001f600" * 39] * 25,
        properties=json.dumps({"a": "\U0001f600" * 1000}, ensure_ascii=False),
        itemId="\U0001f600" * 256,
        eventId="\U0001f600" * 256,
        eventType="\U0001f600" * 256,
    )
    assert refusal_of(body(event(), large)).message == "an event is larger than 10 KB"


def test_another_tracking_id_is_unknown_where_one_is_set() -> None:
    assert refusal_of(body(), Judge("other")).code == "ResourceNotFoundException"
    assert Judge("t").read(body()).tracking_id == "t"


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_no_body_does_more_than_earn_a_refusal(content: bytes) -> None:
    assert refusal_of(content).status == 400
