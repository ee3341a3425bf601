"""What the connectors say, and the one sentence that it becomes. Texts of Delta 4.0, Iceberg 1.11 and Hudi 1.2."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from core.errors import InputError
from sources.tables.table_failures import gone_file, opening
from sources.tables.table_source import TableSource

SOURCE = TableSource("source.path", "s3://lake/t", "delta")


def sentence(text: str, table_format: str = "delta") -> str:
    with pytest.raises(InputError) as caught, opening(SOURCE, table_format):
        raise PySparkException(message=text)
    said = str(caught.value)
    assert said.startswith("source.path s3://lake/t: ")
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[DATA_SOURCE_NOT_FOUND] Failed to find the data source: delta.", "no connector for Delta Lake"),
        (
            "[PARSE_SYNTAX_ERROR] Syntax error at or near 'LIMIT'. SQLSTATE: 42601 (line 1, pos 39)",
            "no connector for Delta Lake",
        ),
        ("Cannot find catalog plugin class for catalog 'lake'", "no connector for"),
        ("java.lang.NoSuchMethodError: 'scala.collection.Seq x'", "was made for another version of Spark"),
        (
            '[DELTA_UNSUPPORTED_FEATURES_FOR_READ] feature(s) unsupported by Delta Lake "4.0.1": holograms, more. X',
            "does not know (holograms, more)",
        ),
        (
            "java.lang.IllegalArgumentException: Cannot read unsupported version 9",
            "does not know (version 9)",
        ),
        (
            "java.lang.UnsupportedOperationException: Spark does not support time fields",
            "a type that Spark can't read (time)",
        ),
        ("[DELTA_VERSION_NOT_FOUND] Cannot time travel", "that version can't be read any more"),
        (
            "org.apache.iceberg.exceptions.NotFoundException: File does not exist: s3://lake/t/metadata/m0.avro\n at x",
            "the table's file m0.avro is not there any more",
        ),
        (
            "[SOME_CLASS] secret-user\nCaused by: java.io.EOFException: secret-user",
            "can't be opened (SOME_CLASS): its log",
        ),
        (
            "Time travel's timestamp '2' must be earlier than the first incomplete commit timestamp '1'.",
            "a commit that began earlier is not complete",
        ),
        ("Cleaner cleaned up the timestamp of interest.", "that version can't be read any more"),
        ("org.apache.hudi.exception.TableNotFoundException: Hoodie table not found", "there is no table of"),
        (
            "HoodieException: Unknown versionCode:10",
            "features of Delta Lake that this connector does not know",
        ),
        ("secret-user", "can't be opened (for an unknown reason)"),
    ],
)
def test_what_a_connector_says_is_one_sentence(text: str, words: str) -> None:
    said = sentence(text)
    assert words in said
    assert "secret-user" not in said


def test_other_failures_are_no_files_that_went() -> None:
    assert gone_file("java.io.FileNotFoundException: File file:/logs/a.parquet does not exist") is None
