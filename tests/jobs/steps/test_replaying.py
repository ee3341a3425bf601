"""Dead letters are staged as checked events are: each id once, a session's events side by side and by time."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession

from jobs.steps.replaying import COLUMNS, events_again
from transforms import staging

pytestmark = pytest.mark.spark


def letter(event_id: str, session: str, at: int) -> tuple[str, str, str]:
    body = json.dumps(
        {"eventId": event_id, "sentAt": at, "properties": '{"sentAt":9}'}, separators=(",", ":")
    )
    return event_id, body, f'{{"userId":"u","sessionId":"{session}"}}'


def test_dead_letters_are_staged_in_the_senders_order(
    spark: SparkSession,
) -> None:
    """Without repeats, and without what was accepted since."""
    sent = [letter(f"e{number}", "s1", 1_760_000_000 - number) for number in range(5)]
    rows = [
        *sent,
        sent[2],
        letter("e3", "s2", 1_760_000_000),
        letter("done", "s1", 1),
        letter("done", "s1", 1),
    ]
    letters = spark.createDataFrame(rows, COLUMNS).repartition(4)
    delivered = spark.createDataFrame([("done",), ("other",)], "event_id string")
    again = events_again(letters)
    staged = staging.stage(again, delivered, id_is_mapped=True, partitions=1).collect()
    outcomes = [row["outcome"] for row in staged]
    assert {name: outcomes.count(name) for name in staging.OUTCOMES} == {
        "send": 5,
        "rejected": 0,
        "duplicate": 3,
        "delivered": 1,
    }
    to_send = [row for row in staged if row["outcome"] == "send"]
    assert [row["event_id"] for row in to_send] == ["e4", "e3", "e2", "e1", "e0"]
    assert [(row["event_id"], row["body"], row["envelope"]) for row in to_send] == sent[::-1]
    assert [row["first_of_request"] for row in to_send] == [True, False, False, False, False]
