"""An output's runs are listed from the folder alone, in any state they were left in."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.storage import Folder, join
from delivery.packing import StagedEvent
from delivery.receipts.dead_letters import DeadLetters, prepare_folder
from delivery.receipts.ledger import Ledger
from jobs.cli.inspect import main, row_of
from jobs.errors import UsageError
from jobs.leases.lease_files import run_folder_lease
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.process_identity import ProcessIdentity
from jobs.runs.run_error import RunError, write_error
from jobs.runs.run_list import ListedRun, runs_below
from tests.delivery.tasks import task_of
from tests.jobs.account.summaries import OLDEST

ROOT = Path(__file__).resolve().parents[3]
PROCESS = ProcessIdentity("machine", 77, 1)
BEGAN = datetime(2026, 3, 3, tzinfo=UTC)


def summarise(output: str, run_id: str, **changes: object) -> None:
    content = json.dumps({**OLDEST, "run_id": run_id, **changes}).encode()
    Folder(join(output, "runs", run_id)).write_bytes("summary.json", content)


def hold(output: str, run_id: str, by: str | None = None) -> None:
    since = "2026-02-02T00:00:00+00:00"
    record = LeaseRecord(by or run_id, "execution", "host-9", PROCESS, since=since, renewed_at=since)
    run_folder_lease(output, run_id).create(record.to_bytes())


def listed(output: str, *, lives: bool | None = None) -> dict[str, ListedRun]:
    return {run.run_id: run for run in runs_below(output, lambda _: lives)}


def test_a_run_is_shown_with_its_account_dead_letters_and_ledger_files(output: str) -> None:
    summarise(output, "2026.a")
    task = task_of(output, run_id="2026.a")
    prepare_folder(output, "2026.a")
    letters, ledger = DeadLetters(task, "a1"), Ledger(task, "a1")
    for event_id in ("e1", "e2"):
        letters.add(StagedEvent(event_id, b"{}", b"{}"), "X", None, 1)
    ledger.accepted([StagedEvent("e3", b"{}", b"{}")], 0.0)
    letters.close()
    ledger.close()
    run = listed(output)["2026.a"]
    assert (run.state.status, run.dead_letters, run.ledger_files, run.state.note) == (
        "dead_lettered",
        2,
        1,
        None,
    )
    assert row_of(run).items() >= {"rows_read": 1234, "events_not_attempted": 1}.items()


def test_what_has_no_summary_is_under_way_while_its_lease_is_held(
    output: str,
) -> None:
    """Otherwise it has ended without one."""
    prepare_folder(output, "killed")
    hold(output, "just-begun")
    assert {run_id: run.state.status for run_id, run in listed(output, lives=True).items()} == {
        "killed": "no_summary",
        "just-begun": "under_way",
    }
    elsewhere, dead = listed(output, lives=None)["just-begun"], listed(output, lives=False)["just-begun"]
    assert (elsewhere.state.status, elsewhere.state.note) == (
        "under_way",
        "On host-9; last heard of at 2026-02-02T00:00:00+00:00.",
    )
    assert (dead.state.status, dead.state.started_at) == ("no_summary", "2026-02-02T00:00:00+00:00")


def test_a_run_under_way_is_shown_with_what_it_has_recorded_so_far(output: str) -> None:
    """What an earlier run of this id has left behind is not its own."""
    hold(output, "day")
    for execution, events in (("execution", "ab"), ("execution", "c"), ("earlier", "defg")):
        ledger = Ledger(task_of(output, execution=execution, run_id="day"), f"a{events}")
        ledger.accepted([StagedEvent(event, b"{}", b"{}") for event in events], 0.0)
        ledger.close()
    assert str(listed(output)["day"].state.note).endswith("00:00. 3 events recorded as accepted.")


def fail(output: str, run_id: str, text: str = "source.path: none.", code: int = 2) -> None:
    error = RunError(run_id=run_id, exit_code=code, error=text, started_at=BEGAN, finished_at=BEGAN)
    write_error(Folder(join(output, "runs", run_id)), error)


def test_a_run_that_ended_with_an_error_is_shown_with_its_sentence(output: str) -> None:
    fail(output, "usage")
    fail(output, "fault", "unexpected KeyError; please report it with this trace:\n  run.py:1 run", code=1)
    summarise(output, "again")
    fail(output, "again")
    found = listed(output)
    assert {run.state.status for run in found.values()} == {"failed"}
    assert found["usage"].state.note == "exit code 2: source.path: none."
    assert found["fault"].state.note == "exit code 1: unexpected KeyError; please report it with this trace:"
    assert found["again"].state.note == (
        "exit code 2: source.path: none. Its summary.json is of an earlier run with this id."
    )
    usage = found["usage"].state
    assert (usage.started_at, usage.summary) == ("2026-03-03T00:00:00+00:00", None)


def test_an_error_that_can_not_be_read_hides_no_summary(tmp_path: Path) -> None:
    summarise(str(tmp_path), "run")
    Folder(f"{tmp_path}/runs/run").write_bytes("error.json", b"{")
    assert listed(str(tmp_path))["run"].state.status == "dead_lettered"


def test_a_run_that_is_being_replaced_is_under_way_for_all_its_old_summary_says(tmp_path: Path) -> None:
    summarise(str(tmp_path), "run")
    hold(str(tmp_path), "run")
    assert listed(str(tmp_path), lives=True)["run"].state.status == "under_way"
    assert listed(str(tmp_path), lives=False)["run"].state.status == "dead_lettered"


def test_a_run_whose_dead_letters_another_one_replays_is_not_under_way(tmp_path: Path) -> None:
    summarise(str(tmp_path), "first")
    hold(str(tmp_path), "first", by="replay")
    hold(str(tmp_path), "replay")
    assert {run_id: run.state.status for run_id, run in listed(str(tmp_path)).items()} == {
        "first": "dead_lettered",
        "replay": "under_way",
    }


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b"{", b"null", b"{}", b'{"status": "dead_lettered"}']
)
def test_a_damaged_summary_is_a_row_that_says_so(tmp_path: Path, content: bytes) -> None:
    Folder(f"{tmp_path}/runs/bad").write_bytes("summary.json", content)
    summarise(str(tmp_path), "good")
    found = listed(str(tmp_path))
    assert (found["bad"].state.status, found["good"].state.status) == ("damaged", "dead_lettered")
    assert found["bad"].state.note is not None
    assert "summary.json is damaged" in found["bad"].state.note


@pytest.mark.parametrize("change", [{"rows_read": "many"}, {"status": "[bold]"}, {"events_delivered": [1]}])
def test_a_summary_with_a_wrong_value_is_damaged_and_the_value_is_not_repeated(
    tmp_path: Path, change: dict[str, object]
) -> None:
    summarise(str(tmp_path), "bad", **change)
    bad = listed(str(tmp_path))["bad"]
    assert (bad.state.status, bad.state.note) == (
        "damaged",
        (
            f"{tmp_path}/runs/bad/summary.json is damaged: it has no valid {next(iter(change))}. "
            "Restore the file, or delete it."
        ),
    )


def test_damaged_dead_letters_are_not_counted_and_stop_nothing(tmp_path: Path) -> None:
    summarise(str(tmp_path), "run")
    Folder(f"{tmp_path}/runs/run/dead_letters").write_bytes("part-run.exec.0.a1.0.parquet", b"no parquet")
    assert listed(str(tmp_path))["run"].dead_letters is None


def test_runs_are_listed_by_their_start_the_oldest_first(tmp_path: Path) -> None:
    for run_id, day in (("b", 3), ("c", 1), ("a", 2)):
        summarise(str(tmp_path), run_id, started_at=f"2026-01-0{day}T00:00:00+00:00")
    assert list(listed(str(tmp_path))) == ["c", "a", "b"]


def test_a_folder_that_is_not_an_output_is_refused_in_one_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UsageError, match="is not an output folder"):
        runs_below(str(tmp_path), lambda _: None)
    for wrong in ([str(tmp_path)], [str(tmp_path / "none")], [], ["s3://"]):
        assert main(wrong) == 2
    assert len(caplog.records) == 4


def test_the_table_is_whole_when_it_is_piped_and_json_has_a_line_for_each_run(tmp_path: Path) -> None:
    long_id = "r" * 128
    summarise(str(tmp_path), long_id)
    prepare_folder(str(tmp_path), "killed")
    command = [sys.executable, "-m", "jobs.cli.inspect", str(tmp_path)]
    table = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    row = next(line for line in table.stdout.splitlines() if long_id in line)
    assert row.split()[1:] == [
        "dead_lettered",
        "2026-01-01T00:00:00",
        "1,234",
        "1",
        "1,230",
        "2",
        "1",
        "61.5",
        "0",
        "0",
    ]
    assert "killed: It ended without a summary" in table.stdout
    assert "\x1b" not in table.stdout
    lines = subprocess.run(
        [*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert [(row["run_id"], row["status"], row["events_delivered"]) for row in rows] == [
        ("killed", "no_summary", None),
        (long_id, "dead_lettered", 1230),
    ]


def test_listing_needs_no_spark_and_no_great_expectations() -> None:
    program = "import sys, jobs.cli.inspect; print({'pyspark', 'great_expectations'} & set(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "set()"
