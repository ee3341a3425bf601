"""From the source to the stage: read, shape, check, stage, in one pass over the source.

Composes `transforms` and `expectations`. The stage holds every row that was read, under its outcome, so
that what was checked is what is sent and what is counted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bulk.fingerprint import Fingerprint
from core.columns import EVENT_COLUMNS
from core.urls import with_scheme
from expectations.compiler import compile_suites
from expectations.judge import judge
from expectations.rules import Rules, value_name
from expectations.verdict import Verdict
from jobs.account.closed_account import Staged
from jobs.account.summary import FilesEntry, TableEntry
from jobs.errors import TimeBeyondError, UnnamedFileError
from jobs.plan.planning import Lengths
from jobs.plan.ways import Files
from jobs.prepare.preparation import PreparedLoad
from jobs.progress.run_progress import PhaseListener
from jobs.progress.spark_phases import JUDGE, PLAN, STAGE, WRITE_REJECTED, begin
from jobs.spark.spark_failures import SparkFailure, explained
from jobs.steps.counting import DAY, TYPE, day_column
from jobs.steps.delivered_before import delivered_ids, knows_nothing
from jobs.steps.event_days import window_of
from jobs.steps.imported_before import with_imported
from jobs.steps.ledger_window import LedgerWindow
from jobs.steps.misreadings import refuse_misread
from jobs.steps.source_reading import SourceRead, read_source
from jobs.steps.staged_files import StagedFile, rows_by_outcome, staged_files
from jobs.steps.table_reading import TableRead
from jobs.steps.tallying import take_tallies
from transforms import events, staging
from transforms.bulk_rows import LINE, OBSTACLE, staged_lines, with_line
from transforms.session_lengths import Unmatched, session_lengths, unmatched_sessions, user_lengths

_LOG = logging.getLogger("put_events")
_BYTES_PER_PARTITION = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of checking: the counts, the verdict, and the files that are ready to be sent.

    `verdict` and `source` are None in a replay, whose events were judged before they were first sent; `lengths` except
    in a plan. `first_contact`: in a plan, whether the ledger has nothing of this tracking ID.
    """

    staged: Staged
    verdict: Verdict | None
    files: tuple[StagedFile, ...]
    lengths: Lengths | None = None
    first_contact: bool = False
    source: FilesEntry | TableEntry | None = None


def check(spark: SparkSession, phases: PhaseListener, prepared: PreparedLoad) -> Checked:
    """Stage the whole source and judge it; write `rejected/`.

    Raises:
        UsageError, InputError, SuiteError: an expression, a column, a file in the middle or the time's unit is wrong.
        StorageError: the stage can't be read.
        RuleCrashedError: an expectation could not be evaluated.
    """
    row_by_row = millis_as_numbers = False
    while True:
        try:
            return _check(spark, phases, prepared, millis_as_numbers=millis_as_numbers)
        except UnnamedFileError:
            if row_by_row:
                raise
            row_by_row = True
            _LOG.info(
                "a source file seems to be damaged: reading the source once more, row by row, for its name"
            )
            spark.conf.set("spark.sql.parquet.enableVectorizedReader", "false")
        except TimeBeyondError:
            if millis_as_numbers or prepared.table is not None:  # a table is read by its connector
                raise
            millis_as_numbers = True
            _LOG.info(
                "a timestamp in milliseconds is beyond Spark's range: reading the source once more, with such times as "
                "null"
            )
        prepared.run.stage_folder().delete_all()


def _check(
    spark: SparkSession, phases: PhaseListener, prepared: PreparedLoad, *, millis_as_numbers: bool
) -> Checked:
    context = spark.sparkContext
    begin(phases, context, STAGE)
    source = read_source(spark, prepared, millis_as_numbers=millis_as_numbers)
    stage, rules = _write(spark, source, prepared)
    begin(phases, context, JUDGE)
    files = staged_files(prepared.run.stage)
    tallies, verdict = _judge(source, stage, files, rules, prepared)
    begin(phases, context, WRITE_REJECTED)
    _write_rejected(stage, rules, prepared)
    lengths, first_contact = _plan_figures(spark, phases, stage, prepared)
    return Checked(
        staged=_account(files, tallies, verdict),
        verdict=verdict,
        files=tuple(file for file in files if file.outcome == staging.SEND),
        lengths=lengths,
        first_contact=first_contact,
        source=source.entry(),
    )


