"""What an import's files and a verification by an export cost, against staging the same events.

    python -m benchmarks.bulk_scale [--rows 1000000 2000000 5000000] [--rounds 1] [--folder build/bulk_scale]

In one Spark, in turn: read, check and stage the rows as a run that sends them does, do the same as an import and write
its CSV, and verify the rows against these files, which have an export's form: read and check the source again and look
every row up. Prints seconds, CPU seconds and the peak memory of the JVM. Goals: an import's stage and CSV together at
most 1.3 times a run's stage; the memory of a verification does not grow with the rows.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from benchmarks.prepared import prepared_history
from benchmarks.usage import Timed, timed
from bulk.export_files import columns_of
from bulk.import_record import FOLDER, State
from core.storage import Folder, join
from jobs.prepare.control_plane import ControlPlane
from jobs.prepare.import_target import ImportTarget
from jobs.prepare.preparation import PreparedLoad
from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import RunProgress
from jobs.runs.import_folder import ImportFolder
from jobs.spark.spark_session import started_spark
from jobs.steps.checking import Checked, check
from jobs.steps.import_files import write_files
from jobs.verify.verification_rows import Verified, verify_rows
from transforms.bulk_rows import header
from transforms.interactions_schema import InteractionsSchema

GOAL = 1.3
_WARM_UP_ROWS = 100_000


def main() -> None:
    """Measure each size, the smallest first, in one Spark; fail where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 2_000_000, 5_000_000])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/bulk_scale"))
    asked = parser.parse_args()
    with started_spark() as spark:
        measured(spark, prepared_history(asked.folder, _WARM_UP_ROWS))
        ratios = [
            statistics.median(shown(spark, asked.folder, rows) for _ in range(asked.rounds))
            for rows in asked.rows
        ]
    if max(ratios) > GOAL:
        raise SystemExit(1)


def shown(spark: SparkSession, folder: Path, rows: int) -> float:
    """Print a round; return what an import takes to its files, in CPU seconds, of what a run's stage takes."""
    stage, files, verification, verified = measured(spark, prepared_history(folder, rows))
    ratio = files.cpu / stage.cpu
    print(f"{rows:10,} rows: stage {stage}   import {files}   verification {verification}", flush=True)
    print(
        f"{'':11}import {ratio:.2f} times the stage by CPU, "
        f"{files.seconds / stage.seconds:.2f} times by the clock; goal {GOAL}; "
        f"{verified.compared.found:,} found, {verified.compared.missing + verified.compared.unknown:,} not"
    )
    return ratio


def measured(spark: SparkSession, prepared: PreparedLoad) -> tuple[Timed, Timed, Timed, Verified]:
    """Stage as a run does; stage and write as an import does; verify."""
    schema = schema_of(prepared)
    import_ = replace(prepared, target=ImportTarget(schema, None, new_plane=_never_asked))
    Folder(join(prepared.run.output, FOLDER)).delete_all()
    stage, _ = timed(lambda: staged(spark, prepared))
    files, folder = timed(lambda: imported(spark, import_, staged(spark, import_)))
    names = [field.name for field in schema.fields]
    columns = columns_of(header(schema), names)
    missing = join(prepared.run.output, "missing")
    verification, verified = timed(
        lambda: verify_rows(spark, prepared, schema, columns, export_url=folder.csv, missing_url=missing)
    )
    spark.catalog.clearCache()
    return stage, files, verification, verified


def staged(spark: SparkSession, prepared: PreparedLoad) -> Checked:
    """Read, check and stage the rows, in place of what was staged before."""
    prepared.run.folder().delete_all()
    return check(spark, RunProgress(ProgressLines()), prepared)


def imported(spark: SparkSession, prepared: PreparedLoad, checked: Checked) -> ImportFolder:
    """Write the files, and record that they were imported."""
    if prepared.target is None:
        raise ValueError("the load is no import")
    record = write_files(spark, prepared, prepared.target, checked.files).record
    if record is None:
        raise ValueError("there are too few rows to import")
    folder = ImportFolder(prepared.run.output, record.name)
    folder.write(record.model_copy(update={"state": State.IMPORTED}))
    return folder


def schema_of(prepared: PreparedLoad) -> InteractionsSchema:
    """Return the schema, which every prepared load has."""
    if prepared.schema is None:
        raise ValueError("the load has no schema")
    return prepared.schema


def _never_asked() -> ControlPlane:
    raise NotImplementedError("only files are written")


if __name__ == "__main__":
    main()
