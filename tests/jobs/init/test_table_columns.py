"""A first configuration for a table: its columns are those that the table has, under any names in its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

from jobs.errors import UsageError
from jobs.init.__main__ import write_first
from jobs.init.table_columns import a_data_file, table_columns

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


def hudi(folder: Path) -> str:
    """A table as far as names and footers go: of the newest file no commit is complete, and one is in the history."""
    (folder / "t" / ".hoodie" / "timeline" / "history").mkdir(parents=True)
    (folder / "t" / "d1").mkdir()
    (folder / "t" / ".hoodie" / "hoodie.properties").write_text("hoodie.timeline.layout.version=2")
    columns = CLICKS.append_column("_hoodie_record_key", pa.array(["1"]))
    for number, instant in enumerate(("20260101000000111", "20260102000000222", "20260103000000333")):
        grown = columns.append_column(f"added{number}", pa.array([1.5]))
        pq.write_table(grown, folder / "t" / "d1" / f"aaaa-0_0-1-{number}_{instant}.parquet")
    for name in ("20260101000000111", "20260102000000222"):
        (folder / "t" / ".hoodie" / "timeline" / f"{name}_{name}.commit").touch()
    pq.write_table(pa.table({"n": [1]}), folder / "t" / ".hoodie" / "timeline" / "history" / "1_2_0.parquet")
    return str(folder / "t")


def test_the_columns_of_a_delta_table_are_its_newest(tmp_path: Path) -> None:
    path = delta(tmp_path / "t")
    found = table_columns(path, "delta")
    assert list(found) == [*CLICKS.schema.names, "added"]
    assert found["price"] == pa.decimal128(10, 2)
    assert found["seen"] == pa.struct([("at", pa.int64()), ("by", pa.string())])
    assert found["more"] == pa.map_(pa.string(), pa.int32())
    DeltaTable(path).create_checkpoint()
    for file in Path(path).glob("_delta_log/*.json"):
        file.unlink()
    assert table_columns(path, "delta") == found


@pytest.mark.parametrize(
    ("make", "time", "name"),
    [
        (delta, "ts", "Delta Lake"),
        (iceberg, "timestamp", "Apache Iceberg"),
        (hudi, "ts", "Apache Hudi"),
    ],
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


def test_the_columns_of_a_hudi_table_are_its_newest_complete_files(tmp_path: Path) -> None:
    path = hudi(tmp_path)
    found = table_columns(path, "hudi")
    assert list(found) == [*CLICKS.schema.names, "added1"]
    assert found["more"] == pa.map_(pa.string(), pa.int32())
    file = a_data_file(path)
    assert file is not None
    assert file.startswith(f"{path}/d1/")


def test_a_hudi_table_of_logs_alone_is_named(tmp_path: Path) -> None:
    path = hudi(tmp_path)
    for file in Path(path).glob("d1/*"):
        file.unlink()
    with pytest.raises(UsageError, match="has no base file that tells its columns, only logs"):
        table_columns(path, "hudi")


@pytest.mark.parametrize(
    "schema",
    ['{"type":"struct"', '{"fields":[{"nam":"a","type":"string"}]}', '{"fields":[{"name":"a","type":7}]}'],
)
def test_a_damaged_log_is_named(tmp_path: Path, schema: str) -> None:
    """It ended `init` as unexpected, with a trace."""
    (tmp_path / "_delta_log").mkdir()
    commit = json.dumps({"metaData": {"schemaString": schema}})
    (tmp_path / "_delta_log" / f"{0:020}.json").write_text(commit)
    with pytest.raises(UsageError, match=f"{tmp_path}: the columns of the table can't be read"):
        table_columns(str(tmp_path), "delta")
