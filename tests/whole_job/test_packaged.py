"""What `make package` builds, run alone: a cluster, its Spark and S3, and no Python package but the archive's."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pyarrow.parquet as pq
import pytest
import yaml

from jobs.hadoop import hadoop_version, spark_home
from jobs.jar_cache import JarCache
from jobs.java import ensure_java
from jobs.s3_connector import connector_settings
from standin.process import StandinProcess
from tests.moto_server import MotoServer
from tests.whole_job.cluster import Cluster
from tests.whole_job.harness import MAPPING, ROOT, SCHEMA, assert_closed, interactions, rows_in

pytestmark = [pytest.mark.package, pytest.mark.job, pytest.mark.s3]

ROWS = [
    {"USER_ID": f"u{n % 5}", "SESSION_ID": f"s{n % 7}", "TIMESTAMP": 1_760_000_000 + n} for n in range(140)
]
LARGEST_ARCHIVE = 160_000_000
"""Bytes. docs/emr.md says what fills it."""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built `dist/`, away from the project."""
    folder = tmp_path_factory.mktemp("package") / "dist"
    subprocess.run([sys.executable, "-m", "bundle", str(folder)], cwd=ROOT, check=True, timeout=400)
    return folder


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


def test_the_zip_holds_the_four_rooms_with_their_data_and_no_stand_in(dist: Path) -> None:
    with zipfile.ZipFile(dist / "code.zip") as code:
        names = code.namelist()
    assert {"jobs/report/templates/report.html", "expectations/events.json", "delivery/partition.py"} <= set(
        names
    )
    assert {name.split("/")[0] for name in names} == {
        "jobs",
        "sources",
        "core",
        "transforms",
        "expectations",
        "delivery",
    }


def test_dist_alone_delivers_a_history_from_s3_on_a_cluster_without_our_packages(
    dist: Path, tmp_path: Path, standin: StandinProcess
) -> None:
    place = tmp_path / "elsewhere"
    shutil.copytree(dist, place)
    with tarfile.open(place / "environment.tar.gz") as packed:
        packed.extractall(place / "environment", filter="data")
    with MotoServer() as s3, Cluster(tmp_path / "cluster") as cluster:
        fill(s3, standin)
        keys = {**s3.environ, **standin.environment}
        keys.pop("AWS_SESSION_TOKEN", None)
        done = submit(place, cluster, keys)
        assert done.returncode == 0, done.stderr
        answer = s3.client().get_object(Bucket="shop", Key="backfill/runs/packaged/summary.json")
        summary = json.loads(answer["Body"].read())
        report = s3.client().get_object(Bucket="shop", Key="backfill/runs/packaged/report.html")
        assert b"<html" in report["Body"].read()

    assert_closed(summary)
    assert (summary["status"], summary["events_delivered"]) == ("delivered", len(ROWS))
    assert standin.stop()["events_accepted"] == len(ROWS)
    accepted = rows_in(tmp_path / "record")
    told = sorted((event["userId"], event["sessionId"], event["sentAt"]) for event in accepted)
    assert told == sorted((row["USER_ID"], row["SESSION_ID"], row["TIMESTAMP"]) for row in ROWS)


def fill(s3: MotoServer, standin: StandinProcess) -> None:
    """Put the configuration, the schema and the source into a new bucket."""
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
    for key, body in objects.items():
        s3.client().put_object(Bucket="shop", Key=key, Body=body)


def submit(place: Path, cluster: Cluster, keys: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run spark-submit in `place` with a bare environment: no virtual environment and no path of ours."""
    home = spark_home(os.environ)
    connector = connector_settings(hadoop_version(home))
    jars = JarCache.of_user(os.environ).find(connector["spark.jars.packages"])
    conf = {
        **({"spark.jars": ",".join(jars)} if jars else connector),
        "spark.archives": "environment.tar.gz#environment",
        "spark.executor.memory": "512m",
        "spark.driver.memory": "512m",
        "spark.ui.enabled": "false",
        **{f"spark.executorEnv.{name}": value for name, value in keys.items()},
    }
    options = [text for key, value in conf.items() for text in ("--conf", f"{key}={value}")]
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(Path.home()),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_DRIVER_PYTHON": str(place / "environment" / "bin" / "python"),
        "PYSPARK_PYTHON": "./environment/bin/python",
        **ensure_java(os.environ),
        **keys,
    }
    arguments = ("put_events.py", "--config", "s3://shop/conf/job.yaml", "--run-id", "packaged")
    return subprocess.run(
        [
            home / "bin" / "spark-submit",
            "--master",
            cluster.url,
            "--py-files",
            "code.zip",
            *options,
            *arguments,
        ],
        cwd=place,
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
