"""A verification ends with the code of the worst that it saw, and says in lines what was found, missing and unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import UsageError
from jobs.verify.verification import ImportedFiles, Imports, Interactions, Outcome, Requests, Verification
from jobs.verify.verified_run import VerifiedRun, verified_run
from tests.jobs.account.summaries import OLDEST

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def requests(**changes: int) -> Requests:
    usual = {"accepted": 10, "attempts": 12, "found": 10, "missing": 0, "unknown": 0}
    metered = {"metered_accepted": 15, "metered_refused": 2, "metered_failed": 0}
    return Requests(run_id="r", **{**usual, **metered, **changes})


def interactions(**changes: Any) -> Interactions:  # noqa: ANN401 - any field's
    usual = {"found": 1000, "missing": 0, "unknown": 0, "anonymous": 3, "columns_not_exported": []}
    return Interactions(export="s3://b/e", **{**usual, **changes})


def imports(*outcomes: Outcome) -> Imports:
    files = [ImportedFiles(import_name="i", rows=7, outcome=each, why="a reason") for each in outcomes]
    return Imports.of(files)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ({"imports": imports("found", "unknown")}, 0),
        ({"imports": imports("found", "missing")}, 4),
        ({"imports": imports("unknown")}, 5),
        ({"requests": requests(unknown=10, found=0), "imports": imports("found")}, 5),
        ({"requests": requests(unknown=10, found=0), "imports": imports("missing")}, 4),
        (
            {
                "requests": requests(unknown=10, found=0),
                "imports": imports("found"),
                "interactions": interactions(),
            },
            0,
        ),
        ({"requests": requests(), "imports": imports("unknown")}, 0),
        ({"interactions": interactions(found=0), "imports": imports("found")}, 5),
        ({"interactions": interactions(), "imports": imports("missing")}, 4),
        ({"requests": requests()}, 0),
        ({"requests": requests(unknown=1, found=9)}, 0),
        ({"requests": requests(missing=1, found=9)}, 4),
        ({"interactions": interactions(missing=1)}, 4),
        ({"interactions": interactions(unknown=5)}, 0),
        ({"interactions": interactions(found=0, unknown_format="it has no file")}, 5),
        ({"unanswered": ["CloudWatch was not asked"]}, 5),
        ({"requests": requests(missing=1, found=9), "unanswered": ["no export"]}, 4),
        ({}, 5),
        ({"requests": requests(unknown=10, found=0)}, 5),
        ({"requests": requests(unknown=10, found=0), "interactions": interactions()}, 0),
        ({"requests": requests(), "interactions": interactions(found=0, unknown=7)}, 5),
        ({"interactions": interactions(found=0, anonymous=7)}, 5),
        ({"interactions": interactions(unknown=7, not_in_source=7)}, 0),
    ],
)
def test_the_exit_code_is_that_of_the_worst(found: dict[str, Any], code: int) -> None:
    assert Verification(tracking_id="t", verified_at=NOW, **found).exit_code == code


def test_every_figure_is_in_a_line() -> None:
    found = Verification(
        tracking_id="t",
        verified_at=NOW,
        requests=Requests(**{**requests(unknown=1, found=9).model_dump(), "why_unknown": "it is too soon"}),
        imports=Imports.of(
            [
                ImportedFiles(import_name="i", rows=7000, outcome="missing", why="no job", call="aws it"),
                ImportedFiles(import_name="j", rows=8, outcome="found", why="the job j is ACTIVE"),
            ]
        ),
        interactions=interactions(missing=2, unknown=8, not_in_source=7, columns_not_exported=["DISCOUNT"]),
        unanswered=["one thing was not asked"],
    )
    text = "\n".join(found.lines())
    for said in (
        "requests of run r: 10 accepted = 9 found + 0 missing + 1 unknown (CloudWatch)",
        "15 accepted calls in the run's span, 6 of them live",
        "2 4xx and 0 5xx for 2 attempts not accepted",
        "it is too soon",
        "import jobs: 2 imports = 1 found + 1 missing + 0 unknown (Personalize)",
        "import i, 7,000 rows: no job. The call that imports them: aws it",
        "import j, 8 rows: the job j is ACTIVE",
        "distinct interactions: 1,010 delivered = 1,000 found + 2 missing + 8 unknown (export)",
        "unknown: the source does not yield 7 of the delivered events",
        "unknown: the export has 1 by user, item, time and type",
        "3 anonymous events can't be verified",
        "not compared, as the export lacks them: DISCOUNT",
        "one thing was not asked",
    ):
        assert said in text
    assert "could be compared" not in text


@pytest.mark.parametrize(
    "found",
    [{"requests": requests(unknown=10, found=0)}, {"interactions": interactions(found=0)}],
    ids=["requests", "interactions"],
)
def test_that_nothing_could_be_compared_is_said(found: dict[str, Any]) -> None:
    lines = list(Verification(tracking_id="t", verified_at=NOW, **found).lines())
    assert lines[-1] == "nothing of it could be compared, so nothing is verified"


def test_one_of_a_thing_is_not_called_several() -> None:
    of_one = {"metered_accepted": 1, "accepted": 1, "attempts": 2, "found": 1}
    single = ImportedFiles(import_name="i", rows=1, outcome="found", why="a reason")
    found = Verification(
        tracking_id="t",
        verified_at=NOW,
        requests=requests(**of_one),
        imports=Imports.of([single]),
        interactions=interactions(anonymous=1),
    )
    text = "\n".join(found.lines())
    for said in (
        "CloudWatch counted 1 accepted call in",
        "for 1 attempt not accepted",
        "import jobs: 1 import = 1 found",
        "import i, 1 row: a reason",
        "1 anonymous event can't be verified",
    ):
        assert said in text


def test_that_only_an_import_was_found_is_said() -> None:
    """A run that ended minutes ago is not verified by a job that another run had made."""
    found = {"requests": requests(unknown=10, found=0), "imports": imports("found")}
    lines = list(Verification(tracking_id="t", verified_at=NOW, **found).lines())
    assert (
        lines[-1]
        == "no request could be compared, so none is verified: import jobs prove nothing of requests"
    )


def leave_summary(output: Path, run_id: str, **changes: Any) -> None:  # noqa: ANN401 - JSON
    usual = {
        **OLDEST,
        "run_id": run_id,
        "requests_delivered": 10,
        "request_attempts": 12,
        "started_at": NOW.isoformat(),
        "finished_at": NOW.isoformat(),
        "sending_started_at": NOW.isoformat(),
        "sending_finished_at": NOW.isoformat(),
    }
    folder = output / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps({**usual, **changes}))


def test_the_newest_run_that_sent_is_verified_unless_another_is_named(tmp_path: Path) -> None:
    assert verified_run(str(tmp_path), "tracker", None) is None
    leave_summary(tmp_path, "first", sending_started_at="2025-12-01T00:00:00Z")
    leave_summary(tmp_path, "second")
    leave_summary(tmp_path, "nothing", request_attempts=0, sending_started_at=None, sending_finished_at=None)
    (tmp_path / "runs" / "killed").mkdir()
    newest, named = (verified_run(str(tmp_path), "tracker", run_id) for run_id in (None, "first"))
    assert newest is not None
    assert named is not None
    assert (newest.run_id, named.run_id) == ("second", "first")
    assert named.calls is not None
    assert (named.calls.accepted, named.calls.attempts) == (10, 12)
    assert verified_run(str(tmp_path), "tracker", "nothing") == VerifiedRun("nothing")


def test_a_run_of_another_tracking_id_is_none_of_ours(tmp_path: Path) -> None:
    """An output may be shared: what one tracking ID accepted says nothing of another."""
    leave_summary(tmp_path, "ours", sending_started_at="2025-12-01T00:00:00Z")
    leave_summary(tmp_path, "theirs", tracking_id="other")
    found = verified_run(str(tmp_path), "tracker", None)
    assert found is not None
    assert found.run_id == "ours"
    assert verified_run(str(tmp_path), "third", None) is None
    with pytest.raises(UsageError, match=r"^--run-id theirs: personalize\.tracking_id is not the one"):
        verified_run(str(tmp_path), "tracker", "theirs")


def test_the_run_that_imported_files_of_another_has_their_location(tmp_path: Path) -> None:
    counts = {"rows_written": 5, "rows_not_importable": 0, "not_importable_by_reason": {}}
    entry = {"mode": "full", "write_only": False, **counts, "location": "s3://b/imports/a/csv/"}
    leave_summary(tmp_path, "import", request_attempts=0, **{"import": {**entry, "written_by": "first"}})
    assert verified_run(str(tmp_path), "tracker", "import") == VerifiedRun(
        "import", import_location="s3://b/imports/a/csv/"
    )


def test_a_run_without_a_summary_can_not_be_verified(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it left no summary"):
        verified_run(str(tmp_path), "tracker", "none")
    leave_summary(tmp_path, "damaged", requests_delivered="many")
    with pytest.raises(UsageError, match="is damaged"):
        verified_run(str(tmp_path), "tracker", "damaged")
