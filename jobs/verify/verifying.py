"""Compare what was sent or imported with what the service reports and exports.

Requests are compared with CloudWatch's counts, imports with Personalize's jobs; with `--export`, the source's
interactions with an export of the dataset. Writes `verifications/<id>/`, and nothing that a run reads.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bulk.errors import BulkError
from bulk.export_files import UnknownFormatError, columns_of, first_line
from bulk.export_jobs import ExportJob, ExportRequest, Ingestion, describe_export, make_export
from bulk.import_jobs import ACTIVE
from bulk.import_record import ImportRecord
from bulk.metrics import UnmeteredError, metered, proof
from bulk.polling import StoppedWaitingError, poll_until_ended
from core.aws.refusals import DENIED, code_of
from core.aws.session import aws_session
from core.errors import BackfillError
from core.storage import Folder, find_buckets, join
from core.urls import absolute, s3_location
from jobs.command_line.command import Command
from jobs.config.settings import Settings
from jobs.errors import RunInterruptedError, UsageError
from jobs.prepare.aws_account import require_client, require_credentials
from jobs.prepare.control_plane import CallPacer, ControlPlane, ControlPlaneError
from jobs.prepare.event_tracker import InteractionsDataset, interactions_dataset_of
from jobs.prepare.new_plane import MUST_KNOW, plane_of
from jobs.prepare.preflight import OF_SERVICE
from jobs.prepare.preparation import PreparedLoad, prepare, read_settings
from jobs.run import StartSpark
from jobs.runs.run_folder import RunFolder
from jobs.stop_signals import Interruption, StopSignals
from jobs.verify.verification import FOLDER, NAME, Interactions, Requests, Verification
from jobs.verify.verification_rows import verify_rows
from jobs.verify.verified_imports import KnownImports
from jobs.verify.verified_run import VerifiedRun, last_sent, verified_run
from transforms.interactions_schema import InteractionsSchema

_LOG = logging.getLogger("put_events")
# Where the network has no way to CloudWatch, botocore's own patience would be five minutes without a word.
_METRICS_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4}
)


@dataclass(frozen=True, slots=True)
class Asking:
    """The user's request."""

    config: str
    overrides: tuple[str, ...]
    run_id: str | None
    export: bool


def verify(asking: Asking, start_spark: StartSpark) -> int:
    """Verify and return the exit code: 0 nothing missing, 4 something is, 5 nothing could be compared or asked.

    Raises:
        UsageError, InputError, StorageError: exit 2.
    """
    return _Verifying(asking, start_spark).carry_out()


