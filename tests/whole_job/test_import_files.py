"""`--import` with `import.write_only`: what is staged becomes CSV, every row is accounted for, nothing is sent."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.whole_job.harness import SCHEMA, Job, interactions, run_here

pytestmark = pytest.mark.spark

ROLE = "arn:aws:iam::123456789012:role/PersonalizeImport"


def log(events: int = 1200) -> list[dict[str, Any]]:
    """Valid events of users, and of each other kind a few."""
    users = [
        {"USER_ID": f"u{n}", "SESSION_ID": f"s{n}", "DISCOUNT": 'a "b", c\\d' if n % 2 else None}
        for n in range(events)
    ]
    anonymous = [{"USER_ID": None, "SESSION_ID": f"a{n}"} for n in range(3)]
    return [*users, *users[:5], *anonymous, {"DISCOUNT": "two\nlines"}, {"ITEM_ID": None}, {"ITEM_ID": ""}]


def importing(job: Job, **settings: object) -> Job:
    job.settings["import"] = {"role_arn": ROLE, "mode": "full", "write_only": True, **settings}
    return job


def test_every_row_is_in_a_file_or_in_the_account_and_a_repeat_writes_nothing(
    job: Job, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    importing(job).write_source(interactions(log()))
    ended = run_here(job, spark, "first", "--import")
    summary = ended.summary
    account = summary["import"]
    assert (ended.exit_code, summary["status"]) == (0, "written")
    assert (summary["rows_read"], summary["rows_rejected"], summary["duplicates_dropped"]) == (1211, 2, 5)
    assert (account["rows_written"], account["rows_not_importable"]) == (1200, 4)
    assert account["not_importable_by_reason"] == {"control_character": 1, "no_user": 3}
    assert job.standin.stop()["requests"] == 0

    (folder,) = (job.output / "imports").iterdir()
    files = sorted((folder / "csv").iterdir())
    assert account["location"] == f"{folder}/csv/"
    assert all(path.name.endswith(".csv") and not path.name.startswith((".", "_")) for path in files)
    assert {path.read_text().partition("\n")[0] for path in files} == {
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,DISCOUNT"
    }
    rows = [
        row
        for path in files
        for row in csv.DictReader(path.open(newline=""), doublequote=False, escapechar="\\", strict=True)
    ]
    assert len(rows) == len({row["USER_ID"] for row in rows}) == 1200
    assert {row["DISCOUNT"] for row in rows} == {"", 'a "b", c\\d'}
    call = account["call"]
    assert call in capsys.readouterr().out
    assert f"--role-arn {ROLE} --import-mode FULL" in call
    assert "DATASET_ARN" in call
    page = (ended.folder / "report.html").read_text()
    assert "1,200 written" in page
    assert "4 not importable" in page

    before = {path.name: path.stat().st_mtime_ns for path in files}
    again = run_here(job, spark, "again", "--import").summary["import"]
    assert again["written_by"] == "first"
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "csv").iterdir()} == before
    assert json.loads((folder / "import.json").read_text())["rows"] == 1200


def test_a_run_leaves_out_what_an_import_brought_unless_set_to_send_it(
    job: Job, spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    importing(job).write_source(interactions(log()))
    run_here(job, spark, "import", "--import")
    (record,) = (job.output / "imports").glob("*/import.json")
    written = json.loads(record.read_text())

    record.write_text(json.dumps({**written, "state": "under_way"}))
    assert run_here(job, spark, "early").exit_code == 2
    assert "was begun, and its end is not recorded" in caplog.text

    record.write_text(json.dumps({**written, "state": "imported"}))
    after = run_here(job, spark, "after").summary
    assert (after["already_delivered"], after["events_delivered"]) == (1200, 4)

    both = run_here(job, spark, "both", "--set", "delivery.after_import=send").summary
    assert (both["already_delivered"], both["events_delivered"]) == (4, 1200)
    # The ledger and the import have the same events now: a row that met its id twice would be there twice.
    again = run_here(job, spark, "again").summary
    assert (again["already_delivered"], again["events_delivered"]) == (1204, 0)

    # Its CSV may be deleted once it is imported. Written again, it is still imported.
    for path in record.parent.glob("csv/*"):
        path.unlink()
    (job.output / "ledger").rename(job.folder / "ledger-of-before")  # else there would be nothing to import
    assert run_here(job, spark, "import-again", "--import").summary["status"] == "imported"
    assert json.loads(record.read_text())["written_by"] == "import-again"
    assert json.loads(record.read_text())["state"] == "imported"


@pytest.mark.parametrize("kind", ["int", "long"])
def test_an_event_value_that_its_whole_field_can_not_hold_is_rejected(
    job: Job, spark: SparkSession, kind: str
) -> None:
    """One such value in the files, and Personalize would refuse them all."""
    schema = {**SCHEMA, "fields": [*SCHEMA["fields"][:4], {"name": "EVENT_VALUE", "type": ["null", kind]}]}
    (job.folder / "interactions.avsc").write_text(json.dumps(schema))
    job.settings["mapping"] |= {"eventValue": "DISCOUNT", "properties": {}}
    values = ["7.0", None, "4.5", "1e30"]
    rows = [{"USER_ID": f"u{n}", "DISCOUNT": values[n] if n < len(values) else "7"} for n in range(1002)]
    importing(job).write_source(interactions(rows))
    ended = run_here(job, spark, "import", "--import")
    assert (ended.exit_code, {row["USER_ID"] for row in ended.rejected()}) == (0, {"u2", "u3"})
    files = (job.output / "imports").glob("*/csv/*.csv")
    lines = [line for file in files for line in file.read_text().splitlines()[1:]]
    assert {line.rpartition(",")[2] for line in lines} == {"7", ""}


def test_too_few_interactions_are_refused(job: Job, spark: SparkSession) -> None:
    importing(job).write_source(interactions(log(999)))
    ended = run_here(job, spark, "few", "--import")
    assert (ended.exit_code, ended.summary["status"]) == (3, "refused")
    assert "an import job needs 1,000 interactions, and 999 are left to import" in ended.summary["reason"]
    assert not (job.output / "imports").exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"write_only": False, "role_arn": None}, "import.role_arn is missing"),
        ({"write_only": False}, "is not on S3: Personalize reads an import only there"),
        ({"role_arn": "arn:aws:iam::1:role/x"}, "import.role_arn: string should match pattern"),
        ({"mode": "append"}, "import.mode: input should be 'full' or 'incremental'"),
    ],
)
def test_what_can_not_be_imported_with_is_said_before_anything_is_read(
    job: Job, spark: SparkSession, caplog: pytest.LogCaptureFixture, settings: dict[str, Any], sentence: str
) -> None:
    importing(job, **settings).write_source(interactions(log(5)))
    assert run_here(job, spark, "bad", "--import").exit_code == 2
    assert sentence in caplog.text


def test_an_output_too_deep_for_a_location_is_refused(
    job: Job, spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    importing(job).write_source(interactions(log(5)))
    job.settings["output"]["path"] = str(job.folder / "/".join(["deep"] * 40))
    assert run_here(job, spark, "bad", "--import").exit_code == 2
    assert "output.path is too long for an import" in caplog.text
