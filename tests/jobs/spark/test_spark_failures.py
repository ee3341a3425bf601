from __future__ import annotations

import re
from types import SimpleNamespace
from typing import cast

import pytest
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark import SparkContext
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import SparkSession

from jobs.errors import RunInterruptedError, UsageError
from jobs.spark.spark_failures import explained, is_gone


class Spark:
    """A context that answers whether it has stopped, and its JVM whether it ends; an error as an answer is raised."""

    def __init__(self, *, stopped: object = False, ends: object = False) -> None:
        hooks = SimpleNamespace(isShutdownInProgress=lambda: said(ends))
        util = SimpleNamespace(ShutdownHookManager=SimpleNamespace(get=lambda: hooks))
        names = SimpleNamespace(apache=SimpleNamespace(hadoop=SimpleNamespace(util=util)))
        self._jvm = SimpleNamespace(org=names)
        self._jsc = SimpleNamespace(sc=lambda: SimpleNamespace(isStopped=lambda: said(stopped)))


def said(answer: object) -> object:
    if isinstance(answer, Exception):
        raise answer
    return answer


def gone(error: Exception, spark: Spark) -> bool:
    return is_gone(error, cast("SparkContext", spark))


@pytest.mark.parametrize(
    "error",
    [Py4JNetworkError("Answer from Java side is empty"), Py4JError("An error"), ConnectionRefusedError()],
)
def test_a_connection_that_broke_says_that_spark_has_ended(error: Exception) -> None:
    assert gone(error, Spark())


@pytest.mark.parametrize(
    "spark",
    [
        Spark(stopped=True),
        Spark(ends=True),
        Spark(stopped=Py4JNetworkError()),
        Spark(ends=ConnectionRefusedError()),
    ],
)
@pytest.mark.parametrize(
    "error", [AnalysisException("java.lang.IllegalStateException"), UsageError("the source"), OSError("gone")]
)
def test_a_failure_while_spark_ends_says_nothing_of_its_cause(error: Exception, spark: Spark) -> None:
    assert gone(error, spark)


@pytest.mark.parametrize("error", [AnalysisException("[PARSE_SYNTAX_ERROR] near 'x'"), ValueError("no")])
def test_what_spark_says_of_an_expression_is_not_its_end(error: Exception) -> None:
    assert not gone(error, Spark())


@pytest.mark.spark
def test_a_spark_that_runs_has_not_ended(spark: SparkSession) -> None:
    assert not is_gone(ValueError("no"), spark.sparkContext)


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        ("java.lang.ArithmeticException", "long overflow"),
        ("java.util.regex.PatternSyntaxException", "Dangling meta character '*' near index 0"),
    ],
)
def test_a_constant_that_fails_on_the_driver_is_explained(cause: str, text: str) -> None:
    """PySpark keeps the class of Java's exception from its own one's text: the run ended as unexpected."""
    failure = PySparkException(message=text)
    assert explained(failure) is None
    failure._stackTrace = (
        f"{cause}: {text}\n\tat org.apache.spark.sql.execution.datasources.FileIndex.list(F.java:1)"
    )
    assert explained(failure) is None, "Spark's own, of no expression"
    failure._stackTrace = (
        f"{cause}: {text}\n\tat org.apache.spark.sql.catalyst.expressions.codegen.Block.code(B:1)"
    )
    assert explained(failure) is None, "Spark's own code for expressions"
    failure._stackTrace = (
        f"{cause}: {text}\n\tat org.apache.spark.sql.catalyst.expressions.Cast.eval(Cast.scala:1)"
    )
    sentence = str(explained(failure))
    assert cause in sentence
    assert text not in sentence


