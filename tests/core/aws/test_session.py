"""A source of credentials may print anything: what comes of it is an error that the callers of a session expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from core.aws.s3_errors import S3ExpiredError, explain
from core.aws.session import aws_session, forget_session

GOOD = {
    "Version": 1,
    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "SecretAccessKey": "a-secret",
    "SessionToken": "a-secret",
    "Expiration": "2090-01-01T00:00:00Z",
}


@pytest.fixture
def prints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[bytes], None]]:
    """What the profile's credential_process prints from now on."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    printed, config = tmp_path / "printed", tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = cat {printed}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    forget_session()

    def prints_from_now_on(content: bytes) -> None:
        printed.write_bytes(content)

    yield prints_from_now_on
    forget_session()


def document(**other: object) -> bytes:
    return json.dumps(GOOD | other).encode()


def keys() -> str:
    found = aws_session().get_credentials()
    assert found is not None
    return str(found.get_frozen_credentials().access_key)


@pytest.mark.parametrize(
    "printed",
    [
        b"[]",
        b"\xff",
        document(Expiration="a-secret"),
        document(Expiration=2090),
        document(Expiration="2090-01-01T00:00:00"),
        document(Expiration=f"{10**20}-01-01T00:00:00Z"),
    ],
    ids=["list", "no text", "no time", "number", "no zone", "huge year"],
)
def test_a_document_that_botocore_does_not_expect_is_botocores_error(
    printed: bytes, prints: Callable[[bytes], None]
) -> None:
    prints(printed)
    with pytest.raises(BotoCoreError) as caught:
        keys()
    assert "the source of the AWS credentials gave none" in str(explain(caught.value))
    assert "a-secret" not in str(caught.value)


def test_keys_that_come_expired_are_called_expired(prints: Callable[[bytes], None]) -> None:
    """As of a program that keeps a token beyond its time: botocore raises a RuntimeError, out of any call."""
    prints(document(Expiration="2020-01-01T00:00:00Z"))
    with pytest.raises(BotoCoreError) as caught:
        keys()
    assert isinstance(explain(caught.value), S3ExpiredError)


def test_a_client_fails_in_the_same_way(prints: Callable[[bytes], None]) -> None:
    prints(document(Expiration="2020-01-01T00:00:00Z"))
    client = aws_session().client("s3", region_name="eu-west-1", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(BotoCoreError) as caught:
        client.list_buckets()
    assert isinstance(explain(caught.value), S3ExpiredError)


def test_good_keys_are_found_as_before_and_guarded_once(prints: Callable[[bytes], None]) -> None:
    prints(document())
    assert [keys() for _ in range(3)] == [GOOD["AccessKeyId"]] * 3
