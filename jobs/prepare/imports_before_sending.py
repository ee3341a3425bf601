"""What became of imports, asked before a run sends: it leaves out what they brought."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import boto3

from bulk.errors import BulkError
from bulk.import_record import ImportRecord, State, in_force, replacement
from jobs.config.settings import Settings
from jobs.prepare.aws_account import Service
from jobs.prepare.control_plane import ControlPlaneError
from jobs.prepare.import_updates import ask_and_update
from jobs.prepare.new_plane import CAN_GO_ON, plane_of
from jobs.prepare.preflight import Preflight
from jobs.runs.import_folder import records

_LOG = logging.getLogger("put_events")


def update_before_sending(
    settings: Settings,
    service: Service,
    new_session: Callable[[], boto3.Session],
    output: str,
    flight: Preflight,
) -> None:
    """Ask Personalize, and record its answer; if it can't be asked, warn that what is only written will be sent.

    Nothing is asked unless there is an import of this tracking ID, and the run leaves out what imports brought. If
    another program's full import has replaced an import, the run warns that it still leaves out what that brought.

    Raises:
        UsageError: a record is damaged, or what Personalize says forbids the run.
        StorageError: a record can't be read or written.
    """
    tracking_id = settings.personalize.tracking_id
    if settings.delivery.after_import == "send":
        return
    ours = [each for each in records(output) if each.tracking_id == tracking_id]
    if not ours:
        return
    if settings.preflight == "off" or flight.elsewhere:
        _warn_unasked(ours, "preflight is off, or events go to an endpoint of your own")
        return
    try:
        _, jobs = ask_and_update(
            plane_of(service, new_session, CAN_GO_ON), output, tracking_id, service.region
        )
    except (ControlPlaneError, BulkError) as error:
        _warn_unasked(ours, str(error).rstrip("."))
        return
    for record in in_force(records(output), tracking_id):
        if (job := replacement(record, jobs)) is not None:
            _LOG.warning(
                "the import %s was replaced: the dataset has a later FULL import, %s, that this output did not make. "
                "Its events are left out all the same. Import it again, or set delivery.after_import: send.",
                record.name,
                job.name,
            )


def _warn_unasked(ours: Sequence[ImportRecord], why: str) -> None:
    """Warn about files that are written and may have been imported; the run itself asks about imports under way."""
    for record in ours:
        if record.state is State.WRITTEN:
            _LOG.warning(
                "the import %s is written, and Personalize was not asked whether its call was made: %s. Its events are "
                "sent.",
                record.name,
                why,
            )
