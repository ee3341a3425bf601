"""An import job is made once for its files, found again, watched to its end, and each refusal is one sentence."""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bulk.import_record import ImportRecord, State
from bulk.watching import Pause
from core.errors import StorageError
from core.storage import Folder
from jobs.errors import UnaccountedError
from jobs.prepare.import_settling import ask_and_settle
from jobs.runs.import_folder import ImportFolder, records
from jobs.steps.import_calls import ImportCalls
from jobs.steps.imported_before import left_out_of_import
from jobs.steps.importing import Imported, Importing
from standin.refusal import Refusal
from tests.delivery.receipts.ledgers import StopsAfter
from tests.standin.control_plane_client import ROLE, World

LOCATION = "s3://shop/imports/a/csv/"
DENIED = Refusal(403, "AccessDeniedException", "not authorized: x")


@pytest.fixture
def world() -> World:
    made = World()
    made.put_csv()
    return made


class Shop:
    """The import `a` of the world's files, as often as it is carried out."""

    def __init__(self, world: World, output: Path) -> None:
        self.world = world
        self.folder = ImportFolder(str(output), "a")

    def record(self, **changes: Any) -> ImportRecord:  # noqa: ANN401 - any field's
        usual = {
            "name": "a",
            "tracking_id": "tracker",
            "mode": "full",
            "location": LOCATION,
            "rows": 1000,
            "bytes": 27_000,
            "files": 1,
            "left_out": {},
            "written_by": "run",
            "written_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        return ImportRecord(**{**usual, **changes})

    def carry_out(
        self,
        pause: Pause | None = None,
        role: str = ROLE,
        staged_without: Set[str] | None = None,
        **changes: Any,  # noqa: ANN401 - any field's
    ) -> Imported:
        world, dataset = self.world, self.world.dataset
        calls = ImportCalls(dataset.arn, dataset.created, world.paced)
        record = (self.folder.read() or self.record()).model_copy(update=changes)
        return Importing(self.folder, calls, pause or world.pause).carry_out(record, role, staged_without)

    def other(self, name: str, first: int = 0, rows: int = 1000, **how: Any) -> Imported:  # noqa: ANN401
        """Carry out another import of the same output."""
        self.world.put_csv(rows, first, f"imports/{name}/csv/part-0.csv")
        shop = Shop(self.world, Path(self.folder.output))
        shop.folder = ImportFolder(self.folder.output, name)
        return shop.carry_out(name=name, location=f"s3://shop/imports/{name}/csv/", **how)

    def left_out(self) -> set[str]:
        """What an incremental import that begins now leaves out."""
        _, jobs = ask_and_settle(self.world.paced(), self.folder.output, "tracker", "eu-west-1")
        return {each.name for each in left_out_of_import(records(self.folder.output), "tracker", jobs)}

    def stored(self) -> ImportRecord:
        found = self.folder.read()
        assert found is not None
        return found


def first_of(operation: str) -> Callable[[str], bool]:
    """Says of the first call of `operation`, and of no other, that its answer is lost."""
    lost: list[str] = []

    def lose(called: str) -> bool:
        if called == operation and not lost:
            lost.append(called)
            return True
        return False

    return lose


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Shop:
    return Shop(world, tmp_path)


def test_an_import_is_made_and_watched_to_its_end_with_growing_pauses(shop: Shop) -> None:
    imported = shop.carry_out()
    assert (imported.failure, imported.stop_reason) == (None, None)
    assert shop.stored() == imported.record
    assert (imported.record.state, imported.record.job_status) == (State.IMPORTED, "ACTIVE")
    assert len(shop.world.dataset.bulk) == 1000
    looks = [at for name, at in shop.world.plane.calls if name == "DescribeDatasetImportJob"]
    gaps = [round(later - earlier) for earlier, later in pairwise(looks)]
    assert gaps[-3:] == sorted(gaps[-3:])
    assert gaps[-1] > gaps[1]
    assert shop.world.plane.throttled <= 1


def test_a_stopped_run_finds_its_job_again(shop: Shop) -> None:
    stopped = shop.carry_out(pause=lambda _seconds: "SIGTERM was received")
    assert stopped.stop_reason == "SIGTERM was received; the import job goes on with Personalize"
    assert shop.stored().state is State.UNDER_WAY
    again = shop.carry_out()
    assert again.record.state is State.IMPORTED
    assert shop.world.calls("CreateDatasetImportJob") == 1
    assert len(shop.world.dataset.bulk) == 1000


def test_a_job_that_was_made_and_whose_answer_was_lost_is_found_by_its_name(shop: Shop) -> None:
    shop.world.lose = first_of("CreateDatasetImportJob")
    assert shop.carry_out().record.state is State.IMPORTED
    assert len(shop.world.plane.imports) == 1


@pytest.mark.parametrize(("writes", "error", "jobs"), [(0, StorageError, 0), (1, UnaccountedError, 1)])
def test_an_output_that_fails_ends_by_whether_a_job_was_made(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, writes: int, error: type[Exception], jobs: int
) -> None:
    """Exit code 2 means that nothing reached the service; 5, that the same command goes on."""
    crash = StopsAfter(writes)
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write_bytes", crash.around(Folder.write_bytes))
        with pytest.raises(error):
            shop.carry_out()
    assert len(shop.world.plane.imports) == jobs
    assert shop.carry_out().record.state is State.IMPORTED
    assert len(shop.world.plane.imports) == 1


def test_what_was_imported_is_not_imported_again_until_a_full_import_replaced_it(shop: Shop) -> None:
    shop.carry_out()
    assert shop.carry_out().record.state is State.IMPORTED
    assert len(shop.world.plane.imports) == 1
    shop.other("b", first=5000)
    assert shop.carry_out().record.job_name == "a-2"
    assert {row[0] for row in shop.world.dataset.bulk} == {f"u{n}" for n in range(1000)}


def test_a_failed_job_says_why_and_the_next_run_makes_another(shop: Shop) -> None:
    shop.world.objects.denied.add((ROLE, "s3:GetObject"))
    failed = shop.carry_out()
    assert failed.failure == (
        "The import job a failed: Insufficient privileges for accessing data in Amazon S3. Fix that and run the same "
        "command again; the files are kept."
    )
    assert shop.stored().state is State.FAILED
    shop.world.objects.denied.clear()
    assert shop.carry_out().record.job_name == "a-2"
    assert len(shop.world.dataset.bulk) == 1000


def fill_the_region(world: World) -> None:
    """Five jobs of other datasets, all pending."""
    for number in range(5):
        other = world.plane.add_group(f"other-{number}", f"other-{number}", world.dataset.schema)
        world.plane.clock.sleep(1)  # type: ignore[attr-defined]
        request = {
            "jobName": f"other-{number}",
            "datasetArn": other.arn,
            "roleArn": ROLE,
            "dataSource": {"dataLocation": LOCATION},
        }
        world.plane.answer("CreateDatasetImportJob", request)


def occupy_the_dataset(world: World) -> None:
    request = {
        "jobName": "other",
        "datasetArn": world.dataset.arn,
        "roleArn": ROLE,
        "dataSource": {"dataLocation": LOCATION},
    }
    world.plane.answer("CreateDatasetImportJob", request)
    world.clock.sleep(1)


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (fill_the_region, "as many pending and running ones as it allows in a Region"),
        (occupy_the_dataset, "the dataset is in use, as by another import"),
    ],
)
def test_what_is_possible_later_stops_the_run_and_keeps_the_files(
    shop: Shop, prepare: Callable[[World], None], reason: str
) -> None:
    prepare(shop.world)
    stopped = shop.carry_out()
    assert stopped.failure is None
    assert reason in str(stopped.stop_reason)
    assert shop.stored().state is State.WRITTEN
    shop.world.clock.sleep(600)
    assert shop.carry_out().record.state is State.IMPORTED


