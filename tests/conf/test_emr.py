"""The templates for Amazon EMR, held to botocore's own models and to what the job calls."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from jobs.steps.sending import SETTLE_SECONDS
from tests.aws.identity.policies import allows

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "conf" / "emr"
REQUESTS = {
    "cluster-emr-7.13.json": ("emr", "RunJobFlow"),
    "cluster-emr-spark-8.0.json": ("emr", "RunJobFlow"),
    "serverless-application.json": ("emr-serverless", "CreateApplication"),
    "serverless-job.json": ("emr-serverless", "StartJobRun"),
}
POLICIES = sorted(path.name for path in FOLDER.glob("iam-*.json"))
LONGEST_MINUTES = 7 * 24 * 60
"""EMR Serverless Release Notes, 7.11.0: the most for a batch job."""


def template(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return read


def statements(name: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in template(name)["Statement"]}


def spark_arguments(name: str) -> str:
    request = template(name)
    if "Steps" in request:
        return " ".join(request["Steps"][0]["HadoopJarStep"]["Args"])
    submit = request["jobDriver"]["sparkSubmit"]
    return " ".join([submit["sparkSubmitParameters"], submit["entryPoint"], *submit["entryPointArguments"]])


@pytest.mark.parametrize(("name", "call"), REQUESTS.items())
def test_a_template_is_a_request_that_the_service_model_takes(name: str, call: tuple[str, str]) -> None:
    service, operation = call
    shape = Session().get_service_model(service).operation_model(operation).input_shape
    request = {"clientToken": "filled-in-by-the-client"} if service == "emr-serverless" else {}
    assert ParamValidator().validate({**request, **template(name)}, shape).generate_report() == ""


def test_every_template_is_held_to_a_model() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*REQUESTS, *POLICIES}


@pytest.mark.parametrize(
    "name", ["cluster-emr-7.13.json", "cluster-emr-spark-8.0.json", "serverless-job.json"]
)
def test_a_submission_takes_python_from_the_archive_on_the_driver_and_the_executors(name: str) -> None:
    arguments = spark_arguments(name)
    assert "environment.tar.gz#environment" in arguments
    assert "code.zip" in arguments
    driver = r"(appMasterEnv\.PYSPARK_PYTHON|driverEnv\.PYSPARK_DRIVER_PYTHON)=\./environment/bin/python( |$)"
    assert re.search(driver, arguments)
    assert "spark.executorEnv.PYSPARK_PYTHON=./environment/bin/python" in arguments


CLUSTERS = pytest.mark.parametrize("name", ["cluster-emr-7.13.json", "cluster-emr-spark-8.0.json"])


@CLUSTERS
def test_a_client_s_own_python_does_not_follow_the_driver(name: str) -> None:
    """Spark hands the client's `PYSPARK_DRIVER_PYTHON` on to the master unless it has one (`yarn.Client`)."""
    assert "spark.yarn.appMasterEnv.PYSPARK_DRIVER_PYTHON=./environment/bin/python" in spark_arguments(name)


@CLUSTERS
def test_a_killed_run_has_as_long_as_it_takes_to_close(name: str) -> None:
    """YARN's own 250 ms between SIGTERM and SIGKILL are too short for a summary."""
    (part,) = template(name)["Configurations"]
    assert part["Classification"] == "yarn-site"
    settle = int(part["Properties"]["yarn.nodemanager.sleep-delay-before-sigkill.ms"])
    assert settle >= (SETTLE_SECONDS + 10) * 1000


@CLUSTERS
def test_a_long_look_at_the_source_does_not_end_the_run(name: str) -> None:
    """The master gives up after 100 s without a SparkContext (`spark.yarn.am.waitTime`)."""
    assert "spark.yarn.am.waitTime=1h" in spark_arguments(name)


@CLUSTERS
def test_the_driver_has_memory_for_its_python(name: str) -> None:
    assert "spark.driver.memoryOverhead=1g" in spark_arguments(name)


@CLUSTERS
def test_no_template_hands_a_key_to_yarn(name: str) -> None:
    """What `appMasterEnv` and `executorEnv` hold is in plain in each container's `launch_container.sh`."""
    given = re.findall(r"(?:appMasterEnv|executorEnv)\.(\w+)=", spark_arguments(name))
    assert given
    assert not [variable for variable in given if variable.startswith("AWS")]


@CLUSTERS
def test_yarn_does_not_start_an_ended_run_again(name: str) -> None:
    assert "spark.yarn.maxAppAttempts=1" in spark_arguments(name)


def test_emr_serverless_lets_a_run_go_on_for_as_long_as_it_can() -> None:
    job = template("serverless-job.json")
    assert job["executionTimeoutMinutes"] == LONGEST_MINUTES
    assert job["retryPolicy"]["maxAttempts"] == 1


def test_the_job_may_ask_personalize_what_it_asks_and_nothing_more() -> None:
    source = (ROOT / "jobs" / "prepare" / "event_tracker.py").read_text()
    called = set(re.findall(r"client\.(\w+)", source))
    asked = {"personalize:" + "".join(word.title() for word in name.split("_")) for name in called}
    rights = statements("iam-job.json")
    assert set(rights["AskBeforeSending"]["Action"]) == asked
    assert rights["SendEvents"]["Action"] == "personalize:PutEvents"


