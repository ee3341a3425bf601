"""Each example in conf/ makes of a log of its shape the events that its comments say, whole job included.

The tables are made up here, in the shape that the head of each example describes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.configuration import parse_settings
from jobs.put_events import main
from standin.process import StandinProcess
from tests.whole_job.harness import ROOT, rows_in
from transforms.interactions_schema import InteractionsSchema
from transforms.properties_plan import plan_properties

CONF = ROOT / "conf"
NOON = 1_761_998_400
"""2025-11-01 12:00:00 UTC."""


@dataclass(frozen=True)
class Example:
    """A log of the example's shape, the rows that the job should see in it, and the events it should send."""

    rows: list[dict[str, Any]]
    schema: pa.Schema
    rows_read: int
    events: list[dict[str, Any]]
    below: str = ""


def event(user: str | None, kind: str, item: str, at: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """What the service should have understood of one event."""
    return {"userId": user, "eventType": kind, "itemId": item, "sentAt": at, **more}


def _click(
    at: str, session: str, customer: str | None, name: str, product: str | None, device: str | None
) -> dict[str, Any]:
    names = ("event_time", "session_id", "customer_id", "event_name", "product_id", "device")
    return dict(zip(names, (at, session, customer, name, product, device), strict=True))


CLICKSTREAM = Example(
    rows=[
        _click("2026-11-01T12:00:00.123Z", "s1", None, "product_view", "p1", "phone"),
        _click("2026-11-01T12:00:05Z", "s1", None, "page_view", None, "phone"),
        _click("2026-11-01T14:01:00+02:00", "s1", "c1", "add_to_cart", "p1", None),
        _click("2026-11-01T12:02:00", "s1", "c1", "purchase", "p1", "phone"),
    ],
    schema=pa.schema(
        [
            (n, pa.string())
            for n in ("event_time", "session_id", "customer_id", "event_name", "product_id", "device")
        ]
    ),
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


SESSIONS = Example(
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

RATINGS = Example(
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


PURCHASES = Example(
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

EXAMPLES = {"clickstream": CLICKSTREAM, "sessions": SESSIONS, "ratings": RATINGS, "purchases": PURCHASES}


def test_every_example_in_the_folder_is_tried_here() -> None:
    assert {path.stem for path in CONF.glob("*.yaml")} == {*EXAMPLES, "job"}


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_fits_the_schema_that_it_names(path: Path) -> None:
    settings = parse_settings(path.read_text(), path.name)
    schema = ROOT / settings.interactions_schema
    plan = plan_properties(settings.mapping, InteractionsSchema.parse(schema.read_text(), schema.name))
    assert {entry.field for entry in plan} == set(settings.mapping.properties)


@pytest.fixture(scope="module")
def sent(spark_session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Each example's exit code and summary, and under `events` what one service recorded of all of them."""
    folder = tmp_path_factory.mktemp("conf")
    with StandinProcess(record=folder / "record") as standin:
        ended = {name: _run(name, folder, standin.url, spark_session) for name in EXAMPLES}
        standin.stop()
        yield {**ended, "events": rows_in(folder / "record")}


def _run(name: str, folder: Path, url: str, spark: SparkSession) -> tuple[int, dict[str, Any]]:
    """Run conf/<name>.yaml as it stands, but for its places and the service."""
    example, source, output = EXAMPLES[name], folder / name / "log", folder / name / "output"
    (source / example.below).mkdir(parents=True)
    table = pa.Table.from_pylist(example.rows, schema=example.schema)
    pq.write_table(table, source / example.below / "part-0.parquet")
    changed = {
        "source.path": source,
        "schema": ROOT / "conf" / f"{name}.avsc",
        "output.path": output,
        "personalize.tracking_id": name,
        "personalize.endpoint_url": url,
    }
    options = [word for key, value in changed.items() for word in ("--set", f"{key}={value}")]

    @contextmanager
    def the_tests_session(**_: object) -> Iterator[SparkSession]:
        yield spark

    code = main(["--config", str(CONF / f"{name}.yaml"), "--run-id", "r", *options], the_tests_session)
    return code, json.loads((output / "runs" / "r" / "summary.json").read_text())


def _understood(recorded: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """An event as the service recorded it; the ids that the job makes itself are left out, as in `like`."""
    body = json.loads(recorded["event"])
    if "properties" in body:
        body["properties"] = json.loads(body["properties"])
    whole = {**body, "userId": recorded["userId"], "sessionId": recorded["sessionId"]}
    made = {"eventId", "sessionId"} - like.keys()
    return {key: value for key, value in whole.items() if key not in made}


def _in_order(events: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in events)


@pytest.mark.spark
@pytest.mark.job
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_sends_what_its_log_holds(name: str, sent: dict[str, Any]) -> None:
    example = EXAMPLES[name]
    code, summary = sent[name]
    arrived = [event for event in sent["events"] if event["trackingId"] == name]
    assert (code, summary["rows_read"], summary["rows_rejected"]) == (0, example.rows_read, 0)
    assert _in_order([_understood(each, example.events[0]) for each in arrived]) == _in_order(example.events)


@pytest.mark.spark
@pytest.mark.job
@pytest.mark.parametrize(("name", "requests"), [("ratings", 2), ("purchases", 1)])
def test_one_session_for_each_user_fills_the_requests_of_logs_without_sessions(
    name: str, requests: int, sent: dict[str, Any]
) -> None:
    assert sent[name][1]["requests_delivered"] == requests
