"""An import job is made once for its rows, found again, and never made of rows that another one brought."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bulk.import_record import State
from standin.refusal import Refusal
from tests.jobs.steps.import_shop import DENIED, Shop, first_of
from tests.standin.control_plane_client import ROLE


def test_a_full_import_that_an_incremental_one_was_added_to_is_made_again(shop: Shop) -> None:
    """The way to undo a bad incremental import: the rows of before, in the mode full."""
    shop.carry_out()
    shop.other("bad", first=5000, mode="incremental")
    assert len(shop.world.dataset.bulk) == 2000
    assert shop.carry_out().record.job_name == "a-2"
    assert {row[0] for row in shop.world.dataset.bulk} == {f"u{n}" for n in range(1000)}
    assert shop.carry_out().record.job_name == "a-2", "and not once more"


def test_an_incremental_import_is_not_made_again_for_a_later_one(shop: Shop) -> None:
    shop.other("first", first=9000)
    shop.carry_out(mode="incremental")
    shop.other("later", first=5000, mode="incremental")
    assert shop.carry_out(mode="incremental").record.job_name == "a"
    assert len(shop.world.dataset.bulk) == 3000


def test_an_import_that_could_not_replace_its_own_rows_keeps_them(shop: Shop) -> None:
    """They are still in the dataset: a run must not send them."""
    first = shop.carry_out().record
    shop.other("bad", first=5000, mode="incremental")
    shop.world.objects.denied.add((ROLE, "s3:GetObject"))
    failed = shop.carry_out()
    assert "The import job a-2 failed" in str(failed.failure)
    assert (failed.record.state, failed.record.job_arn) == (State.IMPORTED, first.job_arn)
    shop.world.plane.refuse = lambda operation: DENIED if operation == "CreateDatasetImportJob" else None
    assert "CreateDatasetImportJob is missing" in str(shop.carry_out().failure)
    assert shop.stored().state is State.IMPORTED


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"]
)
def test_a_job_that_can_not_be_watched_any_more_stays_under_way(shop: Shop, code: str) -> None:
    """What it brings would otherwise be sent as well."""
    refusal = Refusal(403, code, "no")
    shop.world.plane.refuse = lambda operation: refusal if operation == "DescribeDatasetImportJob" else None
    stopped = shop.carry_out()
    assert stopped.failure is None
    assert "a job that was made goes on" in str(stopped.stop_reason)
    assert shop.stored().state is State.UNDER_WAY
    shop.world.plane.refuse = lambda _operation: None
    assert shop.carry_out().record.state is State.IMPORTED
    assert shop.world.calls("CreateDatasetImportJob") == 1


def test_jobs_that_can_not_be_listed_leave_an_import_as_it_was(shop: Shop) -> None:
    shop.carry_out(pause=lambda _seconds: "SIGTERM was received")
    shop.world.plane.refuse = lambda operation: DENIED if operation == "ListDatasetImportJobs" else None
    assert "ListDatasetImportJobs is missing" in str(shop.carry_out().stop_reason)
    assert shop.stored().state is State.UNDER_WAY


def test_a_job_that_was_made_and_is_not_listed_yet_is_not_made_twice(shop: Shop) -> None:
    shop.world.plane.listed_after = 600.0
    shop.world.lose = first_of("CreateDatasetImportJob")
    assert shop.carry_out().record.job_name == "a"
    assert len(shop.world.plane.imports) == 1
    assert len(shop.world.dataset.bulk) == 1000


@pytest.mark.parametrize(
    "code", ["ResourceInUseException", "LimitExceededException", "InvalidInputException"]
)
def test_a_job_whose_answer_was_lost_and_whose_repeat_is_refused_is_found(shop: Shop, code: str) -> None:
    """The service may judge the dataset, which the first call's job occupies, before the name."""
    lose, calls = first_of("CreateDatasetImportJob"), shop.world.calls
    refusal = Refusal(400, code, "no")
    shop.world.lose = lose
    shop.world.plane.refuse = lambda operation: (
        refusal if operation == "CreateDatasetImportJob" and calls(operation) > 1 else None
    )
    assert shop.carry_out().record.state is State.IMPORTED
    assert len(shop.world.plane.imports) == 1


def test_a_name_of_a_dataset_that_is_gone_is_passed_over(shop: Shop) -> None:
    shop.carry_out()
    shop.world.clock.sleep(100)
    shop.world.dataset.created = datetime.fromtimestamp(shop.world.clock(), UTC)
    shop.world.dataset.bulk = []
    assert shop.carry_out().record.job_name == "a-2"
    assert len(shop.world.dataset.bulk) == 1000


def test_no_job_is_made_of_rows_that_another_import_brought_since_they_were_staged(shop: Shop) -> None:
    """The other import was under way when the source was read, so its rows are in these files as well."""
    shop.other("first", first=9000)
    shop.other(
        "earlier", first=0, rows=1500, mode="incremental", pause=lambda _seconds: "SIGTERM was received"
    )
    shop.world.put_csv(rows=2500)
    staged = shop.left_out()
    for _ in range(2):
        stopped = shop.carry_out(mode="incremental", staged_without=staged)
        assert "Run the same command again" in str(stopped.stop_reason)
        assert stopped.record.state is State.WRITTEN
        shop.world.clock.sleep(600)
    assert "a" not in {job.name for job in shop.world.plane.imports.values()}
    staged = shop.left_out()
    assert staged == {"first", "earlier"}
    shop.world.put_csv(rows=1000, first=1500)
    assert shop.carry_out(mode="incremental", staged_without=staged).record.state is State.IMPORTED
    assert len(shop.world.dataset.bulk) == len(set(shop.world.dataset.bulk)) == 3500


def test_no_job_is_made_of_the_rows_of_an_import_that_is_not_listed_yet(shop: Shop) -> None:
    shop.other("first", first=9000)
    shop.world.plane.listed_after = 600.0
    shop.world.clock.sleep(600)
    shop.other("earlier", first=0, mode="incremental", pause=lambda _seconds: "SIGTERM was received")
    staged = shop.left_out()
    shop.world.clock.sleep(100)
    assert shop.carry_out(mode="incremental", staged_without=staged).stop_reason is not None
    assert shop.world.calls("CreateDatasetImportJob") == 2
    assert shop.left_out() == {"first", "earlier"}