def _write(
    spark: SparkSession, source: SourceRead | TableRead, prepared: PreparedLoad
) -> tuple[DataFrame, Rules]:
    """Write the stage in one pass over the source; return it as it is read from its files, and its rules.

    From here on only the stage is read: a source that changes later changes nothing.
    """
    partitions = sending_partitions(spark, source.bytes)
    shaped = _shaped(source, prepared, partitions)
    rules = compile_suites(shaped, prepared.service_suite, prepared.user_suite)
    checked_rows = rules.check(shaped)
    ids = delivered_ids(spark, prepared, lambda: _ledger_window(source, prepared))
    ids = with_imported(ids, spark, prepared)
    staged_rows = _write_stage(prepared, checked_rows, rules, partitions, ids)
    return spark.read.schema(staged_rows.schema).parquet(with_scheme(prepared.run.stage)), rules


def _judge(
    source: SourceRead | TableRead,
    stage: DataFrame,
    files: Sequence[StagedFile],
    rules: Rules,
    prepared: PreparedLoad,
) -> tuple[Mapping[str, int], Verdict]:
    """Take the stage's tallies; return them and the verdict on them."""
    with _explained_failures():
        tallies = take_tallies(rules, files, stage)
    source.require_rows(tallies["rows"])
    refuse_misread(prepared.settings.mapping, tallies)
    return tallies, judge(rules, tallies, _as_rules_see_it(stage, rules))


def _plan_figures(
    spark: SparkSession, phases: PhaseListener, stage: DataFrame, prepared: PreparedLoad
) -> tuple[Lengths | None, bool]:
    """Return what a plan needs of the stage, and whether the ledger has nothing of this tracking ID."""
    if not prepared.plan_only:
        return None, False
    begin(phases, spark.sparkContext, PLAN)
    return _lengths(stage), knows_nothing(spark, prepared)


