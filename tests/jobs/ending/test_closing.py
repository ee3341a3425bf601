"""An output that fails at the end: exit code 2 only where nothing reached the service."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bulk.import_record import ImportRecord, State
from core.errors import StorageError
from jobs.account.closed_account import Sent
from jobs.ending.closing import close
from jobs.ending.outcome import Outcome
from jobs.errors import UnaccountedError
from jobs.steps.importing import Imported
from tests.jobs.prepared_run import prepared_run

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def imported(state: State) -> Imported:
    return Imported(
        ImportRecord(
            name="a",
            job_name="a-2",
            tracking_id="tracker",
            mode="full",
            location="s3://shop/a/csv/",
            rows=0,
            bytes=10,
            files=1,
            left_out={},
            written_by="run",
            written_at=NOW,
            state=state,
        )
    )


@pytest.mark.parametrize(
    ("outcome", "error", "said"),
    [
        (Outcome(NOW), StorageError, "runs"),
        (Outcome(NOW, imported=imported(State.WRITTEN)), StorageError, "runs"),
        (
            Outcome(NOW, sent=Sent(request_attempts=1)),
            UnaccountedError,
            "0 events delivered, and",
        ),
        (Outcome(NOW, imported=imported(State.IMPORTED)), UnaccountedError, "the import job a-2 went to"),
        (Outcome(NOW, imported=imported(State.FAILED)), UnaccountedError, "the import job a-2 went to"),
    ],
)
def test_an_output_that_fails_at_the_end_says_what_was_done(
    tmp_path: Path, outcome: Outcome, error: type[Exception], said: str
) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(error, match=said):
        close(prepared_run(str(tmp_path)), outcome)
