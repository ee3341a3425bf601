"""Three years of a shop's log as three years leave it, through one run, held against pyarrow's own count of each file.

Layouts and writers change by the month, and so do the dirt and the files in between that are no data. Nothing of how
the job reads is in the count: each file is read by itself, and each row judged here.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from tests.whole_job.harness import Job, rows_in, run_here

pytestmark = [pytest.mark.job, pytest.mark.spark]

SCHEMA_FIELDS = {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long", "EVENT_TYPE": "string"}
ROWS = 12
USERS = [pa.int32(), pa.int64(), pa.uint32(), pa.decimal128(20, 0)]
ITEMS = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.binary()]
TIMES = [
    pa.timestamp("us", "UTC"),
    pa.timestamp("ms", "UTC"),
    pa.timestamp("ns", "UTC"),
    pa.timestamp("us"),
    pa.timestamp("s", "Europe/Madrid"),
]
PRICES = [pa.float32(), pa.float64(), pa.int32(), pa.null()]
WRITERS: list[dict[str, Any]] = [
    {},
    {"version": "1.0", "use_dictionary": False},
    {"version": "2.4", "data_page_version": "2.0", "compression": "zstd"},
    {"use_deprecated_int96_timestamps": True},
    {"row_group_size": 5, "compression": "gzip", "write_page_index": True},
    {"store_schema": False, "compression": "none"},
]
FOLDERS = ["{0:%Y-%m}", "year={0:%Y}/month={0:%m}", "shop=España/day={0:%Y-%m-%d}", "day={0:%Y-%m-%d}/shop=b"]
AROUND = ["_SUCCESS", "._part.crc", "README.md", "_temporary/0/half.parquet", "day=2024-02-01_$folder$"]


def months() -> Iterator[datetime]:
    for number in range(36):
        yield datetime(2023 + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def month_of_log(number: int, at: datetime) -> pa.Table:
    """A month's rows in the layout of that month: one of them dirty, one of them twice."""
    pick = [kinds[number % len(kinds)] for kinds in (USERS, ITEMS, TIMES, PRICES)]
    items: list[Any] = [f"item-{number}-{row}" for row in range(ROWS - 1)]
    items += [items[0]]
    items[3] = b"Espa\xf1a" if pick[1] == pa.binary() else None
    users = [number * 100 + row % 5 for row in range(ROWS - 1)]
    times = [at + timedelta(hours=row) for row in range(ROWS - 1)]
    prices = [None if pick[3] == pa.null() else row % 3 for row in range(ROWS - 1)]
    columns = {
        "user": pa.array([*map(Decimal, users), Decimal(users[0])], pa.decimal128(20, 0)).cast(pick[0]),
        "item": pa.array(items, pick[1]),
        "at": pa.array([*times, times[0]], pa.timestamp("us", "UTC")).cast(pick[2]),
        "price": pa.array([*prices, prices[0]], pick[3]),
        "unused": pa.array([{"a": number}] * ROWS) if number % 2 else pa.array(["x"] * ROWS),
    }
    names = list(itertools.islice(itertools.cycle(columns), number % 5, number % 5 + 5))
    table = pa.table({name: columns[name] for name in names})
    return table.rename_columns(["Item" if name == "item" and number % 7 == 0 else name for name in names])


@pytest.fixture
def history(job: Job) -> list[Path]:
    """The files that hold data, in `job`'s source, among others that hold none."""
    root, files = job.folder / "source", []
    for number, at in enumerate(months()):
        file = root / FOLDERS[number // 9].format(at) / f"part-{number:03} {number % 10}%.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        table = month_of_log(number, at)
        if number % 6 == 5:
            table.to_pandas().iloc[::-1].to_parquet(file)
        else:
            pq.write_table(table, file, **WRITERS[number % len(WRITERS)])
        pq.write_table(table.slice(0, 0), file.with_name("empty.parquet"))
        files.append(file)
    for name in AROUND:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"" if name.endswith("$") else b"no Parquet")
    return files


def judged(files: list[Path]) -> tuple[Counter[str], set[tuple[Any, ...]]]:
    """What becomes of each file's rows, and the events that they are."""
    account: Counter[str] = Counter()
    events: set[tuple[Any, ...]] = set()
    for file in files:
        for row in pq.ParquetFile(file).read().to_pylist():
            row |= {"item": row.get("item", row.get("Item"))}
            account["rows_read"] += 1
            event = event_of(row)
            if event is None:
                account["rows_rejected"] += 1
            elif event in events:
                account["duplicates_dropped"] += 1
            else:
                events.add(event)
    account["events_delivered"] = len(events)
    return account, events


def event_of(row: dict[str, Any]) -> tuple[Any, ...] | None:
    item = row["item"]
    if isinstance(item, bytes):
        try:
            item = item.decode()
        except UnicodeDecodeError:
            return None
    at = row["at"].replace(tzinfo=row["at"].tzinfo or UTC)
    price = None if row["price"] is None or row["price"] != row["price"] else float(row["price"])
    return None if item is None else (str(int(row["user"])), item, int(at.timestamp()), price)


def test_three_years_arrive_whole(spark: SparkSession, job: Job, history: list[Path]) -> None:
    fields = [{"name": name, "type": kind} for name, kind in SCHEMA_FIELDS.items()]
    schema = {"type": "record", "name": "Interactions", "version": "1.0"}
    fields.append({"name": "PRICE", "type": ["null", "float"]})  # type: ignore[dict-item]
    (job.folder / "interactions.avsc").write_text(json.dumps({**schema, "fields": fields}))
    job.settings["mapping"] = {
        "userId": "user",
        "itemId": "item",
        "eventType": "'view'",
        "sentAt": {"expr": "at", "unit": "timestamp"},
        "properties": {"PRICE": "price"},
    }
    run = run_here(job, spark)
    assert run.exit_code == 0
    account, events = judged(history)
    assert account.total() > 0
    assert {name: run.summary[name] for name in account} == dict(account)
    assert run.summary["source"]["files"] == 2 * len(history)
    assert account["rows_read"] == run.summary["source"]["rows"] == 36 * ROWS
    job.standin.stop()
    record = rows_in(job.folder.parent / "record")
    assert {sent(each) for each in record} == events


def sent(record: dict[str, Any]) -> tuple[Any, ...]:
    event = json.loads(record["event"])
    properties = json.loads(event.get("properties", "{}"))
    price = float(properties["price"]) if "price" in properties else None
    return record["userId"], event["itemId"], int(event["sentAt"]), price
