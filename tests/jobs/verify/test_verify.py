"""`verify` asks the control plane and CloudWatch over HTTP, prints what it found and ends with the code for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import InputError
from jobs.errors import RunInterruptedError
from jobs.verify.__main__ import main
from standin.refusal import Refusal
from tests.jobs.verify.conftest import BEGAN
from tests.jobs.verify.test_verification import leave_summary
from tests.standin.control_plane_client import ROLE, World


def count(world: World, accepted: int) -> None:
    world.plane.metrics.count("PutEventsRequests", world.tracker_arn, BEGAN.timestamp(), accepted)
    world.plane.metrics.count("PutEvents4xxErrors", world.tracker_arn, BEGAN.timestamp(), 2)


@pytest.mark.parametrize(("accepted", "code"), [(10, 0), (25, 0), (9, 4), (0, 4)])
def test_requests_are_found_or_missing(
    world: World, config: str, accepted: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    count(world, accepted)
    assert main(["--config", config]) == code
    found = min(accepted, 10)
    line = f"requests of run first: 10 accepted = {found} found + {10 - found} missing + 0 unknown"
    assert line in capsys.readouterr().out
    (kept,) = (Path(config).parent / "output" / "verifications").glob("*/verification.json")
    assert json.loads(kept.read_text())["requests"]["metered_refused"] == 2


def test_what_can_not_be_asked_is_said_and_ends_with_5(
    world: World, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count(world, 10)
    denied = Refusal(400, "AccessDeniedException", "no")
    world.plane.refuse = lambda operation: denied if operation == "GetMetricData" else None
    assert main(["--config", config]) == 5
    assert "CloudWatch was not asked (AccessDeniedException)" in capsys.readouterr().out
    failed = Refusal(500, "InternalServiceFault", "no")
    world.plane.refuse = lambda operation: failed if operation == "GetMetricData" else None
    assert main(["--config", config]) == 5
    assert "CloudWatch was not asked (InternalServiceFault). Verify again later" in capsys.readouterr().out
    world.plane.refuse = lambda operation: denied if operation == "ListEventTrackers" else None
    assert main(["--config", config]) == 5
    assert "the permission personalize:ListEventTrackers is missing" in capsys.readouterr().out


def test_an_answer_without_complete_counts_ends_with_5(
    world: World, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plane.metrics.status = "InternalError"
    assert main(["--config", config]) == 5
    out = capsys.readouterr().out
    assert out == (
        "CloudWatch's answer proves nothing: it gave no complete count of PutEventsRequests (InternalError). "
        "Verify again later\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--run-id", "import"], "run import sent no requests: CloudWatch has nothing of it. Verify what it"),
        (["--set", "output.path=elsewhere"], "no run below output.path sent anything to this tracking ID"),
    ],
)
def test_a_verification_of_nothing_ends_with_5(  # noqa: PLR0917
    world: World,
    config: str,
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert world.plane.trackers
    monkeypatch.chdir(Path(config).parent)
    leave_summary(Path(config).parent / "output", "import", request_attempts=0)
    assert main(["--config", config, *arguments]) == 5
    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--run-id", "none"], "--run-id none: it left no summary"),
        (["--run-id", "a/b"], "--run-id: it can't be a folder's name"),
        (["--export"], "import.role_arn is missing: Personalize writes an export"),
        (["--set", "personalize.tracking_id=other"], "no event tracker of this account in eu-west-1 has it"),
    ],
)
def test_wrong_usage_is_one_sentence(
    world: World, config: str, arguments: list[str], sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.plane.trackers
    assert main(["--config", config, *arguments]) == 2
    assert sentence in caplog.text


@pytest.mark.parametrize("service", ["personalize", "cloudwatch"])
def test_an_endpoint_that_is_no_url_is_one_sentence(
    world: World, config: str, monkeypatch: pytest.MonkeyPatch, service: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert world.plane.trackers
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service.upper()}", "vpce-1.example")
    assert main(["--config", config]) == 2
    assert f"the endpoint of {service} is not usable" in caplog.text


def test_an_export_wants_an_output_on_s3(world: World, config: str, caplog: pytest.LogCaptureFixture) -> None:
    assert world.plane.trackers
    settings = yaml.safe_load(Path(config).read_text())
    settings["import"] = {"role_arn": "arn:aws:iam::123456789012:role/PersonalizeImport"}
    Path(config).write_text(yaml.safe_dump(settings))
    assert main(["--config", config, "--export"]) == 2
    assert "is not on S3: Personalize writes an export only there" in caplog.text


def exported(world: World, config: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Verify with an export to a bucket `bucket`, though the output is on this machine's disk."""
    settings = yaml.safe_load(Path(config).read_text())
    settings["import"] = {"role_arn": ROLE}
    Path(config).write_text(yaml.safe_dump(settings))
    monkeypatch.setattr("jobs.verify.verifying.find_buckets", lambda _urls: ("bucket",))
    monkeypatch.setattr("jobs.verify.verifying.s3_location", lambda _folder: "s3://bucket/export/")
    world.objects.buckets["bucket"] = "eu-west-1"
    world.plane.pending_seconds = world.plane.running_seconds = 0
    return main(["--config", config, "--export"])


