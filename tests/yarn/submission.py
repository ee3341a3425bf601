"""One submission of the built package to a real YARN, as an operator makes it, and what it left where.

What replaces the machine's own set-up (Spark's and Hadoop's configuration, the S3 connector, the role) is made here;
what the project documents is taken from its templates.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from jobs.spark.local.hadoop import spark_home
from jobs.spark.local.java import ensure_java
from standin.process import StandinProcess
from standin.settings import EXAMPLE_CREDENTIALS
from tests.aws.moto_server import MotoServer
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.harness import MAPPING, ROOT, SCHEMA, assert_closed, interactions
from tests.whole_job.processes.waiting import wait_for
from tests.yarn.cluster import LOOPBACK, YarnCluster
from tests.yarn.emr_template import cluster_template, step_arguments
from tests.yarn.machine import s3_url

_SUBMITTED = re.compile(r"Submitted application (application_\d+_\d+)")
END_SECONDS = 400
"""The longest wait for one submission: 20 to 80 seconds on a machine of one's own."""
PERSONAL = "personal-"
"""Every user, session, item and property value of a test's history begins so."""
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
            # In the archive's own bucket: YARN then takes it from there, and unpacks it once for all tests.
            "spark.yarn.stagingDir": f"{s3_url('package')}/staging",
            "spark.executor.instances": "1",
            "spark.executor.memory": "512m",
            "spark.yarn.report.interval": "200ms",
            "spark.driver.extraJavaOptions": QUICK_JVM,
            "spark.executor.extraJavaOptions": QUICK_JVM,
            "spark.ui.enabled": "false",
        }
        self.s3.create_bucket("package")
        self._put_archive()
        self._settings = settings
        _write_defaults(self.folder, settings)

    def with_executors(self, count: int) -> dict[str, str]:
        """What changes in a client's environment for so many executors, all of which are waited for."""
        folder = self.folder / f"executors-{count}"
        folder.mkdir()
        more = {
            "spark.executor.instances": str(count),
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": f"{END_SECONDS}s",
        }
        _write_defaults(folder, {**self._settings, **more})
        return {"SPARK_CONF_DIR": str(folder)}

    def _put_archive(self) -> None:
        with (self.dist / "environment.tar.gz").open("rb") as archive:
            self.s3.client().put_object(Bucket="package", Key="code/environment.tar.gz", Body=archive)

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
            "SPARK_SUBMIT_OPTS": QUICK_JVM,
            # As spark-env.sh has it on Amazon EMR: what is not overruled is taken along.
            "PYSPARK_PYTHON": _NO_PYTHON,
            "PYSPARK_DRIVER_PYTHON": _NO_PYTHON,
            **ensure_java(os.environ),
            **self.yarn.environ,
        }


