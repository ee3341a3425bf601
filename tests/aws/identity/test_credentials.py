"""Where keys come from in the world: STS, the instance's metadata, the container's endpoint."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import pytest

from tests.aws.identity.instance import CONTAINER_PATH, Instance
from tests.aws.raw import Answer, ask
from tests.aws.world import AwsWorld

pytestmark = pytest.mark.aws

STS = "sts.eu-west-1.amazonaws.com"
IDENTITY = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
IRELAND = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1"}


def ask_sts(aws: AwsWorld, action: str, host: str = STS, region: str = "eu-west-1", **given: str) -> Answer:
    key = aws.key_ring.long_lived("arn:aws:iam::123456789012:user/tester")
    body = urlencode({"Action": action, "Version": "2011-06-15", **given}).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return ask(aws, "POST", f"{host}/", body, key=key, region=region, service="sts", headers=form)


def ask_instance(
    aws: AwsWorld, instance: Instance, method: str, path: str, headers: Mapping[str, str] | None = None
) -> Answer:
    address = urlsplit(aws.instance_environ(instance)["AWS_EC2_METADATA_SERVICE_ENDPOINT"])
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    found = Answer(answer.status, dict(answer.getheaders()), answer.read())
    connection.close()
    return found


def token(aws: AwsWorld, instance: Instance) -> dict[str, str]:
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    answer = ask_instance(aws, instance, "PUT", "/latest/api/token", ttl)
    return {"X-aws-ec2-metadata-token": answer.body.decode()}


def test_a_role_is_assumed_for_as_long_as_the_world_says(aws: AwsWorld) -> None:
    aws.sts.session_seconds = 120.0
    answer = ask_sts(aws, "AssumeRole", RoleArn=aws.role("job"), RoleSessionName="me")
    assert answer.status == 200
    newest = next(reversed(aws.key_ring.all()))
    assert newest.principal == "arn:aws:sts::123456789012:assumed-role/job/me"
    assert newest.access_key.encode() in answer.body


def test_a_role_that_trusts_another_is_refused(aws: AwsWorld) -> None:
    closed = aws.role("closed", trusts=lambda principal: principal.endswith("/boss"))
    answer = ask_sts(aws, "AssumeRole", RoleArn=closed, RoleSessionName="me")
    assert answer.refused == (403, "AccessDenied")
    unknown = ask_sts(aws, "AssumeRole", RoleArn=closed + "x", RoleSessionName="me")
    assert unknown.refused == (403, "AccessDenied")


@pytest.mark.parametrize("given", [{"RoleSessionName": ""}, {"DurationSeconds": "899"}])
def test_what_sts_would_not_take_is_a_validation_error(aws: AwsWorld, given: dict[str, str]) -> None:
    asked = {"RoleArn": aws.role("job"), "RoleSessionName": "me", **given}
    assert ask_sts(aws, "AssumeRole", **asked).refused == (400, "ValidationError")


def test_each_door_of_sts_has_its_own_region(aws: AwsWorld) -> None:
    assert ask_sts(aws, "GetCallerIdentity").status == 200
    assert ask_sts(aws, "GetCallerIdentity", region="us-east-1").refused == (403, "SignatureDoesNotMatch")
    assert ask_sts(aws, "GetCallerIdentity", "sts.amazonaws.com", "us-east-1").status == 200


def test_a_pod_is_its_service_accounts_role(aws: AwsWorld) -> None:
    pod = aws.web_identity("pod")
    found = aws.python(IDENTITY, {**pod, **IRELAND})
    assert ":assumed-role/pod/" in found.stdout, found.stderr
    aws.sts.web_tokens.clear()
    assert "InvalidIdentityToken" in aws.python(IDENTITY, {**pod, **IRELAND}).stderr


def test_an_instance_and_a_container_have_their_role(aws: AwsWorld) -> None:
    instance = aws.instance("worker", seconds=900)
    for environ in (aws.instance_environ(instance), aws.container_environ(instance)):
        found = aws.python(IDENTITY, {**environ, **IRELAND})
        assert ":assumed-role/worker/" in found.stdout, found.stderr
    assert len(instance.issued) == 1  # the same key, as long as it is fresh


def test_an_instance_answers_no_request_without_a_token(aws: AwsWorld) -> None:
    instance = aws.instance("worker")
    path, ttl = "/latest/meta-data/iam/security-credentials/", "X-aws-ec2-metadata-token-ttl-seconds"
    assert ask_instance(aws, instance, "GET", path).status == 401
    assert ask_instance(aws, instance, "GET", path, {"X-aws-ec2-metadata-token": "mine"}).status == 401
    assert ask_instance(aws, instance, "PUT", "/latest/api/token").status == 400
    assert ask_instance(aws, instance, "PUT", "/latest/api/token", {ttl: "21601"}).status == 400
    assert ask_instance(aws, instance, "GET", "/latest/api/token", {ttl: "60"}).status == 405
    passed_on = {ttl: "60", "X-Forwarded-For": "10.0.0.1"}
    assert ask_instance(aws, instance, "PUT", "/latest/api/token", passed_on).status == 403
    assert ask_instance(aws, instance, "GET", path, token(aws, instance)).body == b"worker"
    assert instance.refused == [401, 401, 400, 400, 405, 403]


def test_a_container_wants_its_own_token(aws: AwsWorld) -> None:
    instance = aws.instance("worker")
    assert ask_instance(aws, instance, "GET", CONTAINER_PATH).status == 401
    right = {"Authorization": instance.container_token}
    found = json.loads(ask_instance(aws, instance, "GET", CONTAINER_PATH, right).body)
    assert aws.key_ring.find(found["AccessKeyId"]) == instance.issued[-1]


def test_keys_are_renewed_before_they_end_and_counted(aws: AwsWorld) -> None:
    instance = aws.instance("worker", seconds=600)
    right = {"Authorization": instance.container_token}

    def given() -> str:
        return str(json.loads(ask_instance(aws, instance, "GET", CONTAINER_PATH, right).body)["AccessKeyId"])

    assert given() == given()
    instance.early = 601.0
    instance.seconds = 1300.0
    assert given() == given()
    assert len(instance.issued) == 2
