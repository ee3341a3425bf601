"""Which metadata file and snapshot of an Iceberg table's folder are read, found without Spark."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pyiceberg.catalog import Catalog

from core.aws.s3_errors import S3DeniedError, S3PassingError
from core.errors import InputError, is_passing
from core.storage import open_filesystem
from sources.tables.formats import table_format
from sources.tables.iceberg_state import iceberg_state
from sources.tables.table_source import IcebergState
from tests.sources.tables.session import events
from tests.sources.tables.test_iceberg import history, path_of


def state(path: str | Path, as_of: Any = None) -> IcebergState:  # noqa: ANN401
    return iceberg_state(str(path), as_of)


def refused(path: str | Path, as_of: Any = None) -> str:  # noqa: ANN401
    with pytest.raises(InputError) as caught:
        state(path, as_of)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def metadata(folder: Path, name: str, **content: Any) -> Path:  # noqa: ANN401
    """One metadata file, as far as it is looked at."""
    (folder / "metadata").mkdir(parents=True, exist_ok=True)
    file = folder / "metadata" / name
    base = {"format-version": 2, "location": f"file://{folder}", "last-updated-ms": 1000}
    text = json.dumps({**base, **content}).encode()
    file.write_bytes(gzip.compress(text) if ".gz" in name else text)
    return file


def test_the_newest_metadata_of_a_catalogs_table_is_taken(catalog: Catalog) -> None:
    table = history(catalog)
    found = state(path_of(table))
    assert found.metadata.removeprefix("file:") == table.metadata_location.removeprefix("file://")
    assert found.is_current
    assert table.location() in found.locations
    [old, *_] = table.snapshots()
    assert not state(path_of(table), old.snapshot_id).is_current


def test_a_snapshot_that_has_expired_is_named_with_the_newest(catalog: Catalog) -> None:
    table = history(catalog)
    [old, *_] = table.snapshots()
    table.maintenance.expire_snapshots().by_id(old.snapshot_id).commit()
    current = table.current_snapshot()
    assert current
    said = refused(path_of(table), old.snapshot_id)
    assert f"has no snapshot {old.snapshot_id}: it has expired" in said
    assert f"Take another, such as the newest, {current.snapshot_id} of 20" in said


@pytest.mark.parametrize(
    ("names", "hint", "wanted"),
    [
        (["v1.metadata.json", "v2.metadata.json", "v3.metadata.json"], "2", "v3.metadata.json"),
        (["v9.metadata.json", "v10.metadata.json"], None, "v10.metadata.json"),
        (["v1.metadata.json", "v2.gz.metadata.json"], "1", "v2.gz.metadata.json"),
        (["v1.metadata.json", "v2.metadata.json.gz"], "no number", "v2.metadata.json.gz"),
    ],
)
def test_a_folder_of_hadoops_catalog_follows_its_hint(
    tmp_path: Path, names: list[str], hint: str | None, wanted: str
) -> None:
    for name in names:
        metadata(tmp_path, name)
    if hint:
        (tmp_path / "metadata" / "version-hint.text").write_text(hint)
    assert state(tmp_path).metadata.endswith(f"/metadata/{wanted}")
    assert table_format(str(tmp_path)) == "iceberg"


def test_metadata_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    metadata(tmp_path, "00001-aaaa.metadata.json", **{"last-updated-ms": 1})
    metadata(tmp_path, "00001-bbbb.metadata.json", **{"last-updated-ms": 2})
    said = refused(tmp_path)
    assert "00001-aaaa.metadata.json or 00001-bbbb.metadata.json" in said
    assert "source.table" in said


def test_a_table_that_was_registered_again_is_refused(tmp_path: Path) -> None:
    """Its catalog went back to an older file, and on from there: the highest number is not the newest."""
    log = [{"metadata-file": f"file://{tmp_path}/metadata/00000-a.metadata.json", "timestamp-ms": 1}]
    metadata(tmp_path, "00000-a.metadata.json", **{"last-updated-ms": 1})
    metadata(tmp_path, "00002-b.metadata.json", **{"last-updated-ms": 2, "metadata-log": log})
    later = metadata(tmp_path, "00001-c.metadata.json", **{"last-updated-ms": 3, "metadata-log": log})
    assert "00002-b.metadata.json or 00001-c.metadata.json" in refused(tmp_path)
    later.unlink()
    metadata(tmp_path, "00001-lost.metadata.json", **{"last-updated-ms": 1, "metadata-log": log})
    assert state(tmp_path).metadata.endswith("00002-b.metadata.json")


WRONG: list[dict[str, Any]] = [
    {"last-updated-ms": None},
    {"metadata-log": [1]},
    {"snapshots": [{"snapshot-iö": 1, "timestamp-ms": 1}]},
    {"snapshots": [{"snapshot-id": 1, "timestamp-ms": 10**30}]},
    {"snapshots": [{"snapshot-id": 1, "timestamp-ms": 1, "summary": "x"}], "current-snapshot-id": 1},
    {"snapshots": {"a": 1}},
    {"current-snapshot-id": []},
    {"properties": 1.5},
]


@pytest.mark.parametrize("content", WRONG)
def test_metadata_with_another_value_in_its_place_is_damaged(tmp_path: Path, content: dict[str, Any]) -> None:
    """One byte that changed in a name ended the run as unexpected, with a trace."""
    metadata(tmp_path, "00001-a.metadata.json", **content)
    assert "00001-a.metadata.json is damaged" in refused(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b"\x1f\x8bno", b"", gzip.compress(b"{}" * 99, mtime=0)[:-9] + b"\xff" * 9, b"[" * 100_000],
)
def test_damaged_metadata_is_named(tmp_path: Path, content: bytes) -> None:
    metadata(tmp_path, "00001-a.metadata.json").write_bytes(content)
    assert "00001-a.metadata.json is damaged" in refused(tmp_path)


def test_a_table_that_was_moved_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    table = history(catalog)
    moved = tmp_path / "elsewhere"
    shutil.move(path_of(table), moved)
    assert f"was moved or copied here from {table.location()}" in refused(moved)


def test_a_copy_is_read_where_its_files_are(catalog: Catalog, tmp_path: Path) -> None:
    table = history(catalog)
    copy = tmp_path / "copy"
    shutil.copytree(path_of(table), copy)
    assert state(copy).metadata.startswith(f"file:{copy}/metadata/")


def test_a_link_to_a_table_is_no_copy(catalog: Catalog, tmp_path: Path) -> None:
    table = history(catalog)
    link = tmp_path / "link"
    link.symlink_to(path_of(table))
    assert state(link).is_current


def elsewhere(folder: Path, location: str) -> Path:
    """A table's folder whose metadata names its files below another location."""
    snapshot = {"snapshot-id": 7, "timestamp-ms": 1, "manifest-list": f"{location}/metadata/snap-7.avro"}
    metadata(
        folder, "v1.metadata.json", location=location, snapshots=[snapshot], **{"current-snapshot-id": 7}
    )
    return folder


