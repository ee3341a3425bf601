"""Lengths are counted of what is sent, and of nothing else."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import DataFrame, SparkSession

from transforms.session_lengths import (
    SessionLength,
    Unmatched,
    UserLength,
    session_lengths,
    unmatched_sessions,
    user_lengths,
)

pytestmark = pytest.mark.spark


def envelope(session: str, user: str | None = None) -> str:
    return json.dumps(
        {"userId": user, "sessionId": session} if user else {"sessionId": session},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def stage(spark: SparkSession, *sessions: tuple[str, str | None, int], outcome: str = "send") -> DataFrame:
    rows = [
        (outcome, envelope(session, user), '{"ü":1}')
        for session, user, events in sessions
        for _ in range(events)
    ]
    return spark.createDataFrame(rows, "outcome string, envelope string, body string")


def test_sessions_are_counted_by_length_and_by_having_a_user_with_their_bytes(spark: SparkSession) -> None:
    rows = stage(spark, ("s1", "ü", 3), ("s2", "u2", 3), ("s3", None, 3), ("s1", "u3", 12))
    found = sorted(session_lengths(rows), key=lambda one: (one.events, one.anonymous))
    size = len(envelope("s1", "u3"))
    assert found == [
        SessionLength(3, anonymous=False, sessions=2, body_bytes=6 * 8, envelope_bytes=2 * size),
        SessionLength(3, anonymous=True, sessions=1, body_bytes=3 * 8, envelope_bytes=len(envelope("s3"))),
        SessionLength(12, anonymous=False, sessions=1, body_bytes=12 * 8, envelope_bytes=size),
    ]


def test_a_users_sessions_are_one_and_anonymous_events_are_nobodys(spark: SparkSession) -> None:
    rows = stage(spark, ("s1", "u1", 3), ("s2", "u1", 4), ("s1", 'q"\\', 7), ("s3", None, 5), ("s4", "u4", 1))
    assert sorted(user_lengths(rows), key=lambda one: one.events) == [UserLength(1, 1), UserLength(7, 2)]


def test_sessions_of_which_no_event_has_a_user_are_counted_with_their_events(spark: SparkSession) -> None:
    rows = stage(spark, ("s1", None, 3), ("s2", None, 4), ("s2", "u1", 1), ("s3", None, 5), ("s4", "u2", 6))
    assert unmatched_sessions(rows) == Unmatched(sessions=2, events=8)
    assert unmatched_sessions(stage(spark, ("s4", "u2", 6))) == Unmatched(0, 0)
    assert unmatched_sessions(stage(spark, ("s1", None, 3), outcome="rejected")) == Unmatched(0, 0)


def test_what_is_not_sent_is_not_counted(spark: SparkSession) -> None:
    for outcome in ("rejected", "duplicate", "delivered"):
        rows = stage(spark, ("s1", "u1", 3), outcome=outcome)
        assert (session_lengths(rows), user_lengths(rows)) == ((), ())
