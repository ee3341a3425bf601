"""Rows per second from Parquet through shaping, the service's rules and staging, on this machine's Spark.

    python -m benchmarks.staging_rate [--rows 1500000] [--folder build/staging_rate] [--partitions 16]

The rows are the demo shop's history, one impression in three views. Each step runs alone, to nowhere, and the whole
twice, to disk: the first pays for the JVM's warming up. CPU is the JVM's, user and system. Nothing is sent.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import DataFrame

from benchmarks.prepared import history
from benchmarks.usage import JVM, timed
from demo.demonstration import MAPPING
from expectations.compiler import compile_suites
from expectations.rules import Rules
from jobs.prepare.suites import suite_of_schema
from jobs.spark.spark_session import build_session
from transforms import events, staging
from transforms.interactions_schema import InteractionsSchema
from transforms.mapping import MappingSettings, SessionSettings
from transforms.properties_plan import plan_properties

SCHEMA = "conf/interactions.avsc"


def main() -> None:
    """Generate the rows unless they exist, then time each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument("--folder", type=Path, default=Path("build/staging_rate"))
    parser.add_argument("--partitions", type=int, default=16)
    asked = parser.parse_args()
    rows = history(asked.folder, asked.rows)
    spark = build_session("staging rate")
    try:
        for derived in (False, True):
            _measure(spark.read.parquet(str(rows)), asked, derived=derived)
    finally:
        spark.stop()
        shutil.rmtree(asked.folder / "stage", ignore_errors=True)


def _measure(rows: DataFrame, asked: argparse.Namespace, *, derived: bool) -> None:
    print(f"sessions {'derived by gap' if derived else 'mapped'}:")
    shaped, rules = _steps(rows, asked.partitions, derived=derived)
    checked = rules.check(shaped)
    steps: dict[str, Callable[[], None]] = {
        "read": lambda: _to_nowhere(rows),
        "shape": lambda: _to_nowhere(shaped),
        "check": lambda: _to_nowhere(checked),
        "all, to disk": lambda: _stage(checked, rules, asked),
        "again": lambda: _stage(checked, rules, asked),
    }
    for name, step in steps.items():
        took, _ = timed(step)
        cpu, rate = took.cpu_by_kind[JVM], asked.rows / took.seconds
        print(f"  {name:14} {took.seconds:6.1f} s {cpu:6.1f} s CPU {rate:10,.0f} rows/s", flush=True)


def _steps(rows: DataFrame, partitions: int, *, derived: bool) -> tuple[DataFrame, Rules]:
    mapping = MappingSettings.model_validate(MAPPING).model_copy(
        update={"session_id": None} if derived else {}
    )
    schema = InteractionsSchema.parse(Path(SCHEMA).read_text(encoding="utf-8"), SCHEMA)
    properties = plan_properties(mapping, schema)
    shaped = events.shape(rows, mapping, properties, SessionSettings(), partitions=partitions)
    return shaped, compile_suites(shaped, suite_of_schema(schema, properties))


def _stage(checked: DataFrame, rules: Rules, asked: argparse.Namespace) -> None:
    kept = rules.check_columns()
    staged = staging.stage(checked, None, id_is_mapped=False, partitions=asked.partitions, keep=kept)
    staging.write(staged, str(asked.folder / "stage"))


def _to_nowhere(df: DataFrame) -> None:
    df.write.format("noop").mode("overwrite").save()


if __name__ == "__main__":
    main()
