"""Let the AWS SDKs for Java ask boto3 for credentials, through a `credential_process`.

The first SDK always does: only it reads the variable `AWS_CREDENTIAL_PROFILES_FILE`, and boto3 and all other SDKs keep
the user's own files. The second one does for credentials that it would find by rules of its own.
"""

from __future__ import annotations

import atexit
import os
import shlex
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path

from py4j.java_gateway import JVMView
from pyspark import SparkConf

from core.aws.session import aws_session, core_session
from jobs.spark.s3_connector import CREDENTIALS

FILE_VARIABLE = "AWS_CREDENTIAL_PROFILES_FILE"
"""Source: AWS SDK for Java 1.x Developer Guide, "Set custom profile location"."""

FILE_PROPERTY, PROFILE_PROPERTY = "aws.sharedCredentialsFile", "aws.profile"
"""They come before the variables. Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files"."""

_FOUND_ALIKE = ("env", "container-role", "iam-role")
"""Kinds of credentials, by botocore's names, that the second SDK finds as boto3 does: it asks the same addresses.

With a profile, a role or a sign-in it does not: it knows no `AWS_DEFAULT_PROFILE`, prefers a pod's role to that of a
profile, and calls STS in another region and past `HTTPS_PROXY` and `NO_PROXY`.
"""

_KEPT = (
    "defaults_mode",
    "endpoint_url",
    "request_checksum_calculation",
    "response_checksum_validation",
    "retry_mode",
    "services",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
)
"""What the second SDK reads in a profile for its connections. Source: its class `ProfileProperty`."""


def ask_boto3(conf: Mapping[str, str] | SparkConf, jvm: JVMView) -> bool:
    """Let the second SDK in this JVM ask boto3 for credentials; return whether it does.

    It need not where it finds the same ones itself. The user's own choice counts before it: a provider in `conf`, or a
    profile in the JVM's options. Executors that are JVMs of their own don't have these properties.
    """
    system = jvm.java.lang.System
    chosen = conf.get(CREDENTIALS) or any(
        system.getProperty(name) for name in (FILE_PROPERTY, PROFILE_PROPERTY)
    )
    in_one_jvm = (conf.get("spark.master") or "").partition("[")[0] == "local"
    if chosen or not in_one_jvm or not _must_ask():
        return False
    file = _file(None, *_kept_settings())
    system.setProperty(FILE_PROPERTY, str(file))
    system.setProperty(PROFILE_PROPERTY, file.parent.name)
    return True


def _must_ask() -> bool:
    method = getattr(aws_session().get_credentials(), "method", None)
    return method is not None and (method not in _FOUND_ALIKE or bool(os.environ.get("AWS_DEFAULT_PROFILE")))


def _kept_settings() -> list[str]:
    """Return what the user's profile says of connections: other clients in this JVM, such as a catalog's, read it too.

    The region is that of the whole job.
    """
    profile, region = core_session().get_scoped_config(), aws_session().region_name
    kept = [f"{name} = {profile[name]}" for name in _KEPT if profile.get(name)]
    return [*kept, f"region = {region}"] if region else kept


def credential_process_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the change to the environment of a JVM whose first SDK asks boto3."""
    return {FILE_VARIABLE: str(_file(environ.get("AWS_PROFILE") or "default"))}


def _file(profile: str | None, *settings: str) -> Path:
    """Write a credentials file with one profile; it has no secret and is deleted with this process.

    None is a profile of the folder's name: no other file has one of that name, to which it would be added.
    """
    kept = ExitStack()
    atexit.register(kept.close)
    script = kept.enter_context(as_file(files("core.aws") / "credential_process.py"))
    folder = Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="personalize-keys-")))
    command = shlex.join([sys.executable, str(script)])
    lines = [f"[{profile or folder.name}]", f"credential_process = {command}", *settings]
    file = folder / "credentials"
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return file
