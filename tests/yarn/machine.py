"""What Amazon EMR's machines bring along, made here: a role's keys, and what `s3://` means to Hadoop."""

from __future__ import annotations

import os
from pathlib import Path

from jobs.spark.local.hadoop import HadoopVersion, hadoop_version, spark_home
from jobs.spark.s3_connector import S3_FILESYSTEM, account_settings
from standin.process import REGION
from standin.settings import EXAMPLE_CREDENTIALS
from tests.aws.moto_server import MotoServer


def role(folder: Path, s3: MotoServer) -> dict[str, str]:
    """The environment in which keys are found as a role's: by any process, and in no process's environment."""
    file = folder / "credentials"
    keys = EXAMPLE_CREDENTIALS
    file.write_text(
        f"[default]\naws_access_key_id={keys.access_key}\naws_secret_access_key={keys.secret_key}\n"
    )
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_CREDENTIAL_PROFILES_FILE": str(file),  # its name in AWS's first SDK for Java
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_S3": s3.url,
    }


def s3_url(bucket: str) -> str:
    """A bucket's URL for YARN's client: before Hadoop 3.4 S3A takes none but its own scheme there (`FileContext`)."""
    hadoop = hadoop_version(spark_home(os.environ)) or (0, 0, 0)
    return f"{'s3' if hadoop >= (3, 4, 0) else 's3a'}://{bucket}"


def s3_file_system(s3: MotoServer, hadoop: HadoopVersion | None = None) -> dict[str, str]:
    """Hadoop's settings under which `s3://` is this server, as Amazon EMR's own connector is S3 on its machines.

    `hadoop`: the version that reads them, if it is not the tested Spark's own.
    """
    provider = "fs.s3a.aws.credentials.provider"
    account = account_settings(hadoop or hadoop_version(spark_home(os.environ)))
    return {
        "fs.s3.impl": S3_FILESYSTEM,
        "fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
        "fs.s3a.endpoint": s3.url,
        "fs.s3a.endpoint.region": REGION,
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
        provider: account[f"spark.hadoop.{provider}"],
    }
