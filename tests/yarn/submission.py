"""One submission of the built package to a real YARN, as an operator makes it, and what it left where.

What stands for the machine's own set-up (Spark's and Hadoop's configuration, the S3 connector, the role) is made here;
what the project documents is taken from its templates.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from jobs.hadoop import spark_home
from jobs.java import ensure_java
from standin.process import StandinProcess
from tests.moto_server import MotoServer
from tests.quick_jvm import QUICK_JVM
from tests.whole_job.harness import MAPPING, SCHEMA, assert_closed, interactions
from tests.whole_job.processes import wait_for
from tests.yarn.cluster import LOOPBACK, YarnCluster
from tests.yarn.emr_template import cluster_template, step_arguments

_SUBMITTED = re.compile(r"Submitted application (application_\d+_\d+)")
_END_SECONDS = 240
_NO_PYTHON = "/usr/bin/the-cluster's-own-python"


@dataclass
class Site:
    """The machines of a test module: YARN, S3, the package, and what a client's machine is set up with."""

    yarn: YarnCluster
    s3: MotoServer
    dist: Path
    folder: Path
    connector: Sequence[str]

    def __post_init__(self) -> None:
        """Write what Amazon EMR writes on its machines: `spark-defaults.conf`."""
        settings = {
            "spark.master": "yarn",
            "spark.yarn.jars": f"local:{spark_home(os.environ)}/jars/*",
            "spark.yarn.stagingDir": (self.folder / "staging").as_uri(),
            "spark.executor.instances": "1",
            "spark.executor.memory": "512m",
            "spark.driver.extraJavaOptions": QUICK_JVM,
            "spark.executor.extraJavaOptions": QUICK_JVM,
            "spark.ui.enabled": "false",
        }
        (self.folder / "staging").mkdir()
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        (self.folder / "spark-defaults.conf").write_text(lines)

    @property
    def environ(self) -> dict[str, str]:
        """A client's environment: no Python package of ours, a Python of its own, and keys by file alone."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "SPARK_HOME": str(spark_home(os.environ)),
            "SPARK_CONF_DIR": str(self.folder),
            "HADOOP_CONF_DIR": str(self.yarn.conf),
            "SPARK_DIST_CLASSPATH": ":".join(self.connector),
            "SPARK_LOCAL_IP": LOOPBACK,
            # As spark-env.sh has it on Amazon EMR: what is not overruled is taken along.
            "PYSPARK_PYTHON": _NO_PYTHON,
            "PYSPARK_DRIVER_PYTHON": _NO_PYTHON,
            **ensure_java(os.environ),
            **self.yarn.environ,
        }


@dataclass
class Shop:
    """A bucket with a history, its schema and its configuration, which a test changes before it submits."""

    site: Site
    bucket: str
    standin: StandinProcess
    rows: Sequence[dict[str, Any]]
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the bucket, and upload what `docs/emr.md` uploads but the archive."""
        self.url = self.site.s3.create_bucket(self.bucket)
        self.settings = {
            "source": {"path": f"{self.url}/logs/"},
            "schema": f"{self.url}/conf/interactions.avsc",
            "mapping": MAPPING,
            "personalize": {
                "tracking_id": "tracker",
                "region": "eu-west-1",
                "endpoint_url": self.standin.url,
            },
            "output": {"path": f"{self.url}/backfill/"},
        }
        for name in ("code.zip", "put_events.py"):
            self.put(f"code/{name}", (self.site.dist / name).read_bytes())
        file = io.BytesIO()
        pq.write_table(interactions(self.rows), file)
        self.put("logs/a.parquet", file.getvalue())
        self.put("conf/interactions.avsc", json.dumps(SCHEMA).encode())

    def put(self, key: str, body: bytes) -> None:
        self.site.s3.client().put_object(Bucket=self.bucket, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        return self.site.s3.client().get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix: str) -> list[str]:
        return [key.removeprefix("backfill/") for key in self.site.s3.keys(self.bucket, f"backfill/{prefix}")]

    def summary(self, run_id: str) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads(self.get(f"backfill/runs/{run_id}/summary.json"))
        assert_closed(summary)
        return summary

    def step(self, *arguments: str, archive_on_s3: bool = False) -> list[str]:
        """The step of the tested Spark's template, and `arguments` after its own.

        Without `archive_on_s3` the archive is taken from this machine's disk, where YARN unpacks it once for all.
        """
        archive = f"{self.url}/code/environment.tar.gz"
        near = archive if archive_on_s3 else (self.site.dist / "environment.tar.gz").as_uri()
        step = [each.replace(archive, near) for each in step_arguments(cluster_template(), self.url)]
        return [str(spark_home(os.environ) / "bin" / step[0]), *step[1:], *arguments]

    def submit(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> Ended:
        """Run a submission to its end."""
        with self.submitted(command, environ) as running:
            return running.ended()

    @contextmanager
    def submitted(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> Iterator[Running]:
        """Start a submission; with the block it is gone, and so is its application."""
        self.put("conf/job.yaml", yaml.safe_dump(self.settings).encode())
        with Running(self.site, command, {**self.site.environ, **(environ or {})}) as running:
            yield running

    def wait_until_it_sends(self, running: Running) -> None:
        """Wait until the ledger has the first accepted events."""
        wait_for(lambda: self.keys("ledger/part-"), "the job sends", running.process)


class Running:
    """A spark-submit under way, which shows its log in a file, as it may be stopped at any moment."""

    def __init__(self, site: Site, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._site = site
        self._out, self._err = (site.folder / f"submit.{name}" for name in ("stdout", "stderr"))
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command, cwd=site.folder, env=dict(environ), stdout=out, stderr=err, text=True
            )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        with_id = _SUBMITTED.search(self._err.read_text())
        if with_id and self._site.yarn.application(with_id[1])["finalStatus"] == "UNDEFINED":
            self._site.yarn.run_cli("-kill", with_id[1])

    def application(self) -> str:
        """The application's id, once YARN has given it one."""
        wait_for(lambda: _SUBMITTED.search(self._err.read_text()), "YARN accepts the application", self.process)
        found = _SUBMITTED.search(self._err.read_text())
        assert found
        return found[1]

    def ended(self) -> Ended:
        """Wait for spark-submit, and for YARN to say how the application ended."""
        code = self.process.wait(_END_SECONDS)
        found = _SUBMITTED.search(self._err.read_text())
        assert found, self._err.read_text()
        yarn = self._site.yarn
        wait_for(lambda: yarn.application(found[1])["finalStatus"] != "UNDEFINED", "the application has ended")
        return Ended(code, self._out.read_text(), self._err.read_text(), found[1], yarn)


@dataclass(frozen=True)
class Ended:
    """A submission after its end: what the client saw, and what YARN says and has."""

    exit_code: int
    out: str
    err: str
    application: str
    yarn: YarnCluster

    @property
    def state(self) -> tuple[str, str]:
        """YARN's `State` and `Final-State`."""
        told = self.yarn.application(self.application)
        return told["state"], told["finalStatus"]

    @property
    def diagnostics(self) -> str:
        told: str = self.yarn.application(self.application)["diagnostics"]
        return told

    def logs(self, name: str) -> list[str]:
        """The containers' logs of that name, the first container's first."""
        files = [file for file in self.yarn.log_files(self.application) if file.name == name]
        return [file.read_text() for file in sorted(files, key=lambda file: file.parent.name)]

    def all_logs(self) -> dict[str, str]:
        """All that YARN keeps of this application's containers, and what the client printed."""
        logs = {
            f"{file.parent.name}/{file.name}": file.read_text(errors="replace")
            for file in self.yarn.log_files(self.application)
        }
        return {**logs, "spark-submit stdout": self.out, "spark-submit stderr": self.err}
