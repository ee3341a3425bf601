"""The module's YARN, S3 and package, and a service for each test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from standin.process import REGION, StandinProcess
from standin.settings import EXAMPLE_CREDENTIALS
from tests.moto_server import MotoServer
from tests.whole_job.harness import ROOT
from tests.yarn.cluster import YarnCluster
from tests.yarn.emr_template import classification, cluster_template
from tests.yarn.jars import JarsOutOfReachError, connector_jars, daemon_jars
from tests.yarn.submission import Site


@pytest.fixture(scope="session")
def jars() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """YARN's jars and the connector's."""
    try:
        return daemon_jars(), connector_jars()
    except JarsOutOfReachError as error:
        pytest.skip(f"YARN's jars can't be fetched here: {error}")


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built `dist/`, away from the project; `DIST` names one that is there already."""
    if os.environ.get("DIST"):
        return Path(os.environ["DIST"])
    folder = tmp_path_factory.mktemp("package") / "dist"
    subprocess.run([sys.executable, "-m", "bundle", str(folder)], cwd=ROOT, check=True, timeout=400)
    return folder


@pytest.fixture(scope="session")
def site(
    jars: tuple[tuple[str, ...], tuple[str, ...]], dist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One YARN and one S3 for all tests, with the template's own settings of YARN."""
    folder = tmp_path_factory.mktemp("site")
    daemons, connector = jars
    with MotoServer() as s3:
        environ = {**role(folder), "AWS_ENDPOINT_URL_S3": s3.url}
        settings = classification(cluster_template(), "yarn-site")
        with YarnCluster(folder / "yarn", daemons, environ, settings, s3_of_the_machine(s3)) as yarn:
            yield Site(yarn, s3, dist, folder, connector)


def role(folder: Path) -> dict[str, str]:
    """Keys as a machine's role gives them: to every process that asks, and in no process's environment."""
    file = folder / "credentials"
    keys = f"aws_access_key_id={EXAMPLE_CREDENTIALS.access_key}\n"
    keys += f"aws_secret_access_key={EXAMPLE_CREDENTIALS.secret_key}\n"
    file.write_text(f"[default]\n{keys}")
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_CREDENTIAL_PROFILES_FILE": str(file),  # the same for AWS's first SDK for Java
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def s3_of_the_machine(s3: MotoServer) -> dict[str, str]:
    """What `s3://` means to the cluster's Hadoop, as Amazon EMR's own connector does on its machines."""
    return {
        "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.endpoint": s3.url,
        "fs.s3a.endpoint.region": REGION,
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
        "fs.s3a.aws.credentials.provider": provider(),
    }


def provider() -> str:
    from jobs.hadoop import hadoop_version, spark_home  # noqa: PLC0415
    from jobs.s3_connector import account_settings  # noqa: PLC0415

    found = account_settings(hadoop_version(spark_home(os.environ)), {})
    return found["spark.hadoop.fs.s3a.aws.credentials.provider"]


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[StandinProcess]:
    """A service that takes everything valid and records it."""
    with StandinProcess(record=tmp_path / "record") as process:
        yield process
