"""What every test may ask for: one lazy Spark session, cleaned after each test. Pure tests start no JVM."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from pyspark import SparkConf
from pyspark.sql import SparkSession

from jobs.spark.required_settings import REQUIRED
from standin.settings import EXAMPLE_CREDENTIALS

ROOT = Path(__file__).resolve().parents[1]
# Whether a property holds does not depend on how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

EXAMPLE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": EXAMPLE_CREDENTIALS.access_key,
    "AWS_SECRET_ACCESS_KEY": EXAMPLE_CREDENTIALS.secret_key,
    "AWS_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make package` builds, away from the project, once; the variable `DIST` names one that is there already."""
    if os.environ.get("DIST"):
        return Path(os.environ["DIST"])
    folder = tmp_path_factory.mktemp("package") / "dist"
    subprocess.run([sys.executable, "-m", "bundle", str(folder)], cwd=ROOT, check=True, timeout=800)
    return folder


@pytest.fixture(scope="session")
def spark_session() -> Iterator[SparkSession]:
    """One local Spark of two cores for the whole run, with the job's own SQL settings."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # The Python workers inherit what the JVM started with: the stand-in's keys must be there by then.
    os.environ.update(EXAMPLE_ENVIRONMENT)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    conf = SparkConf().setMaster("local[2]").setAppName("tests").setAll(list(REQUIRED.items()))
    conf.set("spark.ui.enabled", "false").set("spark.sql.shuffle.partitions", "2")
    conf.set("spark.python.sql.dataFrameDebugging.enabled", "false").set("spark.driver.memory", "2g")
    session = SparkSession.builder.config(conf=conf).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture
def spark(spark_session: SparkSession) -> Iterator[SparkSession]:
    """The session, with nothing cached or left as a view by the test before."""
    yield spark_session
    spark_session.catalog.clearCache()
    for table in spark_session.catalog.listTables():
        spark_session.catalog.dropTempView(table.name)