class _Verifying:
    """A verification of the given configuration."""

    def __init__(self, asking: Asking, start_spark: StartSpark) -> None:
        self._asking = asking
        self._start_spark = start_spark
        self._now = datetime.now(UTC)
        self._id = f"{self._now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:12]}"

    def carry_out(self) -> int:
        """Ask, compare, print and write.

        Raises:
            UsageError, InputError, StorageError: exit 2.
        """
        command = Command(config=self._asking.config, overrides=self._asking.overrides, plan=True)
        settings = read_settings(command)
        output = absolute(settings.output.path)
        run = verified_run(output, settings.personalize.tracking_id, self._asking.run_id)
        session = aws_session()
        require_credentials(session)
        if self._asking.export:
            _require_exportable(settings, output)
        prepared = prepare(command, settings, RunFolder(output, self._id), self._now)
        verification = self._verification(prepared, session, run)
        self._keep(verification, output)
        return verification.exit_code

    def _keep(self, verification: Verification, output: str) -> None:
        for line in verification.lines():
            print(line)
        Folder(self._url(output)).write_bytes(NAME, f"{verification.model_dump_json(indent=2)}\n".encode())
        _LOG.info("the same is in %s", join(self._url(output), NAME))

    def _url(self, output: str) -> str:
        return join(output, FOLDER, self._id)

    def _verification(
        self, prepared: PreparedLoad, session: boto3.Session, run: VerifiedRun | None
    ) -> Verification:
        settings = prepared.settings
        found = Verification(tracking_id=settings.personalize.tracking_id, verified_at=self._now)
        region = prepared.service.region
        new_plane = partial(plane_of, prepared.service, aws_session, MUST_KNOW, CallPacer())
        try:
            dataset = interactions_dataset_of(new_plane(), found.tracking_id, region)
        except ControlPlaneError as error:
            return found.without(f"the service was not asked: {error}")
        named = run if self._asking.run_id is not None else None
        found, imports = self._with_imports(found, prepared, dataset, new_plane, run=run, named=named)
        found = self._with_requests(found, session, region, dataset, run)
        if not self._asking.export:
            return found
        expected = _Expected(prepared, dataset, new_plane, imports.in_force(named), named)
        return self._with_export(found, expected)

    def _with_imports(
        self,
        found: Verification,
        prepared: PreparedLoad,
        dataset: InteractionsDataset,
        new_plane: Callable[[], ControlPlane],
        *,
        run: VerifiedRun | None,
        named: VerifiedRun | None,
    ) -> tuple[Verification, KnownImports]:
        """Add what became of the import jobs; return the imports, too, as Personalize has them if it was asked."""
        output = prepared.run.output
        imports = KnownImports.of(output, found.tracking_id)
        if not imports.are_of(named):
            return found, imports
        try:
            imports = imports.asked(new_plane(), dataset, named)
        except (ControlPlaneError, BulkError) as error:
            return found.without(f"the import jobs were not asked for: {error}"), imports
        newest = run if named is None else verified_run(output, found.tracking_id, None)
        sent_at = cache(partial(last_sent, output, found.tracking_id, newest, self._now))
        verified = imports.verified(dataset.arn, prepared.service.region, named, sent_at)
        return found.model_copy(update={"imports": verified}), imports

    def _with_requests(
        self,
        found: Verification,
        session: boto3.Session,
        region: str,
        dataset: InteractionsDataset,
        run: VerifiedRun | None,
    ) -> Verification:
        if run is None or run.calls is None:
            if self._asking.export or found.imports is not None:
                return found
            return found.without(_no_requests(run))
        try:
            client = require_client(
                "cloudwatch",
                lambda: session.client("cloudwatch", region_name=region, config=_METRICS_CONFIG),
            )
            answer = metered(client, dataset.tracker_arn, run.calls, self._now)
        except (ClientError, BotoCoreError) as error:
            return found.without(_not_asked(error))
        except UnmeteredError as error:
            return found.without(f"CloudWatch's answer proves nothing: {error}. Verify again later")
        requests = Requests.of(run.run_id, run.calls, answer, proof(run.calls, answer, self._now))
        return found.model_copy(update={"requests": requests})

    def _with_export(self, found: Verification, expected: _Expected) -> Verification:
        output = expected.prepared.run.output
        url = join(self._url(output), "export")
        try:
            self._export(expected, url)
        except (BulkError, ControlPlaneError, StoppedWaitingError, _ExportFailedError) as error:
            return found.without(f"the dataset was not exported: {error}")
        try:
            interactions = self._compared(expected, url)
        except UnknownFormatError as error:
            interactions = Interactions(export=url, run_id=self._asking.run_id, unknown_format=str(error))
        except RunInterruptedError as stop:
            return found.without(f"the export was not compared: {stop}")
        except BackfillError as error:
            self._keep(found.without(f"the export was not compared: {error}"), output)
            raise
        return found.model_copy(update={"interactions": interactions})

    def _export(self, expected: _Expected, url: str) -> None:
        mode: Ingestion = "ALL" if expected.imports else "PUT"
        role = expected.prepared.settings.bulk_import.role_arn or ""
        request = ExportRequest(f"verify-{self._id}", expected.dataset.arn, s3_location(url), role, mode)
        arn = make_export(expected.new_plane(), request)
        interruption = Interruption()
        signals = StopSignals()
        with signals.armed(), signals.routed_to(interruption.ask):
            job = poll_until_ended(
                lambda: describe_export(expected.new_plane(), arn), interruption.pause, _say
            )
        if job.status != ACTIVE:
            raise _ExportFailedError(job.failure_reason or "Personalize gave no reason")

    def _compared(self, expected: _Expected, url: str) -> Interactions:
        prepared, run = expected.prepared, expected.run
        schema = InteractionsSchema.parse(expected.dataset.schema, OF_SERVICE)
        columns = columns_of(first_line(url), [field.name for field in schema.fields])
        missing = join(self._url(prepared.run.output), "missing")
        with self._start_spark(prepared.buckets, prepared.table) as spark:
            verified = verify_rows(
                spark,
                prepared,
                schema,
                columns,
                export_url=url,
                missing_url=missing,
                imports=expected.imports,
                run=run,
            )
        return Interactions(
            export=url,
            run_id=run.run_id if run else None,
            found=verified.compared.found,
            missing=verified.compared.missing,
            unknown=verified.compared.unknown + verified.not_in_source,
            not_in_source=verified.not_in_source,
            anonymous=verified.anonymous,
            columns_not_exported=list(columns.absent),
        )


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the dataset should have: what `run` sent, or any run where it is None, and what `imports` brought."""

    prepared: PreparedLoad
    dataset: InteractionsDataset
    new_plane: Callable[[], ControlPlane]
    imports: Sequence[ImportRecord]
    run: VerifiedRun | None


class _ExportFailedError(BackfillError):
    """The export job failed; the text is Personalize's reason."""


def _require_exportable(settings: Settings, output: str) -> None:
    if settings.bulk_import.role_arn is None:
        raise UsageError(
            "import.role_arn is missing: Personalize writes an export with a role of yours. Set it, or leave out "
            "--export."
        )
    if not find_buckets((output,)):
        raise UsageError(
            f"output.path {output} is not on S3: Personalize writes an export only there. Leave out --export."
        )


def _no_requests(run: VerifiedRun | None) -> str:
    if run is None:
        return "no run below output.path sent anything to this tracking ID: CloudWatch has nothing to compare with"
    return f"run {run.run_id} sent no requests: CloudWatch has nothing of it. Verify what it imported with --export"


def _not_asked(error: ClientError | BotoCoreError) -> str:
    code = code_of(error) if isinstance(error, ClientError) else type(error).__name__
    if code in DENIED:
        return f"CloudWatch was not asked ({code}): the permission is cloudwatch:GetMetricData"
    return f"CloudWatch was not asked ({code}). Verify again later"


def _say(job: ExportJob) -> None:
    _LOG.info("export job: %s", job.status)
