"""What a table of Spark's catalogs is made of, by what Spark says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from sources.tables import catalog
from sources.tables.locations import refuse_table_at, refuse_tables_elsewhere
from sources.tables.table_source import TableSource
from tests.sources.bucket import bucket, denied

SOURCE = TableSource("source.table", "shop.events", None)


@pytest.mark.parametrize(
    ("input_format", "kind"),
    [
        ("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "parquet"),
        ("org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "orc"),
        ("org.apache.hudi.hadoop.HoodieParquetInputFormat", "hudi"),
        ("org.apache.hudi.hadoop.realtime.HoodieParquetRealtimeInputFormat", "hudi"),
        ("org.apache.hadoop.mapred.TextInputFormat", "hive"),
    ],
)
def test_a_hive_tables_kind_is_that_of_its_files(input_format: str, kind: str) -> None:
    """Hudi's classes for Hive have Parquet in their name, and old versions among their files."""
    assert catalog._provider({"Provider": "hive", "InputFormat": input_format}) == kind


def test_a_column_is_no_fact_about_its_table() -> None:
    """A catalog may name no location, and a column may be called so."""
    columns = [("user", "string"), ("Location", "string"), ("Provider", "int"), ("", "")]
    facts = {"Name": "shop.events", "Provider": "parquet"}
    heading = ("# Detailed Table Information", "")
    assert catalog._after_columns([*columns, heading, *facts.items()]) == facts
    assert catalog._after_columns([heading, *columns, heading, *facts.items()]) == facts


@pytest.mark.parametrize(
    ("kind", "advice"), [("hudi", "Name its folder as source.path."), ("csv", "or write it as Parquet.")]
)
def test_a_table_of_another_kind_is_refused(kind: str, advice: str) -> None:
    with pytest.raises(InputError, match=f"it is of the kind {kind}") as caught:
        catalog._require_files(SOURCE, kind)
    assert str(caught.value).endswith(advice)


def looked_at(location: Path | str, *partitions: Path | str) -> None:
    refuse_table_at(SOURCE, str(location))
    refuse_tables_elsewhere(SOURCE, str(location), [str(each) for each in partitions])


def refused_at(location: Path | str, *partitions: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        looked_at(location, *partitions)
    return str(caught.value)


@pytest.mark.parametrize("mark", ["_delta_log/0.json", ".hoodie/x", "metadata/v1.metadata.json"])
@pytest.mark.parametrize("inner", ["", "/day=1"])
def test_a_table_of_files_in_the_folder_of_another_is_refused(tmp_path: Path, mark: str, inner: str) -> None:
    """An older crawler registers a table of Delta Lake as Parquet."""
    lake = tmp_path / "events"
    for file in (lake / mark, lake / "day=1" / "0.parquet", tmp_path / "plain" / "day=2" / "0.parquet"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "link").symlink_to(lake)
    for at in (refused_at(f"file:{lake}{inner}"), refused_at(f"{tmp_path}/link{inner}")):
        assert at.startswith(f"source.table shop.events: {lake}") or f"{tmp_path}/link is the folder" in at
    plain = tmp_path / "plain"
    assert "is the folder of a table of" in refused_at(plain, plain / "day=2", f"{lake}{inner}")
    looked_at(f"file:{plain}", f"file:{plain}/day=2")


def test_of_partitions_elsewhere_a_hundred_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = bucket(monkeypatch, ("lake/a/0.parquet",))
    elsewhere = [f"s3://bucket/other/{number}" for number in range(1000)]
    looked_at("s3://bucket/lake", "s3://bucket/lake/a", *elsewhere)
    assert len(seen.asked) == 2 * 3 + 102 * 3


def test_a_location_that_can_not_be_looked_into_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that only Spark reads is not looked into."""
    bucket(monkeypatch, (), {"lake/_delta_log/": denied()})
    assert refused_at("s3a://bucket/lake").startswith(
        "source.table shop.events: can't be listed: access is denied."
    )
    looked_at("hdfs://cluster/lake", "hdfs://cluster/other/day=1")
