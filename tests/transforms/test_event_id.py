from __future__ import annotations

import hashlib
import struct

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from transforms.event_id import HEX_DIGITS, Part, content_id


def test_an_id_is_the_sha_256_of_named_and_measured_parts_in_order(
    spark: SparkSession,
) -> None:
    df = spark.createDataFrame([("ü", None, 5)], "b string, c string, a long")
    got = df.select(content_id([Part(name, F.col(name)) for name in "bca"])).first()
    assert got is not None
    assert got[0] == hashlib.sha256("a=1:5b=2:ü".encode()).hexdigest()[:HEX_DIGITS]


def xxhash64(number: float) -> int:
    """XXH64 of the number's eight bytes with Spark's seed 42, after the algorithm's own description."""
    prime1, prime2, prime3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
    prime4, prime5, mask = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5, 2**64 - 1

    def rotate(value: int, by: int) -> int:
        return (value << by | value >> (64 - by)) & mask

    (bits,) = struct.unpack("<Q", struct.pack("<d", number))
    state = (42 + prime5 + 8) ^ (rotate(bits * prime2 & mask, 31) * prime1 & mask)
    state = (rotate(state & mask, 27) * prime1 + prime4) & mask
    state = (state ^ state >> 33) * prime2 & mask
    state = (state ^ state >> 29) * prime3 & mask
    state ^= state >> 32
    return state - 2**64 if state >= 2**63 else state


def test_an_id_made_today_is_made_in_every_run_to_come(spark: SparkSession) -> None:
    """Another text would make a new event of each that was ever sent: Personalize would count it twice."""
    df = spark.createDataFrame([("u1", 4.5, 1_700_000_000)], "userId string, eventValue double, sentAt long")
    parts = [Part("userId", F.col("userId")), Part("sentAt", F.col("sentAt"))]
    got = df.select(content_id([*parts, Part("eventValue", F.col("eventValue"), fractional=True)])).first()
    assert got is not None
    assert got[0] == "1a4b8cfa394cdd5821e13223e12bc4d5"
    bits = str(xxhash64(4.5))
    written = f"eventValue={len(bits)}:{bits}sentAt=10:1700000000userId=2:u1"
    assert got[0] == hashlib.sha256(written.encode()).hexdigest()[:32]


def test_contents_that_differ_at_all_have_different_ids(spark: SparkSession) -> None:
    different = [
        (None, None),
        ("", None),
        (None, ""),
        ("a", "b"),
        ("ab", ""),
        ("", "ab"),
        ("b", "a"),
        ("1:a", "b"),
    ]
    different += [("a=1:b", None), ("null", None), ("-", None), ("a", None)]
    df = spark.createDataFrame(different, "a string, b string")
    ids = {row[0] for row in df.select(content_id([Part("a", F.col("a")), Part("b", F.col("b"))])).collect()}
    assert len(ids) == len(different)
    assert None not in ids


def test_numbers_count_by_their_bits_with_one_zero_and_one_nan(spark: SparkSession) -> None:
    values = [0.0, -0.0, 0.1, 0.1 + 2**-55, float("nan"), float("inf"), 2e23, None]
    df = spark.createDataFrame([(value,) for value in values], "v double")
    ids = [row[0] for row in df.select(content_id([Part("v", F.col("v"), fractional=True)])).collect()]
    assert ids[0] == ids[1]
    assert len(set(ids)) == len(values) - 1
