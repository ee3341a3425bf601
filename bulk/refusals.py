"""The meaning of the service's refusal of a bulk job, as one sentence, and whether it is worth trying again.

Errors: botocore's model of CreateDatasetImportJob and CreateDatasetExportJob; texts of the developer guide's page
"Troubleshooting". An error that the model does not list, such as a missing permission, is common to all AWS services.
"""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from bulk.errors import BulkError, BusyError, RefusedError
from core.aws.refusals import DENIED, code_of

_PASS_ROLE = re.compile(r"iam:PassRole", re.IGNORECASE)
_MAX_CHARACTERS = 400


def explained(error: ClientError, deed: str) -> BulkError:
    """Return the error to raise if the service refused a `deed`, such as "start the import job"."""
    code = code_of(error)
    if code in DENIED:
        return _denied(error, deed)
    if code == "LimitExceededException":
        return BusyError(
            f"Personalize took no further job: it has as many pending and running ones as it allows in a Region "
            f"({said(error)}). Run the same command again when one has ended."
        )
    if code == "ResourceInUseException":
        return BusyError(
            f"Personalize did not {deed}: the dataset is in use, for instance by another import. Run the same command "
            "again when that has ended."
        )
    if code == "ResourceNotFoundException":
        return RefusedError(
            f"Personalize did not {deed}: it has no such dataset or role any more ({said(error)}). Check "
            "personalize.tracking_id and import.role_arn."
        )
    if code == "InvalidInputException":
        return RefusedError(
            f"Personalize did not {deed}: {said(error)}. Check import.role_arn, the role's and the bucket's "
            "policies, and that output.path is in a bucket of the same Region."
        )
    return RefusedError(
        f"Personalize did not {deed}: it answered {code} ({said(error)}). Fix that, or try again later."
    )


def said(error: ClientError) -> str:
    """Return the service's own text as a part of a sentence. It contains ARNs and locations, never rows."""
    return shortened(str(error.response.get("Error", {}).get("Message", ""))) or code_of(error)


def shortened(text: str) -> str:
    """Return the service's own text as a part of a line: limited, without line ends and a last full stop."""
    return " ".join(text.split())[:_MAX_CHARACTERS].rstrip(". ")


def _denied(error: ClientError, deed: str) -> BulkError:
    if _PASS_ROLE.search(said(error)):
        return RefusedError(
            f"Personalize did not {deed}: the permission iam:PassRole on import.role_arn is missing. Grant it to "
            "the job's role."
        )
    return RefusedError(
        f"Personalize did not {deed}: the permission personalize:{error.operation_name} is missing. Grant it to "
        "the job's role."
    )
