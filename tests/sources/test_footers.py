"""Footers are read whole or refused by name, by this process and by the executors alike."""

from __future__ import annotations

import base64
import os
import pickle
import random
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.parquet.encryption as pe
import pytest
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

import core
import delivery
import sources
from core.errors import InputError, is_passing
from jobs.spark.code_shipping import ship_code
from sources import executors
from sources.executors import reader_on
from sources.layout import lay_out
from sources.listing import list_files
from sources.parquet.footers import read_footers
from sources.parquet.kinds import LONG
from sources.parquet.statistics import counts_as
from sources.used_columns import ALL
from tests.sources.bucket import bucket
from tests.sources.lake import find, write

COLUMNS = {"item": ["a", "b"], "at": [1, 2]}


class NoKeys(pe.KmsClient):  # type: ignore[misc]
    """Wraps keys by nothing: what is tested is that no key is asked for."""

    def wrap_key(self, key: bytes, _: str) -> bytes:
        return base64.b64encode(key)

    def unwrap_key(self, key: bytes, _: str) -> bytes:
        return base64.b64decode(key)


@pytest.mark.parametrize("plaintext_footer", [True, False])
def test_encrypted_columns_are_said_to_be_encrypted(tmp_path: Path, plaintext_footer: bool) -> None:  # noqa: FBT001
    """With a footer in plain text, pyarrow's look at the column would end the process."""
    factory = pe.CryptoFactory(lambda _: NoKeys())
    how = pe.EncryptionConfiguration(
        footer_key="one", column_keys={"two": ["at"]}, plaintext_footer=plaintext_footer
    )
    keys = factory.file_encryption_properties(pe.KmsConnectionConfig(), how)
    write(tmp_path / "a.parquet", COLUMNS, encryption_properties=keys)
    with pytest.raises(
        InputError, match=r"a\.parquet: it is encrypted. Write it without Parquet's encryption"
    ):
        find(tmp_path)


@pytest.mark.parametrize("seed", range(6))
def test_a_footer_with_one_bit_turned_is_read_or_named(tmp_path: Path, seed: int) -> None:
    """A turned bit gives values of any type in any place; none may end the process, be no InputError, or hide rows."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    table = pa.table(
        {"f": [0.5, 1.5], "i": [1, None], "l": [["a"], []], "t": pa.array([1, 2], pa.timestamp("ns"))}
    )
    file = write(
        tmp_path / "a.parquet", table, use_dictionary=False, column_encoding={"f": "BYTE_STREAM_SPLIT"}
    )
    whole = file.read_bytes()
    length = int.from_bytes(whole[-8:-4], "little")
    refusals: list[str] = []
    for _ in range(60):
        turned = bytearray(whole)
        turned[len(whole) - 8 - chance.randrange(length) - 1] ^= 1 << chance.randrange(8)
        file.write_bytes(turned)
        try:
            found = find(tmp_path)
            assert found.rows == 2
            lay_out(found.footers, ALL, counts_as)
            for footer in found.footers.footers:
                counts_as("i", LONG, [footer.file])
        except InputError as error:
            refusals.append(str(error))
    assert [each for each in refusals if str(file) not in each] == []


@pytest.mark.parametrize(
    ("known", "damaged", "missing"),
    [
        # 60 rows, as Thrift's compact protocol writes them behind the schema, and a list of two row groups behind it.
        (b"\x16\x78\x19\x2c", b"\x96\x78\x19\x2c", "row groups"),
        (b"\x16\x78\x19\x2c", b"\x16\x78\x99\x2c", "row groups"),
        (b"\x16\x78\x19\x2c", b"\x18\x00\x19\x2c", "number of rows"),
    ],
)
def test_a_footer_without_its_rows_is_damaged_and_not_empty(
    tmp_path: Path, known: bytes, damaged: bytes, missing: str
) -> None:
    """Such a file was passed over as an empty one, next to files with rows; or the error quoted what was there."""
    write(tmp_path / "a.parquet", COLUMNS)
    table = {"item": pa.array(["secret"] * 60), "n": list(range(60))}
    file = write(tmp_path / "b.parquet", table, row_group_size=30)
    content = file.read_bytes()
    assert content.count(known) == 1
    file.write_bytes(content.replace(known, damaged))
    with pytest.raises(
        InputError, match=rf"b\.parquet: not Parquet, or damaged: .*lacks its {missing}"
    ) as caught:
        find(tmp_path)
    assert "secret" not in str(caught.value)


def test_an_empty_file_without_columns_decides_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", pa.table({}))
    write(tmp_path / "b.parquet", COLUMNS)
    assert find(tmp_path).rows == 2


def test_a_name_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", COLUMNS)
    (tmp_path / "a.parquet").rename(tmp_path / os.fsdecode(b"Espa\xf1a.parquet"))
    with pytest.raises(InputError, match=r"Espa\\xf1a\.parquet: Spark can't read a name that is not UTF-8"):
        find(tmp_path)


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the executors read even a handful, two in a task."""
    monkeypatch.setattr(executors, "MAX_HERE", 1)
    monkeypatch.setattr(executors, "_FILES_IN_TASK", 2)


def read_there(spark: SparkSession, folder: Path) -> tuple[Sequence[object], ...]:
    files = list_files([str(folder)]).files
    ship = [core, sources, delivery]
    found = read_footers(files, reader_on(spark, lambda: ship_code(spark.sparkContext, *ship)))
    return [(each.rows, each.layout) for each in found.footers], found.layouts, [found.any_rare]


@pytest.mark.spark
@pytest.mark.usefixtures("few_at_once")
def test_executors_find_what_the_driver_finds(spark: SparkSession, tmp_path: Path) -> None:
    for number in range(7):
        write(
            tmp_path / f"day={number}" / "a b#%20.parquet",
            {"item": ["a"] * number} if number % 3 else COLUMNS,
        )
    rare = pa.table({"f": pa.array([0.1, 0.2])})
    write(tmp_path / "z.parquet", rare, use_dictionary=False, column_encoding={"f": "BYTE_STREAM_SPLIT"})
    here = find(tmp_path).footers
    expected = [(each.rows, each.layout) for each in here.footers], here.layouts, [True]
    assert read_there(spark, tmp_path) == expected


def test_s3s_own_trouble_is_that_on_executors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only texts come back from there."""
    slow = ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
    bucket(monkeypatch, (), {"logs/a.parquet": slow})
    found = executors._read_task(["s3://shop/logs/a.parquet"])
    spark = Mock()
    spark.sparkContext.parallelize().map().collect.return_value = [pickle.loads(pickle.dumps(found))]  # noqa: S301
    with pytest.raises(InputError, match="S3 asks for fewer requests") as caught:
        list(executors._read_there(spark, []))
    assert is_passing(caught.value)


@pytest.mark.spark
@pytest.mark.usefixtures("few_at_once")
def test_executors_name_the_first_bad_file(spark: SparkSession, tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path / f"{number}.parquet", COLUMNS)
    for number in (3, 5):
        (tmp_path / f"{number}.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"3\.parquet: not Parquet, or damaged: it has 4 bytes"):
        read_there(spark, tmp_path)
