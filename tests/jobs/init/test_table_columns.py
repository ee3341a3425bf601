"""A first configuration for a table: its columns are those that the table has, under any names in its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

from core.storage import open_filesystem
from jobs.init.__main__ import write_first
from jobs.init.table_columns import table_columns

CLICKS = pa.table(
    {
        "user_id": ["u"],
        "item_id": ["i"],
        "event": ["view"],
        "ts": [1_700_000_000_000],
        "price": pa.array(["1.50"]).cast(pa.decimal128(10, 2)),
        "tags": [["a"]],
        "seen": pa.array([{"at": 1, "by": "x"}]),
        "more": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int32())),
    }
)


def delta(path: Path) -> str:
    write_deltalake(path, CLICKS)
    write_deltalake(path, CLICKS.append_column("added", pa.array([1.5])), mode="append", schema_mode="merge")
    return str(path)


def iceberg(folder: Path) -> str:
    catalog = SqlCatalog("t", uri=f"sqlite:///{folder}/c.db", warehouse=f"file://{folder}/lake")
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.clicks", CLICKS.schema)
    table.append(CLICKS)
    with table.update_schema() as change:
        change.rename_column("ts", "timestamp")
    return table.location().removeprefix("file://")


def test_the_columns_of_a_delta_table_are_its_newest(tmp_path: Path) -> None:
    path = delta(tmp_path / "t")
    found = table_columns(path, "delta", open_filesystem)
    assert list(found) == [*CLICKS.schema.names, "added"]
    assert found["price"] == pa.decimal128(10, 2)
    assert found["seen"] == pa.struct([("at", pa.int64()), ("by", pa.string())])
    assert found["more"] == pa.map_(pa.string(), pa.int32())
    DeltaTable(path).create_checkpoint()
    for file in Path(path).glob("_delta_log/*.json"):
        file.unlink()
    assert table_columns(path, "delta", open_filesystem) == found


@pytest.mark.parametrize(
    ("make", "time", "name"), [(delta, "ts", "Delta Lake"), (iceberg, "timestamp", "Apache Iceberg")]
)
def test_a_tables_folder_gives_a_configuration(tmp_path: Path, make: Any, time: str, name: str) -> None:  # noqa: ANN401
    path = make(tmp_path / "t") if make is delta else make(tmp_path)
    config, _ = write_first(path, tmp_path / "job.yaml", force=False)
    text = config.read_text()
    written = yaml.safe_load(text)
    assert written["source"] == {"path": path, "as_of": None}
    assert f"A table of {name}, read at one version" in text
    assert written["mapping"]["userId"] == "user_id"
    assert written["mapping"]["sentAt"]["expr"] == time
    if make is delta:
        assert written["mapping"]["sentAt"]["unit"] == "milliseconds"