def _write_defaults(folder: Path, settings: Mapping[str, str]) -> None:
    lines = "".join(f"{name} {value}\n" for name, value in settings.items())
    (folder / "spark-defaults.conf").write_text(lines)


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
        self.site.s3.create_bucket(self.bucket)
        self.url = s3_url(self.bucket)
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
        self.put_log(self.rows)
        self.put("conf/interactions.avsc", json.dumps(SCHEMA).encode())

    def put_log(self, rows: Sequence[dict[str, Any]], name: str = "a") -> None:
        """Put `rows` as a file into the source."""
        file = io.BytesIO()
        pq.write_table(interactions(rows), file)
        self.put(f"logs/{name}.parquet", file.getvalue())

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

    def step(self, *arguments: str) -> list[str]:
        """The step of the tested Spark's template, and `arguments` after its own; one archive serves all shops."""
        archive = "code/environment.tar.gz"
        step = step_arguments(cluster_template(), self.url)
        step = [each.replace(f"{self.url}/{archive}", f"{s3_url('package')}/{archive}") for each in step]
        return [str(spark_home(os.environ) / "bin" / step[0]), *step[1:], *arguments]

    def submit(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> Ended:
        """Run a submission to its end."""
        with self.submitted(command, environ) as running:
            return running.ended()

    @contextmanager
    def submitted(
        self, command: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> Iterator[Running]:
        """Start a submission; with the block it is gone, and so is its application."""
        self.put("conf/job.yaml", yaml.safe_dump(self.settings).encode())
        self._before = self._ledger()
        with Running(self.site, command, {**self.site.environ, **(environ or {})}) as running:
            yield running

    def control(self, *asked: str) -> None:
        """Steer the run that is under way, from a machine that has nothing but keys and the package."""
        command = [sys.executable, "-m", "jobs.cli", "control", f"{self.url}/backfill/", *asked]
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(self.site.folder), **self.site.yarn.environ}
        subprocess.run(command, cwd=ROOT, env=environ, check=True, timeout=END_SECONDS)

    def wait_until_it_sends(self, running: Running) -> None:
        """Wait until the ledger has the first accepted events of this submission."""
        running.wait_for(lambda: self._ledger() - self._before, "the job sends")

    def _ledger(self) -> set[str]:
        return set(self.keys("ledger/tracking-id-"))


class Running:
    """A spark-submit under way, which shows its log in a file, as it may be stopped at any moment."""

    def __init__(self, site: Site, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._site = site
        self._has_ended = False
        place = Path(tempfile.mkdtemp(prefix="client-", dir=site.folder))
        self._out, self._err = place / "stdout", place / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command, cwd=place, env=dict(environ), stdout=out, stderr=err, text=True
            )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        found = _SUBMITTED.search(self._err.read_text())
        if found and not self._has_ended:
            self._site.yarn.run_cli("-kill", found[1])

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Wait until `condition` holds while spark-submit runs."""
        wait_for(condition, what, self.process, END_SECONDS)

    def application(self) -> str:
        """The application's id, once YARN has given it one."""
        wait_for(
            lambda: _SUBMITTED.search(self._err.read_text()),
            "YARN accepts the application",
            self.process,
            END_SECONDS,
        )
        found = _SUBMITTED.search(self._err.read_text())
        assert found
        return found[1]

    def ended(self) -> Ended:
        """Wait for spark-submit, and ask YARN how the application ended."""
        code = self.process.wait(END_SECONDS)
        out, err = self._out.read_text(), self._err.read_text()
        found = _SUBMITTED.search(err)
        assert found, err
        report = _last_report(err) or self._site.yarn.report(found[1])
        self._has_ended = True
        state = report["State"], report["Final-State"]
        return Ended(code, out, err, found[1], state, report["Diagnostics"], self._site.yarn)


def _last_report(err: str) -> dict[str, str] | None:
    """What YARN said of an application that ended, as the client in cluster mode logs it; none in client mode."""
    found = re.search(r"\(state: (?:FINISHED|FAILED|KILLED)\)\n.*?Client: \n(.*)", err, re.DOTALL)
    if found is None:
        return None
    state = re.findall(r"\(state: (\w+)\)", err)[-1]
    parts = re.split(r"^\t ([A-Za-z ]+): ", found[1], flags=re.MULTILINE)
    said = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {"State": state, "Final-State": said["final status"].strip(), "Diagnostics": said["diagnostics"]}


@dataclass(frozen=True)
class Ended:
    """A submission after its end: what the client saw, and what YARN says and has."""

    exit_code: int
    out: str
    err: str
    application: str
    state: tuple[str, str]
    """YARN's `State` and `Final-State`."""
    diagnostics: str
    yarn: YarnCluster

    def logs(self, name: str) -> list[str]:
        """The containers' logs of that name, the first container's first."""
        files = [file for file in self.yarn.log_files(self.application) if file.name == name]
        return [file.read_text() for file in sorted(files, key=lambda file: file.parent.name)]

    def assert_nothing_personal(self) -> None:
        """No value of a row and no key is in any file that YARN keeps of the containers, nor in what the client saw."""
        keys = (EXAMPLE_CREDENTIALS.access_key, EXAMPLE_CREDENTIALS.secret_key)
        found = [
            (name, word)
            for name, text in self.all_logs().items()
            for word in (PERSONAL, *keys)
            if word in text
        ]
        assert found == []

    def all_logs(self) -> dict[str, str]:
        """All that YARN keeps of this application's containers, and what the client printed."""
        logs = {
            f"{file.parent.name}/{file.name}": file.read_text(errors="replace")
            for file in self.yarn.log_files(self.application)
        }
        return {**logs, "spark-submit stdout": self.out, "spark-submit stderr": self.err}
