"""An import job is made for its files and watched to its end, and each refusal is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from bulk.import_jobs import ImportJob
from bulk.import_record import State
from core.errors import StorageError
from core.storage import Folder
from jobs.errors import UnaccountedError
from standin.refusal import Refusal
from tests.delivery.receipts.ledgers import StopsAfter
from tests.jobs.steps.import_shop import LOCATION, Shop, first_of
from tests.standin.control_plane_client import ROLE, World


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
def test_an_output_that_fails_is_exit_code_5_once_a_job_was_made(
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
        (occupy_the_dataset, "the dataset is in use, for instance by another import"),
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


@pytest.mark.parametrize(
    "code", ["UnrecognizedClientException", "InvalidSignatureException", "RequestExpired"]
)
@pytest.mark.parametrize(
    ("trusted", "state"),
    [({"DescribeDatasetImportJob"}, State.WRITTEN), (set(), State.UNDER_WAY)],
    ids=["the call alone", "all from then on"],
)
def test_refused_credentials_stop_the_run(shop: Shop, code: str, trusted: set[str], state: State) -> None:
    """As they stop a run that sends: nothing is wrong with the import, and the same command goes on with it."""
    refusal = Refusal(403, code, "The security token included in the request is invalid.")
    taken = {"ListDatasetImportJobs", *trusted}
    shop.world.plane.refuse = lambda operation: None if operation in taken else refusal
    stopped = shop.carry_out()
    assert stopped.failure is None
    assert f"were refused (CreateDatasetImportJob: {code}). Renew the credentials" in str(stopped.stop_reason)
    assert shop.stored().state is state
    shop.world.plane.refuse = lambda _operation: None
    assert shop.carry_out().record.state is State.IMPORTED
    assert len(shop.world.plane.imports) == 1


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


@pytest.mark.parametrize("page", [(200, b"<html>Sign in</html>"), (200, b""), (403, b"<html>No</html>")])
@pytest.mark.parametrize(
    ("operation", "deed", "state"),
    [
        ("ListDatasetImportJobs", "list the import jobs", None),
        ("CreateDatasetImportJob", "start the import job", State.UNDER_WAY),
        ("DescribeDatasetImportJob", "describe the import job", State.UNDER_WAY),
    ],
)
def test_a_proxys_page_in_place_of_an_answer_stops_the_run(
    shop: Shop, operation: str, deed: str, state: State | None, page: tuple[int, bytes]
) -> None:
    """botocore takes a page with status 200 for an answer without members; what it kept back may have been done."""
    shop.world.in_place = lambda asked: page if asked == operation else None
    stopped = shop.carry_out()
    assert f"Personalize gave no answer when asked to {deed}: what answered in its place gave " in str(
        stopped.stop_reason
    )
    assert "html" not in str(stopped.stop_reason)
    stored = shop.folder.read()
    assert (stored.state if stored else None) is state
    shop.world.in_place = lambda _operation: None
    assert shop.carry_out().record.state is State.IMPORTED
    assert len(shop.world.plane.imports) == 1


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("ResourceNotFoundException", "it shows no such job (Words). Run the same command again"),
        ("InvalidInputException", "it answered InvalidInputException (Words). Fix that, or try again later"),
    ],
)
def test_a_job_that_is_not_described_is_not_blamed_on_the_role(shop: Shop, code: str, sentence: str) -> None:
    refusal = Refusal(400, code, "Words")
    shop.world.plane.refuse = lambda operation: refusal if operation == "DescribeDatasetImportJob" else None
    reason = str(shop.carry_out().stop_reason)
    assert f"Personalize did not describe the import job: {sentence}" in reason
    assert "import.role_arn" not in reason


def test_a_long_reason_of_personalize_is_one_short_line() -> None:
    """It goes into the log, the summary and the report, and no document says how long it may be."""
    job = {
        "jobName": "a",
        "datasetImportJobArn": "arn",
        "status": "CREATE FAILED",
        "creationDateTime": datetime.now(UTC),
    }
    reason = ImportJob.of({**job, "failureReason": "Input CSV is bad.\n" * 1000}).failure_reason
    assert reason is not None
    assert reason.startswith("Input CSV is bad. Input CSV")
    assert len(reason) <= 400
    assert ImportJob.of(job).failure_reason is None
