"""The body's bytes: the pieces as they were staged, around them only what a request needs."""

from __future__ import annotations

import json

from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from delivery.packing import Batch, StagedEvent
from delivery.request import events_per_request, request_writer


@given(
    tracking_id=st.text(min_size=1).filter(lambda text: text.isprintable()),
    user=st.text(),
    items=st.lists(st.text(), min_size=1, max_size=10),
)
def test_a_body_says_what_its_pieces_said(tracking_id: str, user: str, items: list[str]) -> None:
    envelope = {"userId": user, "sessionId": "s"}
    events = [{"itemId": item, "sentAt": number} for number, item in enumerate(items)]
    pieces = tuple(StagedEvent("e", b"", json.dumps(event).encode()) for event in events)
    body = request_writer(tracking_id)(Batch(json.dumps(envelope).encode(), pieces))
    assert json.loads(body) == {"trackingId": tracking_id, **envelope, "eventList": events}


def test_the_event_json_goes_out_byte_for_byte() -> None:
    pieces = (StagedEvent("a", b"", '{"itemId":"é"}'.encode()), StagedEvent("b", b"", b'{"eventValue":1.50}'))
    body = request_writer("t")(Batch(b'{"sessionId":"s"}', pieces))
    expected = '{"trackingId":"t","sessionId":"s","eventList":[{"itemId":"é"},{"eventValue":1.50}]}'
    assert body == expected.encode()


def test_the_limit_of_events_is_the_models() -> None:
    model = Session().get_service_model("personalize-events")
    assert events_per_request() == model.shape_for("EventList").metadata["max"] == 10
