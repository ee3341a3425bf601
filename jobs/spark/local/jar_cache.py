"""The locations of the jars that Spark fetched, so that later starts need neither network nor resolution.

Spark's resolver (Ivy) takes seconds at every start, though releases never change. Only the list of files is
stored here; the files stay where Ivy put them. A list with a missing file is ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from jobs.spark.local.atomic_file import write_atomically


class JarCache:
    """Lists of jar files by the packages that they were resolved from, one text file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls, environ: Mapping[str, str]) -> JarCache:
        """Return the cache in the user's cache folder: `XDG_CACHE_HOME`, else `~/.cache`."""
        home = environ.get("XDG_CACHE_HOME")
        return cls((Path(home) if home else Path.home() / ".cache") / "personalize-backfill")

    def find(self, packages: str) -> tuple[str, ...]:
        """Return the jars' URLs, as Spark had them; empty unless all of them still exist."""
        try:
            jars = tuple(self._list(packages).read_text(encoding="utf-8").split("\n"))
        except OSError:
            return ()
        return jars if all(Path(jar.removeprefix("file://")).is_file() for jar in jars) else ()

    def keep(self, packages: str, jars: tuple[str, ...]) -> None:
        """Store `jars`; if the folder can't be written, the next start resolves again."""
        try:
            write_atomically(self._list(packages), "\n".join(jars).encode())
        except OSError:
            return

    def _list(self, packages: str) -> Path:
        return self._folder / f"{hashlib.sha256(packages.encode()).hexdigest()[:16]}.jars"
