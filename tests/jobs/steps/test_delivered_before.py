"""The ledger read during merges: another's files may go, and the stage is written again if its own went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark.sql import DataFrame, SparkSession

from core.storage import Folder
from delivery.receipts.ledger import Ledger
from jobs.prepare.preparation import Prepared
from jobs.steps.delivered_before import beside_merges, delivered_ids
from tests.delivery.tasks import task_of


def prepared(output: Path, tracking_id: str, *, plan_only: bool = False) -> Prepared:
    personalize = SimpleNamespace(tracking_id=tracking_id)
    ledger = str(output / "ledger")
    run = SimpleNamespace(output=str(output), ledger=ledger, ledger_folder=lambda: Folder(ledger))
    settings = SimpleNamespace(personalize=personalize)
    return cast("Prepared", SimpleNamespace(run=run, settings=settings, plan_only=plan_only))


def merging_first(output: Path) -> tuple[list[int], Callable[[], DataFrame]]:
    """A stage in whose first making a dead run's worker merges its two segments."""
    worker, made = Ledger(task_of(output), "a1"), [0]
    for number in range(2):
        worker.accepted([f"e{number}"], 1.0)
        worker._writer.tick()

    def write_stage() -> DataFrame:
        made[0] += 1
        worker.close()
        return cast("DataFrame", None)

    return made, write_stage


@pytest.mark.parametrize(
    ("tracking_id", "plan_only", "times"),
    [("tracker", False, 2), ("tracker", True, 1), ("another", False, 1)],
)
def test_a_stage_is_made_anew_only_where_ids_of_its_own_may_have_been_missed(
    tmp_path: Path, tracking_id: str, *, plan_only: bool, times: int
) -> None:
    made, write_stage = merging_first(tmp_path)
    beside_merges(prepared(tmp_path, tracking_id, plan_only=plan_only), write_stage)
    assert made == [times]


@pytest.mark.spark
def test_a_file_that_another_run_merged_since_it_was_listed_is_passed_over(
    spark: SparkSession, tmp_path: Path
) -> None:
    for tracking_id, event in (("tracker", "ours"), ("another", "theirs")):
        task = replace(task_of(tmp_path, execution=tracking_id), tracking_id=tracking_id)
        ledger = Ledger(task, "a1")
        ledger.accepted([event], 1.0)
        ledger.close()
    ids = delivered_ids(spark, prepared(tmp_path, "tracker"))
    assert ids is not None
    [theirs] = (tmp_path / "ledger").glob("*another*")
    theirs.unlink()
    assert [row[0] for row in ids.collect()] == ["ours"]
