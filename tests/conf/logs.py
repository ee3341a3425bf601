"""Made-up logs in the shape of each example in conf/, and the events that the job should make of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

NOON = 1_761_998_400
"""2025-11-01 12:00:00 UTC."""


@dataclass(frozen=True)
class Log:
    """Its rows, in the folder `below` its own; the rows that the job should see, and the events it should send."""

    rows: list[dict[str, Any]]
    schema: pa.Schema
    rows_read: int
    events: list[dict[str, Any]]
    below: str = ""


def event(user: str | None, kind: str, item: str, at: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """What the service should have understood of one event."""
    return {"userId": user, "eventType": kind, "itemId": item, "sentAt": at, **more}


_CLICK = ("event_time", "session_id", "customer_id", "event_name", "product_id", "device")


def _click(*values: str | None) -> dict[str, Any]:
    return dict(zip(_CLICK, values, strict=True))


CLICKSTREAM = Log(
    rows=[
        _click("2026-11-01T12:00:00.123Z", "s1", None, "product_view", "p1", "phone"),
        _click("2026-11-01T12:00:05Z", "s1", None, "page_view", None, "phone"),
        _click("2026-11-01T14:01:00+02:00", "s1", "c1", "add_to_cart", "p1", None),
        _click("2026-11-01T12:02:00", "s1", "c1", "purchase", "p1", "phone"),
    ],
    schema=pa.schema([(name, pa.string()) for name in _CLICK]),
    rows_read=3,
    events=[
        event(None, "View", "p1", 1_793_534_400, sessionId="s1", properties={"device": "phone"}),
        event("c1", "AddToCart", "p1", 1_793_534_460, sessionId="s1"),
        event("c1", "Purchase", "p1", 1_793_534_520, sessionId="s1", properties={"device": "phone"}),
    ],
    below="event_date=2026-11-01",
)


def _inner(item: int, kind: str, at: int) -> dict[str, Any]:
    return {"item": item, "type": kind, "at": at}


SESSIONS = Log(
    rows=[
        {
            "session_id": 7,
            "user_id": "u1",
            "events": [
                _inner(1, "click", NOON * 1000 + 999),
                _inner(9, "search", NOON * 1000 + 1000),
                _inner(2, "order", NOON * 1000 + 5000),
            ],
        },
        {"session_id": 8, "user_id": None, "events": [_inner(1, "click", NOON * 1000)]},
        {"session_id": 9, "user_id": "u2", "events": []},
    ],
    schema=pa.schema(
        [
            ("session_id", pa.int64()),
            ("user_id", pa.string()),
            (
                "events",
                pa.list_(pa.struct([("item", pa.int64()), ("type", pa.string()), ("at", pa.int64())])),
            ),
        ]
    ),
    rows_read=3,
    events=[
        event("u1", "click", "1", NOON, sessionId="7"),
        event("u1", "order", "2", NOON + 5, sessionId="7"),
        event(None, "click", "1", NOON, sessionId="8"),
    ],
)

RATINGS = Log(
    rows=[
        {"user": 1, "item": 10, "rating": 4.5, "rated_at": NOON},
        {"user": 1, "item": 11, "rating": 0.5, "rated_at": NOON + 40 * 86_400},
        {"user": 2, "item": 10, "rating": 3.0, "rated_at": NOON},
    ],
    schema=pa.schema(
        [("user", pa.int64()), ("item", pa.int64()), ("rating", pa.float64()), ("rated_at", pa.int64())]
    ),
    rows_read=3,
    events=[
        event("1", "rating", "10", NOON, eventValue=4.5),
        event("1", "rating", "11", NOON + 40 * 86_400, eventValue=0.5),
        event("2", "rating", "10", NOON, eventValue=3.0),
    ],
)


def _line(number: int, sku: str, quantity: int, price: str, shown: list[str] | None) -> dict[str, Any]:
    unit_price = Decimal(price)
    return {"line": number, "sku": sku, "quantity": quantity, "unit_price": unit_price, "shown": shown}


def _order(
    order: str, customer: str | None, recommendation: str | None, *lines: dict[str, Any]
) -> dict[str, Any]:
    return {
        "order_id": order,
        "customer_id": customer,
        "ordered_at": datetime.fromtimestamp(NOON, UTC),
        "recommendation_id": recommendation,
        "lines": list(lines),
        "address": "which must not be read",
    }


PURCHASES = Log(
    rows=[
        _order(
            "o1",
            "c1",
            "r1",
            _line(1, "shoe", 2, "49.75", [f"i{n}" for n in range(30)]),
            _line(2, "sock", 1, "5.00", None),
        ),
        _order("o2", "c1", None, _line(1, "shoe", 1, "49.75", ["shoe", "boot"])),
        _order("o3", None, None, _line(1, "shoe", 1, "49.75", [])),
    ],
    schema=pa.schema(
        [
            ("order_id", pa.string()),
            ("customer_id", pa.string()),
            ("ordered_at", pa.timestamp("us", tz="UTC")),
            ("recommendation_id", pa.string()),
            (
                "lines",
                pa.list_(
                    pa.struct(
                        [
                            ("line", pa.int32()),
                            ("sku", pa.string()),
                            ("quantity", pa.int32()),
                            ("unit_price", pa.decimal128(10, 2)),
                            ("shown", pa.list_(pa.string())),
                        ]
                    )
                ),
            ),
            ("address", pa.string()),
        ]
    ),
    rows_read=3,
    events=[
        event(
            "c1",
            "Purchase",
            "shoe",
            NOON,
            eventId="o1-1",
            eventValue=99.5,
            recommendationId="r1",
            impression=[f"i{n}" for n in range(25)],
            properties={"quantity": "2"},
        ),
        event(
            "c1",
            "Purchase",
            "sock",
            NOON,
            eventId="o1-2",
            eventValue=5.0,
            recommendationId="r1",
            properties={"quantity": "1"},
        ),
        event(
            "c1",
            "Purchase",
            "shoe",
            NOON,
            eventId="o2-1",
            eventValue=49.75,
            impression=["shoe", "boot"],
            properties={"quantity": "1"},
        ),
    ],
)

LOGS = {"clickstream": CLICKSTREAM, "sessions": SESSIONS, "ratings": RATINGS, "purchases": PURCHASES}