@pytest.mark.spark
@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("timestamp_seconds(9223372036854775807)", "ArithmeticException|DATETIME_OVERFLOW"),
        ("from_unixtime(id, 'bbb')", "IllegalArgumentException|INVALID_DATETIME_PATTERN"),
        ("date_format(current_date(), 'qqqq{')", "IllegalArgumentException|INVALID_DATETIME_PATTERN"),
        ("date_format(current_date(), 'yyyy{')", "INCONSISTENT_BEHAVIOR_CROSS_VERSION"),
        ("sequence(1, 5, -1)", "IllegalArgumentException"),
        ("split('a', '(')", "PatternSyntaxException|INVALID_PARAMETER_VALUE"),
        ("from_utc_timestamp(timestamp'2020-01-01', 'Nowhere')", "ZoneRulesException|TIMEZONE"),
        ("decode('a', 'no charset')", "UnsupportedEncodingException|INVALID_PARAMETER_VALUE"),
        ("decode(string(id), 'no charset')", "UnsupportedEncodingException|INVALID_PARAMETER_VALUE"),
    ],
)
def test_what_spark_can_not_compute_for_any_row_is_explained(
    spark: SparkSession, expression: str, cause: str
) -> None:
    """A constant, a time's pattern, a name: what Spark computes on the driver, each release with words of its own."""
    with pytest.raises((PySparkException, Py4JJavaError)) as failure:
        spark.range(1, 2).selectExpr(expression).collect()
    assert re.search(rf"could not compute the events: [\w.]*({cause})", str(explained(failure.value)))


def test_the_class_of_sparks_error_is_reported() -> None:
    assert "PARSE_SYNTAX_ERROR" in str(explained(AnalysisException("[PARSE_SYNTAX_ERROR] near 'x'")))


@pytest.mark.parametrize(
    "text",
    [
        "java.lang.RuntimeException: file:/out/ledger/part-1.x.0.a.b.parquet is not a Parquet file. Expected magic",
        "ParquetDecodingException: Can not read value at 27 in block 0 in file file:/out/ledger/part-1.x.0.a.b.parquet",
    ],
)
def test_a_damaged_file_is_named_where_spark_35_names_it(text: str) -> None:
    assert str(explained(AnalysisException(text))).startswith(
        "ledger file file:/out/ledger/part-1.x.0.a.b.parquet"
    )


S3A = "java.io.IOException: s3a://shop/logs/a.parquet: getFileStatus: software.amazon.awssdk.services.s3: "


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("S3Exception: The operation is not valid for the object's storage class (403)", "Glacier"),
        ("AccessDeniedException: Forbidden (Service: S3, Status Code: 403)", "access is denied"),
        ("SSLHandshakeException: PKIX path building failed", "does not trust"),
        ("NoAuthWithAWSException: No AWS Credentials provided", "found no AWS credentials"),
        (
            "java.lang.IllegalStateException: Failed to refresh process-based credentials.",
            "credentials could not be refreshed",
        ),
        ("AWSRedirectException: Unable to parse ExceptionName: PermanentRedirect", "another region"),
        (
            "S3Exception: Content-MD5 OR x-amz-checksum- HTTP header is required (Status Code: 400)",
            "Object Lock",
        ),
        ("AWSServiceThrottledException: SlowDown (Service: S3, Status Code: 503)", "fewer requests"),
        ("AWSStatus500Exception: Internal error (Service: S3, Status Code: 500)", "failed for the moment"),
        ("AWSClientIOException: SdkClientException: Unable to execute HTTP request", "can't reach S3"),
    ],
)
def test_what_s3a_fails_of_is_named(words: str, cause: str) -> None:
    error = AnalysisException(
        f"[FAILED_READ_FILE] Encountered error while reading file s3a://shop/x. {S3A}{words}"
    )
    assert cause in str(explained(error))


def test_credentials_that_java_gets_no_more_interrupt_the_run() -> None:
    """The run began with some: with newer ones the same command goes on."""
    words = "java.lang.IllegalStateException: Failed to refresh process-based credentials."
    assert isinstance(explained(AnalysisException(f"{S3A}{words}")), RunInterruptedError)


@pytest.mark.parametrize(
    "words",
    [
        "S3Exception: arn:aws:kms:… is disabled. (Service: S3, Status Code: 400, Request ID: X):KMS.DisabledException",
        "AmazonS3Exception: … (Service: Amazon S3; Status Code: 400; Error Code: KMS.DisabledException; Request ID: X)",
    ],
)
def test_a_reason_that_s3a_passes_on_is_not_taken_for_credentials_that_expired(words: str) -> None:
    """The run had ended as one to be run again, with newer credentials."""
    failed = explained(AnalysisException(f"{S3A}{words}"))
    assert isinstance(failed, UsageError)
    assert "its KMS key can't be used (KMS.DisabledException)" in str(failed)


