"""The ledger read for a run's own days: old files whole, segments whole, of sorted files only what may match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from core.errors import StorageError
from delivery.packing import StagedEvent
from delivery.receipts.ledger import Ledger, ledger_folder, whole_ledger
from delivery.receipts.sorted_ledger import SortedFile
from jobs.account.event_counts import SECONDS_OF_DAY
from jobs.prepare.preparation import Prepared
from jobs.steps import ledger_compaction
from jobs.steps.delivered_before import LedgerFiles, delivered_ids
from jobs.steps.ledger_compaction import MAX_OF_A_SIZE, compact, too_small
from jobs.steps.ledger_window import LedgerWindow
from tests.delivery.tasks import task_of

pytestmark = pytest.mark.spark
DAY = SECONDS_OF_DAY


def prepared(output: Path, tracking_id: str = "tracker") -> Prepared:
    personalize = SimpleNamespace(tracking_id=tracking_id)
    run, settings = SimpleNamespace(output=str(output)), SimpleNamespace(personalize=personalize)
    return cast("Prepared", SimpleNamespace(run=run, settings=settings, plan_only=False))


@pytest.fixture(params=["by the driver", "by Spark"])
def sorted_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way in which a ledger is sorted: a small one by the driver, which a test can have Spark sort, too."""
    if request.param == "by Spark":
        monkeypatch.setattr(ledger_compaction, "MAX_ROWS_HERE", 0)
    return str(request.param)


def record(output: Path, days: Sequence[int], attempt: str = "a1", tracking_id: str = "tracker") -> None:
    """One accepted event a day, `<attempt>-<day>`, each in a segment of its own."""
    ledger = Ledger(replace(task_of(output), tracking_id=tracking_id), attempt)
    for day in days:
        ledger.accepted([StagedEvent(f"{attempt}-{day}", b"", b"", day * DAY + 7)], 1.0)
        ledger._writer.tick()
    ledger.close()


def ids(spark: SparkSession, output: Path, *days: int, tracking_id: str = "tracker") -> set[str]:
    found = delivered_ids(spark, prepared(output, tracking_id), lambda: LedgerWindow.of_days(days))
    return set() if found is None else {row[0] for row in found.collect()}


def names(output: Path) -> list[str]:
    return ledger_folder(str(output), "tracker").names()


def test_a_first_run_finds_no_ledger(spark: SparkSession, tmp_path: Path) -> None:
    assert delivered_ids(spark, prepared(tmp_path), lambda: LedgerWindow(())) is None


def test_what_another_tracking_id_accepted_says_nothing_of_this_one(
    spark: SparkSession, tmp_path: Path
) -> None:
    record(tmp_path, [1], tracking_id="another")
    record(tmp_path, [1], "a2")
    assert ids(spark, tmp_path, 1) == {"a2-1"}
    assert ids(spark, tmp_path, 1, tracking_id="another") == {"a1-1"}


def test_segments_that_are_not_sorted_yet_are_found(spark: SparkSession, tmp_path: Path) -> None:
    record(tmp_path, [1, 2])
    assert ids(spark, tmp_path, 2) >= {"a1-2"}


def test_segments_and_sorted_files_are_read_side_by_side(spark: SparkSession, tmp_path: Path) -> None:
    record(tmp_path, [1, 2])
    compact(spark, prepared(tmp_path))
    record(tmp_path, [2, 3], "a2")
    assert ids(spark, tmp_path, 2) == {"a1-2", "a2-2"}


def test_a_foreign_file_is_neither_read_nor_deleted(spark: SparkSession, tmp_path: Path) -> None:
    record(tmp_path, [1])
    foreign = Path(ledger_folder(str(tmp_path), "tracker").url) / "of-somebody.parquet"
    foreign.write_bytes(b"no Parquet")
    compact(spark, prepared(tmp_path))
    assert ids(spark, tmp_path, 1) == {"a1-1"}
    assert foreign.exists()


def test_an_old_ledger_without_the_events_times_is_read_on(spark: SparkSession, tmp_path: Path) -> None:
    old = {"event_id": ["old", "theirs"], "tracking_id": ["tracker", "another"]}
    (tmp_path / "ledger").mkdir()
    pq.write_table(pa.table(old), tmp_path / "ledger" / "part-run.x1.0.a1.all.parquet")
    assert ids(spark, tmp_path, 5) == {"old"}
    record(tmp_path, [5])
    compact(spark, prepared(tmp_path))
    assert ids(spark, tmp_path, 5) == {"old", "a1-5"}
    assert ids(spark, tmp_path, 9) == {"old"}


def test_a_sorted_ledger_gives_the_days_that_are_asked_for(spark: SparkSession, tmp_path: Path) -> None:
    record(tmp_path, range(-3, 40))
    compact(spark, prepared(tmp_path))
    [name] = names(tmp_path)
    file = SortedFile.parse(name)
    assert file is not None
    assert (file.first, file.last, file.rows) == (-3 * DAY + 7, 39 * DAY + 7, 43)
    assert ids(spark, tmp_path, 4, 11) == {"a1-4", "a1-11"}
    assert ids(spark, tmp_path, -3) == {"a1--3"}
    assert ids(spark, tmp_path, 40) == set()


def test_files_whose_names_say_that_they_hold_other_days_are_not_opened(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_compaction, "ROWS_PER_FILE", 5)
    record(tmp_path, range(20))
    compact(spark, prepared(tmp_path))
    assert len(names(tmp_path)) > 2
    folder = Path(ledger_folder(str(tmp_path), "tracker").url)
    for name in names(tmp_path):
        file = SortedFile.parse(name)
        if file and not LedgerWindow.of_days([9]).overlaps(file.first, file.last):
            (folder / name).write_bytes(b"no Parquet")
    assert "a1-9" in ids(spark, tmp_path, 9)


