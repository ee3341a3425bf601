"""The account of an import, for `summary.json`, the report and the log.

`rows_read = rows_rejected + duplicates_dropped + already_delivered + rows_written + rows_not_importable`.
"""

from __future__ import annotations

from bulk.import_record import ImportRecord, State
from jobs.account.exit_status import Status
from jobs.account.summary import ImportEntry, Summary
from jobs.prepare.preparation import Prepared
from jobs.steps.import_files import Written
from jobs.steps.importing import Imported

_OF_RECORD = {
    "files", "bytes", "location", "written_by", "dataset_arn", "job_name", "job_arn", "job_status", "failure_reason"
}  # fmt: skip


def import_entry(
    prepared: Prepared, written: Written | None, imported: Imported | None
) -> ImportEntry | None:
    """Return the key `import` of the summary; None in a run that sends, and if no file was to be written yet."""
    if written is None:
        return None
    settings = prepared.settings.bulk_import
    record = imported.record if imported else written.record
    of_rows = ImportEntry(
        mode=settings.mode,
        write_only=settings.write_only,
        rows_written=written.rows,
        rows_not_importable=sum(written.left_out.values()),
        not_importable_by_reason=written.left_out,
    )
    return of_rows if record is None else of_rows.model_copy(update=_job_of(record, prepared.service.region))


def _job_of(record: ImportRecord, region: str) -> dict[str, object]:
    """Return what the entry says of an import's files and job."""
    return record.model_dump(include=_OF_RECORD) | {"call": record.request().command_line(region)}


def import_status(imported: Imported | None) -> Status:
    """Return how an import ended that was neither refused nor stopped; without any row to import it has ended well."""
    if imported is None:
        return Status.IMPORTED
    if imported.failure is not None:
        return Status.IMPORT_FAILED
    return Status.IMPORTED if imported.record.state is State.IMPORTED else Status.WRITTEN


def rows_imported(imported: Imported) -> int:
    """Return how many events the service has of the import."""
    return imported.record.rows if imported.record.state is State.IMPORTED else 0


def account_line(summary: Summary) -> str:
    """Return the account in one line of the log."""
    head = (
        f"{summary.status}: {summary.rows_read} rows read = {summary.rows_rejected} rejected + "
        f"{summary.duplicates_dropped} duplicates + {summary.already_delivered} delivered before"
    )
    if (found := summary.bulk_import) is not None:
        return f"{head} + {found.rows_written} written + {found.rows_not_importable} not importable"
    return (
        f"{head} + {summary.events_delivered} delivered + {summary.events_dead_lettered} dead letters + "
        f"{summary.events_not_attempted} not attempted"
    )
