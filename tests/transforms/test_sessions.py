from __future__ import annotations

import random
from collections import defaultdict

from pyspark.sql import DataFrame, SparkSession

from transforms.mapping import SessionSettings
from transforms.sessions import LANE, derive

MINUTE = 60_000_000
HISTORY = [
    ("a", 0),
    ("a", 30 * MINUTE),  # exactly the gap: still the same session
    ("a", 60 * MINUTE + 1),  # a microsecond more: a new one
    ("a", 61 * MINUTE),
    ("a", 61 * MINUTE),
    ("a", None),
    ("b", 5_500_000),
    (None, 7),
    ("", 9),
    ("x" * 1000, -1),
]


def frame(spark: SparkSession, rows: list[tuple[str | None, int | None]]) -> DataFrame:
    return spark.createDataFrame(rows, "userId string, _at_micros long")


def by_row(df: DataFrame) -> dict[tuple[str | None, int | None], set[str | None]]:
    found = defaultdict(set)
    for row in df.collect():
        found[row["userId"], row["_at_micros"]].add(row["sessionId"])
    return dict(found)


def test_a_session_ends_after_more_than_the_gap(spark: SparkSession) -> None:
    found = by_row(derive(frame(spark, HISTORY), SessionSettings(gap_minutes=30), 2))
    assert all(len(sessions) == 1 for sessions in found.values())
    one = {row: sessions.pop() for row, sessions in found.items()}
    assert one["a", 0] == one["a", 30 * MINUTE]
    assert one["a", 60 * MINUTE + 1] == one["a", 61 * MINUTE]
    assert one["a", 0] != one["a", 61 * MINUTE]
    assert (one["a", 0] or "").endswith("-0")
    assert (one["a", 61 * MINUTE] or "").endswith("-3600")
    assert (one["b", 5_500_000] or "").endswith("-5")


def test_no_user_has_no_session_and_no_time_still_has_one(spark: SparkSession) -> None:
    for rule in (SessionSettings(), SessionSettings(per_user=True)):
        found = by_row(derive(frame(spark, HISTORY), rule, 2))
        assert found.pop((None, 7)) == {None}
        assert all(session and len(session) <= 256 for sessions in found.values() for session in sessions)


def test_per_user_one_session_holds_everything_and_nothing_moves(spark: SparkSession) -> None:
    derived = derive(frame(spark, HISTORY), SessionSettings(per_user=True), 2)
    sessions = {user: session for (user, _), found in by_row(derived).items() for session in found}
    assert len(set(sessions.values())) == len(sessions)
    assert LANE not in derived.columns
    assert "Exchange" not in derived._jdf.queryExecution().executedPlan().toString()


def test_sessions_do_not_depend_on_the_order_or_the_partitions_of_rows(spark: SparkSession) -> None:
    rng = random.Random(7)  # noqa: S311 - a history, not a secret
    history = [(rng.choice("abcde"), rng.randrange(0, 10_000) * MINUTE // 7) for _ in range(300)]
    want = by_row(derive(frame(spark, history), SessionSettings(), 1))
    rng.shuffle(history)
    assert by_row(derive(frame(spark, history).repartition(3), SessionSettings(), 3)) == want
