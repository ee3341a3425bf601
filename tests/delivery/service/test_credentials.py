"""Credentials: found once, refreshed in time, looked for again when the service calls them expired."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from json import JSONDecodeError

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import CredentialRetrievalError

from delivery.service.credentials import CredentialsError, CredentialSource


def finding(*found: Credentials | None) -> Callable[[], Credentials | None]:
    """A chain that finds these in turn, then the last for ever."""
    left = list(found)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def failing_after(found: Iterable[Credentials], error: Exception) -> Callable[[], Credentials]:
    """A chain that finds these in turn, and then fails."""
    left = list(found)

    def find() -> Credentials:
        if not left:
            raise error
        return left.pop(0)

    return find


OLD, NEW = Credentials("OLD", "secret", "t1"), Credentials("NEW", "secret", "t2")


class Failing(Credentials):
    """Credentials whose refresh fails."""

    def get_frozen_credentials(self) -> None:
        raise CredentialRetrievalError(provider="sso", error_msg="a secret")


def test_the_keys_are_those_found() -> None:
    keys = CredentialSource(finding(OLD)).keys()
    assert (keys.access_key, keys.secret_key, keys.token) == ("OLD", "secret", "t1")


def test_no_credentials_at_all_is_said_at_once() -> None:
    with pytest.raises(CredentialsError, match="no AWS credentials were found"):
        CredentialSource(finding(None))


def test_a_refresh_that_fails_tells_its_kind_and_no_secret() -> None:
    with pytest.raises(CredentialsError, match="CredentialRetrievalError") as caught:
        CredentialSource(finding(Failing("a", "b"))).keys()
    assert "secret" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "error",
    [JSONDecodeError("no", "a secret", 0), FileNotFoundError(2, "a secret")],
    ids=["no JSON", "absent"],
)
def test_a_credential_process_that_fails_does_not_crash(error: Exception) -> None:
    """Spark would have said that it lost a sending task; in the middle of a run, its partition was lost."""
    with pytest.raises(CredentialsError, match="could not be read") as caught:
        CredentialSource(failing_after((), error))
    assert "secret" not in str(caught.value)
    source = CredentialSource(failing_after([OLD], error))
    assert not source.renew(source.keys())


def test_newer_credentials_are_found_after_a_refusal_and_looked_for_once() -> None:
    source = CredentialSource(finding(OLD, NEW, None))
    refused = source.keys()
    assert [source.renew(refused) for _ in range(3)] == [True, True, True]
    assert source.keys().access_key == "NEW"


def test_the_same_credentials_again_are_not_a_renewal() -> None:
    source = CredentialSource(finding(OLD))
    assert not source.renew(source.keys())


def test_credentials_that_have_gone_are_not_a_renewal() -> None:
    source = CredentialSource(finding(OLD, None))
    assert not source.renew(source.keys())
    assert source.keys().access_key == "OLD"
