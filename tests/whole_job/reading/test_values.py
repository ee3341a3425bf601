"""Values arrive as they are: what pandas, old writers and databases put into Parquet, and what the service got."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyspark.sql import SparkSession

from tests.whole_job.harness import SCHEMA, Job, interactions, rows_in, run_here

pytestmark = [pytest.mark.job, pytest.mark.spark]

NAMES = [b"Jos\xe9", b"Jos\xe8", b"Jos\xea", "José".encode(), b"Ann", b"Bea", b"Cid", b"Dan"]


def with_users(users: pa.Array) -> pa.Table:
    table = interactions([{"TIMESTAMP": 1_760_000_000 + number} for number in range(len(users))])
    return table.set_column(table.schema.get_field_index("USER_ID"), "USER_ID", users)


def sent(job: Job) -> list[dict[str, Any]]:
    """The events that the service accepted, with the user of their request."""
    job.standin.stop()
    record = rows_in(job.folder.parent / "record")
    return [json.loads(each["event"]) | {"userId": each["userId"]} for each in record]


def users_sent(job: Job) -> list[str]:
    return sorted(event["userId"] for event in sent(job))


def as_text(content: list[bytes]) -> pa.Array:
    """Declare bytes to be text, as sloppy writers do."""
    return pa.Array.from_buffers(pa.string(), len(content), pa.array(content, pa.binary()).buffers())


@pytest.mark.parametrize("declared", ["bytes", "text"])
def test_latin1_rows_are_rejected_and_utf8_stays_text(declared: str, spark: SparkSession, job: Job) -> None:
    table = with_users(pa.array(NAMES, pa.binary()) if declared == "bytes" else as_text(NAMES))
    for name in ("Reasons", "source_reasons", "a b,`\n", "_checks_0", "_reasons"):
        table = table.append_column(name, pa.array([name] * len(NAMES)))
    job.write_source(table)
    run = run_here(job, spark)
    assert run.exit_code == 0
    assert run.summary["rejected_by_reason"] == {"expect_column_values_to_be_null(_no_text)": 3}
    assert users_sent(job) == ["Ann", "Bea", "Cid", "Dan", "José"]
    kept = ("source_source_Reasons", "source_reasons", "a b,`\n", "_checks_0", "_reasons")
    # Not the users: pyarrow makes no Python string of text that is not UTF-8.
    rejected = (
        ds.dataset(run.folder / "rejected", format="parquet").to_table(columns=[*kept, "reasons"]).to_pylist()
    )
    assert [rejected[0][name] for name in kept] == ["Reasons", *kept[1:]]
    assert "expect_column_values_to_be_null(_no_text)" in rejected[0]["reasons"]


def test_binary_uuids_are_refused_with_the_expression_that_helps(
    spark: SparkSession, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [uuid.UUID(int=number, version=4) for number in range(10)]
    job.write_source(with_users(pa.array([each.bytes for each in ids], pa.binary(16))))
    assert run_here(job, spark).exit_code == 2
    [said] = [record.getMessage() for record in caplog.records if "mapping.userId" in record.getMessage()]
    job.settings["mapping"]["userId"] = said.partition(" as ")[2].partition(", other bytes")[0]
    assert run_here(job, spark, "run-2").exit_code == 0
    assert users_sent(job) == sorted(map(str, ids))


def test_mapped_event_ids_that_are_no_text_are_rejected(spark: SparkSession, job: Job) -> None:
    job.write_source(with_users(pa.array([b"\xff", *NAMES[4:]], pa.binary())))
    job.settings["mapping"] |= {"eventId": "USER_ID", "userId": "'u'"}
    run = run_here(job, spark)
    assert (run.exit_code, run.summary["rows_rejected"], run.summary["events_delivered"]) == (0, 1, 4)


@pytest.mark.parametrize("declared", ["bytes", "text"])
def test_an_array_with_text_that_is_no_text_is_rejected(declared: str, spark: SparkSession, job: Job) -> None:
    """It would be left out of an event that is sent all the same."""
    texts = [b"new", b"Jos\xe9", b"new", "José".encode(), b"new"]
    items = pa.array(texts, pa.binary()) if declared == "bytes" else as_text(texts)
    tags = pa.ListArray.from_arrays(pa.array([0, 2, 4, 5, 5], pa.int32()), items)
    table = interactions([{"TIMESTAMP": 1_760_000_000 + number} for number in range(len(tags))])
    job.write_source(table.append_column("tags", tags))
    job.settings["mapping"]["properties"] = {"DISCOUNT": "tags"}
    job.settings["checks"] = {"max_rejected_fraction": 0.5}
    run = run_here(job, spark)
    assert run.exit_code == 0
    assert run.summary["rejected_by_reason"] == {"expect_column_values_to_be_null(_no_text)": 1}
    properties = sorted(str(event.get("properties", "")) for event in sent(job))
    assert properties == ["", '{"discount":"new"}', '{"discount":"new|José"}']


def test_numbers_are_sent_shortest(spark: SparkSession, job: Job) -> None:
    table = interactions([{"TIMESTAMP": 1_760_000_000 + number} for number in range(3)])
    place = table.schema.get_field_index
    discounts = pa.array([5.0, float("nan"), 12345678.0])
    table = table.set_column(place("DISCOUNT"), "DISCOUNT", discounts)
    table = table.set_column(place("ITEM_ID"), "ITEM_ID", pa.array([Decimal(123)] * 3, pa.decimal128(38, 10)))
    job.write_source(table)
    assert run_here(job, spark).exit_code == 0
    events = sent(job)
    assert [event["itemId"] for event in events] == ["123"] * 3
    properties = sorted(str(event.get("properties", "")) for event in events)
    assert properties == ["", '{"discount":"12345678"}', '{"discount":"5"}']


def test_a_schema_with_ten_types_and_columns_too_many_is_refused(
    spark: SparkSession, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    """EVENT_TYPE, DISCOUNT and MARGIN, and eight event types are eleven."""
    caplog.set_level(logging.INFO)
    rows = [{"EVENT_TYPE": f"type-{number}", "TIMESTAMP": 1_760_000_000 + number} for number in range(8)]
    job.write_source(interactions(rows))
    schema_with_margin(job)
    assert run_here(job, spark).exit_code == 3
    assert "the page on quotas does not say so" in caplog.text
    assert job.standin.stop()["requests"] == 0


def schema_with_margin(job: Job) -> None:
    path = job.folder / "interactions.avsc"
    schema = json.loads(path.read_text())
    schema["fields"].append({"name": "MARGIN", "type": ["null", "float"]})
    path.write_text(json.dumps(schema))


def test_bytes_are_text_in_every_part_of_an_event(spark: SparkSession, job: Job) -> None:
    """Writers that do not annotate text declare every column as bytes; what is no text rejects its row."""
    table = interactions([{"ITEM_ID": f"i{number}"} for number in range(4)])
    times = [b"2025-01-01T00:00:00Z", b"2025-01-02", b"\xff", b"2025-01-03"]
    table = table.set_column(table.schema.get_field_index("TIMESTAMP"), "TIMESTAMP", pa.array(times))
    table = table.append_column("rating", pa.array([b"1.5", None, b"1", b"2"]))
    job.write_source(table.append_column("shown", pa.array([b"a|b", b"", None, b"\xff"])))
    job.settings["mapping"] |= {"eventValue": "rating", "impression": "shown"}
    job.settings["mapping"]["sentAt"] = {"expr": "TIMESTAMP", "unit": "iso8601"}
    run = run_here(job, spark)
    assert (run.exit_code, run.summary["rows_rejected"]) == (0, 2)
    events = sorted(sent(job), key=lambda event: str(event["itemId"]))
    assert [event["sentAt"] for event in events] == [1_735_689_600, 1_735_776_000]
    assert [event.get("eventValue") for event in events] == [1.5, None]
    assert [event.get("impression") for event in events] == [["a", "b"], None]


def test_a_time_in_milliseconds_beyond_spark_costs_its_row_alone(spark: SparkSession, job: Job) -> None:
    """The lowest long is a common mark for a missing time. Spark's reader fails on it, in any column of the file."""
    beyond = [-(2**63), 2**63 - 1, 9_223_372_036_854_776]
    table = interactions([{"USER_ID": f"u{number}"} for number in range(4)])
    times = pa.array([1_760_000_000_000, *beyond], pa.timestamp("ms", "UTC"))
    table = table.set_column(table.schema.get_field_index("TIMESTAMP"), "TIMESTAMP", times)
    unused = pa.array([*beyond, 1_760_000_000_123], pa.timestamp("ms"))
    table = table.append_column("seen", unused).append_column(
        "all", pa.array([[{"at": each}] for each in unused])
    )
    job.write_source(table)
    job.settings["source"]["filter"] = "TIMESTAMP is null or TIMESTAMP > '2020-01-01'"
    job.settings["checks"]["max_rejected_fraction"] = 0.75
    run = run_here(job, spark)
    assert (run.exit_code, users_sent(job)) == (0, ["u0"])
    assert run.summary["rejected_by_reason"] == {"expect_column_values_to_not_be_null(sentAt)": 3}
    seen = datetime(2025, 10, 9, 8, 53, 20, 123_000)  # noqa: DTZ001 - a time without zone
    rejected = {row["USER_ID"]: (row["TIMESTAMP"], row["seen"], row["all"]) for row in run.rejected()}
    nothing = (None, None, [{"at": None}])
    assert rejected == {"u1": nothing, "u2": nothing, "u3": (None, seen, [{"at": seen}])}


