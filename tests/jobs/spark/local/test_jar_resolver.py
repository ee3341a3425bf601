"""Jars are fetched by a short-lived spark-submit, in few lines of our own, and once."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import psutil
import pytest

from jobs.errors import UsageError
from jobs.spark.local.jar_cache import JarCache
from jobs.spark.local.jar_resolver import FIRST_ANSWER_SECONDS, PROGRESS_SECONDS, Packages, fetch, jars_of
from jobs.spark.local.java import ensure_java
from tests.jobs.spark.local.test_ivy_output import UNRESOLVED

PACKAGES = Packages("a connector", "org.example:one:1,org.example:two:2", "org.example:three")
Resolver = Callable[[str], dict[str, str]]


@pytest.fixture
def resolver(tmp_path: Path) -> Resolver:
    """Gives an environment in which spark-submit is a shell script, which notes how it was called."""

    def made(script: str) -> dict[str, str]:
        submit = tmp_path / "spark" / "bin" / "spark-submit"
        submit.parent.mkdir(parents=True, exist_ok=True)
        noted = f'printf "%s\\n" "$@" > "{tmp_path}/arguments"; env > "{tmp_path}/environment"\n'
        submit.write_text(f"#!/bin/sh\n{noted}{script}")
        submit.chmod(0o755)
        return {"PATH": os.environ["PATH"], "SPARK_HOME": str(tmp_path / "spark")}

    return made


def works(folder: Path) -> str:
    """A resolver that finds two packages and fetches one of them; the other was there."""
    for name in ("one.jar", "two.jar"):
        (folder / name).write_bytes(b"x" * 600_000)
    return (
        "echo '\tfound org.example#one;1 in central'; echo '\tfound org.example#two;2 in central'\n"
        "echo '\t[SUCCESSFUL ] org.example#one;1!one.jar (622ms)' >&2\n"
        f"echo '(spark.jars,file://{folder}/one.jar,file://{folder}/two.jar)'\n"
    )


def steps(seconds: float) -> Callable[[], float]:
    """A clock that goes on by so much with each look."""
    times = count(0.0, seconds)
    return lambda: next(times)


def test_what_is_fetched_and_how_far_it_is_are_few_lines(
    resolver: Resolver, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, "put_events")
    jars = fetch(PACKAGES, resolver(works(tmp_path)), steps(PROGRESS_SECONDS))
    assert jars == (f"file://{tmp_path}/one.jar", f"file://{tmp_path}/two.jar")
    first, *between, last = caplog.messages
    assert first == "fetching the jars of a connector, once: org.example:one:1, org.example:two:2"
    assert between[:3] == [
        "a connector: packages found: 1",
        "a connector: packages found: 2",
        "a connector: 1 of 2 jars fetched",
    ]
    assert last.startswith("fetched a connector: 2 jars, 1 MB (1 of them new), ")
    assert capfd.readouterr() == ("", "")


def test_progress_is_said_no_more_often_than_every_few_seconds(
    resolver: Resolver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "put_events")
    fetch(PACKAGES, resolver(works(tmp_path)), steps(0.01))
    assert len(caplog.messages) == 2


def test_the_resolver_gets_the_packages_the_users_options_and_the_proxy(
    resolver: Resolver, tmp_path: Path
) -> None:
    environ = resolver(works(tmp_path)) | {
        "PYSPARK_SUBMIT_ARGS": "--conf spark.jars.ivySettings=/mine.xml --master yarn pyspark-shell",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "SPARK_SUBMIT_OPTS": "-Dmine=1",
    }
    fetch(PACKAGES, environ)
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[:4] == ["--conf", "spark.jars.ivySettings=/mine.xml", "--master", "yarn"]
    assert arguments[-3:] == ["--class", "org.apache.hadoop.util.VersionInfo", "spark-internal"]
    assert "pyspark-shell" not in arguments
    given = dict(pairwise(arguments[4:]))
    assert (given["--packages"], given["--exclude-packages"], given["--master"]) == (
        PACKAGES.coordinates,
        PACKAGES.excludes,
        "local[1]",
    )
    options = next(
        line.partition("=")[2]
        for line in (tmp_path / "environment").read_text().splitlines()
        if line.startswith("SPARK_SUBMIT_OPTS=")
    )
    assert '"-Dhttps.proxyHost=proxy.example" "-Dhttps.proxyPort=3128"' in options
    assert options.endswith(" -Dmine=1")


def test_what_is_kept_is_not_fetched_again(resolver: Resolver, tmp_path: Path) -> None:
    cache, environ = JarCache(tmp_path / "cache"), resolver(works(tmp_path))
    jars = jars_of(PACKAGES, cache, environ)
    resolver("exit 1")
    assert jars_of(PACKAGES, cache, environ) == jars
    with pytest.raises(UsageError):
        jars_of(Packages("a connector", PACKAGES.coordinates), cache, environ)


def test_what_can_not_be_fetched_is_one_sentence_with_its_cause_and_the_packages(resolver: Resolver) -> None:
    text = UNRESOLVED.replace("{exception}", "java.net.UnknownHostException")
    environ = resolver(f"cat >&2 <<'END'\n{text}END\nexit 1\n")
    with pytest.raises(UsageError) as problem:
        fetch(PACKAGES, environ)
    assert str(problem.value).startswith(
        "the jars of a connector could not be fetched: no package repository can be reached (UnknownHostException). "
        "Let this machine reach a Maven repository for org.example:one:1, org.example:two:2 (HTTPS_PROXY is obeyed), "
    )


def test_a_resolver_that_ends_well_without_jars_is_a_failure(resolver: Resolver) -> None:
    with pytest.raises(UsageError, match="named no jars"):
        fetch(PACKAGES, resolver("exit 0"))


SLEEPS = 'sleep 600 &\necho "$!" > "{folder}/pid"\necho begun\nwait\n'


def is_gone(folder: Path) -> bool:
    """Whether the resolver's own child, as its JVM is, ends within ten seconds; a zombie has ended."""
    try:
        psutil.wait_procs([child := psutil.Process(int((folder / "pid").read_text()))], timeout=10)
        return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_network_that_swallows_all_is_given_up(resolver: Resolver, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no package repository answered within 120 seconds"):
        fetch(PACKAGES, resolver(SLEEPS.format(folder=tmp_path)), steps(FIRST_ANSWER_SECONDS / 4))
    assert is_gone(tmp_path)


def test_a_stop_ends_the_resolver_and_what_it_started(resolver: Resolver, tmp_path: Path) -> None:
    times = iter((0.0, 0.0))

    def stopped() -> float:
        for time in times:
            return time
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(PACKAGES, resolver(SLEEPS.format(folder=tmp_path)), stopped)
    assert is_gone(tmp_path)


@pytest.mark.s3
@pytest.mark.process
def test_sparks_own_resolver_fetches_a_package_into_an_empty_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, "put_events")
    arguments = f"--conf spark.jars.ivy={tmp_path}/ivy pyspark-shell"
    environ = {**os.environ, "PYSPARK_SUBMIT_ARGS": arguments, "SPARK_LOCAL_IP": "127.0.0.1"}
    environ |= ensure_java(environ)
    packages = Packages(
        "a logger", "org.slf4j:slf4j-simple:1.7.36,org.slf4j:slf4j-nop:1.7.36", "org.slf4j:slf4j-nop"
    )
    (api, simple) = sorted(fetch(packages, environ))
    assert api.endswith("/org.slf4j_slf4j-api-1.7.36.jar")
    assert simple.endswith("/org.slf4j_slf4j-simple-1.7.36.jar")
    assert all(Path(jar.removeprefix("file://")).is_relative_to(tmp_path / "ivy") for jar in (api, simple))
    assert caplog.messages[-1].startswith("fetched a logger: 2 jars, 0 MB (2 of them new), ")
    assert capfd.readouterr() == ("", "")


BROKEN = "[FAILED     ] x\n:: download failed: org.example#one;1!one.jar\n"


@pytest.mark.parametrize(("broken", "works"), [(2, True), (3, False)])
def test_a_download_that_broke_off_is_tried_again(
    resolver: Resolver, tmp_path: Path, broken: int, *, works: bool
) -> None:
    jar = tmp_path / "one.jar"
    jar.write_bytes(b"")
    tries = tmp_path / "tries"
    script = (
        f"echo x >> {tries}\nif [ $(wc -l < {tries}) -le {broken} ]; then\n"
        f"cat <<'END'\n{BROKEN}END\nexit 1\nfi\necho '(spark.jars,file://{jar})'\n"
    )
    if works:
        assert fetch(PACKAGES, resolver(script)) == (f"file://{jar}",)
    else:
        with pytest.raises(UsageError, match=r"the download broke off of org\.example:one:1"):
            fetch(PACKAGES, resolver(script))
    assert len(tries.read_text().splitlines()) == min(broken + 1, 3)
