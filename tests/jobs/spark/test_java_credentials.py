"""Java asks boto3 for credentials that it would find by rules of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.spark.java_credentials import FILE_PROPERTY, PROFILE_PROPERTY, ask_boto3
from jobs.spark.s3_connector import CREDENTIALS
from tests.delivery import aws_environment

CONFIG = """
[profile role]
role_arn = arn:aws:iam::123456789012:role/loader
source_profile = keys
use_dualstack_endpoint = true
use_fips_endpoint = true
region = eu-west-1
[profile keys]
aws_access_key_id = a
aws_secret_access_key = b
[profile connections]
use_fips_endpoint = true
"""
LOCAL = {"spark.master": "local[*]"}
POD = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/pod", "AWS_WEB_IDENTITY_TOKEN_FILE": "token"}


class Jvm:
    """A JVM's system properties, by Java's own names."""

    def __init__(self, **properties: str) -> None:
        self.properties = properties
        self.java: Any = SimpleNamespace(lang=SimpleNamespace(System=self))

    def getProperty(self, name: str) -> str | None:  # noqa: N802
        return self.properties.get(name)

    def setProperty(self, name: str, value: str) -> None:  # noqa: N802
        self.properties[name] = value


def asked(jvm: Jvm, conf: dict[str, str]) -> bool:
    whole: Any = jvm
    before = dict(jvm.properties)
    asks = ask_boto3(conf, whole)
    assert asks == (jvm.properties != before)
    return asks


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    (tmp_path / "config").write_text(CONFIG)

    def only(**variables: str) -> None:
        aws_environment.only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"), **variables)

    return only


@pytest.mark.parametrize(
    ("environ", "settings"),
    [
        (
            {"AWS_DEFAULT_PROFILE": "role", "AWS_PROFILE": "keys"},
            ["use_dualstack_endpoint = true", "use_fips_endpoint = true", "region = eu-west-1"],
        ),
        ({"AWS_PROFILE": "keys"}, []),
        (POD, []),
        ({"AWS_DEFAULT_PROFILE": "connections", **aws_environment.KEYS}, ["use_fips_endpoint = true"]),
    ],
    ids=["role", "keys in a file", "web identity", "a profile that Java does not know"],
)
def test_java_asks_boto3_for_what_a_profile_or_a_role_gives(
    aws: Callable[..., None],
    environ: dict[str, str],
    settings: list[str],
) -> None:
    aws(**environ)
    jvm = Jvm()
    assert asked(jvm, LOCAL)
    section, command, *found = Path(jvm.properties[FILE_PROPERTY]).read_text().splitlines()
    assert section == f"[{jvm.properties[PROFILE_PROPERTY]}]"
    assert command.startswith("credential_process = ")
    assert found == settings


def test_no_profile_of_the_users_has_the_same_name(aws: Callable[..., None]) -> None:
    """Java would read the two as one, and assume the role of the user's."""
    first, second = Jvm(), Jvm()
    aws(**POD)
    assert asked(first, LOCAL)
    assert asked(second, LOCAL)
    assert first.properties[PROFILE_PROPERTY] != second.properties[PROFILE_PROPERTY]


def test_java_finds_keys_in_the_environment_itself_and_none_where_there_are_none(
    aws: Callable[..., None],
) -> None:
    aws(**aws_environment.KEYS)
    assert not asked(Jvm(), LOCAL)
    aws()
    assert not asked(Jvm(), LOCAL)


@pytest.mark.parametrize("master", ["spark://host:7077", "k8s://host", "yarn", "local-cluster[2,1,1024]"])
def test_executors_that_are_other_jvms_find_credentials_as_before(
    aws: Callable[..., None], master: str
) -> None:
    """They have no such properties: asking boto3 there would be asking for a profile that does not exist."""
    aws(**POD)
    assert not asked(Jvm(), {"spark.master": master})


def test_what_the_user_chose_for_java_counts(aws: Callable[..., None]) -> None:
    aws(**POD)
    assert not asked(Jvm(), {**LOCAL, CREDENTIALS: "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"})
    assert not asked(Jvm(**{PROFILE_PROPERTY: "mine"}), LOCAL)
    assert not asked(Jvm(**{FILE_PROPERTY: "/mine"}), LOCAL)
