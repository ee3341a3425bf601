"""Of an export's files the header is read first, and never a whole file for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk.export_files import HEADER_BYTES, UnknownFormatError, columns_of, first_line, require_all_read
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


def test_a_first_line_that_does_not_end_is_an_unknown_format(tmp_path: Path) -> None:
    (tmp_path / "part-0.csv").write_bytes(b"u" * (HEADER_BYTES + 1))
    with pytest.raises(UnknownFormatError, match="its first line is longer than 64 KiB"):
        first_line(str(tmp_path))


def test_an_export_without_files_is_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match=r"it has no file that ends in \.csv"):
        first_line(str(tmp_path))


def test_files_without_content_and_those_that_spark_passes_over_have_no_header(tmp_path: Path) -> None:
    (tmp_path / "_part.csv").write_text("ITEM_ID\n")
    (tmp_path / "a.csv").touch()
    with pytest.raises(UnknownFormatError, match=r"it has no file that ends in \.csv and has content"):
        first_line(str(tmp_path))
    (tmp_path / "b.csv").write_text("USER_ID\n")
    assert first_line(str(tmp_path)) == "USER_ID"


@pytest.mark.parametrize(
    "name", ["b.csv.gz", "b.gz", "b.CSV", "part-1", "_b.csv", ".b.csv", "more/b.csv.zst", "_more/b.csv"]
)
def test_a_file_that_may_hold_rows_and_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    """What would be missing may be in it."""
    (tmp_path / "a.csv").write_text("USER_ID\n")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    require_all_read(str(tmp_path))
    path.write_text("x")
    with pytest.raises(
        UnknownFormatError, match=f"it has files that are not read as CSV, such as {path.name}"
    ):
        require_all_read(str(tmp_path))


@pytest.mark.parametrize("name", ["_SUCCESS", "manifest.json", "more/a.csv", ".crc"])
def test_other_files_next_to_the_rows_say_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / name).write_text("x")
    require_all_read(str(tmp_path))


def test_a_header_that_names_a_field_twice_is_an_unknown_format() -> None:
    with pytest.raises(UnknownFormatError, match="the export's first line names USER_ID twice"):
        columns_of("USER_ID,ITEM_ID,TIMESTAMP,user_id", ["USER_ID", "ITEM_ID", "TIMESTAMP"])
