"""What became of imports: their jobs are found by name, also those that were created by hand."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bulk.import_record import ImportRecord, State
from jobs.prepare.event_tracker import interactions_dataset_of
from jobs.runs.import_folder import ImportFolder
from jobs.verify.verification import ImportedFiles, Imports
from jobs.verify.verified_imports import KnownImports
from jobs.verify.verified_run import VerifiedRun
from tests.bulk.test_import_record import record
from tests.standin.control_plane_client import ROLE, World

WRITTEN_AT = datetime(2025, 10, 1, tzinfo=UTC)
"""A week before the world's clock begins."""
TOO_FEW = "At least 1000 interactions are needed"


@pytest.fixture
def world() -> World:
    made = World()
    for number, name in enumerate("abcdf"):
        made.put_csv(10 if name == "f" else 1000, 5000 * number, f"imports/{name}/csv/part-0.csv")
    return made


def wrote(output: Path, name: str, mode: str = "full", state: State = State.WRITTEN, **changes: Any) -> None:  # noqa: ANN401
    """An import that has written its files, and knows of no job."""
    usual = {"location": f"s3://shop/imports/{name}/csv/", "role_arn": ROLE, "job_created_at": None}
    usual["written_at"] = WRITTEN_AT
    made = record(name, mode, state, "tracker").model_copy(update={**usual, **changes})
    ImportFolder(str(output), name).write(made)


def make_by_hand(world: World, name: str, files: str, mode: str = "FULL") -> None:
    """Make the call that was printed, and wait until the job has ended."""
    world.plane.answer(
        "CreateDatasetImportJob",
        {
            "jobName": name,
            "datasetArn": world.dataset.arn,
            "roleArn": ROLE,
            "importMode": mode,
            "dataSource": {"dataLocation": f"s3://shop/imports/{files}/csv/"},
        },
    )
    world.clock.sleep(100)
    assert all(
        job.status(world.clock()) in {"ACTIVE", "CREATE FAILED"} for job in world.plane.imports.values()
    )


def asked(world: World, output: Path, run: VerifiedRun | None = None) -> KnownImports:
    dataset = interactions_dataset_of(world.paced(), "tracker", "eu-west-1")
    return KnownImports.of(str(output), "tracker").asked(world.paced(), dataset, run)


def verified(
    world: World, output: Path, run: VerifiedRun | None = None, sent_days_later: float | None = None
) -> Imports | None:
    sent_at = None if sent_days_later is None else WRITTEN_AT + timedelta(days=sent_days_later)
    return asked(world, output, run).verified(world.dataset.arn, "eu-west-1", run, lambda: sent_at)


def only(found: Imports | None) -> ImportedFiles:
    assert found is not None
    (files,) = found.files
    return files


def stored(output: Path, name: str) -> ImportRecord | None:
    return ImportFolder(str(output), name).read()


def test_a_job_that_was_created_by_hand_is_found(world: World, tmp_path: Path) -> None:
    """And its rows are looked for in an export, though the record, which a run writes, still says nothing of it."""
    wrote(tmp_path, "a")
    make_by_hand(world, "a", "a")
    files = only(verified(world, tmp_path))
    assert (files.outcome, files.job_name, files.job_status) == ("found", "a", "ACTIVE")
    assert files.why == "the job a is ACTIVE"
    assert [each.name for each in asked(world, tmp_path).in_force(None)] == ["a"]
    assert KnownImports.of(str(tmp_path), "tracker").in_force(None) == []
    assert (found := stored(tmp_path, "a")) is not None
    assert found.state is State.WRITTEN


def test_a_call_that_was_never_made_is_missing_and_is_given(world: World, tmp_path: Path) -> None:
    wrote(tmp_path, "a", dataset_arn=None)
    files = only(verified(world, tmp_path))
    assert (files.outcome, files.why, files.job_name) == (
        "missing",
        "Personalize shows no job called a",
        None,
    )
    call = shlex.split(str(files.call))
    assert call[call.index("--job-name") + 1] == "a"
    assert call[call.index("--dataset-arn") + 1] == world.dataset.arn


