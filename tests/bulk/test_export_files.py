"""Of an export's files the header is read first, and never a whole file for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk.export_files import HEADER_BYTES, UnknownFormatError, first_line
from core.storage import Folder


def test_the_first_line_of_the_first_file_is_read_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "a" / "b" / "part-0.csv").write_bytes(b"USER_ID,ITEM_ID\r\nu,i\r\n")
    (tmp_path / "z.csv").mkdir()
    assert first_line(str(tmp_path)) == "USER_ID,ITEM_ID"


def test_a_file_may_be_its_header_alone(tmp_path: Path) -> None:
    (tmp_path / "part-0.csv").write_text("USER_ID")
    assert first_line(str(tmp_path)) == "USER_ID"


def test_only_the_beginning_of_a_large_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "part-0.csv").write_bytes(b"USER_ID\n" + b"u\n" * HEADER_BYTES)
    monkeypatch.setattr(Folder, "read_bytes", None)
    assert first_line(str(tmp_path)) == "USER_ID"


def test_a_first_line_that_does_not_end_is_no_known_format(tmp_path: Path) -> None:
    (tmp_path / "part-0.csv").write_bytes(b"u" * (HEADER_BYTES + 1))
    with pytest.raises(UnknownFormatError, match="its first line is longer than 64 KiB"):
        first_line(str(tmp_path))


def test_an_export_without_files_is_no_known_format(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match=r"it has no file that ends in \.csv"):
        first_line(str(tmp_path))
