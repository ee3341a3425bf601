"""What `conf/emr/` has Amazon EMR run, read from the templates themselves: only places are replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark import __version__ as spark_version

from tests.whole_job.harness import ROOT

_PLACE = "s3://my-bucket/personalize/"
_DRIVER_ENV = "spark.emr-serverless.driverEnv."


def cluster_template() -> dict[str, Any]:
    """The request that starts a cluster of the tested Spark's major release."""
    name = "cluster-emr-7.13.json" if spark_version.startswith("3.") else "cluster-emr-spark-8.0.json"
    return _read(name)


def step_arguments(template: Mapping[str, Any], bucket: str) -> list[str]:
    """The step's `Args`, with `bucket`, an `s3://` URL, in place of the template's."""
    (step,) = template["Steps"]
    return [moved(argument, bucket) for argument in step["HadoopJarStep"]["Args"]]


def classification(template: Mapping[str, Any], name: str) -> dict[str, str]:
    """The settings that the template gives the cluster's own file of that name, such as `yarn-site`."""
    found: dict[str, str] = {}
    for part in template.get("Configurations", []):
        found |= part["Properties"] if part["Classification"] == name else {}
    return found


@dataclass(frozen=True)
class ServerlessJob:
    """`serverless-job.json` with another bucket: `settings` are those of its `sparkSubmitParameters`."""

    settings: dict[str, str]
    entry_point: str
    arguments: list[str]

    @property
    def driver_environ(self) -> dict[str, str]:
        """What EMR Serverless puts into the driver's environment."""
        return {
            name.removeprefix(_DRIVER_ENV): value
            for name, value in self.settings.items()
            if name.startswith(_DRIVER_ENV)
        }


def serverless_job(bucket: str) -> ServerlessJob:
    """The submission of the template, with `bucket`, an `s3://` URL, in place of the template's."""
    submit = _read("serverless-job.json")["jobDriver"]["sparkSubmit"]
    words = moved(submit["sparkSubmitParameters"], bucket).split()
    assert set(words[::2]) == {"--conf"}
    settings = dict(word.split("=", 1) for word in words[1::2])
    arguments = [moved(argument, bucket) for argument in submit["entryPointArguments"]]
    return ServerlessJob(settings, moved(submit["entryPoint"], bucket), arguments)


def moved(text: str, bucket: str) -> str:
    """`text` with `bucket` in place of the template's."""
    return text.replace(_PLACE, f"{bucket}/")


def _read(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "conf" / "emr" / name).read_text())
    return read
