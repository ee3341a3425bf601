"""Fetch the jars of Maven packages for a Spark that is started here, with progress lines of our own.

Spark's own resolver (Ivy) does the work, in a `spark-submit` that ends when the jars are there: it knows
the user's mirrors from `spark-defaults.conf`. Its hundreds of lines are read and not shown. The run's JVM
then starts with files.
"""

from __future__ import annotations

import logging
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO

from jobs.errors import UsageError
from jobs.spark.local.hadoop import spark_home
from jobs.spark.local.ivy_output import BROKE_OFF, Fetching, cause_of, jars_in
from jobs.spark.local.jar_cache import JarCache
from jobs.spark.local.jvm_proxies import has_proxy_password, proxy_properties

PROGRESS_SECONDS = 5.0
FIRST_ANSWER_SECONDS = 120.0
"""How long a repository may take for its first answer. Without a network, Ivy keeps trying for each package."""

_TRIES = 3
_LOOK_SECONDS = 0.5
_END_SECONDS = 5.0
_HARMLESS_CLASS = "org.apache.hadoop.util.VersionInfo"
"""A main class among Spark's own jars that prints a few lines and ends: spark-submit wants one to start."""

_NETWORK = {"sun.net.client.defaultConnectTimeout": "15000", "sun.net.client.defaultReadTimeout": "60000"}
"""Milliseconds. Ivy asks by `HttpURLConnection`, which otherwise waits for as long as the system does."""

_LOG = logging.getLogger("put_events")


@dataclass(frozen=True, slots=True)
class Packages:
    """Maven packages that belong together: a name for the log, their coordinates, and what to leave out.

    `coordinates` (`group:artifact:version`) and `excludes` (`group:artifact`) separated by commas, as Spark has them.
    """

    name: str
    coordinates: str
    excludes: str = ""


def jars_of(packages: Packages, cache: JarCache, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the jars of `packages` as `file:` URLs: those in `cache`, else fetched and stored there.

    `environ` is that in which the run's own JVM will start. The child ends with this call, however that ends.

    Raises:
        UsageError: they can't be fetched.
    """
    key = f"{packages.coordinates} without {packages.excludes}" if packages.excludes else packages.coordinates
    jars = cache.find(key)
    if not jars:
        jars = fetch(packages, environ)
        cache.keep(key, jars)
    return jars


def fetch(
    packages: Packages, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic
) -> tuple[str, ...]:
    """Have Spark's resolver fetch `packages`, with a line at the beginning, at the end, and every few seconds between.

    A download that broke off is tried again, twice: Ivy gives a jar one try.

    Raises:
        UsageError: a package can't be had, or no repository answers.
    """
    _LOG.info("fetching the jars of %s, once: %s", packages.name, _listed(packages))
    began = clock()
    for tries_left in reversed(range(_TRIES)):
        jars, cause, fetching = _attempt(packages, environ, clock)
        if jars or not tries_left or not cause.startswith(BROKE_OFF):
            break
        _LOG.info("%s: %s; trying again", packages.name, cause)
    if not jars:
        raise _failed(packages, cause)
    megabytes = sum(Path(jar.removeprefix("file://")).stat().st_size for jar in jars) / 1e6
    _LOG.info(
        "fetched %s: %d jars, %.0f MB (%d of them new), %.0f s",
        packages.name,
        len(jars),
        megabytes,
        fetching.fetched,
        clock() - began,
    )
    return jars


def _attempt(
    packages: Packages, environ: Mapping[str, str], clock: Callable[[], float]
) -> tuple[tuple[str, ...], str, Fetching]:
    """Run the resolver once; return the jars or, where there are none, the cause, and how far it came."""
    with _resolver(packages, environ) as child:
        lines, fetching = _read_to_end(child, packages, clock)
    jars = () if child.returncode else jars_in(lines)
    return jars, cause_of(lines, has_password=has_proxy_password(environ)), fetching


def _read_to_end(
    child: subprocess.Popen[str], packages: Packages, clock: Callable[[], float]
) -> tuple[list[str], Fetching]:
    """Read the resolver to its end; return its lines and what it had fetched.

    Raises:
        UsageError: no repository answers.
    """
    lines: list[str] = []
    fetching, began = Fetching(), clock()
    said = began
    for line in _lines_or_none(child):
        now = clock()
        if line is not None:
            lines.append(line)
            fetching = fetching.after(line)
        if not fetching.found and now - began >= FIRST_ANSWER_SECONDS:
            raise _failed(
                packages, f"no package repository answered within {FIRST_ANSWER_SECONDS:.0f} seconds"
            )
        if fetching.found and now - said >= PROGRESS_SECONDS:
            said = now
            _LOG.info("%s: %s", packages.name, fetching)
    return lines, fetching


def _lines_or_none(child: subprocess.Popen[str]) -> Iterator[str | None]:
    """Yield each line of the child as it comes, and None when there was none for a moment."""
    queue: Queue[str | None] = Queue()
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    Thread(target=_read, args=(child.stdout, queue), name="resolver-output", daemon=True).start()
    while True:
        try:
            line = queue.get(timeout=_LOOK_SECONDS)
        except Empty:
            yield None
            continue
        if line is None:
            return
        yield line


def _read(output: IO[str], queue: Queue[str | None]) -> None:
    with output:
        for line in output:
            queue.put(line.rstrip("\n"))
    queue.put(None)


@contextmanager
def _resolver(packages: Packages, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run the resolver's process within the block; end it, and all that it has started, if it still runs then."""
    child = subprocess.Popen(  # noqa: S603 - Spark's own script
        _command(packages, environ),
        env=_environment(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield child
        child.wait()
    finally:
        _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    """End the child's whole group, unless it has ended: scripts start the JVM, and a Ctrl-C does not reach it."""
    if child.poll() is not None:
        return
    # The second is for those of the group that outlive its first.
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_END_SECONDS)


def _command(packages: Packages, environ: Mapping[str, str]) -> list[str]:
    """Return the command with the user's options for a local Spark, such as mirrors; the last of an option counts."""
    of_user = [
        word for word in shlex.split(environ.get("PYSPARK_SUBMIT_ARGS", "")) if word != "pyspark-shell"
    ]
    command = [str(spark_home(environ) / "bin" / "spark-submit"), *of_user]
    command += ["--verbose", "--master", "local[1]", "--deploy-mode", "client", "--conf", "spark.jars="]
    command += ["--packages", packages.coordinates]
    command += ["--exclude-packages", packages.excludes] if packages.excludes else []
    return [*command, "--class", _HARMLESS_CLASS, "spark-internal"]


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    properties = {**_NETWORK, **proxy_properties(environ)}
    options = [f'"-D{name}={value}"' for name, value in properties.items()]
    # The user's own come last, and count.
    options.append(environ.get("SPARK_SUBMIT_OPTS", ""))
    return {
        **environ,
        "SPARK_HOME": str(spark_home(environ)),
        "SPARK_SUBMIT_OPTS": " ".join(filter(None, options)),
    }


def _listed(packages: Packages) -> str:
    return packages.coordinates.replace(",", ", ")


def _failed(packages: Packages, cause: str) -> UsageError:
    return UsageError(
        f"the jars of {packages.name} could not be fetched: {cause}. Let this machine reach a Maven repository for "
        f"{_listed(packages)} (HTTPS_PROXY is obeyed), name a mirror of yours in Spark's setting "
        "spark.jars.ivySettings, or use a spark-submit that brings them."
    )
