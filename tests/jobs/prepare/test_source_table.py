"""Whether a source is a table, and which: known before Spark starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pydantic import ValidationError

from core.errors import InputError
from jobs.prepare.source_table import find_table
from sources.listing import check_paths, list_files
from transforms.mapping import SourceSettings

ROWS = pa.table({"day": ["1"], "n": [1]})


def delta(path: Path) -> Path:
    write_deltalake(path, ROWS, partition_by=["day"])
    return path


def source(**settings: Any) -> SourceSettings:  # noqa: ANN401
    return SourceSettings.model_validate(settings)


def test_a_tables_folder_is_a_table_and_a_plain_folder_is_none(tmp_path: Path) -> None:
    path = delta(tmp_path / "t")
    for spelled in (str(path), f"{path}/", f"file:{path}", f"file://{path}/"):
        found = find_table(source(path=spelled))
        assert found is not None
        assert (found.format, found.key, found.urls) == ("delta", "source.path", (spelled,))
    assert find_table(source(path=str(tmp_path))) is None
    assert find_table(source(path=str(tmp_path / "nowhere"))) is None
    named = find_table(source(table="lake.shop.events", as_of=5))
    assert named is not None
    assert (named.format, named.name, named.as_of, named.urls) == (None, "lake.shop.events", 5, ())


@pytest.mark.parametrize("inner", ["t/day=1", "", "t/*", "t/day=*/*.parquet"])
def test_what_is_within_a_table_or_above_is_refused(tmp_path: Path, inner: str) -> None:
    delta(tmp_path / "t")
    path = f"{tmp_path}/{inner}"
    assert find_table(source(path=path)) is None
    with pytest.raises(InputError, match=r"Name that folder alone as source\.path"):
        list_files([path])


def test_a_table_among_several_paths_is_refused(tmp_path: Path) -> None:
    paths = [str(delta(tmp_path / "one")), str(delta(tmp_path / "two"))]
    assert find_table(source(path=paths)) is None
    with pytest.raises(InputError, match=r"Name that folder alone as source\.path"):
        check_paths(paths)


def test_a_table_in_two_formats_is_read_as_delta_lake(tmp_path: Path) -> None:
    """Delta Lake's UniForm writes Iceberg's metadata into the same folder."""
    path = delta(tmp_path / "t")
    (path / "metadata").mkdir()
    (path / "metadata" / "00001-a.metadata.json").write_text("{}")
    found = find_table(source(path=str(path)))
    assert found is not None
    assert found.format == "delta"


def test_a_table_of_hudi_is_found_with_its_instant(tmp_path: Path) -> None:
    (tmp_path / "t" / ".hoodie").mkdir(parents=True)
    (tmp_path / "t" / ".hoodie" / "hoodie.properties").write_text("hoodie.table.version=6")
    (tmp_path / "t" / ".hoodie" / "20260101000000111.commit").touch()
    (tmp_path / "t" / "d1").mkdir()
    (tmp_path / "t" / "d1" / "0.parquet").touch()
    found = find_table(source(path=str(tmp_path / "t"), as_of=20260101000000111))
    assert found is not None
    assert found.format == "hudi"
    assert found.hudi is not None
    assert found.hudi.instant == "20260101000000111"
    for inner in ("t/d1", "", "t/*"):
        assert find_table(source(path=f"{tmp_path}/{inner}")) is None
        with pytest.raises(
            InputError, match=r"a table of Apache Hudi.* Name that folder alone as source\.path"
        ):
            list_files([f"{tmp_path}/{inner}"])


def test_as_of_needs_a_table_and_a_time_that_is_past(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"source\.as_of: only a table has versions"):
        find_table(source(path=str(tmp_path), as_of=1))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(InputError, match="is in the future"):
        find_table(source(path=str(delta(tmp_path / "t")), as_of=tomorrow))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"path": "logs", "table": "a.b"}, "source.path and source.table exclude one another"),
        ({}, "source.path is missing"),
        ({"path": [], "as_of": 3}, "source.path is missing"),
        ({"path": "logs", "as_of": "soon"}, "ISO 8601"),
        ({"table": "  "}, "at least 1 character"),
    ],
)
def test_settings_that_name_no_one_source_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        source(**settings)
