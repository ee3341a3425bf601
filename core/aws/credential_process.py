"""Print the AWS credentials that boto3 finds, in the format of an AWS `credential_process`.

Run by its path, so it imports nothing of this project. Format: AWS SDKs and Tools Reference Guide, "Process
credential provider".
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta

from botocore.session import Session

_LOOKED_UP_AGAIN = timedelta(minutes=5)
"""How long keys without an end count: a sign-in tool may write newer ones to their file during the run."""


def document() -> dict[str, str | int | None] | None:
    """Return the credentials, or None if there are none.

    Raises:
        Exception: of any kind; the credentials could not be read or refreshed.
    """
    session = Session()
    session.set_config_variable("region", os.environ.get("AWS_REGION"))
    found = session.get_credentials()
    if found is None:
        return None
    keys = found.get_frozen_credentials()
    expires = getattr(found, "_expiry_time", None)  # botocore has no public name for it
    if expires is None and found.method != "env":  # an environment stays as it is
        expires = datetime.now(UTC) + _LOOKED_UP_AGAIN
    keys_document: dict[str, str | int | None] = {
        "Version": 1,
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
    }
    keys_document |= {"SessionToken": keys.token} if keys.token else {}
    return keys_document | ({"Expiration": expires.isoformat()} if expires else {})


def main() -> int:
    """Print the document and return 0, or print the error to stderr and return 1."""
    try:
        keys_document = document()
    except Exception as error:  # noqa: BLE001 - a source of credentials may give anything, and botocore trusts it
        sys.stderr.write(f"{type(error).__name__}\n")
        return 1
    if keys_document is None:
        sys.stderr.write("no AWS credentials\n")
        return 1
    sys.stdout.write(json.dumps(keys_document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
