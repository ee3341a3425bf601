"""What is looked for in an export: what any run sent or imported, or one run alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from bulk.comparison import Compared
from bulk.export_files import UnknownFormatError, columns_of
from bulk.import_record import ImportRecord, State
from delivery.packing import StagedEvent
from delivery.receipts.ledger import Ledger
from jobs.command_line.command import Command
from jobs.prepare.preparation import PreparedLoad, prepare, read_settings
from jobs.runs.import_folder import ImportFolder
from jobs.runs.run_folder import RunFolder
from jobs.verify.verification_rows import Verified, verify_rows
from jobs.verify.verified_imports import KnownImports
from jobs.verify.verified_run import VerifiedRun
from tests.delivery.tasks import task_of
from tests.whole_job.harness import MAPPING, SCHEMA, Job, interactions
from transforms.interactions_schema import InteractionsSchema

pytestmark = pytest.mark.spark
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIME = 1_760_000_000


class Standin:
    """What a `Job` wants of one; nothing is sent to it."""

    url = "http://127.0.0.1:9"


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedLoad:
    """Four events, `e0` to `e3`, each of a user of its own; `e3` was retried a minute later."""
    job = Job(tmp_path, Standin())  # type: ignore[arg-type]
    rows = [{"USER_ID": f"u{number}", "SESSION_ID": f"e{number}"} for number in range(4)]
    retried = {**rows[3], "TIMESTAMP": TIME + 60}
    job.write_source(interactions([*rows, retried]))
    job.settings["mapping"] = {**MAPPING, "eventId": "SESSION_ID"}
    command = Command(config=str(job.write_config()), plan=True)
    settings = read_settings(command)
    return prepare(command, settings, RunFolder(str(job.output), "verification"), NOW)


def send(prepared: PreparedLoad, run_id: str, *events: str) -> None:
    ledger = Ledger(task_of(prepared.run.output, execution=run_id, run_id=run_id), run_id)
    ledger.accepted([StagedEvent(event, b"", b"", TIME) for event in events], 1.0)
    ledger.close()


def import_(prepared: PreparedLoad, run_id: str, *events: str) -> None:
    folder = ImportFolder(prepared.run.output, f"import-{run_id}")
    ids = Path(folder.ids)
    ids.mkdir(parents=True)
    pq.write_table(pa.table({"event_id": list(events), "sent_at": [TIME] * len(events)}), ids / "ids.parquet")
    counts = {"rows": len(events), "bytes": 1, "files": 1, "left_out": {}, "written_at": NOW}
    made = {"name": folder.name, "mode": "incremental", "location": folder.location, "written_by": run_id}
    folder.write(
        ImportRecord.model_validate({**counts, **made, "tracking_id": "tracker", "state": State.IMPORTED})
    )


def imports_in_force(prepared: PreparedLoad, run: VerifiedRun | None) -> list[ImportRecord]:
    return KnownImports.of(prepared.run.output, "tracker").in_force(run)


def verified(
    spark: SparkSession,
    prepared: PreparedLoad,
    users: list[str],
    run: VerifiedRun | None = None,
    *,
    time: object = TIME,
    other_file: str | None = None,
    schema: dict[str, Any] = SCHEMA,
) -> Verified:
    """Verify against an export, in a folder of its own, that has one interaction of each of `users`."""
    export = Path(mkdtemp(dir=Path(prepared.run.output).parent))
    if other_file is not None:
        (export / other_file).write_text("content")
    fields = [field["name"] for field in schema["fields"]]
    lines = [",".join(fields), *(f"{user},i1,{time},view" + "," * (len(fields) - 4) for user in users)]
    (export / "part-0.csv").write_text("\n".join(lines))
    return verify_rows(
        spark,
        prepared,
        InteractionsSchema.parse(json.dumps(schema), "the tests' schema"),
        columns_of(lines[0], fields),
        export_url=str(export),
        missing_url=str(Path(prepared.run.output) / "missing"),
        imports=imports_in_force(prepared, run),
        run=run,
    )


def compared(
    spark: SparkSession, prepared: PreparedLoad, users: list[str], run: VerifiedRun | None = None
) -> Compared:
    return verified(spark, prepared, users, run).compared


def test_what_any_run_sent_is_looked_for_or_one_run_alone(
    spark: SparkSession, prepared: PreparedLoad
) -> None:
    send(prepared, "first", "e0", "e1")
    send(prepared, "second", "e2")
    assert compared(spark, prepared, ["u0", "u1"]) == Compared(found=2, missing=1, unknown=0)
    assert compared(spark, prepared, ["u0", "u1"], VerifiedRun("second")) == Compared(
        found=0, missing=1, unknown=0
    )


def test_of_one_run_only_what_it_imported_is_looked_for(spark: SparkSession, prepared: PreparedLoad) -> None:
    send(prepared, "first", "e0")
    import_(prepared, "second", "e1", "e2")
    assert [each.written_by for each in imports_in_force(prepared, None)] == ["second"]
    assert imports_in_force(prepared, VerifiedRun("first")) == []
    assert compared(spark, prepared, ["u1"], VerifiedRun("second")) == Compared(found=1, missing=1, unknown=0)
    assert compared(spark, prepared, ["u1"], VerifiedRun("first")) == Compared(found=0, missing=1, unknown=0)


def test_a_run_that_imported_the_files_of_another_has_their_events(prepared: PreparedLoad) -> None:
    """A run that found Personalize busy wrote them; the next one with the same command had them imported."""
    import_(prepared, "first", "e1")
    ((location, name),) = [(each.location, each.name) for each in imports_in_force(prepared, None)]
    second = VerifiedRun("second", import_location=location)
    assert [each.name for each in imports_in_force(prepared, second)] == [name]
    assert imports_in_force(prepared, VerifiedRun("third", import_location=f"{location}2")) == []


def test_a_retried_event_is_found_by_the_one_that_was_sent(
    spark: SparkSession, prepared: PreparedLoad
) -> None:
    send(prepared, "first", "e3")
    assert compared(spark, prepared, ["u3"]) == Compared(found=1, missing=0, unknown=0)
    assert compared(spark, prepared, ["u0"]) == Compared(found=0, missing=1, unknown=0)


def test_delivered_events_that_the_source_lacks_are_counted(
    spark: SparkSession, prepared: PreparedLoad
) -> None:
    send(prepared, "first", "e0", "e3", "gone", "filtered out")
    send(prepared, "second", "e1", "gone")
    import_(prepared, "third", "e2", "gone too")
    assert verified(spark, prepared, ["u0", "u1", "u2", "u3"]) == Verified(Compared(4, 0, 0), 0, 3)
    assert verified(spark, prepared, ["u1"], VerifiedRun("second")) == Verified(Compared(1, 0, 0), 0, 1)


def test_an_export_with_times_in_another_form_misses_nothing(
    spark: SparkSession, prepared: PreparedLoad
) -> None:
    send(prepared, "first", "e0")
    with pytest.raises(UnknownFormatError, match="it has rows whose TIMESTAMP is not a number"):
        verified(spark, prepared, ["u0"], time="2025-10-09T08:53:20Z")
    assert not (Path(prepared.run.output) / "missing").exists()


def test_an_export_of_which_a_file_is_not_read_misses_nothing(
    spark: SparkSession, prepared: PreparedLoad
) -> None:
    send(prepared, "first", "e0", "e1")
    assert verified(spark, prepared, ["u0", "u1"], other_file="b.csv.gz").compared == Compared(2, 0, 0)
    with pytest.raises(
        UnknownFormatError, match=r"it has files that are not read as CSV, such as b\.csv\.gz"
    ):
        verified(spark, prepared, ["u0"], other_file="b.csv.gz")


def test_a_dataset_may_have_fields_called_as_our_own_columns(
    spark: SparkSession, prepared: PreparedLoad
) -> None:
    send(prepared, "first", "e0", "e1")
    own = [{"name": name, "type": ["null", "string"]} for name in ("OUTCOME", "EVENT_ID")]
    schema = {**SCHEMA, "fields": [*SCHEMA["fields"], *own]}
    assert verified(spark, prepared, ["u0"], schema=schema).compared == Compared(
        found=1, missing=1, unknown=0
    )
    missing = pq.read_table(Path(prepared.run.output) / "missing").to_pylist()
    assert [(row["USER_ID"], row["OUTCOME"], row["_outcome"]) for row in missing] == [("u1", None, "missing")]
