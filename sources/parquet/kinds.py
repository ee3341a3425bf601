"""The type model of the source's columns: a file's types, before and after files are merged.

A `Kind` is the meaning of a Parquet type, independent of its storage, of Spark and of a file.
"""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN = {
    "nanos": "timestamp in nanoseconds",
    "millis": "timestamp",
    "timestamp_ntz": "timestamp without time zone",
    "millis_ntz": "timestamp without time zone",
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value. `name` is Spark's name of the type, or one of `uuid`, `nanos`, `millis`, `millis_ntz` and `null`.

    `nanos` and `millis` are timestamps in nanoseconds and milliseconds; `null` is a column without a type, in which
    all values are null.
    """

    name: str

    def __str__(self) -> str:
        return _SHOWN.get(self.name, self.name)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A type that Spark does not read; `name` is Parquet's name of it."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, for any names of its levels."""

    element: Kind

    def __str__(self) -> str:
        return f"list<{self.element}>"


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map."""

    key: Kind
    value: Kind

    def __str__(self) -> str:
        return f"map<{self.key},{self.value}>"


@dataclass(frozen=True, slots=True)
class Struct:
    """Named fields in the file's order; no two names are equal ignoring case."""

    fields: tuple[tuple[str, Kind], ...]

    def get(self, name: str) -> Kind | None:
        """Return the field of this name, ignoring case."""
        return next((kind for field, kind in self.fields if field.lower() == name.lower()), None)

    def __str__(self) -> str:
        return f"struct<{','.join(f'{name}:{kind}' for name, kind in self.fields)}>"


@dataclass(frozen=True, slots=True)
class Clash:
    """Two kinds that no kind holds without loss."""

    one: Kind
    other: Kind

    def __str__(self) -> str:
        return f"{self.one} and {self.other}"


Kind = Scalar | Unreadable | ListOf | MapOf | Struct | Clash

NULL = Scalar("null")
STRING = Scalar("string")
BINARY = Scalar("binary")
LONG = Scalar("bigint")
DOUBLE = Scalar("double")
NANOS = Scalar("nanos")
