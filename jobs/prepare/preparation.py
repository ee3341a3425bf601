"""Everything that can be checked before Spark starts, with a sentence for each error.

Reads the configuration, the schema, the suite and the Parquet footers; looks up region, endpoint and
credentials; checks that the output can be written and that Personalize agrees.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime

from pyarrow import fs

from core.aws.buckets import Bucket, forget_buckets
from core.aws.session import aws_session, ca_bundle
from core.event_window import Window
from core.globs import is_glob, matcher
from core.storage import Folder, find_buckets, open_filesystem, read_text, require_spark_reads
from core.urls import absolute
from expectations.suite import Suite
from jobs.command_line.command import Command
from jobs.config.configuration import parse_settings
from jobs.config.settings import SCHEMA_OF_SERVICE, Settings
from jobs.errors import UsageError
from jobs.prepare.aws_account import (
    Service,
    require_aws_settings,
    require_credentials,
    require_region,
    resolve_service,
)
from jobs.prepare.import_target import ImportTarget, import_target
from jobs.prepare.imports_before_sending import update_before_sending
from jobs.prepare.preflight import Preflight, preflight
from jobs.prepare.replayable import require_dead_letters
from jobs.prepare.source_table import find_table
from jobs.prepare.suites import suite_of_schema, suite_of_user
from jobs.runs.run_folder import RunFolder
from jobs.spark.local.trust_store import require_bundle
from sources.executors import MAX_HERE
from sources.finding import SourceFiles, read_listed
from sources.listing import Listing, check_paths, list_files
from sources.tables.table_source import TableSource
from transforms.interactions_schema import AvroType, InteractionsSchema
from transforms.properties_plan import Property, plan_properties


@dataclass(frozen=True, slots=True)
class Prepared:
    """The inputs of every run, all of them checked, none of them changed later.

    `first`: the maximum number of events to send; None: all.
    """

    settings: Settings
    service: Service
    run: RunFolder
    plan_only: bool
    first: int | None

    @property
    def sends(self) -> bool:
        """Return whether the run sends, if there is something to send."""
        return not self.plan_only

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """Return the buckets that Spark will read or write."""
        return find_buckets((self.settings.output.path,))


@dataclass(frozen=True, slots=True)
class PreparedLoad(Prepared):
    """The inputs of a run over the source.

    `source` is None if Spark has to evaluate `source.filter` to choose the folders, and if the source is a
    `table`; a listing if it has so many files that Spark reads their footers. `table`: the one that Spark will read,
    None if the source is files. `target`: where an import goes, None for a run that sends.
    """

    window: Window
    properties: tuple[Property, ...]
    service_suite: Suite
    user_suite: Suite | None
    source: SourceFiles | Listing | None
    schema: InteractionsSchema
    table: TableSource | None = None
    target: ImportTarget | None = None

    @property
    def sends(self) -> bool:
        """Return whether the run sends, if there is something to send."""
        return not self.plan_only and self.target is None

    @property
    def value_type(self) -> AvroType:
        """Return how `mapping.eventValue` is read: as the schema's whole number, else as PutEvents takes it."""
        field = self.schema.get("EVENT_VALUE")
        return field.type if field is not None and field.type in ("int", "long") else "double"

    @property
    def bulk_schema(self) -> InteractionsSchema:
        """Return the schema whose fields, in its order, are the columns of an import's files."""
        return self.schema if self.target is None else self.target.schema

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """Return the buckets that Spark will read or write."""
        paths = self.settings.source.path if self.table is None else self.table.urls
        return find_buckets((*paths, self.settings.output.path))


def read_settings(command: Command) -> Settings:
    """Return the settings that `command` names.

    Raises:
        UsageError: see `jobs.config.configuration`; or the AWS configuration or the certificate bundle that the
            environment names can't be used.
        StorageError: the file is not there or can't be read.
    """
    forget_buckets()  # a process may carry out several runs, each in the environment of its own beginning
    require_aws_settings()
    require_bundle(ca_bundle())
    return parse_settings(read_text(command.config), command.config, command.overrides)


def prepare(command: Command, settings: Settings, run: RunFolder, begun_at: datetime) -> PreparedLoad:
    """Check everything that needs no Spark, cheapest first. `begun_at`: the run's beginning, in UTC.

    Raises:
        UsageError, InputError, SuiteError, StorageError: one sentence each; nothing was sent and no row read.
    """
    prepared, flight = _prepare(command, settings, run, begun_at)
    if settings.interactions_schema != SCHEMA_OF_SERVICE:
        flight.check(prepared.schema)
    if not command.plan:
        update_before_sending(settings, prepared.service, aws_session, run.output, flight)
    return prepared


