"""The world from within: AWS's own names, found and trusted by Python, C++, curl and Java; nothing else is known."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.aws.world import AwsWorld

pytestmark = pytest.mark.aws

IRELAND = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
JAVA = """
import java.net.URI;
import java.net.http.*;
public class Ask {
  public static void main(String[] a) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(a[0])).build();
    System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
  }
}
"""
PUT_EVENTS = """
import boto3, time
event = {'eventType': 'view', 'itemId': 'i', 'sentAt': int(time.time())}
client = boto3.client('personalize-events')
client.put_events(trackingId='t', sessionId='s', userId='u', eventList=[event])
"""


@pytest.fixture(scope="module", autouse=True)
def buckets(aws: AwsWorld) -> None:
    aws.bucket("shop", "eu-west-1")
    aws.bucket("far", "us-west-2")
    aws.put("shop", "a=1/b c", b"content")
    aws.put("far", "x", b"elsewhere")


def test_boto3_reads_and_writes_with_nothing_but_keys(aws: AwsWorld) -> None:
    code = """
import boto3, io
s3 = boto3.client('s3')
s3.put_object(Bucket='shop', Key='one', Body=b'1')
s3.upload_fileobj(io.BytesIO(b'2' * 9_000_000), 'shop', 'two')
print(s3.get_object(Bucket='shop', Key='a=1/b c')['Body'].read().decode())
print(s3.get_object(Bucket='far', Key='x')['Body'].read().decode())
"""
    ended = aws.python(code, {**aws.user(), **IRELAND})
    assert ended.stdout.split() == ["content", "elsewhere"], ended.stderr
    assert (aws.get("shop", "one"), len(aws.get("shop", "two"))) == (b"1", 9_000_000)
    sent = [entry for entry in aws.requests if entry.path == "/one"]
    assert sent[-1].payload == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    moved = [entry for entry in aws.requests if entry.path == "/x"]
    assert [entry.status for entry in moved] == [301, 200]  # boto3 follows by itself


def test_pyarrow_reads_and_writes_with_nothing_but_keys(aws: AwsWorld) -> None:
    code = """
from pyarrow import fs
files = fs.S3FileSystem(region='eu-west-1')
with files.open_output_stream('shop/arrow/big') as out:
    out.write(b'x' * 12_000_000)
print(files.open_input_file('shop/a=1/b c').readall().decode(), fs.resolve_s3_region('far'))
files.create_dir('shop/arrow/empty')
files.delete_dir('shop/arrow/empty')
"""
    ended = aws.python(code, aws.user())
    assert ended.stdout.split() == ["content", "us-west-2"], ended.stderr
    assert len(aws.get("shop", "arrow/big")) == 12_000_000


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_trusts_the_world_and_knows_no_other_name(aws: AwsWorld) -> None:
    found = aws.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "https://shop.s3.amazonaws.com/"])
    assert found.stdout == "301", found.stderr
    for unknown in ("dynamodb.eu-west-1.amazonaws.com", "other.s3.amazonaws.com", "example.com"):
        assert aws.run(["curl", "-s", f"https://{unknown}/"]).returncode == 6, unknown


def test_java_trusts_the_world(aws: AwsWorld, tmp_path: Path) -> None:
    javas = {Path(found).resolve() for found in [shutil.which("java")] if found}
    if not javas:
        pytest.skip("there is no java on the path")
    source = tmp_path / "Ask.java"
    source.write_text(JAVA)
    for java in javas:
        ended = aws.run([java, source, "https://s3.eu-west-1.amazonaws.com/shop/"])
        assert ended.stdout.strip() == "403", ended.stderr


def test_put_events_is_judged_with_the_worlds_keys_in_its_own_region(aws: AwsWorld) -> None:
    standin = aws.events("eu-west-1")
    session = aws.session().environ  # made after the stand-in began
    assert aws.python(PUT_EVENTS, {**session, **IRELAND}).returncode == 0
    expired = aws.python(PUT_EVENTS, {**aws.session(seconds=-5).environ, **IRELAND})
    assert "ExpiredTokenException" in expired.stderr
    assert (
        "Could not connect" in aws.python(PUT_EVENTS, {**session, "AWS_DEFAULT_REGION": "us-west-2"}).stderr
    )
    assert standin.stop()["requests_accepted"] == 1


def test_the_control_plane_denies_until_it_is_given_an_answer(aws: AwsWorld) -> None:
    code = "import boto3; print(boto3.client('personalize').list_event_trackers()['eventTrackers'])"
    assert "AccessDeniedException" in aws.python(code, {**aws.user(), **IRELAND}).stderr
    aws.personalize.answer = lambda operation, _: (
        {"eventTrackers": []} if operation == "ListEventTrackers" else None
    )
    assert aws.python(code, {**aws.user(), **IRELAND}).stdout.strip() == "[]"


def test_a_job_sees_no_setting_of_ours(aws: AwsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere")
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    seen = json.loads(aws.python(code, {"AWS_REGION": "eu-west-1"}).stdout)
    assert [name for name in seen if name.startswith("AWS_")] == ["AWS_REGION"]
    assert not list(Path(seen["HOME"]).iterdir())


def test_nothing_of_it_is_seen_outside(aws: AwsWorld) -> None:
    aws.run([sys.executable, "-c", ""])
    assert "amazonaws" not in Path("/etc/hosts").read_text()


def test_an_untrusted_world_is_found_through_its_authority_alone(needs_world: None, tmp_path: Path) -> None:  # noqa: ARG001
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    with AwsWorld(tmp_path, trusted=False) as aws:
        keys = {**aws.user("me"), **IRELAND}
        assert "CERTIFICATE_VERIFY_FAILED" in aws.python(code, keys).stderr
        assert (
            aws.python(code, {**keys, "AWS_CA_BUNDLE": str(aws.ca_file)}).stdout.strip().endswith("user/me")
        )
