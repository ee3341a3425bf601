from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from delivery.sending.stage import COLUMNS as STAGE_COLUMNS
from transforms.events import shape
from transforms.mapping import MappingSettings, SessionSettings
from transforms.staging import OUTCOMES, stage, write

COLUMNS = "n long, user string, session string, item string, at long, given string"
MAPPING = {
    "userId": "user",
    "sessionId": "session",
    "eventType": "'click'",
    "itemId": "item",
    "sentAt": {"expr": "at", "unit": "seconds"},
}
PARTITIONS = 3


def history(seed: int, size: int = 900) -> list[tuple[Any, ...]]:
    """Rows of a few huge and many tiny sessions, with exact repeats, and items named bad that will be rejected."""
    rng = random.Random(seed)  # noqa: S311 - a history, not a secret
    rows: list[tuple[Any, ...]] = []
    for n in range(size):
        user = rng.choice(["whale", *(f"u{k}" for k in range(40))])
        at = 1_700_000_000 + rng.randrange(20_000)
        item = rng.choice(["bad", *(f"i{k}" for k in range(30))])
        rows.append((n, user, f"{user}-{at // 5000}", item, at, f"id{rng.randrange(size)}"))
        if rng.random() < 0.1:
            rows.append((n + size, *rng.choice(rows)[1:]))
    return rows


def checked(df: DataFrame, mapping: dict[str, Any], partitions: int = PARTITIONS) -> DataFrame:
    """Shape, and reject the items named bad as the rules would."""
    events = shape(df, MappingSettings.model_validate(mapping), (), SessionSettings(), partitions=partitions)
    return events.withColumn("_rejected", F.col("itemId") == "bad")


def staged(
    spark: SparkSession,
    rows: list[tuple[Any, ...]],
    mapping: dict[str, Any],
    delivered: list[str] | None = None,
    partitions: int = PARTITIONS,
) -> DataFrame:
    ids = (
        None if delivered is None else spark.createDataFrame([(one,) for one in delivered], "event_id string")
    )
    events = checked(spark.createDataFrame(rows, COLUMNS), mapping, partitions)
    mapped = "eventId" in mapping
    kept = ["userId", "sessionId", "sentAt", "eventId"]
    extra = {"keep": kept, "keep_if_sent": ["itemId"]}
    return stage(events, ids, id_is_mapped=mapped, partitions=partitions, **extra)


def in_files(df: DataFrame) -> Iterator[list[Row]]:
    """Give what each partition would send, in its order."""
    rows = df.withColumn("file", F.spark_partition_id()).collect()
    for _, file in groupby(rows, key=lambda row: row["file"]):
        yield [row for row in file if row["outcome"] == "send"]


def packed(file: list[Row]) -> list[list[Row]]:
    """Pack as the sender does: neighbours with one envelope, at most ten."""
    runs = [list(run) for _, run in groupby(file, key=lambda row: row["envelope"])]
    return [run[start : start + 10] for run in runs for start in range(0, len(run), 10)]


WITHOUT_SESSION = {key: expr for key, expr in MAPPING.items() if key != "sessionId"}


