"""URLs as Spark takes them."""

from __future__ import annotations

import re
from pathlib import Path


def with_scheme(path: str) -> str:
    """Return `path` as a URL: Spark looks for a path without scheme in the cluster's default file system."""
    return path if re.match(r"[A-Za-z][A-Za-z0-9]+:", path) else f"file:{Path(path).absolute()}"
