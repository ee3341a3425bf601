"""URLs and local paths as text, in the forms that Spark, other processes and Amazon Personalize take."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/|s3[an]?:", re.IGNORECASE)
"""The beginning of a URL. A colon without a slash after it is part of a local name, except in `s3:`."""

_S3 = re.compile(r"s3a?://", re.IGNORECASE)
_RELATIVE_FILE = re.compile(r"^file:(?!/)", re.IGNORECASE)


def absolute(path: str) -> str:
    """Return a URL or path as every process finds it: executors work in other folders than the driver."""
    path = _RELATIVE_FILE.sub("", path)
    return path if SCHEME.match(path) else str(Path(path).absolute())


def with_scheme(path: str) -> str:
    """Return `path` as a URL: Spark looks for a path without scheme in the cluster's default file system."""
    path = absolute(path)
    return path if SCHEME.match(path) else f"file:{path}"


def is_on_s3(url: str) -> bool:
    """Return whether it is the URL of a file or folder on S3."""
    return _S3.match(url) is not None


def s3_location(folder: str) -> str:
    """Return a folder as Personalize takes it: `s3`, never `s3a`, and with the slash that makes it a folder."""
    return f"{_S3.sub('s3://', folder.rstrip('/'), count=1)}/"


def name_of_tracking_id(tracking_id: str) -> str:
    """Return a file's or folder's name for any tracking ID; no reader takes it for a partition's value."""
    return f"tracking-id-{hashlib.sha256(tracking_id.encode()).hexdigest()[:32]}"
