"""The meaning of the service's refusal of a bulk job, as one sentence, and whether it is worth trying again.

Errors: botocore's model of CreateDatasetImportJob and CreateDatasetExportJob; texts of the developer guide's page
"Troubleshooting". An error that the model does not list, such as a missing permission, is common to all AWS services.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from bulk.errors import BulkError, BusyError, RefusedError, UnreadableError
from core.aws.refusals import DENIED, EXPIRED_KEYS, MISTIMED, UNTRUSTED, code_of

_PASS_ROLE = re.compile(r"iam:PassRole", re.IGNORECASE)
_MAX_CHARACTERS = 400

# The calls by which botocore gets keys before it can sign another one, of STS and of the sign-in services.
_FOR_KEYS = frozenset(
    {"AssumeRole", "AssumeRoleWithWebIdentity", "CreateOAuth2Token", "CreateToken", "GetRoleCredentials"}
)


@contextmanager
def answers(deed: str) -> Iterator[None]:
    """Read the service's answer to a `deed`, such as "start the import job".

    Raises:
        BulkError: the service refused it, or something else answered: botocore takes a web page of a proxy for an
            answer without members.
    """
    try:
        yield
    except ClientError as error:
        raise explained(error, deed) from None
    except KeyError as error:
        raise _elsewhere(deed, f"gave no {error.args[0]}") from None


def explained(error: ClientError, deed: str) -> BulkError:
    """Return the error to raise if the service refused a `deed`, such as "start the import job"."""
    code = code_of(error)
    if code in EXPIRED_KEYS | UNTRUSTED | MISTIMED or error.operation_name in _FOR_KEYS:
        return _unsigned(error, deed)
    if code in DENIED:
        return _denied(error, deed)
    if code.isdecimal():  # botocore's code for an answer that is not JSON
        return _elsewhere(deed, f"gave HTTP {code}")
    if error.operation_name.startswith("Create"):
        return _not_created(error, deed)
    if code == "ResourceNotFoundException":
        return BusyError(
            f"Personalize did not {deed}: it shows no such job ({said(error)}). Run the same command again, and check "
            "whether the dataset is still there."
        )
    return _other(error, deed)


def _not_created(error: ClientError, deed: str) -> BulkError:
    """Return the error for a job that is not made, for a reason in the model of the Create operations or any other."""
    code = code_of(error)
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
    return _other(error, deed)


def _other(error: ClientError, deed: str) -> BulkError:
    return RefusedError(
        f"Personalize did not {deed}: it answered {code_of(error)} ({said(error)}). Fix that, or try again later."
    )


def _elsewhere(deed: str, what: str) -> UnreadableError:
    return UnreadableError(
        f"Personalize gave no answer when asked to {deed}: what answered in its place {what}. Check the proxy and "
        "AWS_ENDPOINT_URL_PERSONALIZE, then run the same command again."
    )


def _unsigned(error: ClientError, deed: str) -> BulkError:
    return BusyError(
        f"Personalize did not {deed}: the AWS credentials or the time of the signature were refused "
        f"({error.operation_name}: {code_of(error)}). Renew the credentials or set this machine's clock, then run the "
        "same command again."
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
