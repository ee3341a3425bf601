"""Numbers on the pages that are constants of the code."""

from __future__ import annotations

import pytest

from bulk.csv_files import ROWS_PER_FILE
from bulk.export_files import HEADER_BYTES
from bulk.import_job import MAX_LOCATION_CHARACTERS, MIN_ROWS
from bundle.pruning import KEPT_SERVICES
from delivery.pacing.driver.outage import OUTAGE_SECONDS
from delivery.pacing.pacer import DEAD_DRAIN_SECONDS
from delivery.sending.timeline import MAX_POINTS
from expectations.row_level import COMPILED_TYPES
from jobs.account.event_counts import MAX_DAYS, MAX_TYPES
from jobs.cli import control
from jobs.control.polling import POLL_SECONDS
from jobs.leases.lease_keeper import RETRY_ACQUIRE_SECONDS
from jobs.leases.run_lease import OVERDUE_SECONDS, RENEW_SECONDS, STALE_SECONDS
from jobs.plan.lines import TRIAL_EVENTS
from jobs.plan.model_needs import METRIC_DAYS
from sources.executors import MAX_HERE
from sources.tables.locations import _MAX_ELSEWHERE
from tests.docs.blocks import ROOT

STALE, RENEW = f"{STALE_SECONDS:.0f}", f"{RENEW_SECONDS:.0f}"
WORDS = {2: "two", 5: "five", 8: "eight", 22: "Twenty-two", 100: "hundred"}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("configuration.md", f"up to {MAX_HERE:,} by the driver"),
        ("configuration.md", f"{WORDS[len(COMPILED_TYPES)]} types of expectation name the rows"),
        ("runbook.md", f"waits up to {STALE} seconds for the leases left behind"),
        ("runbook.md", f"after {STALE} seconds of silence"),
        ("runbook.md", f"this run did not renew its lease for {STALE} seconds"),
        ("runbook.md", f"within {RENEW_SECONDS + RETRY_ACQUIRE_SECONDS:.0f} seconds"),
        ("runbook.md", f"*has not answered for* {control._ANSWER_SECONDS:.0f} seconds"),
        ("runbook.md", f"an import job needs {MIN_ROWS:,} rows"),
        ("guarantees.md", f"renewed every {RENEW} seconds"),
        (
            "guarantees.md",
            f"could not renew it for {OVERDUE_SECONDS:.0f} seconds stops",
        ),
        ("guarantees.md", f"another may take it after {STALE}"),
        ("guarantees.md", f"stops the job after {OUTAGE_SECONDS:.0f} seconds without a success"),
        ("guarantees.md", f"read every {WORDS[int(POLL_SECONDS)]} seconds"),
        ("design.md", f"nothing was accepted anywhere for {OUTAGE_SECONDS:.0f} seconds"),
        ("design.md", f"waits {WORDS[int(DEAD_DRAIN_SECONDS)]} seconds more for the answers in flight"),
        ("emr.md", f"the {WORDS[len(KEPT_SERVICES)]} that the job and its credentials use"),
        ("import.md", f"up to {ROWS_PER_FILE:,} rows in a file"),
        ("import.md", f"| rows in a job | {MIN_ROWS:,} at least |"),
        ("import.md", f"length of the files' location | {MAX_LOCATION_CHARACTERS} characters"),
        ("plan.md", f"`--first {TRIAL_EVENTS}` sends at most that many"),
        ("plan.md", f"there are more than {TRIAL_EVENTS} events"),
        ("plan.md", f"events of the last {METRIC_DAYS} days"),
        ("plan.md", f"With more than {MAX_TYPES} event types"),
        ("summary.md", f"a count for each interval, {MAX_POINTS} at most"),
        ("summary.md", f"by month beyond {MAX_DAYS:,} days"),
        ("summary.md", f"the first {MAX_TYPES}; the rest is `other`"),
        ("tables.md", f"the first {WORDS[_MAX_ELSEWHERE]} partitions"),
        ("verification.md", f"longer than {HEADER_BYTES // 1024} KiB"),
    ],
)
def test_a_number_on_a_page_is_the_codes_own(page: str, said: str) -> None:
    assert said in " ".join((ROOT / "docs" / page).read_text().split())