@pytest.mark.parametrize("location", ["hdfs://namenode/lake/clicks", "gs://shop/lake/clicks"])
def test_a_table_from_a_storage_that_is_not_read_was_moved(tmp_path: Path, location: str) -> None:
    assert f"was moved or copied here from {location}" in refused(elsewhere(tmp_path, location))


@pytest.mark.parametrize("failure", [S3DeniedError("access is denied"), FileNotFoundError("gone")])
def test_files_that_can_not_be_seen_were_moved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: OSError
) -> None:
    table = elsewhere(tmp_path, "s3://shop/lake/clicks")
    fail_on_s3(monkeypatch, failure)
    with pytest.raises(InputError, match="was moved or copied here from s3://shop/lake/clicks") as caught:
        iceberg_state(str(table), None)
    assert not is_passing(caught.value)


def test_s3s_own_trouble_is_no_move_of_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The next run may see the files: a scheduler tries it again."""
    table = elsewhere(tmp_path, "s3://shop/lake/clicks")
    fail_on_s3(monkeypatch, S3PassingError("S3 asks for fewer requests. Try again later"))
    with pytest.raises(InputError, match="can't be listed: S3 asks for fewer requests") as caught:
        iceberg_state(str(table), None)
    assert is_passing(caught.value)


def fail_on_s3(monkeypatch: pytest.MonkeyPatch, failure: OSError) -> None:
    """Leave local files as they are; let every look at S3 fail."""
    s3 = Mock()
    s3.get_file_info.side_effect = failure
    monkeypatch.setattr(
        "sources.tables.iceberg_state.open_filesystem",
        lambda url: (s3, url) if url.startswith("s3://") else open_filesystem(url),
    )


def test_a_time_before_the_first_snapshot_is_refused(catalog: Catalog) -> None:
    table = history(catalog)
    table.append(events(("z", 9)))
    from core.as_of import read_as_of  # noqa: PLC0415

    said = refused(path_of(table), read_as_of("2020-01-01"))
    assert "has no snapshot as old as 2020-01-01T00:00:00.000Z: the oldest that is left is of 20" in said
