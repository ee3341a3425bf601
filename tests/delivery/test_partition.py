"""One sending task from its staged file to its report, against the stand-in."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.pacing.driver.coordinator import Coordinator
from delivery.partition import deliver
from delivery.sending.report import PartitionReport
from delivery.sending.watchdog import Watchdog
from standin.process import StandinProcess
from tests.delivery.sending_task import EVENTS, IDS, Unpaced, delivered, recorded, task

ROOT = Path(__file__).resolve().parents[2]


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


def test_a_second_attempt_moves_while_it_finds_out_what_is_settled(
    standin: StandinProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late in a long run that takes longer than the watchdog waits."""
    delivered(task(tmp_path, standin.url), Unpaced())
    fed: list[int] = []
    monkeypatch.setattr(Watchdog, "feed", lambda _: fed.append(1))
    delivered(task(tmp_path, standin.url), Unpaced())
    assert len(fed) > len(EVENTS)


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


FIRST_RECEIPT = """
import sys, time
from delivery.partition import deliver
from delivery.packing import StagedEvent
from delivery.receipts.ledger import Ledger
from tests.delivery.tasks import task_of
from pathlib import Path

assert "pandas" not in sys.modules, "the driver imports it, too, before anything else"
assert not list(deliver([]))
assert "pandas" not in sys.modules, "half of a worker's imports, for nothing"
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


def test_what_a_worker_imports_is_exempt_from_garbage_collections() -> None:
    """Each would go through all of it, while requests are due."""
    ready = "import gc; from delivery.partition import deliver; list(deliver([]))"
    counted = "print(gc.get_freeze_count() > 20_000 > len(gc.get_objects()))"
    done = subprocess.run(
        [sys.executable, "-c", f"{ready}; {counted}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "True"
