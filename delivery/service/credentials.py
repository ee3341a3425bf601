"""AWS credentials for signing: found by botocore's own chain on the machine that sends, refreshed in time.

They are never shipped, logged or put into an error's text.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from json import JSONDecodeError

from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError

from core.errors import BackfillError

# A credential_process that is not there, or prints no JSON, fails with Python's own errors.
_FAILURES = (BotoCoreError, ClientError, JSONDecodeError, OSError)


class CredentialsError(BackfillError):
    """No usable credentials were found, or they could not be refreshed: stop, nothing can be signed."""


class CredentialSource:
    """The credentials of one process, looked up again when the service calls them expired.

    `find` resolves the chain from scratch, as `botocore.session.Session().get_credentials` does, and
    returns None if there are none.

    Raises:
        CredentialsError: the first lookup finds none.
    """

    def __init__(self, find: Callable[[], Credentials | None]) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._credentials = self._look_up()

    def keys(self) -> ReadOnlyCredentials:
        """Return the keys to sign with now.

        Raises:
            CredentialsError: they can't be refreshed.
        """
        try:
            return self._credentials.get_frozen_credentials()
        except _FAILURES as error:
            raise CredentialsError(
                f"the AWS credentials could not be refreshed ({type(error).__name__})"
            ) from None

    def renew(self, refused: ReadOnlyCredentials) -> bool:
        """Look up newer keys than those the service refused as expired; return whether there are any.

        Many requests are in flight when a token expires: the first refusal causes the lookup, the others
        find it done.
        """
        with self._lock:
            try:
                if self.keys() == refused:
                    self._credentials = self._look_up()
                return self.keys() != refused
            except CredentialsError:
                return False

    def _look_up(self) -> Credentials:
        try:
            found = self._find()
        except _FAILURES as error:
            raise CredentialsError(
                f"the AWS credentials could not be read ({type(error).__name__})"
            ) from None
        if found is None:
            raise CredentialsError(
                "no AWS credentials were found in the usual places (environment, profile, role)"
            )
        return found