def prepare_import(
    command: Command, settings: Settings, run: RunFolder, begun_at: datetime
) -> tuple[PreparedLoad, ImportTarget]:
    """Check the same for an import, and where it goes.

    Raises:
        UsageError, InputError, SuiteError, StorageError: as `prepare`.
    """
    prepared, flight = _prepare(command, settings, run, begun_at)
    target = import_target(settings, prepared.schema, prepared.service, aws_session, run, flight)
    return replace(prepared, target=target), target


def _prepare(
    command: Command, settings: Settings, run: RunFolder, begun_at: datetime
) -> tuple[PreparedLoad, Preflight]:
    """Check all but the service's own opinion, which costs a call."""
    session = aws_session()
    service = resolve_service(settings.personalize, session)
    flight = preflight(settings, service, session, os.environ)
    schema = _schema(settings, flight)
    properties = plan_properties(settings.mapping, schema)
    user_suite = suite_of_user(settings.checks, properties)
    if not command.plan:
        require_region(service, session)
        require_credentials(session)
    table = find_table(settings.source)
    source = None if table else _source_files(settings)
    _require_writable(run)
    prepared = PreparedLoad(
        settings=settings,
        window=command.window,
        properties=properties,
        service_suite=suite_of_schema(schema, properties, begun_at),
        user_suite=user_suite,
        service=service,
        source=source,
        schema=schema,
        table=table,
        run=run,
        plan_only=command.plan,
        first=command.first,
    )
    return prepared, flight


def _source_files(settings: Settings) -> SourceFiles | Listing | None:
    """Find the source's files, unless a filter may exclude most of them: then only check that there are some."""
    if settings.source.filter is None:
        listing = list_files(settings.source.path)
        return read_listed(listing) if len(listing.files) <= MAX_HERE else listing
    check_paths(settings.source.path)
    return None


def _schema(settings: Settings, flight: Preflight) -> InteractionsSchema:
    if settings.interactions_schema == SCHEMA_OF_SERVICE:
        return flight.schema_of_service()
    return InteractionsSchema.parse(read_text(settings.interactions_schema), settings.interactions_schema)


def prepare_replay(command: Command, earlier: RunFolder, settings: Settings, run: RunFolder) -> Prepared:
    """Check all that a replay needs: the dead letters of the run `earlier`, the service, the output.

    Raises:
        UsageError, StorageError: one sentence each; nothing was sent.
    """
    session = aws_session()
    service = resolve_service(settings.personalize, session)
    require_region(service, session)
    require_credentials(session)
    require_dead_letters(earlier, settings.personalize.tracking_id)
    _require_writable(run)
    flight = preflight(settings, service, session, os.environ)
    update_before_sending(settings, service, aws_session, run.output, flight)
    return Prepared(settings=settings, service=service, run=run, plan_only=False, first=command.first)


def refuse_output(settings: Settings) -> None:
    """Check that what is written below the output is found again there, and that none of it is read as source.

    Raises:
        UsageError: Spark reads its path as a pattern, or it is inside the source or around it.
        StorageError: a path's URL is not supported, or is one that Spark can't read.
    """
    for url in (settings.output.path, *settings.source.path):
        if "\0" in url:
            raise UsageError(
                "source.path or output.path can't be used: the character \\0, which is in it, ends a name. "
                "Write a backslash in single quotes, where YAML takes it as it is."
            )
        if url.partition("/")[0] == "~":
            raise UsageError(
                f"source.path or output.path {url} can't be used: only a shell knows ~ as the home folder. "
                "Write the whole path, or ./~ for a folder of that name."
            )
        require_spark_reads(url)
    if is_glob(written := absolute(settings.output.path)) or "\\" in written:
        raise UsageError(
            f"output.path {written} can't be used: Spark reads it as a pattern. "
            "Choose a path without *, ?, [, { and \\."
        )
    output_kind, output = _place(settings.output.path)
    for path in settings.source.path:
        kind, source = _place(path)
        inside = matcher(source)(output) is not None or f"{_before_glob(source)}/".startswith(f"{output}/")
        if kind == output_kind and inside:
            raise UsageError(
                f"output.path {settings.output.path} and source.path {path} are inside each other: "
                "the next run would read what this one writes. Choose an output folder of its own.",
            )


def _place(url: str) -> tuple[str, str]:
    """Return what kind of storage a URL is on, and the path there: on local disks, where its links lead."""
    filesystem, path = open_filesystem(url)
    if isinstance(filesystem, fs.LocalFileSystem):
        begins = _before_glob(path)
        path = f"{os.path.realpath(begins)}{path.removeprefix(begins)}"
    return str(filesystem.type_name), path.rstrip("/")


def _before_glob(path: str) -> str:
    """Return the folder that a path pattern begins with; of any other path, itself."""
    while is_glob(path):
        path = path.rpartition("/")[0]
    return path


def _require_writable(run: RunFolder) -> None:
    folder = Folder(run.output)
    folder.write_bytes("_writable", b"")
    folder.delete("_writable")
