"""AWS as the environment has it: what is wrong with it is said in one sentence, before anything is read."""

from __future__ import annotations

import socket
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from core.aws.session import aws_session
from core.errors import StorageError
from core.storage import Folder
from jobs.config.delivery_settings import PersonalizeSettings
from jobs.errors import UsageError
from jobs.prepare.aws_account import (
    Service,
    require_aws_settings,
    require_client,
    require_credentials,
    require_region,
    resolve_service,
)
from tests.delivery.aws_environment import KEYS, only


def test_a_profile_that_no_file_has_is_named_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, AWS_PROFILE="nope")
    with pytest.raises(UsageError, match=r"lack the profile\. Correct AWS_PROFILE, or add the profile\.$"):
        require_aws_settings()


def test_a_configuration_file_that_is_not_ini_is_named_as_that(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("nonsense")
    only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"))
    with pytest.raises(
        UsageError, match=r"can't be parsed\. Correct it, or name another in AWS_CONFIG_FILE\.$"
    ):
        require_aws_settings()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "[default]\ns3 = fast",
            "s3 in the AWS configuration file is not valid: it is not a block. Write each",
        ),
        ("[default]\nservices = x\n[services x]\npersonalize_events = fast", "personalize_events in the AWS"),
        ("[default]\nendpoint_url =\n  s3 = http://localhost", "endpoint_url in the AWS configuration file"),
        (
            "[default]\nregion =\n  main = eu-west-1",
            "region in the AWS configuration file is not valid: it is a",
        ),
    ],
)
def test_a_setting_of_another_form_than_botocore_expects_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lines: str, said: str
) -> None:
    (tmp_path / "config").write_text(lines)
    only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"))
    with pytest.raises(UsageError, match=f"^AWS can't be used: {said}"):
        require_aws_settings()


@pytest.mark.parametrize(
    ("variables", "line", "named"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "", "AWS_ENDPOINT_URL"),
        ({}, "endpoint_url = http://127.0.0.1:9", "endpoint_url"),
    ],
)
def test_an_endpoint_to_be_ignored_next_to_dual_stack_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], line: str, named: str
) -> None:
    """Java's SDK can't be kept from it there: it would fail on both once Spark has started."""
    (tmp_path / "config").write_text(f"[default]\n{line}\n")
    ignored = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    only(monkeypatch, **ignored, **variables)
    require_aws_settings()
    only(monkeypatch, **ignored, **variables, AWS_USE_DUALSTACK_ENDPOINT="true")
    with pytest.raises(UsageError, match=f"^AWS can't be used: {named} is to be ignored, and Java's SDK"):
        require_aws_settings()


@pytest.mark.parametrize(
    ("variables", "line", "named"),
    [
        ({"AWS_USE_FIPS_ENDPOINT": "1"}, "", "AWS_USE_FIPS_ENDPOINT"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "yes"}, "", "AWS_USE_DUALSTACK_ENDPOINT"),
        ({}, "use_fips_endpoint = on", "use_fips_endpoint"),
    ],
)
def test_a_switch_that_is_neither_on_nor_off_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], line: str, named: str
) -> None:
    """botocore would send to endpoints that are not FIPS, and Java's SDK would fail once Spark has started."""
    (tmp_path / "config").write_text(f"[default]\n{line}\n")
    only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"), **variables)
    with pytest.raises(UsageError, match=f"^AWS can't be used: {named} is neither true nor false"):
        require_aws_settings()
    switches = {
        "AWS_USE_FIPS_ENDPOINT": "True",
        "AWS_USE_DUALSTACK_ENDPOINT": "",
        "AWS_EC2_METADATA_DISABLED": "false",
    }
    only(monkeypatch, **switches)
    require_aws_settings()


def test_blocks_that_other_tools_write_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[default]\ns3 =\n  max_concurrent_requests = 20\nemr =\n  a = b")
    only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"))
    require_aws_settings()


def service(region: str | None) -> str:
    with pytest.raises(UsageError) as caught:
        resolve_service(PersonalizeSettings(tracking_id="t", region=region), aws_session())
    return str(caught.value)


def test_half_a_key_is_not_taken_for_a_wrong_region(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, AWS_ACCESS_KEY_ID="AKIDEXAMPLE")
    assert service("eu-west-1").startswith(
        "AWS can't be used: the AWS credentials are incomplete. Give both keys"
    )


def test_a_region_of_no_form_is_a_sentence_with_one_full_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, **KEYS)
    said = service("eu west")
    assert said.startswith("personalize.region or personalize.endpoint_url is not usable")
    assert said.endswith(" format. Correct it.")


