"""Compare the job's summary, the stand-in's summary and the truth about the history, figure by figure.

Every figure of the job is compared with one that the job did not produce.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from demo.history import History
from standin.record import FILE_NAME

RATE_MARGIN = 1.05
"""In no second may the attempts exceed the limit by more than 5 %."""

SMALL_LIMIT = 20
"""Below so many requests per second, one request may be too many."""

FILL_MARGIN = 1.01
"""The requests may exceed the minimum number by 1 %."""


@dataclass(frozen=True, slots=True)
class Check:
    """One figure: its name, the job's value, another source's value, and whether the two agree."""

    what: str
    job: float
    other: float
    source: str
    agrees: bool


def _same(what: str, job: float, other: float, source: str) -> Check:
    return Check(what, job, other, source, job == other)


def _at_most(what: str, job: float, other: float, source: str) -> Check:
    return Check(what, job, other, source, job <= other)


def check_first_run(job: Mapping[str, Any], service: Mapping[str, Any], truth: History) -> list[Check]:
    """Compare the first run's summary with the stand-in's and with the truth.

    `service` is the stand-in's summary after both runs: the second must have added nothing to it.
    """
    limit, min_requests = job["max_requests_per_second"], truth.minimum_requests
    return [
        _same("exit code", job["exit_code"], 0, "contract"),
        _same("rows read", job["rows_read"], truth.rows, "generator"),
        _same("rows rejected", job["rows_rejected"], truth.rejected, "generator"),
        _same("duplicates dropped", job["duplicates_dropped"], truth.duplicates, "generator"),
        _same("events delivered", job["events_delivered"], truth.valid, "generator"),
        _same("events delivered", job["events_delivered"], service["distinct_event_ids"], "service"),
        _same("events sent twice", service["events_accepted_again"], 0, "service"),
        _same("requests delivered", job["requests_delivered"], service["requests_accepted"], "service"),
        _same("attempts", job["request_attempts"], service["requests"], "service"),
        _same("minimum requests", job["minimum_requests"], min_requests, "generator"),
        _at_most(
            "requests delivered", job["requests_delivered"], int(min_requests * FILL_MARGIN), "minimum + 1 %"
        ),
        _busiest_second(service, limit),
        _same("events out of order", service["events_out_of_order"], 0, "service"),
    ]


def _busiest_second(service: Mapping[str, Any], limit: float) -> Check:
    stall = service["longest_stall_seconds"]
    max_attempts = max_in_a_second(limit, stall)
    return _at_most(
        "busiest second", service["busiest_second"], max_attempts, f"limit + 5 %, seen to {stall:.3f} s"
    )


def max_in_a_second(limit: float, stall: float) -> int:
    """Return how many attempts a stand-in may count in one second if the job keeps to `limit` a second.

    On a busy machine the stand-in pauses now and then, for `stall` seconds at the longest, and then counts
    at once what arrived one by one.
    """
    max_attempts = limit * RATE_MARGIN if limit >= SMALL_LIMIT else limit + 1
    return int(max_attempts * (1 + stall))


def check_second_run(job: Mapping[str, Any], truth: History) -> list[Check]:
    """Compare the summary of the same run, repeated, with the promise that it sends nothing."""
    return [
        _same("again: exit code", job["exit_code"], 0, "contract"),
        _same("again: already delivered", job["already_delivered"], truth.valid, "generator"),
        _same("again: attempts", job["request_attempts"], 0, "contract"),
    ]


def check_files(output: Path, run_id: str, record: Path, truth: History) -> list[Check]:
    """Compare the ledger with the stand-in's record, id by id, and the rejected rows with the truth."""
    ledger, accepted = _ids(output / "ledger", "event_id"), _ids(record / FILE_NAME, "eventId")
    rejected = ds.dataset(output / "runs" / run_id / "rejected", format="parquet").count_rows()
    return [
        _same("ids in the ledger", len(ledger), len(accepted), "record"),
        _same(
            "ids in one of them only", _missing(ledger, accepted) + _missing(accepted, ledger), 0, "record"
        ),
        _same("rows in rejected/", rejected, truth.rejected, "generator"),
    ]


def _ids(path: Path, column: str) -> pa.Array:
    return ds.dataset(path, format="parquet").to_table([column])[column].unique()


def _missing(ids: pa.Array, others: pa.Array) -> int:
    return len(ids) - int(pc.sum(pc.is_in(ids, value_set=others)).as_py() or 0)


def table_of(checks: Sequence[Check]) -> str:
    """Return the checks as lines of text, one each, with aligned columns."""
    lines = [f"{'':28}{'found':>12}  {'expected':>12}  according to"]
    for check in checks:
        verdict = "" if check.agrees else "   DISAGREES"
        lines.append(f"{check.what:28}{check.job:>12,}  {check.other:>12,}  {check.source}{verdict}")
    return "\n".join(lines)