@pytest.mark.usefixtures("sorted_by")
def test_compacting_keeps_every_row_in_the_order_of_time_and_leaves_other_ledgers(
    spark: SparkSession, tmp_path: Path
) -> None:
    record(tmp_path, [5, 1, 3])
    record(tmp_path, [4, 2], "a2")
    record(tmp_path, [1], tracking_id="another")
    compact(spark, prepared(tmp_path))
    table = pq.read_table(Path(ledger_folder(str(tmp_path), "tracker").url) / names(tmp_path)[0])
    assert table.column("event_id").to_pylist() == ["a1-1", "a2-2", "a1-3", "a2-4", "a1-5"]
    assert set(table.column("run_id").to_pylist()) == {"2026.run"}
    assert len(ledger_folder(str(tmp_path), "another").names()) == 1
    before = names(tmp_path)
    compact(spark, prepared(tmp_path))
    assert names(tmp_path) == before


@pytest.mark.parametrize("broken", ["write_bytes", "delete_files"])
def test_a_compaction_that_breaks_off_loses_nothing_and_the_next_one_ends_it(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, sorted_by: str
) -> None:
    """Executors are processes of their own: there the writing fails for want of a folder."""
    record(tmp_path, [1, 2])
    with monkeypatch.context() as patched:
        if broken == "delete_files":
            patched.setattr("core.storage.Folder.delete_files", lambda *_: 1 / 0)
        else:
            writer = "written_names" if sorted_by == "by Spark" else "write_sorted"
            patched.setattr(ledger_compaction, writer, lambda *_, **__: 1 / 0)
        compact(spark, prepared(tmp_path))
    assert ids(spark, tmp_path, 1, 2) == {"a1-1", "a1-2"}
    compact(spark, prepared(tmp_path))
    assert ids(spark, tmp_path, 1, 2) == {"a1-1", "a1-2"}
    assert not any(name.startswith("part-") for name in names(tmp_path))


@pytest.mark.parametrize("rows_here", [1_000, 0])
def test_small_files_and_what_is_new_become_one_file(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_here: int
) -> None:
    """By the driver and by Spark."""
    for run in range(MAX_OF_A_SIZE):
        record(tmp_path, [run, 40 - run], f"a{run}")
        compact(spark, prepared(tmp_path))
    assert len(names(tmp_path)) == MAX_OF_A_SIZE
    monkeypatch.setattr(ledger_compaction, "MAX_ROWS_HERE", rows_here)
    record(tmp_path, [9, 30], "last")
    compact(spark, prepared(tmp_path))
    [name] = names(tmp_path)
    times = pq.read_table(Path(ledger_folder(str(tmp_path), "tracker").url) / name).column("sent_at")
    assert (len(times), times.to_pylist()) == (18, sorted(times.to_pylist()))


def test_a_small_ledger_is_sorted_without_spark(tmp_path: Path) -> None:
    record(tmp_path, [2, 1])
    compact(cast("SparkSession", None), prepared(tmp_path))
    assert [name.partition(".")[0] for name in names(tmp_path)] == ["sorted"]


def sorted_files(rows: int, count: int) -> dict[str, SortedFile]:
    return {f"{rows}-{number}": SortedFile(0, 1, rows, "a", f"{number:x}") for number in range(count)}


def test_small_files_are_put_together_once_there_are_many_of_a_size() -> None:
    small, large = sorted_files(1_000, MAX_OF_A_SIZE), sorted_files(900_000, 50)
    assert too_small(sorted_files(1_000, MAX_OF_A_SIZE - 1)) == []
    assert set(too_small({**small, **large, **sorted_files(90_000, 3)})) == set(small)


def test_a_ledger_of_daily_runs_stays_few_files() -> None:
    """Ten years of days of 90,000 events each: what is put together grows out of what is small."""
    files: dict[str, SortedFile] = {}
    for day in range(3_650):
        files[f"day-{day}"] = SortedFile(day, day, 90_000, "a", "b")
        if old := too_small(files):
            total = sum(files.pop(url).rows for url in old)
            files[f"sum-{day}"] = SortedFile(0, day, total, "a", "b")
    assert len(files) < 3_650 * 90_000 / 500_000 + 40


def test_of_many_ids_it_is_known_about_how_many_there_are() -> None:
    files = LedgerFiles((), {"s": 2_000}, {"f": SortedFile(0, 10 * DAY - 1, 1_000, "a", "b")})
    assert files.ids_within(LedgerWindow.of_days([2])) == pytest.approx(200, abs=1)
    assert LedgerFiles(("old",), {}, {}).ids_within(LedgerWindow(())) == float("inf")


def test_an_empty_file_of_the_ledger_is_named_and_never_passed_over(tmp_path: Path) -> None:
    """Spark reads it as no rows, and what it recorded would go out again without a word."""
    record(tmp_path, [1, 2])
    now, of_earlier_versions = ledger_folder(str(tmp_path), "tracker"), whole_ledger(str(tmp_path))
    for folder, name in ((of_earlier_versions, "part-run.x1.0.a1.all.parquet"), (now, names(tmp_path)[0])):
        folder.write_bytes(name, b"")
        with pytest.raises(StorageError, match=f"ledger file .*{name} can't be read"):
            LedgerFiles.find(str(tmp_path), "tracker")
        folder.delete(name)
