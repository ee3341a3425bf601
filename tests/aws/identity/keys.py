"""The access keys of a test's AWS: who holds each, its session token, and when that runs out.

One registry for all services. It is mirrored in a file, a JSON object a line, which the stand-in reads.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ACCOUNT = "123456789012"
"""The account that everything is in."""


@dataclass(frozen=True)
class Key:
    """One access key; `expires` in Unix seconds, None for a long-lived one, which has no token either."""

    access_key: str
    secret_key: str
    token: str | None
    expires: float | None
    principal: str

    @property
    def environ(self) -> dict[str, str]:
        """The variables in which a process finds it."""
        token = {"AWS_SESSION_TOKEN": self.token} if self.token else {}
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key, **token}

    @property
    def expiration(self) -> str:
        """When it expires, as AWS's JSON and XML write it."""
        return datetime.fromtimestamp(self.expires or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class KeyRing:
    """Issues keys and finds them again; `file` is the mirror, readable by this user alone."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._keys: dict[str, Key] = {}
        file.touch(mode=0o600)

    def long_lived(self, principal: str) -> Key:
        """A user's key."""
        return self._add(Key(f"AKIA{_word(8)}", secrets.token_urlsafe(30), None, None, principal))

    def session(self, principal: str, seconds: float) -> Key:
        """A key with a token, good for `seconds`; with none left it is born expired."""
        # Whole seconds, as its holder sees them: rounded up, so that it never ends before that.
        expires = float(int(time.time() + seconds + 0.999))
        return self._add(
            Key(f"ASIA{_word(8)}", secrets.token_urlsafe(30), secrets.token_urlsafe(90), expires, principal)
        )

    def find(self, access_key: str) -> Key | None:
        """The key of that id."""
        return self._keys.get(access_key)

    def all(self) -> tuple[Key, ...]:
        """Every key, the newest last."""
        return tuple(self._keys.values())

    def _add(self, key: Key) -> Key:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(key)) + "\n")
        self._keys[key.access_key] = key
        return key


def _word(size: int) -> str:
    return secrets.token_hex(size).upper()
