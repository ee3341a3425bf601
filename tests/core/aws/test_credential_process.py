"""The credentials that a Java SDK gets are those that boto3 finds, with their end."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.aws import credential_process
from jobs.spark.java_credentials import FILE_VARIABLE, credential_process_environment
from tests.delivery import aws_environment
from tests.delivery.aws_environment import KEYS


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert credential_process.main() == 0
    document: dict[str, str] = json.loads(capsys.readouterr().out)
    return document


def test_keys_in_the_environment_have_no_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws_environment.only(monkeypatch, **KEYS)
    assert printed(capsys) == {
        "Version": 1,
        "AccessKeyId": KEYS["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": KEYS["AWS_SECRET_ACCESS_KEY"],
    }


def test_temporary_keys_have_their_token_and_their_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    keys = {"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}
    (tmp_path / "keys.json").write_text(json.dumps({**keys, "Expiration": ends.isoformat()}))
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {tmp_path}/keys.json\n")
    aws_environment.only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"))
    document = printed(capsys)
    assert {name: document[name] for name in keys} == keys
    assert datetime.fromisoformat(document["Expiration"]) == ends


def test_keys_of_a_file_are_looked_up_again_as_it_may_be_written_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As a sign-in tool does with temporary keys: a file does not say when they end, and Java asks only at the end."""
    keys = "aws_access_key_id = a\naws_secret_access_key = s\naws_session_token = t\n"
    (tmp_path / "credentials").write_text(f"[default]\n{keys}")
    aws_environment.only(monkeypatch, AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"))
    before = datetime.now(UTC)
    ends = datetime.fromisoformat(printed(capsys)["Expiration"])
    assert timedelta(minutes=1) < ends - before < timedelta(minutes=15)


def test_without_credentials_it_fails_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws_environment.only(monkeypatch)
    assert credential_process.main() == 1
    assert capsys.readouterr().err == "no AWS credentials\n"


@pytest.mark.parametrize(
    ("ends", "name"), [("2020-01-01T00:00:00Z", "RuntimeError"), ("2090-01-01T00:00:00", "TypeError")]
)
def test_keys_that_botocore_can_not_use_are_an_error_by_name(
    ends: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Expired when they come, or with an end in no time zone: Java would have shown a trace."""
    keys = {"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": ends}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {tmp_path}/keys.json\n")
    aws_environment.only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"))
    assert credential_process.main() == 1
    assert capsys.readouterr() == ("", f"{name}\n")


def test_the_profiles_file_names_the_users_profile_and_no_secret() -> None:
    environ = {"AWS_PROFILE": "shop"}
    file = Path(credential_process_environment(environ)[FILE_VARIABLE])
    section, command = file.read_text().splitlines()
    assert section == "[shop]"
    words = command.removeprefix("credential_process = ").split()
    assert words[0] == sys.executable
    ended = subprocess.run(words, env=KEYS, capture_output=True, text=True, check=False)
    assert json.loads(ended.stdout)["AccessKeyId"] == KEYS["AWS_ACCESS_KEY_ID"]
