from __future__ import annotations

from pathlib import Path

import pytest

from jobs.spark.local.atomic_file import write_atomically
from jobs.spark.local.jar_cache import JarCache


def jars_in(folder: Path) -> tuple[str, ...]:
    folder.mkdir()
    for name in ("a b.jar", "c.jar"):
        (folder / name).write_bytes(b"jar")
    return tuple(f"file://{folder / name}" for name in ("a b.jar", "c.jar"))


def test_what_was_fetched_once_is_found_by_its_packages_alone(tmp_path: Path) -> None:
    jars = jars_in(tmp_path / "jars")
    cache = JarCache.of_user({"XDG_CACHE_HOME": str(tmp_path / "cache")})
    cache.keep("g:a:1", jars)
    assert cache.find("g:a:1") == jars
    assert cache.find("g:a:2") == ()


def test_a_list_that_misses_a_file_does_not_count(tmp_path: Path) -> None:
    cache = JarCache(tmp_path / "cache")
    cache.keep("g:a:1", jars_in(tmp_path / "jars"))
    (tmp_path / "jars" / "c.jar").unlink()
    assert cache.find("g:a:1") == ()
    cache.keep("g:a:2", ("",))
    assert cache.find("g:a:2") == ()


def test_a_folder_that_can_not_be_written_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the folder's place")
    cache = JarCache(tmp_path / "cache")
    cache.keep("g:a:1", jars_in(tmp_path / "jars"))
    assert cache.find("g:a:1") == ()


def test_without_a_setting_the_cache_is_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    JarCache.of_user({}).keep("g:a:1", jars_in(tmp_path / "jars"))
    assert list((tmp_path / ".cache" / "personalize-backfill").iterdir())


def test_a_file_is_replaced_whole_and_left_alone_when_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomically(path, b"one", mode=0o755)
    first = path.stat()
    assert first.st_mode & 0o777 == 0o755
    write_atomically(path, b"one", mode=0o755)
    assert path.stat().st_ino == first.st_ino
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]
