"""A URL or path means the same for every process, for Spark and for Personalize."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.storage import open_filesystem
from core.urls import absolute, is_on_s3, s3_location, with_scheme


def test_a_relative_path_is_below_where_the_driver_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("backfill") == str(tmp_path / "backfill")
    assert absolute("./a/backfill/") == str(tmp_path / "a" / "backfill")
    assert with_scheme("backfill") == f"file:{tmp_path / 'backfill'}"


@pytest.mark.parametrize("path", ["file:backfill", "FILE:backfill", "backfill"])
def test_a_relative_path_of_either_form_is_made_absolute(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hadoop takes no relative path after a scheme: Java raised `Relative path in absolute URI`."""
    monkeypatch.chdir(tmp_path)
    assert absolute(path) == str(tmp_path / "backfill")
    assert with_scheme(path) == f"file:{tmp_path / 'backfill'}"


def test_a_colon_in_a_relative_path_makes_no_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python took `day:1/out` for a local path and Spark for a URL."""
    monkeypatch.chdir(tmp_path)
    assert absolute("day:1/out") == str(tmp_path / "day:1" / "out")
    assert open_filesystem("day:1/out")[1] == absolute("day:1/out")


@pytest.mark.parametrize("url", ["/data/backfill", "file:/data/backfill", "s3://bucket/a/", "s3a://bucket"])
def test_any_other_path_stays_as_it_was_written(url: str) -> None:
    assert absolute(url) == url


@pytest.mark.parametrize(
    ("folder", "location"),
    [
        ("s3://bucket/a", "s3://bucket/a/"),
        ("s3a://bucket/a/", "s3://bucket/a/"),
        ("S3A://bucket/s3a://", "s3://bucket/s3a:/"),
        ("/data/a", "/data/a/"),
    ],
)
def test_personalize_is_given_a_folder_of_s3_with_its_slash(folder: str, location: str) -> None:
    assert s3_location(folder) == location


def test_only_the_schemes_of_s3_are_on_s3() -> None:
    found = [url for url in ("s3://a/b", "S3A://a/b", "s3n://a/b", "/s3/a", "file:/s3://a") if is_on_s3(url)]
    assert found == ["s3://a/b", "S3A://a/b"]
