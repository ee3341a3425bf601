"""What every test may ask for: one lazy Spark session, cleaned after each test. Pure tests start no JVM."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pyspark
import pytest
from botocore.loaders import JSONFileLoader
from pyspark.sql import SparkSession

from jobs.spark.spark_session import build_session
from jobs.spark.table_connectors import SparkVersion
from standin.settings import EXAMPLE_CREDENTIALS
from tests.aws.moto_server import MotoServer
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.standin.forked import forked_standins

ROOT = Path(__file__).resolve().parents[1]
# Whether a property holds does not depend on how busy the machine is. `make test-all` draws more examples. CI draws the
# same ones each time, as Hypothesis' own profile for CI does: what is red there is red by the change.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=30, derandomize="CI" in os.environ)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=200)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

EXAMPLE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": EXAMPLE_CREDENTIALS.access_key,
    "AWS_SECRET_ACCESS_KEY": EXAMPLE_CREDENTIALS.secret_key,
    "AWS_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_SESSION = {
    "SPARK_LOCAL_IP": "127.0.0.1",
    "SPARK_MASTER": "local[2]",
    "SPARK_DRIVER_MEMORY": "2g",
    # The second compiler takes half of all that such a JVM computes, and gains nothing where a test has a few rows.
    "SPARK_SUBMIT_OPTS": QUICK_JVM,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with whole jobs first: of two processes that share the files, none then ends on a long one."""
    long = {item.path for item in items if item.get_closest_marker("job")}
    items.sort(key=lambda item: item.path not in long)
    _skip_without_connectors(item for item in items if item.get_closest_marker("tables"))


def _skip_without_connectors(items: Iterable[pytest.Item]) -> None:
    """Skip `items` on a Spark for which no release of the connectors was made yet, as docs/tables.md has it."""
    spark = SparkVersion(".".join(pyspark.__version__.split(".")[:2]), "2.13")
    if not (spark.package("delta") and spark.package("iceberg")):
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"there are no connectors for Spark {spark.spark} yet"))


@pytest.fixture(scope="session", autouse=True)
def stand_ins_are_forked() -> Iterator[None]:
    """Let stand-ins start in no time; `tests/standin/test_process.py` starts them as a user does."""
    with forked_standins():
        yield


@pytest.fixture(scope="session", autouse=True)
def service_models_read_once() -> Iterator[None]:
    """Let all sessions of botocore share what they read of its data: each would take half a second for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", _read_once(JSONFileLoader.load_file))
        yield


def _read_once(read: Callable[[JSONFileLoader, str], Any]) -> Callable[[JSONFileLoader, str], Any]:
    known: dict[str, Any] = {}

    def load_file(loader: JSONFileLoader, path: str) -> Any:  # noqa: ANN401 - any JSON value
        if path not in known and (content := read(loader, path)) is not None:
            known[path] = content
        return known.get(path)

    return load_file


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make package` builds, away from the project, once; the variable `DIST` names one that is there already."""
    if os.environ.get("DIST"):
        return Path(os.environ["DIST"])
    folder = tmp_path_factory.mktemp("package") / "dist"
    subprocess.run([sys.executable, "-m", "bundle", str(folder)], cwd=ROOT, check=True, timeout=800)
    return folder


@pytest.fixture(scope="session")
def s3_server() -> Iterator[MotoServer]:
    """An S3 with the bucket `output`, for all that keep to a prefix of their own: one takes a second to start."""
    with MotoServer() as server:
        server.create_bucket("output")
        yield server


@pytest.fixture(scope="session")
def spark_session() -> Iterator[SparkSession]:
    """One local Spark of two cores for the whole run, started as the job starts its own."""
    # The Python workers inherit what the JVM started with: the stand-in's keys must be there by then.
    os.environ.update(EXAMPLE_ENVIRONMENT)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _SESSION.items():
            patch.setenv(name, value)
        session = build_session("tests")
    session.conf.set("spark.sql.shuffle.partitions", "2")
    session.conf.unset("spark.sql.redaction.string.regex")  # some tests read plans
    yield session
    session.stop()


@pytest.fixture
def spark(spark_session: SparkSession) -> Iterator[SparkSession]:
    """The session, with nothing cached or left as a view by the test before."""
    yield spark_session
    spark_session.catalog.clearCache()
    for table in spark_session.catalog.listTables():
        spark_session.catalog.dropTempView(table.name)
