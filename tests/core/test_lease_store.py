"""A lease file changes only for who knows what stood there: on disk among processes, and on S3."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.aws.buckets import forget_buckets
from core.aws.s3_lease_store import S3LeaseStore
from core.errors import StorageError
from core.lease_store import LeaseStore
from core.local_lease_store import LocalLeaseStore
from jobs.leases.lease_files import run_folder_lease, tracking_id_lease

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.s3)])
def output(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty output of either kind."""
    if request.param == "disk":
        yield str(tmp_path)
        return
    for name, value in request.getfixturevalue("s3_server").environ.items():
        monkeypatch.setenv(name, value)
    forget_buckets()
    yield f"s3a://output/{tmp_path.name}/"
    forget_buckets()


@pytest.fixture
def store(output: str) -> LeaseStore:
    return tracking_id_lease(output, "tracker")


def test_a_file_is_created_once_replaced_by_version_and_deleted_by_version(store: LeaseStore) -> None:
    assert store.read() is None
    assert store.replace(b"x", "none") is None
    first = store.create(b"first, and longer")
    assert first is not None
    assert store.create(b"again") is None
    second = store.replace(b"second", first)
    assert second not in (None, first)
    assert store.replace(b"third", first) is None
    store.delete(first)
    stored = store.read()
    assert stored is not None
    assert (stored.content, stored.version) == (b"second", second)
    store.delete(stored.version)
    assert store.read() is None
    store.delete(stored.version)
    assert store.create(b"again") is not None


def test_each_tracking_id_and_each_run_has_a_lease_of_its_own(output: str) -> None:
    places = [
        tracking_id_lease(output, "one"),
        tracking_id_lease(output, "other"),
        run_folder_lease(output, "one"),
    ]
    assert all(place.create(b"mine") is not None for place in places)


def test_s3_tells_a_leases_age_by_its_own_clock(store: LeaseStore) -> None:
    store.create(b"x")
    stored = store.read()
    assert stored is not None
    if isinstance(store, S3LeaseStore):
        assert stored.age is not None
        assert -1.0 <= stored.age < 60.0
    else:
        assert stored.age is None


def test_of_many_at_once_one_creates_and_one_replaces(store: LeaseStore) -> None:
    names = [f"bidder {number}".encode() for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        created = [version for version in pool.map(store.create, names) if version]
        seconds = pool.map(lambda name: store.replace(b"second: " + name, created[0]), names)
        replaced = [version for version in seconds if version]
    assert len(created) == 1
    stored = store.read()
    assert stored is not None
    assert [stored.version] == replaced


def test_the_tracking_id_is_in_no_name(tmp_path: Path) -> None:
    tracking_id_lease(str(tmp_path), "secret-tracker/..").create(b"x")
    (file,) = (tmp_path / "_leases").iterdir()
    assert "secret" not in file.name


def test_the_folder_goes_with_the_last_lease(tmp_path: Path) -> None:
    one, other = run_folder_lease(str(tmp_path / "out"), "1"), run_folder_lease(str(tmp_path / "out"), "2")
    for store in (one, other):
        store.create(b"x")
    for store, left in ((one, ["_leases"]), (other, [])):
        stored = store.read()
        assert stored is not None
        store.delete(stored.version)
        assert [path.name for path in (tmp_path / "out").iterdir()] == left


_RACE = """
import sys
from core.local_lease_store import LocalLeaseStore
store, won = LocalLeaseStore(sys.argv[1]), 0
for turn in range(150):
    version = store.create(f"{sys.argv[2]} {turn}".encode())
    if version:
        held = store.read()
        assert held.version == version, "two holders"
        store.delete(version)
        won += 1
print(won)
"""


def test_processes_that_take_and_give_back_without_pause_never_hold_it_together(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _RACE, str(tmp_path / "_leases" / "x.json")]
    racers = [
        subprocess.Popen(
            [*command, name], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in "abc"
    ]
    ends = [racer.communicate(timeout=60) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], ends
    assert sum(int(out) for out, _ in ends) > 0


def test_an_empty_file_that_a_crash_left_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "x.json").touch()
    store = LocalLeaseStore(str(tmp_path / "x.json"))
    assert store.read() is None
    assert store.create(b"x") is not None


def test_a_lease_that_can_not_be_kept_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(StorageError, match=r"x\.json: No locks available"):
        LocalLeaseStore(str(tmp_path / "x.json")).create(b"x")


@pytest.mark.s3
@pytest.mark.usefixtures("output")
@pytest.mark.parametrize("output", ["s3"], indirect=True)
def test_an_s3_error_names_the_lease_and_s3s_word() -> None:
    with pytest.raises(
        StorageError, match=r"s3://no-such-bucket/_leases/run-1\.json: there is no such bucket in"
    ):
        run_folder_lease("s3://no-such-bucket", "1").create(b"x")


def test_a_folder_that_is_a_link_to_nothing_is_an_error_and_no_endless_loop(tmp_path: Path) -> None:
    (tmp_path / "output").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StorageError, match="is a link that leads nowhere"):
        run_folder_lease(str(tmp_path / "output"), "1").create(b"x")


def test_a_file_that_is_never_the_same_twice_is_an_error_and_no_endless_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a mounted disk whose files have no lasting numbers."""
    monkeypatch.setattr(LocalLeaseStore, "_is_in_place", lambda *_: False)
    with pytest.raises(StorageError, match="another file each time"):
        LocalLeaseStore(str(tmp_path / "x.json")).create(b"x")
