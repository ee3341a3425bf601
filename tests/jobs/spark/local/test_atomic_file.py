from __future__ import annotations

from pathlib import Path

import pytest

from jobs.spark.local.atomic_file import write_atomically


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "new" / "list"
    for content in (b"old", b"new"):
        write_atomically(target, content)
        assert target.read_bytes() == content
    assert list(target.parent.iterdir()) == [target]


def test_a_write_that_fails_leaves_no_file_behind(tmp_path: Path) -> None:
    """Each start would leave another one in the user's cache folder."""
    target = tmp_path / "list"
    target.mkdir()
    with pytest.raises(OSError, match="list"):
        write_atomically(target, b"content")
    assert list(tmp_path.iterdir()) == [target]
