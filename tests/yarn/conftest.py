"""The module's YARN, S3 and package, and a service for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.errors import UsageError
from standin.process import StandinProcess
from tests.aws.moto_server import MotoServer
from tests.yarn.cluster import Sites, YarnCluster
from tests.yarn.emr_template import classification, cluster_template
from tests.yarn.jars import HADOOP, connector_jars, daemon_jars
from tests.yarn.machine import role, s3_file_system
from tests.yarn.submission import Site


@pytest.fixture(scope="session")
def jars() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """YARN's jars and the connector's."""
    try:
        return daemon_jars(), connector_jars()
    except UsageError as error:
        pytest.skip(f"YARN's jars can't be fetched here: {error}")


@pytest.fixture(scope="session")
def site(
    jars: tuple[tuple[str, ...], tuple[str, ...]], dist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One YARN and one S3 for all tests, with the template's own settings of YARN."""
    folder = tmp_path_factory.mktemp("site")
    daemons, connector = jars
    with MotoServer() as s3:
        settings = classification(cluster_template(), "yarn-site")
        sites = Sites(settings, clients=s3_file_system(s3), daemons=s3_file_system(s3, HADOOP))
        with YarnCluster(folder / "yarn", daemons, role(folder, s3), sites) as yarn:
            yield Site(yarn, s3, dist, folder, connector)


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[StandinProcess]:
    """A service that takes everything valid and records it."""
    with StandinProcess(record=tmp_path / "record") as process:
        yield process
