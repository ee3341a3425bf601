"""What a refusal of a bulk job means for the command that asked for it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from bulk.refusals import explained


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("CreateDatasetImportJob", "InvalidClientTokenId"),
        ("DescribeDatasetImportJob", "ExpiredTokenException"),
        ("AssumeRole", "AccessDenied"),
        ("AssumeRoleWithWebIdentity", "InvalidIdentityToken"),
        ("GetRoleCredentials", "UnauthorizedException"),
        ("CreateToken", "InvalidGrantException"),
    ],
)
def test_credentials_that_are_refused_or_can_not_be_had_are_no_fault_of_the_job(
    operation: str, code: str
) -> None:
    """botocore asks STS and the sign-in services in the middle of a call, and passes their refusals on."""
    error = explained(
        ClientError({"Error": {"Code": code, "Message": "No."}}, operation), "start the import job"
    )
    assert error.exit_code == 5
    assert f"were refused ({operation}: {code}). Renew the credentials" in str(error)
    assert "permission" not in str(error)