@pytest.mark.parametrize("mapping", [MAPPING, WITHOUT_SESSION, {**MAPPING, "eventId": "given"}])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_has_one_outcome_and_neighbours_fill_the_fewest_requests(
    spark: SparkSession, mapping: dict[str, Any], seed: int
) -> None:
    rows = history(seed)
    files = staged(spark, rows, mapping).cache()
    everything = files.collect()
    assert len(everything) == len(rows)
    assert {row["outcome"] for row in everything} == {"send", "rejected", "duplicate"}

    rejected = [row for row in everything if row["outcome"] == "rejected"]
    assert sorted(row["_source"]["n"] for row in rejected) == sorted(
        row[0] for row in rows if row[3] == "bad"
    )

    sent = [row for row in everything if row["outcome"] == "send"]
    valid = {row["eventId"] for row in everything if row["outcome"] != "rejected"}
    assert sorted(row["event_id"] for row in sent) == sorted(valid)
    assert all(row["_source"] is None for row in sent)
    assert all((row["itemId"] is not None) == (row["outcome"] == "send") for row in everything)

    sessions = Counter((row["userId"], row["sessionId"]) for row in sent)
    fewest = sum(-(-events // 10) for events in sessions.values())
    assert sum(row["first_of_request"] for row in everything) == fewest
    requests = [request for file in in_files(files) for request in packed(file)]
    assert len(requests) == fewest
    assert all(request[0]["first_of_request"] for request in requests)
    whereabouts = defaultdict(list)
    for file in in_files(files):
        for row in file:
            whereabouts[row["envelope"]].append((row["sentAt"], row["eventId"]))
    assert all(times == sorted(times) for times in whereabouts.values())


def test_what_the_ledger_has_is_delivered_and_its_repeats_are_duplicates(spark: SparkSession) -> None:
    rows = history(3)
    for mapping in (MAPPING, WITHOUT_SESSION, {**MAPPING, "eventId": "given"}):
        before = Counter(
            row["eventId"] for row in staged(spark, rows, mapping).collect() if row["outcome"] != "rejected"
        )
        delivered = sorted(before)[::2]
        after = staged(spark, rows, mapping, [*delivered, "of another run"]).collect()
        outcomes = defaultdict(Counter)
        for row in after:
            outcomes[row["outcome"]][row["eventId"]] += 1
        assert outcomes["delivered"] == Counter(delivered)
        assert outcomes["send"] == Counter(set(before) - set(delivered))
        assert outcomes["send"] + outcomes["delivered"] + outcomes["duplicate"] == before
        assert sum(outcomes["rejected"].values()) == sum(row[3] == "bad" for row in rows)
        left = Counter(row["envelope"] for row in after if row["outcome"] == "send")
        fewest = sum(-(-events // 10) for events in left.values())
        assert sum(row["first_of_request"] for row in after) == fewest
        nothing_left = staged(spark, rows, mapping, sorted(before)).where(
            "outcome = 'send' or first_of_request"
        )
        assert nothing_left.count() == 0


def test_the_same_rows_are_sent_in_any_order_and_any_partitions(spark: SparkSession) -> None:
    rows = history(4, size=300)
    mapping = {**MAPPING, "eventId": "given"}

    def sent(rows: list[tuple[Any, ...]], partitions: int) -> set[tuple[str, str]]:
        df = staged(spark, rows, mapping, partitions=partitions).where("outcome = 'send'")
        return {(row["envelope"], row["body"]) for row in df.collect()}

    want = sent(rows, 2)
    random.Random(5).shuffle(rows)  # noqa: S311 - an order, not a secret
    assert sent(rows, 5) == want


def test_a_huge_session_is_spread_over_its_whole_file(spark: SparkSession) -> None:
    rows = [(n, "whale", "w", "i", 1_700_000_000 + n, "") for n in range(400)]
    rows += [(n, f"u{n}", f"s{n}", "i", 1_700_000_000, "") for n in range(400)]
    (file,) = in_files(staged(spark, rows, MAPPING, partitions=1))
    whale = [place for place, request in enumerate(packed(file)) if request[0]["userId"] == "whale"]
    assert len(whale) == 40
    gaps = [after - before for before, after in pairwise(whale)]
    assert max(gaps) < 40
    assert whale[0] < 40
    assert whale[-1] > 400


@pytest.mark.parametrize(("mapping", "sorts"), [(MAPPING, 2), (WITHOUT_SESSION, 3)])
def test_one_shuffle_gathers_the_rows_however_sessions_come_about(
    spark: SparkSession, mapping: dict[str, Any], sorts: int
) -> None:
    plan = staged(spark, history(1, size=5), mapping)._jdf.queryExecution().executedPlan().toString()
    assert plan.count("Exchange") == 1
    assert plan.count("Sort [") == sorts


def test_every_request_says_how_many_of_its_session_come_after_it(spark: SparkSession) -> None:
    once = [row for row in history(7) if row[0] < 900]  # repeats would be counted in
    for file in in_files(staged(spark, once, MAPPING, delivered=[])):
        to_send = [row for row in file if row["outcome"] == "send"]
        firsts = [row for row in to_send if row["first_of_request"]]
        left = Counter(row["envelope"] for row in firsts)
        for row in firsts:
            left[row["envelope"]] -= 1
            assert row["requests_after"] == left[row["envelope"]]
        assert all(row["sent_at"] is not None for row in to_send)


def test_it_writes_one_file_for_each_partition_and_outcome_in_sending_order(
    spark: SparkSession, tmp_path: Path
) -> None:
    df = staged(spark, history(6), MAPPING, delivered=[])
    folder = tmp_path / "stage"
    write(df, str(folder))
    write(df, str(folder))
    assert {path.name for path in folder.glob("outcome=*")} == {f"outcome={one}" for one in OUTCOMES[:3]}
    in_order = [[row["event_id"] for row in file] for file in in_files(df)]
    paths = sorted((folder / "outcome=send").glob("part-*.parquet"))
    tables = [pq.ParquetFile(path).read() for path in paths]
    assert [table.column("event_id").to_pylist() for table in tables] == in_order
    assert tables[0].column_names[:5] == list(STAGE_COLUMNS)
    assert pq.ParquetFile(paths[0]).metadata.row_group(0).column(2).compression == "ZSTD"
    assert spark.conf.get("spark.sql.maxConcurrentOutputFileWriters") == "0"