def test_a_property_may_be_called_as_any_column_of_ours(spark: SparkSession, job: Job) -> None:
    """SOURCE, the source of a visit, took the place of the source row; OUTCOME and ID that of a column of the stage."""
    fields = ("SOURCE", "OUTCOME", "BODY", "ENVELOPE", "ID")
    schema = {**SCHEMA, "fields": [*SCHEMA["fields"][:4], *({"name": f, "type": "string"} for f in fields)]}
    (job.folder / "interactions.avsc").write_text(json.dumps(schema))
    job.settings["mapping"]["properties"] = dict.fromkeys(fields, "DISCOUNT")
    in_set = {"column": "outcome", "value_set": ["5"]}
    suite = [
        {"type": "expect_column_distinct_values_to_be_in_set", "kwargs": in_set},
        {
            "type": "expect_column_unique_value_count_to_be_between",
            "kwargs": {"column": "id", "max_value": 1},
        },
        {"type": "expect_table_column_count_to_equal", "kwargs": {"value": 15}},
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "source"},
            "severity": "warning",
        },
    ]
    (job.folder / "suite.json").write_text(json.dumps({"expectations": suite}))
    job.settings["checks"]["suite"] = str(job.folder / "suite.json")
    job.write_source(interactions([{"USER_ID": "a", "DISCOUNT": "5"}, {"USER_ID": "b"}]))
    assert run_here(job, spark, "plan", "--plan").exit_code == 0
    run = run_here(job, spark)
    assert (run.exit_code, [row["USER_ID"] for row in run.rejected()]) == (0, ["b"])
    (event,) = sent(job)
    assert json.loads(event["properties"]) == dict.fromkeys(map(str.lower, fields), "5")
