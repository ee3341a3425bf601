"""One sending task from its staged file to its report, against the stand-in and in misfortune."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import StorageError
from core.storage import Folder
from delivery.errors import AnswerOverdueError
from delivery.pacing.coordinator import Coordinator
from delivery.pacing.pacer import DRAIN_SECONDS, Pacer
from delivery.partition import _deliver, deliver, open_client
from delivery.sending import sender
from delivery.sending.report import PartitionReport
from delivery.sending.watchdog import Watchdog
from delivery.service.awscrt_client import AwsCrtClient
from delivery.task import CoordinatorAddress, DeliveryTask
from standin.process import StandinProcess
from tests.delivery import aws_environment
from tests.delivery.fakes import staged
from tests.delivery.scripted_server import Reply, ScriptedServer, error

ROOT = Path(__file__).resolve().parents[2]
BASE = 1_700_000_000
EVENTS = [event for number in range(30) for event in staged(f"s{number}", *range(BASE, BASE + 15))]
IDS = {event.event_id for event in EVENTS}


def delivered(task: DeliveryTask, pacer: Pacer) -> PartitionReport:
    with Watchdog(time.monotonic) as watchdog:
        return _deliver(task, pacer, watchdog)


class Unpaced:
    """A pacer without a limit."""

    def __init__(self) -> None:
        self.holds = False
        self.stop_reason: str | None = None
        self.drain_seconds = DRAIN_SECONDS

    def wait(self, ready: int, left: int = 1, after: int = 0) -> float:  # noqa: ARG002 - there is no limit
        return 0.0

    def spend(self) -> int:
        return 1

    def sent(self) -> None:
        pass

    def observe(
        self, fault: str | None, ticket: int, events: int = 0, *, took: float = 0.0, name: str = ""
    ) -> None:
        pass

    def stop_all(self, reason: str, drain: float = DRAIN_SECONDS) -> None:  # noqa: ARG002
        self.stop_reason = self.stop_reason or reason

    def close(self) -> None:
        pass


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[StandinProcess]:
    """A stand-in, its options by indirect parameter, with the environment set for it."""
    with StandinProcess(seconds=120, **getattr(request, "param", {})) as process:
        aws_environment.only(monkeypatch, **process.environment)
        yield process


def task(folder: Path, url: str | None) -> DeliveryTask:
    """A task over `EVENTS`."""
    stage = folder / "stage.parquet"
    columns = {
        "event_id": [event.event_id for event in EVENTS],
        "envelope": [event.envelope.decode() for event in EVENTS],
        "body": [event.body.decode() for event in EVENTS],
        "sent_at": [event.sent_at for event in EVENTS],
        "requests_after": [event.requests_after for event in EVENTS],
    }
    pq.write_table(pa.table(columns), stage)
    no_coordinator = CoordinatorAddress("127.0.0.1", 1, b"key")
    return DeliveryTask(
        partition=3,
        stage_url=str(stage),
        output_url=str(folder / "out"),
        run_id="run",
        execution="x1",
        tracking_id="tracker",
        region="eu-west-1",
        endpoint_url=url,
        max_attempts=8,
        coordinator=no_coordinator,
        fallback_rate=500.0,
    )


def recorded(folder: Path, *parts: str) -> list[str]:
    """The event ids of a recorded dataset."""
    return list(pq.read_table(folder.joinpath("out", *parts), columns=["event_id"])["event_id"].to_pylist())


def test_a_partition_is_sent_recorded_and_reported(standin: StandinProcess, tmp_path: Path) -> None:
    report = delivered(task(tmp_path, standin.url), Unpaced())
    tally = report.tally
    assert (tally.events_delivered, tally.requests_delivered, tally.request_attempts) == (450, 60, 60)
    assert (report.partition, report.stop_reason, tally.events_dead_lettered) == (3, None, 0)
    assert sum(point.attempts for point in tally.timeline.series()) == 60
    assert report.tally.first_attempt_at is not None
    assert report.tally.last_answer_at is not None
    assert report.tally.first_attempt_at < report.tally.last_answer_at
    assert sorted(recorded(tmp_path, "ledger")) == sorted(IDS)
    summary = standin.stop()
    assert (summary["events_accepted"], summary["events_out_of_order"]) == (450, 0)
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own bytes


def test_a_second_attempt_of_the_task_sends_nothing_again(standin: StandinProcess, tmp_path: Path) -> None:
    delivered(task(tmp_path, standin.url), Unpaced())
    again = delivered(task(tmp_path, standin.url), Unpaced())
    assert again == PartitionReport(3)
    assert standin.stop()["requests"] == 60


def test_only_the_first_events_go_out_in_any_attempt(standin: StandinProcess, tmp_path: Path) -> None:
    """What an earlier attempt settled counts among them: another attempt does not reach further into the file."""
    few = replace(task(tmp_path, standin.url), events=23)
    report = delivered(few, Unpaced())
    assert delivered(few, Unpaced()) == PartitionReport(3)
    assert (report.tally.events_delivered, report.stop_reason) == (23, None)
    assert sorted(recorded(tmp_path, "ledger")) == sorted(event.event_id for event in EVENTS[:23])
    assert standin.stop()["events_accepted"] == 23


def test_the_drivers_coordinator_paces_a_task_and_sees_what_it_did(
    standin: StandinProcess, tmp_path: Path
) -> None:
    with Coordinator(host="127.0.0.1", limit=200.0) as coordinator:
        shared = replace(task(tmp_path, standin.url), coordinator=coordinator.address)
        (report,) = deliver(iter([shared]))
        progress = coordinator.snapshot()
    assert (report.tally.events_delivered, report.stop_reason) == (450, None)
    assert (progress.request_attempts, progress.events_delivered) == (60, 450)


def test_a_stop_of_the_driver_reaches_the_task(standin: StandinProcess, tmp_path: Path) -> None:
    with Coordinator(host="127.0.0.1", limit=5.0) as coordinator:
        coordinator.stop("the operator said so")
        (report,) = deliver(iter([replace(task(tmp_path, standin.url), coordinator=coordinator.address)]))
    assert report.stop_reason == "the operator said so"
    assert report.tally.events_delivered < 450


FAULTS = {"throttle": 0.1, "500": 0.1, "reset-before": 0.05, "reset-after": 0.05, "poison": 0.02}


@pytest.mark.parametrize("standin", [{"faults": FAULTS, "seed": 5}], indirect=True)
def test_under_any_faults_every_event_is_either_accepted_or_a_dead_letter(
    standin: StandinProcess, tmp_path: Path
) -> None:
    report = delivered(replace(task(tmp_path, standin.url), max_attempts=20), Unpaced())
    accepted, dead = recorded(tmp_path, "ledger"), recorded(tmp_path, "runs", "run", "dead_letters")
    assert report.stop_reason is None
    assert dead, "the seed must give some poison"
    assert sorted(accepted + dead) == sorted(IDS)
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (len(accepted), len(dead))
    assert standin.stop()["distinct_event_ids"] == len(accepted)


@pytest.mark.parametrize("standin", [{"faults": {"forbidden": 1.0}}], indirect=True)
def test_a_fatal_answer_is_a_report_with_its_reason(standin: StandinProcess, tmp_path: Path) -> None:
    pacer = Unpaced()
    report = delivered(task(tmp_path, standin.url), pacer)
    assert report.stop_reason == pacer.stop_reason
    assert "permission personalize:PutEvents" in str(report.stop_reason)
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (0, 0)


@pytest.mark.parametrize("standin", [{"clock_ahead": 3600}, {"clock_ahead": -3600}], indirect=True)
def test_a_clock_that_is_an_hour_off_costs_an_attempt_and_no_event(
    standin: StandinProcess, tmp_path: Path
) -> None:
    report = delivered(replace(task(tmp_path, standin.url), max_attempts=1), Unpaced())
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (450, 0)
    assert report.stop_reason is None
    summary = standin.stop()
    assert 1 <= summary["refusals"].pop("RequestExpired") <= 60
    assert (summary["refusals"], summary["distinct_event_ids"]) == ({}, 450)


@pytest.mark.parametrize("standin", [{"faults": {"request-expired": 1.0}}], indirect=True)
def test_a_clock_that_can_not_be_put_right_is_named(standin: StandinProcess, tmp_path: Path) -> None:
    report = delivered(task(tmp_path, standin.url), Unpaced())
    assert "clock" in str(report.stop_reason)
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (0, 0)


def test_credentials_that_are_renewed_while_sending_cost_an_attempt_and_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)

    def script(number: int) -> Reply:
        if number == 20:
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEWER")
        old = "Credential=AKIDEXAMPLE/" in server.seen[number - 1][1]["Authorization"]
        return error(403, "ExpiredTokenException", "expired") if number >= 20 and old else Reply()

    with ScriptedServer(script) as server:
        report = delivered(replace(task(tmp_path, server.url), max_attempts=1), Unpaced())
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (450, 0)
    assert report.stop_reason is None
    assert report.tally.request_attempts > 60
    assert sorted(recorded(tmp_path, "ledger")) == sorted(IDS)


def test_no_credentials_are_a_reason_and_not_one_request(
    standin: StandinProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment.only(monkeypatch)
    report = delivered(task(tmp_path, standin.url), Unpaced())
    assert "no AWS credentials were found" in str(report.stop_reason)
    assert standin.stop()["requests"] == 0


@pytest.mark.parametrize(
    ("process", "said"),
    [
        ("echo a-secret", "the source of the AWS credentials gave none"),
        ("/no/such/process", "the source of the AWS credentials gave none"),
        ("sh -c 'echo a-secret >&2; exit 1'", "the source of the AWS credentials gave none"),
    ],
)
def test_a_credential_process_that_fails_is_a_reason_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: str, said: str
) -> None:
    (tmp_path / "config").write_text(f"[default]\nregion = eu-west-1\ncredential_process = {process}\n")
    aws_environment.only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"))
    report = delivered(task(tmp_path, None), Unpaced())
    assert said in str(report.stop_reason)
    assert "secret" not in str(report.stop_reason)


def test_no_region_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)
    report = delivered(replace(task(tmp_path, None), region=None), Unpaced())
    assert "region" in str(report.stop_reason)


def test_a_stage_that_is_gone_is_worth_another_attempt(standin: StandinProcess, tmp_path: Path) -> None:
    gone = replace(task(tmp_path, standin.url), stage_url=str(tmp_path / "gone.parquet"))
    with pytest.raises(FileNotFoundError):
        delivered(gone, Unpaced())


def test_an_output_that_can_not_be_read_is_a_reason_before_the_first_request(
    standin: StandinProcess, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ledger").write_text("in the way")
    report = delivered(task(tmp_path, standin.url), Unpaced())
    assert "ledger" in str(report.stop_reason)
    assert standin.stop()["requests"] == 0


def test_a_ledger_that_can_not_be_written_stops_the_job_and_the_counts_stand(
    standin: StandinProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Folder, name: str, _: object) -> None:
        raise StorageError(f"Could not write {folder.url}/{name}: no space left on device.")

    monkeypatch.setattr(Folder, "write_bytes", full)
    pacer = Unpaced()
    report = delivered(task(tmp_path, standin.url), pacer)
    assert "no space left" in str(report.stop_reason)
    assert pacer.stop_reason == report.stop_reason
    assert report.tally.events_delivered == 450


def test_a_client_that_gives_no_answers_is_worth_another_attempt_and_no_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)
    monkeypatch.setattr(AwsCrtClient, "send", lambda *_: None)
    monkeypatch.setattr(sender, "ANSWER_SECONDS", 0.0)
    pacer = Unpaced()
    pacer.drain_seconds = 0.0
    with pytest.raises(AnswerOverdueError):
        delivered(task(tmp_path, "http://127.0.0.1:1"), pacer)
    assert pacer.stop_reason is None


def test_the_client_is_made_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS, AWS_DEFAULT_REGION="eu-west-1")
    open_client(None, "http://127.0.0.1:1").close()


FIRST_RECEIPT = """
import sys, time
import delivery.partition
from delivery.packing import StagedEvent
from delivery.receipts.ledger import Ledger
from tests.delivery.tasks import task_of
from pathlib import Path

ledger = Ledger(task_of(Path(sys.argv[1])), "a" * 32)
ledger.accepted([StagedEvent("e", b"", b"", 1_700_000_000)], time.time())
before = set(sys.modules)
ledger.close()
print(sorted(set(sys.modules) - before))
"""


def test_the_first_receipt_imports_nothing(tmp_path: Path) -> None:
    """It is written while requests are due: half a second of imports made all slots late, and a burst after it."""
    command = [sys.executable, "-c", FIRST_RECEIPT, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "pandas" not in done.stdout
