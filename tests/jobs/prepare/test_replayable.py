"""A replay that can't work is refused before anything is sent, in a sentence that says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import StorageError
from core.storage import Folder
from delivery.receipts.dead_letters import DEAD_LETTERS_SCHEMA, prepare_folder
from delivery.receipts.segments import parquet_bytes
from jobs.errors import UsageError
from jobs.prepare.replayable import require_dead_letters
from jobs.runs.run_folder import RunFolder
from tests.jobs.account.summaries import OLDEST


@pytest.fixture
def first(tmp_path: Path) -> RunFolder:
    return RunFolder(str(tmp_path), "first")


def write(first: RunFolder, table: pa.Table) -> None:
    Folder(first.dead_letters).write_bytes("part-1.parquet", parquet_bytes(table))


def test_a_run_that_sent_to_this_tracker_or_was_killed_can_be_replayed(first: RunFolder) -> None:
    prepare_folder(first.output, first.run_id)
    require_dead_letters(first, "tracker")
    first.folder().write_bytes("summary.json", json.dumps(OLDEST).encode())
    require_dead_letters(first, "tracker")


def test_a_run_that_is_not_there_is_named_with_where_to_look(first: RunFolder) -> None:
    with pytest.raises(
        UsageError,
        match=r"run first can.t be replayed: there are no dead letters at .*personalize-backfill inspect",
    ):
        require_dead_letters(first, "tracker")


def test_dead_letters_of_an_earlier_version_are_refused_as_they_lack_the_session(first: RunFolder) -> None:
    prepare_folder(first.output, first.run_id)
    write(first, DEAD_LETTERS_SCHEMA.empty_table().drop_columns(["envelope"]))
    with pytest.raises(UsageError, match=r"part-1\.parquet has no column envelope"):
        require_dead_letters(first, "tracker")


def test_a_damaged_file_is_named(first: RunFolder) -> None:
    Folder(first.dead_letters).write_bytes("part-1.parquet", b"damaged")
    with pytest.raises(StorageError, match=r"part-1\.parquet can't be read: the file is damaged"):
        require_dead_letters(first, "tracker")


def test_events_of_one_tracker_are_not_replayed_into_another(first: RunFolder) -> None:
    prepare_folder(first.output, first.run_id)
    first.folder().write_bytes("summary.json", json.dumps({**OLDEST, "tracking_id": "another"}).encode())
    with pytest.raises(
        UsageError, match=r"personalize\.tracking_id: it is not the one that run first sent to"
    ):
        require_dead_letters(first, "tracker")
