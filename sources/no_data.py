"""Files that are passed over because their names say that they hold no data, and the check that they hold none.

A name is hidden if Spark hides it (InMemoryFileIndex.shouldFilterOutPathName).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

from pyarrow import fs as pafs

from core.errors import InputError, first_line

PARQUET = re.compile(r"\.(parquet|parq|pq)$", re.IGNORECASE)
"""The ends of names that say Parquet."""

_THREADS = 64
_MIN_BYTES = 12  # two magic numbers and a footer's length
_MAGIC = (b"PAR1", b"PARE")
_TEMPORARY = re.compile(r"^(_temporary|\.spark-staging.*|\.Trash.*|\.\$.*|\..*\.tmp)$")
_MARKS = re.compile(r"^(_SUCCESS|_metadata|_common_metadata|_committed_.*|_started_.*|\..*\.crc|\._.*)$")
"""What Spark, Databricks, Hadoop and macOS leave next to data. `_metadata` is Parquet, with the rows of other files."""

_NO_DATA = re.compile(
    r"_\$folder\$$|^(readme|license|notice|changelog)(\.(txt|md|rst|html))?$|\.(txt|md|manifest|crc|log|DS_Store)$"
    r"|^(manifest|manifest\.json|Thumbs\.db|desktop\.ini)$",
    re.IGNORECASE,
)


def is_hidden(name: str) -> bool:
    """Apply Spark's rule for hidden names to a file or folder: `_key=value` is not hidden."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name) or name.endswith("._COPYING_")


def says_no_data(name: str) -> bool:
    """Return whether a file's name is that of a text, a list or a marker, such as README.txt."""
    return bool(_NO_DATA.search(name))


@dataclass(frozen=True, slots=True)
class Skipped:
    """Files that are not read, for the log: never their paths, as a folder's name may be a user's.

    `no_data`: names of files which say that they hold none, or whose folder says it. `uncommitted`: for each file of a
    job that failed or is still writing, the name by which it is known as one, such as `_temporary`.
    """

    no_data: list[str] = field(default_factory=list)
    uncommitted: list[str] = field(default_factory=list)

    def note(self, parts: Sequence[str]) -> None:
        """Note the file at `parts`, its path below the source, unless it is a mark such as `_SUCCESS`."""
        *_, name = parts
        if _is_mark(name):
            return
        temporary = next(filter(_TEMPORARY.match, parts), None)
        if temporary is None:
            self.no_data.append(name)
        else:
            self.uncommitted.append(temporary)

    @classmethod
    def all_of(cls, each: Iterable[Skipped]) -> Self:
        """Return the files of several listings together."""
        every = list(each)
        return cls([n for one in every for n in one.no_data], [n for one in every for n in one.uncommitted])


def _is_mark(name: str) -> bool:
    """Return whether a file is one that programs leave next to data, such as `_SUCCESS` and `.a.parquet.crc`."""
    return bool(_MARKS.match(name))


def may_be_data(info: pafs.FileInfo, parts: Sequence[str]) -> bool:
    """Return whether a hidden file has to be checked; `parts` is its path below the source.

    Files of a job that failed or is still writing are not data either: their folder's name shows it.
    """
    if any(_TEMPORARY.match(part) for part in parts) or _is_mark(info.base_name):
        return False
    return bool(info.size >= _MIN_BYTES or PARQUET.search(info.base_name))


def refuse_data(filesystem: pafs.FileSystem, prefix: str, files: Sequence[pafs.FileInfo]) -> None:
    """Refuse Parquet, by its name's end or its content, in files whose name or folder says that they hold no data.

    Raises:
        InputError: data was found, or a file can't be read; the text names the file, with `prefix` before its path.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        for info, is_data in zip(
            files, pool.map(lambda info: _is_data(filesystem, prefix, info), files), strict=True
        ):
            if is_data:
                raise InputError(
                    f"source file {prefix}{info.path}: it is Parquet, and its name, or its folder's, says that it "
                    "holds no data. Rename it, or move it out of source.path."
                )


def _is_data(filesystem: pafs.FileSystem, prefix: str, info: pafs.FileInfo) -> bool:
    """Return whether a file is Parquet; if the role may not read it, its name counts."""
    if PARQUET.search(info.base_name):
        return True
    try:
        with filesystem.open_input_file(info.path) as stream:
            return bytes(stream.read_at(4, max(stream.size() - 4, 0))) in _MAGIC
    except (PermissionError, FileNotFoundError):
        return False
    except OSError as error:
        raise InputError(
            f"source file {prefix}{info.path}: can't be read: {first_line(error).rstrip('.')}. Move it out of "
            "source.path if it holds no data, as its name or its folder's says."
        ) from None