def test_the_job_may_write_its_output_and_spark_logs_and_only_read_the_rest() -> None:
    writing = {
        resource
        for statement in statements("iam-job.json").values()
        if {"s3:PutObject", "s3:DeleteObject"} & set(statement["Action"])
        for resource in [statement["Resource"]]
    }
    assert writing == {
        "arn:aws:s3:::my-bucket/personalize/backfill/*",
        "arn:aws:s3:::my-bucket/personalize/logs/*",
    }


SOURCE, OUTPUT = "logs/interactions", "personalize/backfill"
BUCKET = "arn:aws:s3:::my-bucket"


@pytest.mark.parametrize(
    ("statement", "action", "key", "prefix"),
    [
        # pyarrow and S3A ask first whether a folder is a file: HEAD on its name without the slash. The answer is that
        # there is none, and S3 says so only to a role that may list this key.
        ("ReadCodeConfigurationAndSource", "s3:GetObject", SOURCE, None),
        ("List", "s3:ListBucket", None, SOURCE),
        ("ReadCodeConfigurationAndSource", "s3:GetObject", f"{SOURCE}/day=2026-01-01/a.parquet", None),
        ("ReadCodeConfigurationAndSource", "s3:GetObject", "personalize/conf/job.yaml", None),
        ("List", "s3:ListBucket", None, f"{SOURCE}/"),
        ("List", "s3:ListBucket", None, f"{SOURCE}/_spark_metadata/"),
        # pyarrow marks the folder of what it deletes with an empty object, the output itself included.
        ("WriteOutput", "s3:PutObject", f"{OUTPUT}/", None),
        ("WriteOutput", "s3:DeleteObject", f"{OUTPUT}/_writable", None),
        ("WriteOutput", "s3:AbortMultipartUpload", f"{OUTPUT}/runs/r/report.html", None),
        # A conditional write or delete needs the right to read as well: that is how a lease is kept.
        ("WriteOutput", "s3:GetObject", f"{OUTPUT}/_leases/run-r.json", None),
        # Spark moves a file by copying and deleting it.
        ("WriteOutput", "s3:GetObject", f"{OUTPUT}/runs/r/stage/_temporary/0/part-0.parquet", None),
        ("List", "s3:ListBucket", None, f"{OUTPUT}/"),
        ("List", "s3:ListBucket", None, f"{OUTPUT}/ledger"),
    ],
)
def test_what_the_job_asks_of_s3_is_allowed_by_one_statement(
    statement: str, action: str, key: str | None, prefix: str | None
) -> None:
    """The requests are those of whole jobs; `tests/whole_job/on_aws/test_rights.py` runs one under these rights."""
    resource = BUCKET if key is None else f"{BUCKET}/{key}"
    context = {} if prefix is None else {"s3:prefix": prefix}
    allowing = {
        name
        for name, each in statements("iam-job.json").items()
        if allows([{"Statement": each}], action, resource, context)
    }
    assert allowing == {statement}
    assert allows([template("iam-job.json"), template("iam-bucket.json")], action, resource, context)


@pytest.mark.parametrize(
    ("action", "key", "prefix"),
    [
        ("s3:PutObject", f"{SOURCE}/a.parquet", None),
        ("s3:DeleteObject", f"{SOURCE}/a.parquet", None),
        ("s3:PutObject", "personalize/conf/job.yaml", None),
        ("s3:PutObject", "personalize/code/code.zip", None),
        ("s3:DeleteObject", "personalize/logs/a.gz", None),
        ("s3:GetObject", "logs/interactions-of-others/a.parquet", None),
        ("s3:GetObject", f"{OUTPUT}-of-others/ledger/a.parquet", None),
        ("s3:ListBucket", None, None),
        ("s3:ListBucket", None, ""),
        ("s3:ListBucket", None, "logs/"),
        ("s3:ListBucket", None, "logs/interactions-of-others/"),
    ],
)
def test_what_the_job_does_not_need_is_denied(action: str, key: str | None, prefix: str | None) -> None:
    context = {} if prefix is None else {"s3:prefix": prefix}
    assert not allows(
        [template("iam-job.json")], action, BUCKET if key is None else f"{BUCKET}/{key}", context
    )


def test_plain_connections_and_foreign_encryption_are_denied_to_every_role() -> None:
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    policies = [everything, template("iam-bucket.json")]
    put = ("s3:PutObject", f"{BUCKET}/{OUTPUT}/ledger/a.parquet")
    encryption = "s3:x-amz-server-side-encryption"
    assert allows(policies, *put, {"aws:SecureTransport": "true"})
    assert allows(policies, *put, {"aws:SecureTransport": "true", encryption: "aws:kms"})
    assert not allows(policies, *put, {"aws:SecureTransport": "false"})
    assert not allows(policies, *put, {"aws:SecureTransport": "true", encryption: "none"})


def test_no_policy_allows_every_action() -> None:
    for name in POLICIES:
        for statement in template(name)["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert statement["Effect"] == "Deny" or not any("*" in action for action in actions)


def test_the_bucket_refuses_plain_connections_and_lets_its_default_encryption_work() -> None:
    policy = statements("iam-bucket.json")
    assert policy["OnlyEncryptedConnections"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    # Neither pyarrow nor Spark names an encryption: a put without the header must pass, and gets the bucket's.
    assert policy["NoOtherEncryption"]["Condition"]["Null"] == {"s3:x-amz-server-side-encryption": "false"}