def test_a_job_that_failed_is_missing_and_the_next_call_has_a_free_name(world: World, tmp_path: Path) -> None:
    wrote(tmp_path, "f")
    make_by_hand(world, "f", "f")
    files = only(verified(world, tmp_path))
    assert (files.outcome, files.why) == ("missing", f"the job f failed: {TOO_FEW}")
    assert files.failure_reason == TOO_FEW
    call = shlex.split(str(files.call))
    assert call[call.index("--job-name") + 1] == "f-2"
    make_by_hand(world, "f-2", "a")
    assert only(verified(world, tmp_path)).why == "the job f-2 is ACTIVE"


def test_a_job_that_goes_on_is_unknown(world: World, tmp_path: Path) -> None:
    wrote(tmp_path, "a")
    world.plane.running_seconds = 10_000
    with pytest.raises(AssertionError):
        make_by_hand(world, "a", "a")
    files = only(verified(world, tmp_path))
    assert (files.outcome, files.call) == ("unknown", None)
    assert files.why == "the job a is CREATE IN_PROGRESS. Verify again when it has ended"


def test_an_import_that_another_program_replaced_is_unknown(world: World, tmp_path: Path) -> None:
    wrote(tmp_path, "a", state=State.IMPORTED)
    make_by_hand(world, "a", "a")
    make_by_hand(world, "other", "b")
    files = only(verified(world, tmp_path))
    assert (files.outcome, files.why) == ("unknown", "the later FULL import other replaced what a brought")


def test_a_job_that_is_not_shown_any_more_is_unknown(world: World, tmp_path: Path) -> None:
    wrote(tmp_path, "a", state=State.IMPORTED, job_name="a", job_created_at=WRITTEN_AT)
    files = only(verified(world, tmp_path))
    assert (files.outcome, files.why) == ("unknown", "Personalize shows no job of it any more")


def test_what_a_later_full_import_replaced_or_never_was_made_is_not_looked_at(
    world: World, tmp_path: Path
) -> None:
    wrote(tmp_path, "a")
    wrote(tmp_path, "b", written_at=WRITTEN_AT - timedelta(days=1))
    wrote(tmp_path, "c")
    wrote(tmp_path, "d", "incremental")
    for name, mode in (("a", "FULL"), ("c", "FULL"), ("d", "INCREMENTAL")):
        make_by_hand(world, name, name, mode)
    found = verified(world, tmp_path)
    assert found is not None
    assert ([each.import_name for each in found.files], found.found) == (["c", "d"], 2)


def test_what_a_later_run_may_have_sent_is_not_missing_and_has_no_call(world: World, tmp_path: Path) -> None:
    """Bulk rows have no event id: an import of what PutEvents has brought could not be undone."""
    wrote(tmp_path, "a")
    before = only(verified(world, tmp_path, sent_days_later=-1))
    assert before.outcome == "missing"
    assert before.call is not None
    files = only(verified(world, tmp_path, sent_days_later=1))
    assert (files.outcome, files.call) == ("unknown", None)
    assert files.why == "Personalize shows no job called a; a run may have sent its rows since"
    named = only(verified(world, tmp_path, VerifiedRun("run"), 1))
    assert (named.outcome, named.call) == ("missing", None), "its job was asked for"
    assert named.why == files.why


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("full", "as it could replace what the later import c brings"),
        ("incremental", "as the later import c may bring the same rows"),
    ],
)
@pytest.mark.parametrize("known_by", ["Personalize", "the output"])
def test_no_call_is_given_where_an_import_began_since(
    world: World, tmp_path: Path, mode: str, reason: str, known_by: str
) -> None:
    """A FULL one overwrites all bulk data, and any may have the same rows, under any name."""
    wrote(tmp_path, "a", mode, written_by="old")
    made_at = WRITTEN_AT + timedelta(days=1)
    if known_by == "Personalize":
        make_by_hand(world, "c", "c")
    else:
        wrote(
            tmp_path, "c", state=State.IMPORTED, written_at=made_at, job_created_at=made_at, written_by="new"
        )
    files = only(verified(world, tmp_path, VerifiedRun("old")))
    assert (files.outcome, files.call) == ("missing", None)
    assert files.why == f"Personalize shows no job called a; no call is given, {reason}"


