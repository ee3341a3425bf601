"""Select the files of an installed environment that the job never opens. Pure: paths in, a decision out.

Only what no import of the job's packages reaches is left out; the build starts the pruned environment to
make sure.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

CLIENTS = frozenset({"cloudwatch", "personalize", "personalize-events", "s3"})
"""The services that the job makes clients for; a test compares them with the code."""

KEPT_SERVICES = CLIENTS | {"sts", "sso", "sso-oidc", "signin"}
"""Botocore's models that are loaded by name: the job's own, and those of botocore's sources of credentials."""

_FOLDERS = frozenset({"__pycache__", "tests", "include"})
_BOTOCORE_DATA = ("botocore", "data")
_FILES = (
    # The linker's names for libraries that Python loads under another name, and what only compiling needs.
    "pyarrow/libarrow_python*.so",
    "pyarrow/libarrow_python*.so.*.*.*",
    "pyarrow/*.px[di]",
    "pyarrow/src/*",
    # Arrow's RPC: a separate module, which nothing here imports.
    "pyarrow/*flight*",
    # Of matplotlib keep only what writes SVG with its default fonts; leave out the formats of Pillow that
    # are never opened.
    "matplotlib/mpl-data/sample_data/*",
    "matplotlib/mpl-data/images/*",
    "matplotlib/mpl-data/fonts/[!t]*",
    "mpl_toolkits/*",
    "PIL/_avif.*",
    "PIL/_webp.*",
    "pillow.libs/libavif-*",
    "pillow.libs/libwebp*",
    "bin/*",
    "boto3/examples/*",
    "*.pyi",
    "*.a",
)
_STANDARD_LIBRARY = frozenset(
    {"site-packages", "dist-packages", "test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip"}
)


def keeps_package_file(path: PurePosixPath) -> bool:
    """Return whether the job may open this file; `path` is relative to `site-packages`."""
    if path.parts[:2] == _BOTOCORE_DATA and len(path.parts) > 3:  # noqa: PLR2004 - botocore/data/<service>/…
        return path.parts[2] in KEPT_SERVICES
    return not _FOLDERS & set(path.parts[:-1]) and not any(fnmatchcase(str(path), p) for p in _FILES)


def keeps_standard_file(path: PurePosixPath) -> bool:
    """Return whether the interpreter may need this file; `path` is relative to its standard library."""
    if path.parts[0] in _STANDARD_LIBRARY or path.parts[0].startswith("config-"):
        return False
    return not _FOLDERS & set(path.parts[:-1]) and "tkinter" not in path.name and path.suffix != ".a"


Keeps = Callable[[PurePosixPath], bool]
