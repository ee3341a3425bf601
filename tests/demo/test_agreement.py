from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from demo.agreement import check_files, check_first_run, check_second_run, max_in_a_second, table_of
from demo.history import History

TRUTH = History(Path("history"), 110, 100, 4, {"item missing": 6}, 20, 20)
JOB = {
    "exit_code": 0,
    "rows_read": 110,
    "rows_rejected": 6,
    "duplicates_dropped": 4,
    "events_delivered": 100,
    "requests_delivered": 20,
    "request_attempts": 21,
    "minimum_requests": 20,
    "max_requests_per_second": 100,
}
SERVICE = {
    "distinct_event_ids": 100,
    "events_accepted_again": 0,
    "requests_accepted": 20,
    "requests": 21,
    "busiest_second": 100,
    "longest_stall_seconds": 0.0,
    "events_out_of_order": 0,
}


def disagreeing(job: dict[str, Any] | None = None, service: dict[str, Any] | None = None) -> set[str]:
    checks = check_first_run({**JOB, **(job or {})}, {**SERVICE, **(service or {})}, TRUTH)
    return {check.what for check in checks if not check.agrees}


def test_accounts_that_agree_agree() -> None:
    assert disagreeing() == set()


@pytest.mark.parametrize("name", sorted(set(JOB) - {"max_requests_per_second"}))
def test_each_figure_of_the_job_is_held_against_another(name: str) -> None:
    assert disagreeing(job={name: JOB[name] + 1})


@pytest.mark.parametrize("name", sorted(set(SERVICE) - {"busiest_second", "longest_stall_seconds"}))
def test_each_figure_of_the_service_counts(name: str) -> None:
    assert disagreeing(service={name: SERVICE[name] + 1})


def test_a_second_over_the_limit_by_more_than_5_percent_disagrees() -> None:
    assert disagreeing(service={"busiest_second": 105}) == set()
    assert disagreeing(service={"busiest_second": 106}) == {"busiest second"}


def test_a_service_that_stood_still_may_have_seen_more_at_once() -> None:
    assert disagreeing(service={"busiest_second": 126, "longest_stall_seconds": 0.2}) == set()
    assert disagreeing(service={"busiest_second": 127, "longest_stall_seconds": 0.2}) == {"busiest second"}


@pytest.mark.parametrize(
    ("limit", "max_attempts"), [(1, 2), (19, 20), (20, 21), (39, 40), (40, 42), (1000, 1050)]
)
def test_below_20_a_second_one_request_may_be_too_many_else_5_percent(limit: int, max_attempts: int) -> None:
    assert max_in_a_second(limit, stall=0.0) == max_attempts


def test_a_second_run_that_sends_disagrees() -> None:
    again = {"exit_code": 0, "already_delivered": 100, "request_attempts": 0}
    assert all(check.agrees for check in check_second_run(again, TRUTH))
    assert not all(check.agrees for check in check_second_run({**again, "request_attempts": 1}, TRUTH))


def write_files(folder: Path, ledger: list[str], accepted: list[str], rejected: int) -> None:
    for name in ("ledger", "runs/first/rejected", "service"):
        (folder / name).mkdir(parents=True)
    pq.write_table(pa.table({"event_id": ledger}), folder / "ledger" / "part.parquet")
    pq.write_table(pa.table({"x": list(range(rejected))}), folder / "runs/first/rejected/part.parquet")
    pq.write_table(pa.table({"eventId": accepted}), folder / "service" / "accepted.parquet")


@pytest.mark.parametrize(
    ("ledger", "accepted", "rejected", "agrees"),
    [
        (["a", "b"], ["b", "a", "a"], 6, True),
        (["a", "b"], ["a", "c"], 6, False),
        (["a"], ["a", "b"], 6, False),
        (["a"], ["a"], 5, False),
    ],
)
def test_files_agree_id_by_id(
    tmp_path: Path,
    ledger: list[str],
    accepted: list[str],
    rejected: int,
    agrees: bool,  # noqa: FBT001
) -> None:
    write_files(tmp_path, ledger, accepted, rejected)
    checks = check_files(tmp_path, "first", tmp_path / "service", TRUTH)
    assert all(check.agrees for check in checks) == agrees


def test_the_table_marks_what_disagrees() -> None:
    table = table_of(check_first_run({**JOB, "rows_read": 111}, SERVICE, TRUTH))
    assert [line.split()[:2] for line in table.splitlines() if "DISAGREES" in line] == [["rows", "read"]]
