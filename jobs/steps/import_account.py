"""The account of an import, for `summary.json`, the report and the log.

`rows_read = rows_rejected + duplicates_dropped + already_delivered + rows_written + rows_not_importable`.
"""

from __future__ import annotations

from bulk.import_record import State
from jobs.account.closed_account import Staged
from jobs.account.exit_status import Status
from jobs.prepare.preparation import Preparation, Prepared
from jobs.steps.import_files import Written
from jobs.steps.importing import Imported


def import_account(
    prepared: Prepared, written: Written | None, imported: Imported | None
) -> dict[str, object] | None:
    """Return the key `import` of the summary; None in a run that sends, and if no file was to be written yet."""
    if written is None or not isinstance(prepared, Preparation) or prepared.target is None:
        return None
    settings = prepared.settings.bulk_import
    record = imported.record if imported else written.record
    return {
        "mode": settings.mode,
        "write_only": settings.write_only,
        "rows_written": written.rows,
        "rows_not_importable": sum(written.left_out.values()),
        "not_importable_by_reason": written.left_out,
        "files": record.files if record else 0,
        "bytes": record.bytes if record else 0,
        "location": record.location if record else None,
        "written_by": record.written_by if record else None,
        "dataset_arn": record.dataset_arn if record else None,
        "job_name": record.job_name if record else None,
        "job_arn": record.job_arn if record else None,
        "job_status": record.job_status if record else None,
        "failure_reason": record.failure_reason if record else None,
        "call": record.request().command_line(prepared.service.region) if record else None,
    }


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


def account_line(status: Status, staged: Staged, account: dict[str, object]) -> str:
    """Return the account in one line of the log."""
    return (
        f"{status}: {staged.rows_read} rows read = {staged.rows_rejected} rejected + {staged.duplicates_dropped} "
        f"duplicates + {staged.already_delivered} delivered before + {account['rows_written']} written + "
        f"{account['rows_not_importable']} not importable"
    )
