"""The current metadata file of an Iceberg table's folder, and the snapshot that a run reads. Starts no Spark.

A table of Hadoop's catalog names its newest metadata file in `version-hint.text` (HadoopTableOperations).
For any other table only the catalog knows it; writers number the files (BaseMetastoreTableOperations), so
the highest number is the newest unless commits were lost or the table was registered again: if the files
contradict each other the run ends. Fields: https://iceberg.apache.org/spec/#table-metadata-fields.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyarrow import fs as pafs

from core.errors import InputError

_HADOOP = re.compile(r"v(\d+)(?:\.gz)?\.metadata\.json(?:\.gz)?")
_CATALOG = re.compile(r"(\d+)-.+?(?:\.gz)?\.metadata\.json(?:\.gz)?")
_HINT = "version-hint.text"
_BY_NAME = "Name the table by source.table, with its catalog in Spark's settings"


_DAMAGE = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    EOFError,
    zlib.error,
)
"""The errors of reading damaged metadata: any value may be missing or of another type."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """A metadata file: its name in the folder, its content, when it was written, and the names of those before it."""

    name: str
    content: Mapping[str, Any]
    updated: int
    line: frozenset[str]


@contextmanager
def damage_named(label: str, name: str) -> Iterator[None]:
    """Turn any error caused by the content of the metadata file `name` into one sentence.

    Raises:
        InputError: the file is damaged; it names the source and the file.
    """
    try:
        yield
    except _DAMAGE:
        raise InputError(
            f"{label}: the table's metadata file {name} is damaged: it does not hold what Iceberg writes. "
            "Restore it, or name the table by source.table."
        ) from None


class MetadataFolder:
    """The folder `metadata/` of an Iceberg table; `label` names the source in errors."""

    def __init__(self, label: str, filesystem: pafs.FileSystem, folder: str) -> None:
        self._label = label
        self._filesystem = filesystem
        self._folder = folder
        selector = pafs.FileSelector(folder)
        self._names = [info.base_name for info in filesystem.get_file_info(selector) if info.is_file]

    def newest(self) -> Metadata:
        """Return the table's current metadata file.

        Raises:
            InputError: there is none, it is damaged, or the files contradict each other.
        """
        newest = self._read(self._highest())
        for other in self._not_before(newest):
            if other.updated >= newest.updated:
                raise self._contradiction(newest.name, other.name)
        return newest

    def _highest(self) -> str:
        numbered = self._numbered(_CATALOG)
        if not numbered:
            return self._of_hadoop()
        last = max(numbered.values())
        highest = sorted(name for name, number in numbered.items() if number == last)
        if len(highest) > 1:
            raise self._contradiction(*highest[:2])
        return highest[0]

    def _of_hadoop(self) -> str:
        """Follow the hint as HadoopTableOperations does: from its number on, as long as there is a next one."""
        by_number = {number: name for name, number in self._numbered(_HADOOP).items()}
        if not by_number:
            raise InputError(
                f"{self._label}: the folder metadata/ of this Iceberg table holds no metadata file. "
                "Restore it, or name the table's own folder."
            )
        number = self._hint() if self._hint() in by_number else max(by_number)
        while number + 1 in by_number:
            number += 1
        return by_number[number]

    def _hint(self) -> int:
        if _HINT not in self._names:
            return -1
        text = self._bytes(_HINT).decode("ascii", "replace").strip()
        return int(text) if text.isascii() and text.isdigit() else -1

    def _not_before(self, newest: Metadata) -> Sequence[Metadata]:
        """Read the files that may be as new as `newest` and are not its ancestors: few, or none."""
        pattern = _CATALOG if _CATALOG.fullmatch(newest.name) else _HADOOP
        line = newest.line | {newest.name}
        numbers = self._numbered(pattern)
        first = min((numbers[name] for name in line if name in numbers), default=0)
        others = [name for name, number in numbers.items() if name not in line and number >= first]
        # A table that moved into a catalog keeps the files of before; Hadoop's own are in one line.
        others += [name for name in self._numbered(_HADOOP) if pattern is _CATALOG and name not in line]
        return [self._read(name) for name in others] if pattern is _CATALOG else []

    def _numbered(self, pattern: re.Pattern[str]) -> dict[str, int]:
        found = {name: pattern.fullmatch(name) for name in self._names}
        return {name: int(match[1]) for name, match in found.items() if match}

    def _read(self, name: str) -> Metadata:
        content = self._bytes(name)
        with damage_named(self._label, name):
            text = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            document = json.loads(text)
            log = [entry.get("metadata-file", "") for entry in document.get("metadata-log") or []]
            line = frozenset(file.rpartition("/")[2] for file in log)
            return Metadata(name, document, int(document.get("last-updated-ms", 0)), line)

    def _bytes(self, name: str) -> bytes:
        with self._filesystem.open_input_file(f"{self._folder}/{name}") as stream:
            return bytes(stream.read())

    def _contradiction(self, one: str, other: str) -> InputError:
        return InputError(
            f"{self._label}: the table's folder alone does not tell which metadata file is current, {one} or {other}: "
            f"a commit was lost, or the table was registered again. {_BY_NAME}."
        )
