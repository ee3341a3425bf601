"""Thrift's compact protocol, as far as a Parquet footer needs it: one struct as a dict of field number to value.

Specification: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. pyarrow
shows a footer's leaves only and refuses a footer with a logical type newer than itself; this reader returns
all fields.
"""

from __future__ import annotations

import struct
from typing import Any

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
_INTEGERS = (4, 5, 6)
_LONG_LIST = 15
_MAX_DEPTH = 64


def read_struct(content: bytes) -> dict[int, Any]:
    """Return the struct at the beginning of `content`.

    Raises:
        ValueError: the bytes are not such a struct.
    """
    try:
        return _Reader(content).struct()
    except (IndexError, struct.error, RecursionError) as error:
        raise ValueError("the footer is cut off or damaged") from error


class _Reader:
    """A reader at a position in the bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._depth = 0

    def struct(self) -> dict[int, Any]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError("the footer is nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            delta, kind = header >> 4, header & 15
            number = number + delta if delta else self._zigzag()
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind)
        self._depth -= 1
        return fields

    def _value(self, kind: int) -> Any:  # noqa: ANN401 - of any of Thrift's types
        if kind in _INTEGERS:
            return self._zigzag()
        if kind == _BINARY:
            return self._take(self._varint())
        if kind in (_LIST, _SET):
            return self._list()
        if kind == _STRUCT:
            return self.struct()
        return self._rare_value(kind)

    def _rare_value(self, kind: int) -> Any:  # noqa: ANN401
        if kind in (_TRUE, _FALSE, _BYTE):  # within a list a boolean is a byte
            return self._byte()
        if kind == _DOUBLE:
            return struct.unpack("<d", self._take(8))[0]
        if kind == _UUID:
            return self._take(16)
        if kind == _MAP:
            return self._map()
        raise ValueError("the footer holds a value of no known type")

    def _list(self) -> list[Any]:
        header = self._byte()
        size, kind = header >> 4, header & 15
        size = self._varint() if size == _LONG_LIST else size
        if size > len(self._content):
            raise ValueError("the footer is damaged")
        return [self._value(kind) for _ in range(size)]

    def _map(self) -> dict[Any, Any]:
        size = self._varint()
        kinds = self._byte() if size else 0
        return {self._value(kinds >> 4): self._value(kinds & 15) for _ in range(size)}

    def _byte(self) -> int:
        value = self._content[self._at]
        self._at += 1
        return value

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._content):
            raise IndexError(size)
        self._at += size
        return self._content[self._at - size : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:  # noqa: PLR2004 - the highest bit says that more follows
                return value

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