def test_a_head_without_a_reason_stops_the_run_and_blames_no_file() -> None:
    """A HEAD with an expired token is a 400 without a body; the file had been called one to write again."""
    words = (
        "AWSBadRequestException: getFileStatus on s3a://shop/x: S3Exception: Bad Request (Status Code: 400)"
    )
    failed = explained(
        AnalysisException(
            f"[FAILED_READ_FILE] Encountered error while reading file s3a://shop/x. {S3A}{words}"
        )
    )
    assert isinstance(failed, RunInterruptedError)
    assert "once credentials have expired" in str(failed)


def test_credentials_that_expire_while_spark_reads_stop_the_run() -> None:
    error = AnalysisException(f"{S3A}S3Exception: The provided token has expired. (Status Code: 400)")
    assert isinstance(explained(error), RunInterruptedError)


@pytest.mark.parametrize(
    "words", ["AWSServiceThrottledException: SlowDown", "S3Exception: (Status Code: 500)"]
)
def test_s3s_own_trouble_stops_the_run(words: str) -> None:
    assert isinstance(explained(AnalysisException(f"{S3A}{words}")), RunInterruptedError)


@pytest.mark.parametrize(
    "name", [f"tracking-id-{'0a' * 16}/sorted.1.2.3.4.5.parquet", "part-r.x1.0.a1.all.parquet"]
)
def test_a_damaged_file_of_the_ledger_is_not_called_a_source_file(name: str) -> None:
    """The advice for a source file, to leave it out of source.path, would be of no use."""
    file = f"file:/out/ledger/{name}"
    said = str(explained(AnalysisException(f"Encountered error while reading file {file}. More.")))
    assert said.startswith(f"ledger file {file} can't be read")
    assert "source" not in said


def test_a_damaged_source_in_a_folder_named_ledger_is_a_source_file() -> None:
    file = "file:/shop/ledger/part-00000-6fba4ae7-33bb-4793-99a0-a0c090fcf4c4-c000.zstd.parquet"
    said = str(explained(AnalysisException(f"Encountered error while reading file {file}. More.")))
    assert said.startswith(f"source file {file}")


def test_damaged_dead_letters_are_not_called_a_source_file() -> None:
    """A replay reads no source."""
    file = "file:/out/runs/first/dead_letters/part-first.x.0.y.0-1.parquet"
    said = str(explained(AnalysisException(f"Encountered error while reading file {file}. More.")))
    assert said.startswith(f"dead letters {file} can't be read")
    assert "source" not in said


def test_milliseconds_that_spark_can_not_hold_are_not_called_a_damaged_file() -> None:
    """The lowest long is a common mark for a missing time; Spark's reader multiplies it, in any column."""
    said = str(
        explained(
            AnalysisException(
                "Encountered error while reading file file:/logs/a.parquet. More.\n"
                "Caused by: java.lang.ArithmeticException: long overflow"
            )
        )
    )
    assert said.startswith("source file file:/logs/a.parquet can't be read: a timestamp in milliseconds")
    assert "damaged" not in said


@pytest.mark.parametrize(
    "words",
    [
        "[TASK_WRITE_FAILED] Task failed. Caused by: java.io.IOException: No space left on device",
        "Lost task 0.0 in stage 0.0 (TID 0) (localhost executor driver): java.io.IOException: No space left on device",
        "org.apache.hadoop.fs.s3a.S3ABlockOutputStream: java.io.IOException: Disk quota exceeded",
        "org.apache.hadoop.hdfs.protocol.DSQuotaExceededException: The DiskSpace quota of /x is exceeded",
    ],
)
def test_a_full_disk_is_named_for_what_it_is(words: str) -> None:
    """Staging onto one was blamed on an expression; shuffling onto one was a fault to report."""
    found = explained(OSError(words))
    assert isinstance(found, UsageError)
    assert str(found).startswith("Spark could not write: a disk is full")


def test_a_bad_file_on_a_storage_that_spark_alone_reads_is_named() -> None:
    """Such as a catalog's table on HDFS: pyarrow can't look at the file, and is not what failed."""
    said = explained(AnalysisException("Error while reading file hdfs://namenode/lake/a.parquet."))
    assert str(said).startswith(
        "source file hdfs://namenode/lake/a.parquet can't be read: it is damaged or not Parquet"
    )
