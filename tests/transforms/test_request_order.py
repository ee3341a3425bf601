from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from transforms.request_order import number, opens_request, position


def test_distinct_events_are_numbered_by_time_and_repeats_share_a_number(spark: SparkSession) -> None:
    rows = [("s", at, event) for at, event in [(2, "c"), (1, "b"), (1, "a"), (1, "b"), (2, "c")]] + [
        ("t", 9, "z")
    ]
    df = spark.createDataFrame(rows, "session string, _sent_at long, _event_id string")
    numbered = df.withColumns(number(["session"])).orderBy("session", "_rank", "_repeats").collect()
    assert [(row["_event_id"], row["_rank"], row["_repeats"], row["_rows"]) for row in numbered] == [
        ("a", 0, False, 5),
        ("b", 1, False, 5),
        ("b", 1, True, 5),
        ("c", 2, False, 5),
        ("c", 2, True, 5),
        ("z", 0, False, 1),
    ]


def test_positions_share_a_request_rise_with_it_and_cover_the_whole_file(spark: SparkSession) -> None:
    df = spark.range(1000).select(F.col("id").alias("_rank"), F.lit(1000).alias("_rows"))
    rows = df.select("_rank", position(F.xxhash64(F.lit("s"))), opens_request()).orderBy("_rank").collect()
    places = [row[1] for row in rows]
    assert [row[2] for row in rows] == [rank % 10 == 0 for rank in range(1000)]
    assert len(set(places)) == 100
    assert places == sorted(places)
    assert 0 <= places[0] < 0.01
    assert 0.99 <= places[-1] < 1
    assert all(places[start] == places[start + 9] for start in range(0, 1000, 10))
