"""A table as the configuration names it, and the one snapshot of it that a run reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.as_of import AsOf, written

Format = Literal["delta", "iceberg", "hudi"]

NAMES: dict[str, str] = {"delta": "Delta Lake", "iceberg": "Apache Iceberg", "hudi": "Apache Hudi"}
"""The formats as their projects write them."""

_STATES = {"iceberg": "snapshot", "hudi": "instant"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a table that a run reads: its format, the version or snapshot, and when that was committed.

    `version` is None if there is none: an Iceberg table without a snapshot, a table that is plain files.
    `time` is None if the table's log no longer has it.
    """

    format: str
    version: int | None
    time: datetime | None
    bytes: int | None = None
    """The size of its files, where the format tells it."""

    def __str__(self) -> str:
        name = NAMES.get(self.format, self.format)
        if self.version is None:
            return name
        at = "" if self.time is None else f" of {written(self.time)}"
        return f"{name}, {_STATES.get(self.format, 'version')} {self.version}{at}"


@dataclass(frozen=True, slots=True)
class IcebergState:
    """The state of an Iceberg table's folder: its metadata file as Spark takes it, and the snapshot in it to read.

    `is_current`: it is the newest, to be read with the columns that the table has now. `locations`: URLs
    below which the table has files.
    """

    metadata: str
    snapshot: Snapshot
    is_current: bool
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HudiState:
    """The state of a Hudi table's folder: the instant to read as the table writes it.

    `later_cleanings`: URLs of the files in the timeline that tell what was removed since; none for the newest
    instant, which no cleaning touches.
    """

    instant: str
    snapshot: Snapshot
    later_cleanings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSource:
    """A source that is a table: `key` is the setting that names it, `name` the path or the catalog's name.

    `format` is None where only Spark's catalog knows it. `iceberg` and `hudi` are there for the folder of such a table.
    """

    key: Literal["source.path", "source.table"]
    name: str
    format: Format | None
    as_of: AsOf | None = None
    iceberg: IcebergState | None = field(default=None)
    hudi: HudiState | None = field(default=None)

    def __str__(self) -> str:
        return f"{self.key} {self.name}"

    @property
    def urls(self) -> tuple[str, ...]:
        """Return the URLs below which the table is known to have files."""
        own = (self.name,) if self.key == "source.path" else ()
        return own + (self.iceberg.locations if self.iceberg else ())