def sending_partitions(spark: SparkSession, source_bytes: int) -> int:
    """Return how many partitions shuffle, stage and send: one for each core, a multiple of that if the source is large.

    One partition can carry the whole limit of a default quota, so more of them serve memory, not speed. Cores that have
    no partition left would leave the last ones to send a higher limit alone, which they can't.
    """
    cores = spark.sparkContext.defaultParallelism
    return cores * max(1, -(-source_bytes // (cores * _BYTES_PER_PARTITION)))


def _shaped(source: SourceRead | TableRead, prepared: PreparedLoad, partitions: int) -> DataFrame:
    settings = prepared.settings
    return events.shape(
        source.rows,
        settings.mapping,
        prepared.properties,
        settings.session,
        partitions=partitions,
        window=prepared.window,
        value_type=prepared.value_type,
    )


def _ledger_window(source: SourceRead | TableRead, prepared: PreparedLoad) -> LedgerWindow:
    mapping, window = prepared.settings.mapping, prepared.window
    with _explained_failures():
        return window_of(events.times(source.rows, mapping, window), window)


def _write_stage(
    prepared: PreparedLoad,
    checked_rows: DataFrame,
    rules: Rules,
    partitions: int,
    delivered: DataFrame | None,
) -> DataFrame:
    """Run the one pass over the source; `delivered`: the ids that were delivered before."""
    read_again = {_staged_name(column): F.col(column) for column in rules.scan_columns()}
    # A suite of the user's may read the type, too; the stage has a column once.
    kept = dict.fromkeys(
        (
            *read_again,
            *rules.check_columns(),
            *rules.distinct_columns(),
            events.UNIT_INSTEAD,
            events.NO_TEXT,
            TYPE,
            DAY,
        )
    )
    line = (LINE, OBSTACLE) if prepared.target or prepared.plan_only else ()
    if line:
        checked_rows = with_line(checked_rows, prepared.bulk_schema, prepared.properties)
    staged_rows = staging.stage(
        checked_rows.select("*", day_column()).withColumns(read_again),
        delivered,
        id_is_mapped=prepared.settings.mapping.event_id is not None,
        partitions=partitions,
        keep=tuple(kept),
        keep_if_sent=line,
    )
    if prepared.target:
        staged_rows = staged_rows.drop(*staging.REQUEST_COLUMNS)
    with _explained_failures():
        staging.write(staged_rows, prepared.run.stage)
    return staged_rows


def _staged_name(column: str) -> str:
    """Return the stage's name of an event column: it must not be a name of the stage's own."""
    return column if column in EVENT_COLUMNS else f"_scanned_{column}"


def _as_rules_see_it(stage: DataFrame, rules: Rules) -> DataFrame:
    """Return what the rules without a tally read of the stage, with the events' own names."""
    return stage.select(*(F.col(_staged_name(column)).alias(column) for column in rules.scan_columns()))


@contextmanager
def _explained_failures() -> Iterator[None]:
    """Raise UsageError where Spark fails over a file, an expression or a rule."""
    try:
        yield
    except SparkFailure as failure:
        raise explained(failure) or failure from None


def _lengths(stage: DataFrame) -> Lengths:
    """Count what a plan is made of."""
    sessions = session_lengths(stage)
    unmatched = unmatched_sessions(stage) if any(one.anonymous for one in sessions) else Unmatched()
    return Lengths(sessions, user_lengths(stage), _import_files(stage), unmatched)


def _import_files(stage: DataFrame) -> Files:
    """Return what an import of the events to be sent would write."""
    found = Fingerprint.of(staged_lines(stage.where(F.col("outcome") == staging.SEND)))
    return Files(found.rows, found.bytes, sum(found.left_out.values()))


def _account(files: tuple[StagedFile, ...], tallies: Mapping[str, int], verdict: Verdict) -> Staged:
    """Return the counts of the stage: rows from the files' footers, which must agree with what was read of them."""
    rows = rows_by_outcome(files)
    if rows.total() != tallies["rows"]:
        raise RuntimeError(f"the stage holds {tallies['rows']} rows, its footers say {rows.total()}")
    return Staged(
        rows_read=rows.total(),
        rows_rejected=rows[staging.REJECTED],
        duplicates_dropped=rows[staging.DUPLICATE],
        already_delivered=rows[staging.DELIVERED],
        to_send=rows[staging.SEND],
        minimum_requests=tallies[value_name(staging.FIRST_OF_REQUEST, value=True)],
        rejected_by_reason=verdict.rejected_by_reason,
    )


def _write_rejected(stage: DataFrame, rules: Rules, prepared: PreparedLoad) -> None:
    """Write the rejected source rows, complete, with their reasons; an empty folder of Parquet if there are none."""
    rejected = stage.where(F.col("outcome") == staging.REJECTED)
    names = stage.select(f"{events.SOURCE}.*").columns
    columns = [F.col(events.SOURCE)[name].alias(_rejected_name(name, names)) for name in names]
    # In a step of its own: next to a source column named like one of theirs, the reasons would read that one.
    reasoned = rejected.select(events.SOURCE, rules.reasons().alias("_reasons"))
    found = reasoned.select(*columns, F.col("_reasons").alias("reasons"))
    found.write.parquet(with_scheme(prepared.run.rejected))


def _rejected_name(name: str, names: Sequence[str]) -> str:
    """Return the name in `rejected/` of a source column, of `names`; one with a name of ours gets a free one."""
    if name.lower() != "reasons":
        return name
    taken = {each.lower() for each in names}
    while name.lower() in taken:
        name = f"source_{name}"
    return name
