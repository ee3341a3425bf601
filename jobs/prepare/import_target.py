"""The facts that an import needs before Spark starts: where its files go, what Personalize has, and what that forbids.

Asks the control plane, unless only files are to be written and it can't be asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import boto3

from bulk.errors import BulkError, BusyError
from bulk.import_job import MAX_LOCATION_CHARACTERS, replaces
from bulk.import_jobs import ACTIVE, ImportJob
from bulk.import_record import FOLDER
from core.errors import InputError
from core.storage import find_buckets, join
from jobs.config.settings import SCHEMA_OF_SERVICE, Settings
from jobs.errors import UsageError
from jobs.prepare.aws_account import Service
from jobs.prepare.control_plane import CallPacer, ControlPlane, ControlPlaneError
from jobs.prepare.event_tracker import InteractionsDataset, interactions_dataset_of
from jobs.prepare.import_updates import ask_and_update
from jobs.prepare.new_plane import CAN_GO_ON, MUST_KNOW, plane_of
from jobs.prepare.preflight import OF_SERVICE, Preflight, require_agreement
from jobs.runs.import_folder import location_of
from jobs.runs.run_folder import RunFolder
from transforms.interactions_schema import InteractionsSchema

_LOG = logging.getLogger("put_events")
_NAME_CHARACTERS = 41  # of `backfill-` and 32 digits


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """The target of an import. `schema` has the columns in the order of the dataset's own schema.

    `dataset` is None if only files are written and the service was not asked; `jobs`, those of the dataset, the oldest
    first, are None if only files are written. `new_plane` gives a control plane whose patience has not been used.
    """

    schema: InteractionsSchema
    dataset: InteractionsDataset | None
    new_plane: Callable[[], ControlPlane]
    jobs: tuple[ImportJob, ...] | None = None


def import_target(  # noqa: PLR0917 - what `prepare` has at hand
    settings: Settings,
    schema: InteractionsSchema,
    service: Service,
    new_session: Callable[[], boto3.Session],
    run: RunFolder,
    flight: Preflight,
) -> ImportTarget:
    """Check what can be known of an import before anything is read, and say what it will replace.

    `new_session` gives the AWS session, and another one once `forget_session` dropped it.

    Raises:
        UsageError: the role or the output can't be used for it, Personalize could not be asked, or what it says forbids
            the import.
        BusyError: the dataset's first import is under way.
        InputError: no events can be made for the service's schema.
    """
    _require_usable(settings, run)
    _LOG.info("%s", replaces(settings.bulk_import.mode))
    if settings.bulk_import.write_only:
        return _target_of_files(settings, schema, service, new_session, flight)
    new_plane = partial(plane_of, service, new_session, MUST_KNOW, CallPacer())
    try:
        dataset, jobs = ask_and_update(
            new_plane(), run.output, settings.personalize.tracking_id, service.region
        )
    except ControlPlaneError as error:
        raise UsageError(
            f"the import could not begin: {error}. Fix that or try again later; nothing was read."
        ) from None
    except BulkError as error:
        raise UsageError(str(error)) from None
    _require_full_first(settings, jobs)
    return ImportTarget(_in_its_order(settings, schema, dataset), dataset, new_plane, tuple(jobs))


def _require_usable(settings: Settings, run: RunFolder) -> None:
    longest = len(location_of(join(run.output, FOLDER, "x" * _NAME_CHARACTERS)))
    if longest > MAX_LOCATION_CHARACTERS:
        raise UsageError(
            f"output.path is too long for an import: the files' location may have {MAX_LOCATION_CHARACTERS} "
            f"characters and would have {longest}. Choose a shorter one."
        )
    if settings.bulk_import.write_only:
        return
    if settings.bulk_import.role_arn is None:
        raise UsageError(
            "import.role_arn is missing: Personalize reads the files with a role of yours. Set it, or set "
            "import.write_only: true."
        )
    if not find_buckets((run.output,)):
        raise UsageError(
            f"output.path {run.output} is not on S3: Personalize reads an import only there. Set an s3:// URL, or set "
            "import.write_only: true."
        )


def _target_of_files(
    settings: Settings,
    schema: InteractionsSchema,
    service: Service,
    new_session: Callable[[], boto3.Session],
    flight: Preflight,
) -> ImportTarget:
    """Ask for the dataset if that is possible: then the printed call is complete, and the columns' order is its own."""
    new_plane = partial(plane_of, service, new_session, CAN_GO_ON, CallPacer())
    if settings.preflight != "off" and not flight.elsewhere:
        try:
            dataset = interactions_dataset_of(new_plane(), settings.personalize.tracking_id, service.region)
            return ImportTarget(_in_its_order(settings, schema, dataset), dataset, new_plane)
        except ControlPlaneError as error:
            _LOG.warning("%s; the printed call names the dataset as DATASET_ARN.", error)
    return ImportTarget(schema, None, new_plane)


def _in_its_order(
    settings: Settings, schema: InteractionsSchema, dataset: InteractionsDataset
) -> InteractionsSchema:
    """Return the dataset's own schema: the columns of a file "must match the order" of its fields.

    Developer guide, "Creating schema JSON files".
    """
    try:
        of_service = InteractionsSchema.parse(dataset.schema, OF_SERVICE)
    except InputError as error:
        raise UsageError(str(error)) from None
    if settings.interactions_schema != SCHEMA_OF_SERVICE:
        require_agreement(schema, of_service, settings.interactions_schema)
    return of_service


def _require_full_first(settings: Settings, jobs: Sequence[ImportJob]) -> None:
    if settings.bulk_import.mode == "full" or any(job.status == ACTIVE for job in jobs):
        return
    if any(not job.has_ended for job in jobs):
        raise BusyError(
            "import.mode: the first import of the dataset is still under way, and an incremental one adds to it. Run "
            "the same command again when that has ended."
        )
    raise UsageError(
        "import.mode: the dataset has no bulk data yet, and the first import of a dataset must be in the mode full. "
        "Set import.mode: full."
    )