def refuse(world: World, code: str) -> None:
    refusal = Refusal(400, code, "Some words of the service.")
    world.plane.refuse = lambda operation: refusal if operation == "CreateDatasetExportJob" else None


def test_an_export_that_is_possible_later_ends_with_5(
    world: World, config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count(world, 10)
    refuse(world, "ResourceInUseException")
    assert exported(world, config, monkeypatch) == 5
    out = capsys.readouterr().out
    assert "10 accepted = 10 found" in out
    assert (
        "the dataset was not exported: Personalize did not start the export job: the dataset is in use" in out
    )


def kept(config: str) -> dict[str, Any]:
    (path,) = (Path(config).parent / "output" / "verifications").glob("*/verification.json")
    result: dict[str, Any] = json.loads(path.read_text())
    return result


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InvalidInputException", "Some words of the service. Check"),
        ("AccessDeniedException", "the permission personalize:CreateDatasetExportJob is missing"),
    ],
)
def test_an_export_that_is_refused_leaves_what_is_known(
    world: World, config: str, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    count(world, 10)
    refuse(world, code)
    assert exported(world, config, monkeypatch) == 5
    assert kept(config)["requests"]["found"] == 10
    assert kept(config)["interactions"] is None
    (reason,) = kept(config)["unanswered"]
    assert reason.startswith("the dataset was not exported: Personalize did not start the export job: ")
    assert words in reason


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("mapping.itemId: there is no such column."), 2),
        (RunInterruptedError("S3 asks for fewer requests. Try again later"), 5),
    ],
)
def test_a_comparison_that_fails_leaves_what_is_known(
    world: World, config: str, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    """A mapping that the source does not fit, say, which only shows when the export is there."""

    def fail(*_: object) -> None:
        raise error

    count(world, 10)
    monkeypatch.setattr("jobs.verify.verifying._Verifying._compared", fail)
    assert exported(world, config, monkeypatch) == code
    assert kept(config)["requests"]["found"] == 10
    assert kept(config)["unanswered"] == [f"the export was not compared: {error}"]


def test_an_export_that_fails_ends_with_5_and_its_reason(
    world: World, config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count(world, 10)
    world.objects.denied.add((ROLE, "s3:PutObject"))
    assert exported(world, config, monkeypatch) == 5
    reason = "the dataset was not exported: Insufficient privileges for accessing data in Amazon S3"
    assert reason in capsys.readouterr().out


def test_an_export_without_a_file_says_nothing(
    world: World, config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stand-in wrote to its own memory, and the output on disk has no file of it."""
    count(world, 10)
    assert exported(world, config, monkeypatch) == 5
    assert "the export says nothing: it has no file that ends in .csv" in capsys.readouterr().out
