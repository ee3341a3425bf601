"""The whole job over real logs: what it counts and sends is what pyarrow finds in them, counted independently."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from standin.process import StandinProcess
from tests.whole_job.harness import ROOT, Ended, Job, ledger_ids, rows_in, run_here, sessions_in_order

LOGS = ROOT.parent / "shared" / "data"
RETAIL = LOGS / "retail-demo" / "interactions"
OTTO = LOGS / "otto" / "sessions.parquet"
GAP_SECONDS = 30 * 60

pytestmark = [
    pytest.mark.spark,
    pytest.mark.job,
    pytest.mark.skipif(
        not LOGS.is_dir(), reason="the real logs are not there: ../shared/data next to the project"
    ),
]

Interaction = tuple[str, str, str, int, str | None]
"""User, item, event type, time in seconds, discount: all that a retail event says."""


def fewest_requests(sessions: Iterable[int]) -> int:
    """The minimum of requests for sessions of so many events, at ten events a request."""
    return sum(-(-events // 10) for events in sessions)


def retail(since: str = "") -> list[Interaction]:
    """The shop's log from the month `since` on, read without Spark."""
    table = ds.dataset(RETAIL, partitioning="hive").to_table()
    return [
        (str(row["USER_ID"]), row["ITEM_ID"], row["EVENT_TYPE"], row["TIMESTAMP"], row["DISCOUNT"])
        for row in table.to_pylist()
        if row["event_date"] >= since
    ]


def sizes_by_gap(events: Iterable[Interaction]) -> list[int]:
    """Events in each session, where more than half an hour without an event ends a user's session."""
    sizes: list[int] = []
    for _, own in groupby(sorted((event[0], event[3]) for event in events), key=lambda each: each[0]):
        before = None
        for _, at in own:
            if before is None or at - before > GAP_SECONDS:
                sizes.append(0)
            sizes[-1] += 1
            before = at
    return sizes


def retail_job(job: Job) -> Job:
    job.settings["source"]["path"] = str(RETAIL)
    job.settings["checks"] = {"max_rejected_fraction": 0}
    job.settings["delivery"] = {"max_requests_per_second": 1000}
    del job.settings["mapping"]["sessionId"]
    return job


def as_understood(accepted: Iterable[dict[str, Any]]) -> list[Interaction]:
    """What the service understood of each event."""
    bodies = [(event, json.loads(event["event"])) for event in accepted]
    return [
        (
            event["userId"],
            body["itemId"],
            body["eventType"],
            body["sentAt"],
            json.loads(body["properties"])["discount"],
        )
        for event, body in bodies
    ]


def assert_agreed(run: Ended, seen: dict[str, Any], accepted: list[dict[str, Any]]) -> None:
    """Everything was delivered, once, in the fewest requests and in order, and all three accounts say so."""
    summary = run.summary
    assert (run.exit_code, summary["status"], summary["rows_rejected"]) == (0, "delivered", 0)
    assert seen["refusals"] == {}
    assert summary["events_delivered"] == len(accepted) == seen["distinct_event_ids"]
    assert sorted(ledger_ids(run.output)) == sorted(event["eventId"] for event in accepted)
    assert seen["requests_accepted"] == summary["requests_delivered"] == summary["minimum_requests"]
    assert all(times == sorted(times) for times in sessions_in_order(accepted).values())


def test_a_shops_log_of_fifty_thousand_events_goes_out_whole_in_the_fewest_requests(
    spark: SparkSession, job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    log = retail()
    retail_job(job).settings["session"] = {"per_user": True}

    run = run_here(job, spark)

    seen, accepted = standin.stop(), rows_in(tmp_path / "record")
    assert_agreed(run, seen, accepted)
    assert run.summary["rows_read"] == len(log) == 50_000
    distinct = set(log)
    assert run.summary["duplicates_dropped"] == len(log) - len(distinct)
    assert Counter(as_understood(accepted)) == Counter(distinct)
    users = Counter(event[0] for event in distinct)
    assert run.summary["minimum_requests"] == fewest_requests(users.values()) == 7_678
    assert len({event["sessionId"] for event in accepted}) == len(users) == 5_675


def test_a_filter_on_the_month_reads_what_it_names_and_gaps_make_the_sessions(
    spark: SparkSession, job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    log = retail(since="2026-10")
    retail_job(job).settings["source"]["filter"] = "event_date >= '2026-10'"

    run = run_here(job, spark)

    seen, accepted = standin.stop(), rows_in(tmp_path / "record")
    assert_agreed(run, seen, accepted)
    assert run.summary["rows_read"] == len(log) == 26_449
    assert Counter(as_understood(accepted)) == Counter(set(log))
    sizes = sizes_by_gap(set(log))
    assert run.summary["minimum_requests"] == fewest_requests(sizes)
    by_session = Counter(event["sessionId"] for event in accepted)
    assert sorted(by_session.values()) == sorted(sizes)


def test_nested_sessions_without_users_go_out_in_order(
    spark: SparkSession, job: Job, standin: StandinProcess, tmp_path: Path
) -> None:
    log = defaultdict(list)
    for row in pq.read_table(OTTO).to_pylist():
        log[str(row["session"])] += [(str(e["aid"]), e["type"], e["ts"] // 1000) for e in row["events"]]
    job.settings["source"] = {"path": str(OTTO), "select": ["explode(events) as e", "session"]}
    job.settings["mapping"] = {
        "sessionId": "session",
        "eventType": "e.type",
        "itemId": "e.aid",
        "sentAt": {"expr": "e.ts", "unit": "milliseconds"},
    }

    run = run_here(job, spark)

    seen, accepted = standin.stop(), rows_in(tmp_path / "record")
    assert_agreed(run, seen, accepted)
    assert run.summary["rows_read"] == run.summary["events_delivered"] == sum(map(len, log.values())) == 862
    assert run.summary["minimum_requests"] == fewest_requests(map(len, log.values())) == 99
    assert {event["userId"] for event in accepted} == {None}
    arrived = defaultdict(list)
    for event in accepted:
        arrived[event["sessionId"]].append((event["itemId"], event["eventType"], int(event["sentAt"])))
    assert {session: sorted(events) for session, events in arrived.items()} == {
        session: sorted(events) for session, events in log.items()
    }
