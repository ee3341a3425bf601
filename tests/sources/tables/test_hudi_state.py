"""Which instant of a Hudi table's folder is read, by the names in its timeline, without Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.as_of import read_as_of, written
from core.errors import InputError
from sources.tables.hudi_state import hudi_state
from sources.tables.table_source import HudiState

ONE, TWO, THREE = "20260101000000111", "20260102000000222", "20260103000000333"
DONE = "20260103060000444"
"""When a commit of layout 2 was complete, hours after it began."""


def table(folder: Path, *names: str, layout: int = 1, more: str = "") -> Path:
    """A table's folder, as far as its names go."""
    timeline = folder / ".hoodie" / ("timeline" if layout > 1 else "")
    timeline.mkdir(parents=True)
    properties = f"#Updated\n#Sat Jan 03 2026\nhoodie.timeline.layout.version={layout}\n{more}"
    (folder / ".hoodie" / "hoodie.properties").write_text(properties)
    for name in names:
        (timeline / name).touch()
    return folder


def state(path: Path, as_of: Any = None) -> HudiState:  # noqa: ANN401
    return hudi_state(str(path), read_as_of(as_of))


def time_of(found: HudiState) -> str:
    assert found.snapshot.time is not None
    return written(found.snapshot.time)


def refused(path: Path, as_of: Any = None) -> str:  # noqa: ANN401
    with pytest.raises(InputError) as caught:
        state(path, as_of)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_newest_complete_commit_is_read_of_the_old_layout(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        *(f"{ONE}.commit", f"{ONE}.commit.requested", f"{ONE}.inflight"),
        *(f"{TWO}.deltacommit", f"{TWO}.deltacommit.requested", f"{TWO}.deltacommit.inflight"),
        *(f"{THREE}.inflight", f"{THREE}.commit.requested", f"{DONE}.rollback", f".{THREE}.commit.crc"),
    )
    assert state(path).instant == TWO
    assert (state(path).snapshot.format, state(path).snapshot.version) == ("hudi", int(TWO))
    assert str(state(path).snapshot) == f"Apache Hudi, instant {TWO} of 2026-01-02T00:00:00.222Z"
    assert state(path, ONE).instant == ONE


def test_the_newest_complete_commit_is_read_of_the_new_layout(tmp_path: Path) -> None:
    path = table(
        tmp_path, f"{ONE}_{TWO}.commit", f"{THREE}_{DONE}.replacecommit", f"{DONE}.inflight", layout=2
    )
    found = state(path)
    assert (found.instant, time_of(found)) == (THREE, "2026-01-03T06:00:00.444Z")


def test_the_folder_of_the_timeline_is_the_tables_own(tmp_path: Path) -> None:
    path = table(tmp_path, layout=2, more="hoodie.timeline.path=when\n")
    (path / ".hoodie" / "timeline").rename(path / ".hoodie" / "when")
    (path / ".hoodie" / "when" / f"{ONE}_{TWO}.commit").touch()
    assert state(path).instant == ONE


def test_a_time_means_the_last_commit_that_was_complete_by_then(tmp_path: Path) -> None:
    path = table(tmp_path, f"{ONE}_{TWO}.commit", f"{THREE}_{DONE}.commit", layout=2)
    assert state(path, "2026-01-03T05:00:00Z").instant == ONE
    assert state(path, "2026-01-03T06:00:01Z").instant == THREE
    said = refused(path, "2026-01-01T12:00:00Z")
    assert (
        "has no commit as old as 2026-01-01T12:00:00.000Z: the oldest on its timeline is of 2026-01-02"
        in said
    )


def test_an_instant_that_was_archived_is_named_with_the_newest(tmp_path: Path) -> None:
    said = refused(table(tmp_path, f"{TWO}.commit"), ONE)
    assert f"has no complete commit {ONE}: it was archived or rolled back, or is another table's" in said
    assert f"Take another, such as the newest, {TWO} of 2026-01-02T00:00:00.222Z." in said


@pytest.mark.parametrize("pending", ["inflight", "commit.requested", "deltacommit.inflight"])
@pytest.mark.parametrize("layout", [1, 2])
def test_an_earlier_commit_that_is_not_complete_is_named(tmp_path: Path, pending: str, layout: int) -> None:
    end = f"_{DONE}" if layout > 1 else ""
    path = table(tmp_path, f"{ONE}{end}.commit", f"{TWO}.{pending}", f"{THREE}{end}.commit", layout=layout)
    said = refused(path)
    assert f"commit {TWO} began before {THREE}, which would be read, and is not complete" in said
    assert said.endswith(f"or read the state before it: source.as_of={ONE}.")
    assert state(path, ONE).instant == ONE


@pytest.mark.parametrize(
    ("pending", "layout"),
    [
        ("compaction.requested", 1),
        ("replacecommit.requested", 1),
        ("compaction.inflight", 2),
        ("clustering.requested", 2),
        ("logcompaction.inflight", 2),
        ("rollback.inflight", 2),
        ("clean.requested", 1),
    ],
)
def test_a_pending_service_of_the_table_holds_nothing_up(tmp_path: Path, pending: str, layout: int) -> None:
    """Up to table version 6 a pending clustering has the name of a pending overwrite: Hudi tells them apart."""
    end = f"_{DONE}" if layout > 1 else ""
    assert state(table(tmp_path, f"{ONE}.{pending}", f"{TWO}{end}.commit", layout=layout)).instant == TWO


def test_a_pending_overwrite_of_the_new_layout_is_a_commit(tmp_path: Path) -> None:
    path = table(tmp_path, f"{ONE}.replacecommit.inflight", f"{TWO}_{DONE}.commit", layout=2)
    assert refused(path).endswith("Wait until it is complete or rolled back.")


def test_cleanings_matter_to_a_state_before_them_alone(tmp_path: Path) -> None:
    clean = f"{THREE}_{DONE}.clean"
    last = "20260104000000555_20260104000000666.clean"
    names = (f"{ONE}_{ONE}.clean", f"{TWO}_{TWO}.commit", clean, f"{DONE}_{DONE}.commit", last)
    path = table(tmp_path, *names, layout=2)
    folder = f"file:{path}/.hoodie/timeline"
    assert state(path, TWO).later_cleanings == (f"{folder}/{clean}", f"{folder}/{last}")
    assert state(path).later_cleanings == ()


def test_digits_that_are_no_time_are_instants_all_the_same(tmp_path: Path) -> None:
    path = table(tmp_path, "00000000000001.commit", "20200102030405.commit")
    assert time_of(state(path)) == "2020-01-02T03:04:05.000Z"
    assert state(path, "00000000000001").instant == "00000000000001"
    assert state(path, 1).snapshot.time is None


def test_a_table_without_a_commit_or_its_properties_ends_in_a_sentence(tmp_path: Path) -> None:
    assert "holds no complete commit" in refused(table(tmp_path / "new", f"{ONE}.inflight", layout=2))
    (tmp_path / "lost" / ".hoodie").mkdir(parents=True)
    assert "has no hoodie.properties" in refused(tmp_path / "lost")
    damaged = table(tmp_path / "damaged", more="hoodie.timeline.layout.version=\x00")
    assert "hoodie.properties is damaged: hoodie.timeline.layout.version is not a number" in refused(damaged)
