"""Stand-ins that are forked from one process which has imported all they need: that takes 0.7 s of a processor each.

They are processes of their own in all else: with arguments, environment, signals and output as `python -m standin` has.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

import pytest

from standin.process import ROOT, StandinProcess

AS_A_USER_DOES = StandinProcess._launch
"""How a stand-in starts outside of tests."""
_PARENT = multiprocessing.get_context("forkserver")


@contextmanager
def forked_standins() -> Iterator[None]:
    """Let every stand-in of this process be forked, until the end of the block."""
    _PARENT.set_forkserver_preload(["standin.server", __name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StandinProcess, "_launch", staticmethod(_Forked))
        yield


class _Forked:
    """As much of `subprocess.Popen` as `StandinProcess` uses."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        reader, writer = _PARENT.Pipe(duplex=False)
        with reader, writer:
            self._process = _PARENT.Process(target=_serve, args=(writer, list(arguments), dict(environ)))
            self._process.start()
            self.stdout = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        self.pid = self._process.pid
        self.terminate, self.kill = self._process.terminate, self._process.kill

    def wait(self, timeout: float | None = None) -> int | None:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("standin", timeout or 0)
        return self._process.exitcode

    def communicate(self, timeout: float) -> tuple[str, None]:
        """Return the rest of what it says, once it begins to say something or has ended."""
        if not select.select([self.stdout], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("standin", timeout)
        with self.stdout:
            rest = self.stdout.read()
        self.wait(timeout)
        return rest, None


def _serve(output: Connection, arguments: list[str], environ: dict[str, str]) -> None:
    os.dup2(output.fileno(), 1)
    output.close()
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(ROOT)
    from standin.server import run  # noqa: PLC0415 - imported already where this runs, and not needed elsewhere
    from standin.settings import parse_settings  # noqa: PLC0415

    run(parse_settings(arguments, os.environ))
