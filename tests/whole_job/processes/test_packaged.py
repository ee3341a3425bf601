"""What `make package` builds, run alone: a cluster, its Spark and S3, and no Python package but the archive's."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pyarrow.parquet as pq
import pytest
import yaml

from bundle.__main__ import PACKAGES
from bundle.archive import unpack
from jobs.spark.local.hadoop import spark_home
from jobs.spark.local.java import ensure_java
from sources.executors import MAX_HERE
from standin.process import StandinProcess
from tests.aws.moto_server import MotoServer
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.harness import (
    MAPPING,
    ROOT,
    SCHEMA,
    Ended,
    Job,
    assert_closed,
    interactions,
    rows_in,
)
from tests.whole_job.processes.cluster import Cluster
from tests.yarn.emr_template import serverless_job
from tests.yarn.jars import connector_jars
from tests.yarn.machine import role, s3_file_system

pytestmark = [pytest.mark.timeout(1200), pytest.mark.package, pytest.mark.job, pytest.mark.s3]

ROWS = [
    {"USER_ID": f"u{n % 5}", "SESSION_ID": f"s{n % 7}", "TIMESTAMP": 1_760_000_000 + n} for n in range(140)
]
LARGEST_ARCHIVE = 165_000_000
"""Bytes. docs/emr.md says what fills it."""


def test_the_package_holds_what_the_cluster_lacks_and_nothing_that_it_has(dist: Path) -> None:
    archive = dist / "environment.tar.gz"
    with tarfile.open(archive) as packed:
        entries = packed.getmembers()
    paths = [PurePosixPath(entry.name) for entry in entries]
    assert all(entry.isfile() for entry in entries), "no link, so nothing to break where it is unpacked"
    assert not [path for path in paths if path.is_absolute() or ".." in path.parts]
    names = {path.parts[1] for path in paths if path.parts[0] == "packages"}
    assert {"great_expectations", "boto3", "awscrt", "pydantic", "pyarrow", "pandas", "jinja2"} <= names
    assert not {"pyspark", "py4j", "pip", "setuptools", "pytest", "moto", "mypy"} & names
    assert not [path for path in paths if {"__pycache__", "tests"} & set(path.parts)]
    assert archive.stat().st_size < LARGEST_ARCHIVE


def test_the_zip_holds_all_packages_with_their_data_and_no_stand_in(dist: Path) -> None:
    with zipfile.ZipFile(dist / "code.zip") as code:
        names = code.namelist()
    data = {"jobs/report/templates/report.html", "expectations/events.json", "delivery/partition.py"}
    assert data <= set(names)
    assert {name.split("/")[0] for name in names} == set(PACKAGES)


@pytest.fixture(scope="module")
def python(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the archive unpacked in it, as a driver on EMR Serverless has it."""
    place = tmp_path_factory.mktemp("driver")
    unpack(dist / "environment.tar.gz", place / "environment")
    return place


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster for all tests."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


def test_dist_alone_delivers_from_s3_with_the_submission_of_emr_serverless(
    dist: Path, tmp_path: Path, standin: StandinProcess, python: Path, cluster: Cluster
) -> None:
    """On a cluster without our packages; the driver works where its archive was unpacked, as EMR Serverless has it."""
    with MotoServer() as s3:
        fill(s3, standin, dist)
        keys = role(tmp_path, s3)
        job = serverless_job("s3://shop")
        settings = {**s3_settings(s3), **job.settings, **for_executors(keys)}
        arguments = [job.entry_point, *job.arguments, "--run-id", "packaged"]
        done = submit(python, cluster, settings, {**keys, **job.driver_environ}, arguments)
        assert done.returncode == 0, done.stderr
        answer = s3.client().get_object(Bucket="shop", Key="backfill/runs/packaged/summary.json")
        summary = json.loads(answer["Body"].read())
        report = s3.client().get_object(Bucket="shop", Key="backfill/runs/packaged/report.html")
        assert b"<html" in report["Body"].read()

    assert_closed(summary)
    assert (summary["status"], summary["events_delivered"]) == ("delivered", len(ROWS))
    assert standin.stop()["events_accepted"] == len(ROWS)
    accepted = rows_in(tmp_path / "record")
    received = sorted((event["userId"], event["sessionId"], event["sentAt"]) for event in accepted)
    assert received == sorted((row["USER_ID"], row["SESSION_ID"], row["TIMESTAMP"]) for row in ROWS)


