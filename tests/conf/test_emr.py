"""The templates for Amazon EMR, held to botocore's own models and to what the job calls."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from jobs.sending import SETTLE_SECONDS

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
def test_yarn_does_not_start_an_ended_run_anew(name: str) -> None:
    assert "spark.yarn.maxAppAttempts=1" in spark_arguments(name)


def test_emr_serverless_lets_a_run_go_on_for_as_long_as_it_can() -> None:
    job = template("serverless-job.json")
    assert job["executionTimeoutMinutes"] == LONGEST_MINUTES
    assert job["retryPolicy"]["maxAttempts"] == 1


def test_the_job_may_ask_personalize_what_it_asks_and_nothing_more() -> None:
    source = (ROOT / "jobs" / "event_tracker.py").read_text()
    called = set(re.findall(r"client\.(describe_\w+)\(", source))
    called |= set(re.findall(r"get_paginator\(\"(\w+)\"\)", source))
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