@pytest.mark.parametrize(
    "url", ["vpce-1.personalize.example", "ftp://x", "http://", "http://127.0.0.1:99999"]
)
def test_an_endpoint_that_is_no_url_is_a_sentence(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The service's own name for it, without a scheme, is what one copies from the console."""
    only(monkeypatch, **KEYS, AWS_ENDPOINT_URL_PERSONALIZE=url, AWS_ENDPOINT_URL_PERSONALIZE_EVENTS=url)
    with pytest.raises(UsageError) as caught:
        require_client("personalize", lambda: aws_session().client("personalize", region_name="eu-west-1"))
    assert str(caught.value) == (
        "the endpoint of personalize is not usable: it is not an http:// or https:// URL. Correct "
        "AWS_ENDPOINT_URL_PERSONALIZE or AWS_ENDPOINT_URL, or endpoint_url in the AWS configuration file."
    )
    assert service("eu-west-1").endswith("it is not an http:// or https:// URL. Correct it.")


class Names:
    """A name server: knows no name, or answers with an error of its own."""

    def __init__(self, error: int | None) -> None:
        self._error = error
        self.asked: list[str] = []

    def __call__(self, host: str, _: int) -> None:
        self.asked.append(host)
        if self._error is not None:
            raise socket.gaierror(self._error, "said by the resolver")


def putevents(region: str) -> Service:
    return Service(region, f"https://personalize-events.{region}.amazonaws.com")


@pytest.mark.parametrize(
    ("region", "error", "hint"),
    [
        ("eu-wset-1", socket.EAI_NONAME, "Did you mean eu-west-1? Set"),
        ("EU-WEST-1", None, "Did you mean eu-west-1? Set"),
        ("x", socket.EAI_NONAME, "Set"),
    ],
)
def test_a_region_that_has_no_endpoint_ends_the_run_before_it_reads(
    monkeypatch: pytest.MonkeyPatch, region: str, error: int | None, hint: str
) -> None:
    """EU-WEST-1 has an address, as names know no case, and every signature for it is refused."""
    only(monkeypatch)
    with pytest.raises(UsageError) as caught:
        require_region(putevents(region), aws_session(), Names(error))
    said = str(caught.value)
    assert said.startswith(f"the AWS region {region} has no PutEvents: ")
    assert f"{hint} personalize.region, or AWS_REGION in the environment." in said


def test_a_region_without_an_endpoint_for_fips_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    of_fips = Service("eu-west-1", "https://personalize-events-fips.eu-west-1.amazonaws.com")
    with pytest.raises(
        UsageError, match=r"there is no personalize-events-fips\.eu-west-1\.amazonaws\.com\. Set"
    ):
        require_region(of_fips, aws_session(), Names(socket.EAI_NONAME))
    require_region(of_fips, aws_session(), Names(None))


@pytest.mark.parametrize(
    ("environ", "profile", "said"),
    [
        ({"AWS_MAX_ATTEMPTS": "many"}, "", "an AWS setting is not valid"),
        ({"AWS_RETRY_MODE": "bogus"}, "", "AWS can't be used: Invalid value"),
        ({"AWS_ENDPOINT_URL": "localhost:9"}, "", "it is not an http:// or https:// URL"),
        ({"AWS_ENDPOINT_URL": "ftp://host"}, "", "it is not an http:// or https:// URL"),
        (
            {"AWS_PROFILE": "p"},
            "credential_process = echo AKIDSECRET",
            "the source of the AWS credentials gave none",
        ),
        (
            {"AWS_PROFILE": "p"},
            "credential_process = /no/such",
            "the source of the AWS credentials gave none",
        ),
        (
            {"AWS_PROFILE": "p"},
            "role_arn = arn:aws:iam::111122223333:role/x",
            "and a role its source_profile",
        ),
    ],
)
def test_a_setting_that_is_not_valid_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environ: dict[str, str], profile: str, said: str
) -> None:
    """Python's own errors, which botocore lets through, had ended a run or `inspect` with a trace."""
    (tmp_path / "config").write_text(f"[profile p]\n{profile}\n")
    keys = {} if profile else KEYS
    only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"), **keys, **environ)
    assert said in service("eu-west-1")
    assert "AKIDSECRET" not in service("eu-west-1")
    if "ftp://host" not in environ.values():
        with pytest.raises(StorageError) as caught:
            Folder("s3://shop/out").names()
        assert "AKIDSECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("service", "error", "environ"),
    [
        (putevents("eu-west-1"), socket.EAI_NONAME, {}),
        (putevents("xx-new-1"), None, {}),
        (putevents("xx-new-1"), socket.EAI_AGAIN, {}),
        (putevents("xx-new-1"), socket.EAI_NONAME, {"HTTPS_PROXY": "http://proxy:3128"}),
        (Service("here", "http://127.0.0.1:1"), socket.EAI_NONAME, {}),
    ],
    ids=["known", "new", "no network", "behind a proxy", "an endpoint of one's own"],
)
def test_a_region_that_may_exist_is_left_to_the_service(
    monkeypatch: pytest.MonkeyPatch, service: Service, error: int | None, environ: dict[str, str]
) -> None:
    only(monkeypatch, **environ)
    require_region(service, aws_session(), Names(error))


class Failing:
    """A session whose credentials are given late, as those of a role are, and then not at all."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_credentials(self) -> Failing:
        return self

    def get_frozen_credentials(self) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole"), "the role can't be assumed"),
        (ClientError({"Error": {"Code": "ExpiredToken"}}, "AssumeRole"), "have expired. Renew them"),
        (EndpointConnectionError(endpoint_url="https://sts"), "the service that gives them can't be reached"),
    ],
)
def test_credentials_that_are_not_given_end_the_run_before_it_starts(
    error: BotoCoreError | ClientError, said: str
) -> None:
    """Not after hours of reading: the executors would find out only when they send."""
    session: boto3.Session = Failing(error)  # type: ignore[assignment]
    with pytest.raises(UsageError, match=f"^no AWS credentials: .*{said}"):
        require_credentials(session)