def test_a_checkout_ships_its_own_code_to_executors_that_open_thousands_of_files(
    job: Job, python: Path, cluster: Cluster
) -> None:
    """Footers are read on the executors before they send: both get code, of which a driver serves each name once."""
    cluster.heal()
    for number in range(MAX_HERE + 1):
        row = {"SESSION_ID": f"s{number // 10}", "TIMESTAMP": 1_760_000_000 + number}
        job.write_source(interactions([row]), f"part-{number:04}.parquet")
    archives_python = str(python / "environment" / "bin" / "python")
    environ = {"PYSPARK_DRIVER_PYTHON": archives_python, "PYSPARK_PYTHON": archives_python}
    settings = for_executors({"PYSPARK_PYTHON": archives_python, **job.standin.environment})
    arguments = [str(ROOT / "jobs" / "put_events.py"), *job.arguments("checkout")]
    done = submit(python, cluster, settings, {**environ, **job.standin.environment}, arguments)
    assert done.returncode == 0, done.stderr
    summary = Ended(0, job.output, "checkout", done.stdout).summary
    assert (summary["source"]["files"], summary["events_delivered"]) == (MAX_HERE + 1, MAX_HERE + 1)
    assert job.standin.stop()["events_accepted"] == MAX_HERE + 1


def fill(s3: MotoServer, standin: StandinProcess, dist: Path) -> None:
    """Put the package, the configuration, the schema and the source into a new bucket."""
    s3.create_bucket("shop")
    settings = {
        "source": {"path": "s3://shop/logs/"},
        "schema": "s3://shop/conf/interactions.avsc",
        "mapping": MAPPING,
        "personalize": {"tracking_id": "tracker", "region": "eu-west-1", "endpoint_url": standin.url},
        "output": {"path": "s3://shop/backfill/"},
    }
    file = io.BytesIO()
    pq.write_table(interactions(ROWS), file)
    objects = {
        "logs/a.parquet": file.getvalue(),
        "conf/interactions.avsc": json.dumps(SCHEMA).encode(),
        "conf/job.yaml": yaml.safe_dump(settings).encode(),
    }
    objects |= {
        f"code/{name}": (dist / name).read_bytes()
        for name in ("put_events.py", "code.zip", "environment.tar.gz")
    }
    for key, body in objects.items():
        s3.client().put_object(Bucket="shop", Key=key, Body=body)


def s3_settings(s3: MotoServer) -> dict[str, str]:
    """What is the platform's: the S3 connector on every class path, and what `s3://` is."""
    connector = ":".join(connector_jars())
    classes = dict.fromkeys(("spark.driver.extraClassPath", "spark.executor.extraClassPath"), connector)
    return {**classes, **{f"spark.hadoop.{name}": value for name, value in s3_file_system(s3).items()}}


def for_executors(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings that give executors these variables."""
    return {f"spark.executorEnv.{name}": value for name, value in environ.items()}


def submit(
    place: Path,
    cluster: Cluster,
    settings: Mapping[str, str],
    environ: Mapping[str, str],
    arguments: Sequence[str],
) -> subprocess.CompletedProcess[str]:
    """Submit with the driver in `place`, and nothing of ours in its environment."""
    home = spark_home(os.environ)
    usual = {
        "spark.executor.memory": "512m",
        "spark.driver.memory": "512m",
        "spark.ui.enabled": "false",
        "spark.driver.extraJavaOptions": QUICK_JVM,
        "spark.executor.extraJavaOptions": QUICK_JVM,
    }
    conf = [text for name, value in {**usual, **settings}.items() for text in ("--conf", f"{name}={value}")]
    machine = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(place),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        **ensure_java(os.environ),
    }
    return subprocess.run(
        [home / "bin" / "spark-submit", "--master", cluster.url, *conf, *arguments],
        cwd=place,
        env={**machine, **environ},
        capture_output=True,
        text=True,
        timeout=500,  # on a machine of one's own a minute
        check=False,
    )
