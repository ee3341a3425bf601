"""A file on S3 reads as one on disk, however it is read, in few requests and from one version."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from core.aws.s3_file import TAIL_BYTES, S3File


class Store:
    """One object, and the ranges that were asked of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[tuple[str, str | None]] = []

    def fetch(self, span: str, version: str | None) -> tuple[bytes, int, str]:
        self.asked.append((span, version))
        size = len(self.content)
        first, _, last = span.partition("-")
        start = int(first) if first else max(0, size - int(last))
        end = int(last) + 1 if first else size
        return self.content[start:end], size, "v1"


SIZES = st.sampled_from([0, 1, 100, TAIL_BYTES - 1, TAIL_BYTES, TAIL_BYTES + 1, 3 * TAIL_BYTES])
STEPS = st.lists(
    st.tuples(st.integers(-10, 4 * TAIL_BYTES), st.sampled_from([0, 1, 2]), st.integers(-1, 2 * TAIL_BYTES))
)


@given(SIZES, STEPS)
def test_reading_equals_reading_the_same_bytes_from_memory(
    size: int, steps: list[tuple[int, int, int]]
) -> None:
    content = bytes(number % 251 for number in range(size))
    file, memory = S3File(Store(content).fetch), io.BytesIO(content)
    for offset, whence, length in steps:
        base = (0, memory.tell(), size)[whence]
        position = max(0, base + offset)
        memory.seek(position)
        assert file.seek(offset, whence) == position
        assert file.read(length) == memory.read(length)
        assert file.tell() == max(position, memory.tell())


def test_a_footer_takes_one_request() -> None:
    store = Store(bytes(10 * TAIL_BYTES))
    file = S3File(store.fetch)
    file.seek(-1000, io.SEEK_END)
    assert len(file.read()) == 1000
    assert store.asked == [(f"-{TAIL_BYTES}", None)]


def test_every_later_range_is_of_the_version_that_was_opened() -> None:
    store = Store(bytes(2 * TAIL_BYTES))
    file = S3File(store.fetch)
    file.read(10)
    assert store.asked[1:] == [("0-9", "v1")]
