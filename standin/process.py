"""A stand-in in a process of its own, for tests, benchmarks and the demo.

Options are passed through to the command line, so none can differ from it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from standin.keys import Credentials
from standin.settings import EXAMPLE_CREDENTIALS

Option = str | float | bool | Path | Mapping[str, float] | None
"""An option's value: True is a bare flag, None and False leave it out, a mapping becomes `kind=rate,…`."""

END_SECONDS = 30
REGION = "eu-west-1"
ROOT = Path(__file__).parent.parent


class StandinProcess:
    """`with StandinProcess(quota=300, faults={"throttle": 0.1}) as standin:` serves until the block ends.

    Options are those of `python -m standin`, with underscores. `url` and `ca_file` say where it listens,
    `environment` holds the AWS variables a client needs, `stop()` ends it and returns its summary.
    """

    def __init__(self, *, credentials: Credentials = EXAMPLE_CREDENTIALS, **options: Option) -> None:
        self.credentials = credentials
        self._arguments = [text for name, value in options.items() for text in _argument(name, value)]
        self._summary: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it listens.

        Raises:
            RuntimeError: it ended instead; its reason is on stderr.
        """
        self._process = self._launch(self._arguments, {**_without_aws(os.environ), **_keys(self.credentials)})
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the stand-in did not start, exit code {self._process.wait()}")
        address = json.loads(line)
        self.url: str = address["url"]
        self.ca_file: str | None = address["ca_file"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, if that has not been done."""
        self.stop()

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def environment(self) -> dict[str, str]:
        """Return the AWS variables that a client needs: keys, region and, with TLS, the authority to trust."""
        trust = {"AWS_CA_BUNDLE": self.ca_file} if self.ca_file else {}
        return {**_keys(self.credentials), "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, **trust}

    def stop(self) -> dict[str, Any]:
        """End it and return its summary; safe to call again. Empty if it was killed."""
        if self._summary is None:
            self._process.terminate()
            self._summary = self._last_words()
        return self._summary

    def wait(self, seconds: float) -> dict[str, Any]:
        """Return the summary once a limit of its own has ended it, within `seconds`."""
        self._process.wait(seconds)
        return self.stop()

    @staticmethod
    def _launch(arguments: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            [sys.executable, "-m", "standin", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=dict(environ),
        )

    def _last_words(self) -> dict[str, Any]:
        try:
            output, _ = self._process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise
        return dict(json.loads(output)) if output else {}


def _argument(name: str, value: Option) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, Mapping):
        value = ",".join(f"{kind}={rate}" for kind, rate in value.items())
    return [f"{flag}={value}"]


def _keys(credentials: Credentials) -> dict[str, str]:
    token = {"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {}
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        **token,
    }


def _without_aws(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("AWS_")}