def test_an_import_that_failed_or_began_before_leaves_the_call(world: World, tmp_path: Path) -> None:
    make_by_hand(world, "c", "c")
    began = datetime.fromtimestamp(world.clock(), UTC)
    make_by_hand(world, "f", "f")
    wrote(tmp_path, "a", "incremental", written_at=began - timedelta(seconds=50))
    call = shlex.split(str(only(verified(world, tmp_path)).call))
    assert call[call.index("--job-name") + 1] == "a"


def test_of_two_imports_of_one_run_only_the_later_has_a_call(world: World, tmp_path: Path) -> None:
    """A run ID may be given again: the second files may have the rows of the first."""
    wrote(tmp_path, "a", "incremental", written_by="run")
    wrote(tmp_path, "b", "incremental", written_by="run", written_at=WRITTEN_AT + timedelta(hours=1))
    found = verified(world, tmp_path, VerifiedRun("run"))
    assert found is not None
    assert [(each.outcome, each.call is None) for each in found.files] == [
        ("missing", True),
        ("missing", False),
    ]
    assert found.files[0].why.endswith("as the later import b may bring the same rows")


@pytest.mark.parametrize("named", [None, VerifiedRun("run")])
@pytest.mark.parametrize("name", ["a", "a-2"])
def test_a_job_that_is_not_listed_yet_is_not_missing(
    world: World, tmp_path: Path, named: VerifiedRun | None, name: str
) -> None:
    wrote(tmp_path, "a")
    if name == "a-2":
        make_by_hand(world, "a", "f")
        assert only(verified(world, tmp_path, named)).why == f"the job a failed: {TOO_FEW}"
    world.plane.listed_after = 150.0
    make_by_hand(world, name, "a")
    world.clock.sleep(1)
    listed = world.plane.answer("ListDatasetImportJobs", {"datasetArn": world.dataset.arn})
    assert name not in {job["jobName"] for job in listed["datasetImportJobs"]}
    world.clock.sleep(1)
    files = only(verified(world, tmp_path, named))
    assert (files.outcome, files.why) == ("found", f"the job {name} is ACTIVE")
    assert [each.name for each in asked(world, tmp_path, named).in_force(named)] == ["a"]


def test_a_job_that_is_not_listed_yet_leaves_no_call_for_other_files(world: World, tmp_path: Path) -> None:
    wrote(tmp_path, "a")
    wrote(tmp_path, "b", written_at=WRITTEN_AT + timedelta(hours=1), written_by="later")
    world.plane.listed_after = 1000.0
    make_by_hand(world, "b", "b")
    files = only(verified(world, tmp_path, VerifiedRun("run")))
    assert (files.outcome, files.call) == ("missing", None)


def test_a_job_of_an_earlier_dataset_is_none_of_ours(world: World, tmp_path: Path) -> None:
    wrote(tmp_path, "a")
    make_by_hand(world, "a", "a")
    world.dataset.created = datetime.fromtimestamp(world.clock(), UTC)
    assert only(verified(world, tmp_path)).why == "Personalize shows no job called a"


def test_jobs_are_described_by_name_only_where_one_would_be_missing(world: World, tmp_path: Path) -> None:
    """A call takes a second, and an output may have many imports that were only written."""
    wrote(tmp_path, "a")
    wrote(tmp_path, "b", written_by="other")
    make_by_hand(world, "a", "a")
    assert only(verified(world, tmp_path, VerifiedRun("run"))).outcome == "found"
    assert world.calls("DescribeDatasetImportJob") == 0
    assert only(verified(world, tmp_path, VerifiedRun("other"))).outcome == "missing"
    assert world.calls("DescribeDatasetImportJob") == 1


def test_of_one_run_only_its_own_import_is_looked_at(world: World, tmp_path: Path) -> None:
    wrote(tmp_path, "a", written_by="first")
    wrote(tmp_path, "b", written_by="second")
    assert only(verified(world, tmp_path, VerifiedRun("first"))).import_name == "a"
    waited = VerifiedRun("third", import_location="s3://shop/imports/b/csv/")
    assert only(verified(world, tmp_path, waited)).import_name == "b"
    known = KnownImports.of(str(tmp_path), "tracker")
    assert [known.are_of(each) for each in (None, waited, VerifiedRun("fourth"))] == [True, True, False]
    assert verified(world, tmp_path, VerifiedRun("fourth")) is None
    assert not KnownImports.of(str(tmp_path), "other").are_of(None)
