from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from demo.dirt import KINDS
from demo.history import History, generate
from demo.shop import EVENT_TYPES
from standin.facts import broken_fact, broken_id
from standin.model import put_events_check

EVENTS = 20_000
broken_constraint = put_events_check()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return generate(tmp_path_factory.mktemp("shop") / "history", EVENTS, dirty_share=0.01)


def read(history: History) -> pa.Table:
    return ds.dataset(history.folder, partitioning="hive").to_table()


@pytest.fixture(scope="module")
def rows(history: History) -> list[dict[str, Any]]:
    return read(history).to_pylist()


def refused(row: dict[str, Any]) -> bool:
    """The stand-in's own judgment on the request that a row would become, written down without the job."""
    event = {
        "eventType": row["event_type"],
        "sentAt": row["timestamp"],
        "itemId": row["item_id"],
        "eventValue": row["event_value"],
        "impression": row["shown_items"],
        "recommendationId": row["recommendation_id"],
        "properties": json.dumps({"discount": row["discount"]}) if row["discount"] else None,
    }
    event = {name: value for name, value in event.items() if value is not None}
    request = {"trackingId": "t", "userId": row["user_id"] or "anonymous", "sessionId": row["session_id"]}
    broken = broken_constraint({**request, "eventList": [event]})
    # The dataset's schema wants an item; PutEvents itself does not.
    return bool(
        broken or broken_id(request, ("userId", "sessionId")) or broken_fact(event) or row["item_id"] is None
    )


def key(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def test_every_row_is_valid_dirty_or_a_duplicate(history: History, rows: list[dict[str, Any]]) -> None:
    assert history.rows == len(rows) == EVENTS
    assert history.rows == history.valid + history.rejected + history.duplicates
    assert set(history.dirty) == set(KINDS)
    assert min(history.dirty.values()) > 0


def test_the_dirty_rows_are_those_that_the_stand_in_refuses(
    history: History, rows: list[dict[str, Any]]
) -> None:
    assert sum(refused(row) for row in rows) == history.rejected


def test_the_duplicates_are_exact_and_of_clean_rows(history: History, rows: list[dict[str, Any]]) -> None:
    clean = Counter(key(row) for row in rows if not refused(row))
    assert len(clean) == history.valid
    assert sum(clean.values()) - len(clean) == history.duplicates


def test_the_least_requests_are_counted_over_the_valid_rows(
    history: History, rows: list[dict[str, Any]]
) -> None:
    sessions: defaultdict[tuple[str | None, str], set[str]] = defaultdict(set)
    for row in rows:
        if not refused(row):
            sessions[row["user_id"], row["session_id"]].add(key(row))
    assert history.sessions == len(sessions)
    assert history.minimum_requests == sum(math.ceil(len(events) / 10) for events in sessions.values())


def test_the_same_seed_makes_the_same_history_and_another_does_not(history: History, tmp_path: Path) -> None:
    same = generate(tmp_path / "same", EVENTS, dirty_share=0.01)
    other = generate(tmp_path / "other", EVENTS, seed=8, dirty_share=0.01)
    # NaN equals nothing, itself included; as text it does.
    assert (
        read(same).to_pandas().to_csv()
        == read(history).to_pandas().to_csv()
        != read(other).to_pandas().to_csv()
    )


def test_months_are_folders_of_several_files_in_the_order_of_time(history: History) -> None:
    files = sorted(history.folder.rglob("*.parquet"))
    assert {path.parent.name for path in files} >= {"month=2025-01", "month=2025-06"}
    assert len(files) == 2 * len({path.parent for path in files})


def test_the_shop_is_skewed_and_partly_anonymous_and_its_types_form_a_funnel(
    rows: list[dict[str, Any]],
) -> None:
    types = Counter(row["event_type"] for row in rows)
    assert [name for name, _ in types.most_common(5)] == list(EVENT_TYPES)
    users = Counter(row["user_id"] for row in rows)
    assert 0.01 < users[None] / EVENTS < 0.1
    assert users.most_common(2)[1][1] > 20 * EVENTS / len(users) / 10
    assert any(row["shown_items"] and len(row["shown_items"]) == 25 for row in rows)


def test_a_folder_that_is_there_is_left_alone(history: History) -> None:
    with pytest.raises(FileExistsError):
        generate(history.folder, 10)


def test_a_history_can_be_clean_and_small(tmp_path: Path) -> None:
    clean = generate(tmp_path / "clean", 100, dirty_share=0, duplicate_share=0)
    assert (clean.rows, clean.valid, clean.rejected, clean.duplicates) == (100, 100, 0, 0)