@pytest.mark.parametrize(
    ("code", "message", "sentence"),
    [
        (
            "InvalidInputException",
            "The bucket is wrong.",
            "did not start the import job: The bucket is wrong. Check",
        ),
        ("ResourceNotFoundException", "No such resource", "it has no such dataset or role any more"),
        ("TooManyTagsException", "Too many", "it answered TooManyTagsException (Too many)"),
        (
            "AccessDeniedException",
            "not authorized: x",
            "the permission personalize:CreateDatasetImportJob is missing",
        ),
        (
            "AccessDeniedException",
            "perform: iam:PassRole on",
            "the permission iam:PassRole on import.role_arn is",
        ),
    ],
)
def test_each_refusal_is_one_sentence(shop: Shop, code: str, message: str, sentence: str) -> None:
    refusal = Refusal(400, code, message)
    shop.world.plane.refuse = lambda operation: refusal if operation == "CreateDatasetImportJob" else None
    failed = shop.carry_out()
    assert sentence in str(failed.failure)
    assert shop.stored().state is State.FAILED
    shop.world.plane.refuse = lambda _operation: None
    assert shop.carry_out().record.state is State.IMPORTED


def test_a_role_that_can_not_be_passed_and_a_bucket_elsewhere_are_refused(shop: Shop) -> None:
    shop.world.plane.unpassable.add(f"{ROLE}2")
    assert "iam:PassRole on import.role_arn is missing" in str(shop.carry_out(role=f"{ROLE}2").failure)
    shop.world.objects.buckets["shop"] = "us-east-1"
    assert "that output.path is in a bucket of the same Region" in str(shop.carry_out().failure)


def test_a_service_out_of_reach_stops_the_run(shop: Shop) -> None:
    shop.world.lose = lambda operation: operation == "DescribeDatasetImportJob"
    stopped = shop.carry_out()
    assert "Personalize answered DescribeDatasetImportJob with ServiceUnavailable" in str(stopped.stop_reason)
    assert shop.stored().state is State.UNDER_WAY
    shop.world.lose = lambda _operation: False
    assert shop.carry_out().record.state is State.IMPORTED
    assert shop.world.calls("CreateDatasetImportJob") == 1


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
