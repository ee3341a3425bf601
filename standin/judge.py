"""The judgment on a request body: its events, or the refusal that the service would answer.

The order is the service's: readable, then the model, then the facts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from standin import facts
from standin.model import put_events_check
from standin.refusal import invalid_input, unknown_tracker

_decode = json.JSONDecoder(parse_constant=facts.refuse_constant).decode


@dataclass(frozen=True, slots=True)
class PutEvents:
    """A valid request: its tracking ID, and its events as parsed JSON objects."""

    tracking_id: str
    user_id: str | None
    session_id: str
    events: list[dict[str, Any]]


class Judge:
    """A judge of request bodies; with a tracking ID given, any other is answered as an unknown tracker."""

    def __init__(self, tracking_id: str | None = None) -> None:
        self._tracking_id = tracking_id
        self._broken_constraint = put_events_check()

    def read(self, body: bytes) -> PutEvents:
        """Return the request in `body`.

        Raises:
            Refusal: the service would refuse it.
        """
        request = _parse(body)
        _refuse(self._broken_constraint(request))
        if self._tracking_id not in {None, request["trackingId"]}:
            raise unknown_tracker()
        _refuse(facts.broken_id(request, facts.REQUEST_IDS))
        events = request["eventList"]
        _refuse_any(facts.broken_fact, events)
        if len(body) > facts.MAX_EVENT_BYTES:
            _refuse_any(facts.broken_size, events)
        return PutEvents(request["trackingId"], request.get("userId"), request["sessionId"], events)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode()
        request: dict[str, Any] = _decode(text)
        if "\\ud" in text or "\\uD" in text:
            _refuse_lone_surrogates(request)
    except (ValueError, RecursionError):
        raise invalid_input("The request body is not JSON in UTF-8.") from None
    return request


def _refuse_lone_surrogates(request: object) -> None:
    # Half of a surrogate pair can be written in JSON and in no UTF-8 file; encoding it raises a ValueError.
    json.dumps(request, ensure_ascii=False).encode()


def _refuse(broken: str | None) -> None:
    if broken is not None:
        raise invalid_input(broken)


def _refuse_any(rule: Callable[[dict[str, Any]], str | None], events: list[dict[str, Any]]) -> None:
    for event in events:
        broken = rule(event)
        if broken is not None:
            raise invalid_input(broken)
