"""The access keys of the stand-in: one pair, or those in a file that may grow while it serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Credentials:
    """A pair of keys, with its session token, if any, and its expiry in Unix seconds, if any."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires: float | None = None


FindKey = Callable[[str], Credentials | None]
"""Return the credentials of an access key, None for an unknown one."""


def single_key(credentials: Credentials) -> FindKey:
    """Return a lookup that knows these credentials alone."""
    return {credentials.access_key: credentials}.get


class KeyFile:
    """The keys in a file: a JSON object a line with `access_key`, `secret_key`, `token` and `expires`.

    An unknown key makes it read lines that have been added.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_bytes = 0
        self._known: dict[str, Credentials] = {}

    def __call__(self, access_key: str) -> Credentials | None:
        """See `FindKey`."""
        if access_key not in self._known:
            self._read_on()
        return self._known.get(access_key)

    def _read_on(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            for line in file:
                if not line.endswith(b"\n"):  # still being written
                    break
                self._read_bytes += len(line)
                found = json.loads(line)
                key = Credentials(
                    found["access_key"], found["secret_key"], found.get("token"), found.get("expires")
                )
                self._known[key.access_key] = key
