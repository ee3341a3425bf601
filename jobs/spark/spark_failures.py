"""The meaning of a failed Spark action for the user: one sentence that names the file or Spark's own error class.

Spark's full texts are never passed on: they quote rows, literals and plans.
"""

from __future__ import annotations

import re

from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark import SparkContext
from pyspark.errors import PySparkException

from core.aws.s3_errors import EXPIRED, cause_of, is_passing_code
from delivery.receipts.dead_letters import damaged_dead_letters
from jobs.errors import RunInterruptedError, TimeBeyondError, UnnamedFileError, UsageError
from sources.parquet.examination import how_written
from sources.tables.table_failures import ERROR_CLASS, gone_file, whole_text

# Spark 3.5: "Error while reading file <url>."; 4.x: "[FAILED_READ_FILE…] Encountered error while reading file <url>."
# The reader of rows: "Can not read value at 7 in block 0 in file <url>", alone on 3.5, else as a cause.
_READING = re.compile(
    r"(?:[Ee]rror while reading file|is not a Parquet file:|Can not read value at \d+ in block -?\d+ in file)"
    r" *(\S+?)\.?(?:\s|$)"
)
# Spark 3.5, of a footer: "RuntimeException: <url> is not a Parquet file. Expected magic number".
_NOT_PARQUET = re.compile(r"(\w+:/[^\n]*?) is not a Parquet file\. ")
_JAVA_CAUSE = re.compile(
    r"^(?:Caused by: )?(java\.(?:(?:util|lang|time)\.[\w.]*|io\.UnsupportedEncoding)Exception)", re.MULTILINE
)
# Of a user's expression, not of Spark's own work: raised below one, and of the kinds that values and patterns raise.
_ON_THE_DRIVER = re.compile(
    r"(java\.(?:lang\.(?:Arithmetic|NumberFormat|IllegalArgument)|time\.[\w.]*|util\.regex\.PatternSyntax"
    r"|io\.UnsupportedEncoding)Exception)(?:(?!\nCaused by:).)*\sat org\.apache\.spark\.sql\.catalyst\.expressions\."
    r"(?!codegen\.)",
    re.DOTALL,
)

_S3A = re.compile(r"fs\.s3a\.|software\.amazon\.awssdk|com\.amazonaws|s3a?://")
_NOT_RENEWED = "not renewed"  # what boto3 found when the run began, it does not find for Java any more
_NO_REASON = "no reason"  # a HEAD has no body, and S3A opens a file with one
# S3's code, which S3A adds to the words of its second SDK ("null" for none), and the first one has in its own.
_NAMED = re.compile(r"Status Code: 400[^)]*\):(?!null\b)([A-Za-z][\w.]+)|Error Code: ([A-Za-z][\w.]+)")
# What Hadoop 3.3 to 3.5 say with either SDK; the first that fits counts, as S3A wraps all refusals in an AccessDenied.
_S3A_WORDS = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (
            r"InvalidObjectState|not valid for the object's (?:storage class|access tier)",
            "InvalidObjectState",
        ),
        (r"x-amz-checksum- HTTP header is required", "no checksum"),
        (r"ExpiredToken|token (?:included in the request )?(?:has|is) expired", "ExpiredToken"),
        (r"Failed to refresh process-based credentials", _NOT_RENEWED),
        (r"PKIX path|SSLHandshakeException|SSLPeerUnverified", "untrusted"),
        (r"NoAuthWithAWS|Unable to load (?:AWS )?credentials|No AWS Credentials", "no credentials"),
        (r"NoSuchBucket|UnknownStoreException", "NoSuchBucket"),
        (r"PermanentRedirect|AWSRedirectException|AuthorizationHeaderMalformed", "PermanentRedirect"),
        (r"AccessDenied|Status Code: 403|Forbidden", "AccessDenied"),
        (r"AWSServiceThrottled|Status Code: 503", "SlowDown"),
        (r"AWSStatus500Exception|Status Code: 5\d\d", "InternalError"),
        (r"Status Code: 400", _NO_REASON),
        (
            r"AWSClientIOException|SdkClientException|(?:UnknownHost|(?:Connect|Socket)\w*)Exception",
            "unreachable",
        ),
    )
)
_S3A_CAUSES = {
    "untrusted": (
        "Java does not trust the server's certificate. Name the bundle in AWS_CA_BUNDLE or, for the executors of a "
        "cluster, import it into their Java's cacerts"
    ),
    "no checksum": "the bucket has Object Lock with a default retention, and this Spark's S3 connector sends no "
    "checksums. Take a Spark with Hadoop 3.4.2 or newer, or an output without a default retention",
    _NOT_RENEWED: "Spark's AWS credentials could not be refreshed. Renew them and run again",
    _NO_REASON: "S3 refused Spark without a reason, as it does once credentials have expired. Renew them and run again",
    "unreachable": "Java can't reach S3. Check the network and the proxy, and run again",
    "no credentials": "Java found no AWS credentials. Use a role, or keys that Java's AWS SDK finds as well",
}
_LACKING = re.compile(
    r"Unsupported encoding: (?P<encoding>\w+)|Class (?:[\w$]+\.)*(?P<codec>\w+) was not found"
)
# The words of Linux, which Java passes on, and of a quota in HDFS.
_FULL_DISK = re.compile(r"No space left on device|Disk quota exceeded|DSQuotaExceededException")
_TIME_BEYOND = re.compile(
    r"ArithmeticException: long overflow"
)  # Spark's microseconds, of a file's milliseconds
# The vectorized reader looks a value up where a row is made of it, after it has read the file.
_NOT_IN_DICTIONARY = re.compile(r"Exception[^\n]*\s+at org\.apache\.parquet\.column\.values\.dictionary\.")
_CHECKSUM = re.compile(r"ChecksumException: Checksum error: (\S+)")
# The second one is of earlier versions.
_LEDGER_FILE = re.compile(
    r"/ledger/(?:tracking-id-[0-9a-f]{32}/[^/]+|part-[^/]+\.\w+\.\d+\.\w+\.[\w-]+\.parquet)$"
)
_DEAD_LETTERS_FILE = re.compile(r"/runs/[^/]+/dead_letters/[^/]+$")
_GONE_FILE = re.compile(r"FileNotFoundException: (?:File |No such file or directory:? )?(\w+:/\S+)")

SparkFailure = (Py4JJavaError, PySparkException)
"""What Spark raises when an action fails."""

SparkGone = (Py4JNetworkError, ConnectionError)
"""The errors of any call once the JVM has ended, as after SIGTERM to spark-submit."""


def is_gone(error: Exception, context: SparkContext) -> bool:
    """Return whether Spark has ended or is ending, by `error` or by its own state.

    A failure while it ends is not the source's fault: files, executors and threads are removed one by
    one.
    """
    # py4j's bare error: the connection broke while a call waited for its answer.
    return isinstance(error, SparkGone) or type(error) is Py4JError or _is_ending(context)


def _is_ending(context: SparkContext) -> bool:
    """Ask Spark; if it can't be asked any more it has ended. The JVM may end first, which stops Spark."""
    java, jvm = context._jsc, context._jvm  # noqa: SLF001 - PySpark has no public names for them
    try:
        hooks = jvm.org.apache.hadoop.util.ShutdownHookManager.get()  # type: ignore[union-attr]
        return bool(java.sc().isStopped() or hooks.isShutdownInProgress())
    except (*SparkGone, Py4JError, AttributeError):
        return True


def explained(error: Exception) -> UsageError | RunInterruptedError | None:
    """Return the sentence for a failure of S3, the source or an expression while Spark goes on; else None.

    Credentials that have expired are `RunInterruptedError`, and so is S3's own trouble: the run goes on where it
    stopped once there are newer ones, or that has passed.
    """
    text = whole_text(error)
    if _FULL_DISK.search(text):
        return UsageError(
            "Spark could not write: a disk is full, the output's or one that Spark keeps its own files on "
            "(spark.local.dir, on a cluster each worker's). Make room there and run again."
        )
    code = _s3_code(text)
    if code is not None:
        return _of_s3(code)
    gone = _gone(text)
    if gone:
        return UsageError(gone)
    # Spark 3.5 names no file where it fails to open one.
    unreadable = _NOT_PARQUET.search(text) or _READING.search(text) or _CHECKSUM.search(text)
    if unreadable:
        kind = TimeBeyondError if _TIME_BEYOND.search(text) else UsageError
        return kind(_unreadable(unreadable[1], text))
    return _of_rows(text) or _of_constant(error)


def _of_constant(error: Exception) -> UsageError | None:
    """Return the sentence for a failure over a constant or a time's pattern, which Spark computes on the driver."""
    raised = _ON_THE_DRIVER.match(_trace(error))
    return _not_computed(raised[1]) if raised else None


def _trace(error: Exception) -> str:
    """Return Java's exception and its trace: the text of PySpark's own exception names neither.

    The attribute is another one in Spark 3.5.
    """
    if isinstance(error, Py4JJavaError):
        return str(error).partition("\n: ")[2]
    return getattr(error, "_stackTrace", None) or getattr(error, "stackTrace", None) or ""


def _of_rows(text: str) -> UsageError | None:
    """Return the sentence for a failure over a row, where Spark names no file."""
    if _NOT_IN_DICTIONARY.search(text):
        return UnnamedFileError(
            "a source file can't be read: a page of it names a value that its dictionary lacks, as in a damaged file. "
            "Look for it by a source.path of fewer files, and write it again or leave it out."
        )
    causes = ERROR_CLASS.findall(text) or _JAVA_CAUSE.findall(text)
    if not causes:
        return None
    # `sources.parquet.conversions` makes such maps again
    is_map = causes[-1].endswith("_MAP_KEY")
    return _not_computed(causes[-1], _OR_A_MAP if is_map else "")


_OR_A_MAP = ", or a map of the source, with times or UUIDs as keys, that source.select can leave out"


def _not_computed(cause: str, elsewhere: str = "") -> UsageError:
    return UsageError(
        f"Spark could not compute the events: {cause}. Look for what raises it: an expression in mapping, "
        f"source.select or source.filter, or a rule of the suite{elsewhere}."
    )


def _of_s3(code: str) -> UsageError | RunInterruptedError:
    cause = _S3A_CAUSES.get(code) or cause_of(code)
    if code in (*EXPIRED, _NOT_RENEWED, _NO_REASON) or is_passing_code(code):
        return RunInterruptedError(cause)
    return UsageError(f"Spark could not read or write on S3: {cause}.")


def _s3_code(text: str) -> str | None:
    """Return S3's code, or S3A's own word, for the failure of S3A; None for any other failure."""
    if not _S3A.search(text):
        return None
    code = next((code for pattern, code in _S3A_WORDS if pattern.search(text)), None)
    named = _NAMED.search(text) if code == _NO_REASON else None
    return named[1] or named[2] if named else code


def _gone(text: str) -> str | None:
    """Return the sentence for a file that is missing: a table's version that was vacuumed, or a source that changes."""
    gone = _GONE_FILE.search(text)
    if gone and not gone_file(text):
        return (
            f"source file {gone[1]} is not there any more: it was there when the source was listed or, of a table, "
            "when the version was written. Run again once nothing changes the source; of a table, take a version that "
            "was not vacuumed."
        )
    return gone_file(text)


def _unreadable(file: str, text: str) -> str:
    """Return the sentence for a file that Spark failed to read: unsupported by this Spark, changed, or damaged."""
    lacking = _LACKING.search(text)
    if lacking:
        what = f"the encoding {lacking['encoding']}" if lacking["encoding"] else f"{lacking['codec']}"
        return (
            f"source file {file} can't be read: it is written with {what}, which this Spark lacks. Write it again with "
            "Snappy, Zstandard or no compression and the usual encodings, or leave it out of source.path."
        )
    if _TIME_BEYOND.search(text):
        return (
            f"source file {file} can't be read: a timestamp in milliseconds there is 292,000 years or more from 1970, "
            "such as a number that marks missing times. Write null instead, or leave the file out of source.path."
        )
    if _CHECKSUM.search(text):
        return (
            f"source file {file} can't be read: it is not the file that its checksum file (.crc) was computed from. "
            "Delete the checksum if the file was written again since, else restore the file."
        )
    if own := _own_file(file):
        return own
    written = how_written(file)
    if written:
        return (
            f"source file {file} can't be read by this Spark, though it is not damaged: it is written with {written}. "
            "Write it again with other types, codecs and encodings, or leave it out of source.path."
        )
    return (
        f"source file {file} can't be read: it is damaged or not Parquet throughout. "
        "Write it again or leave it out of source.path."
    )


def _own_file(file: str) -> str | None:
    """Return the sentence for a damaged file that a run wrote, None for one of the source."""
    if _LEDGER_FILE.search(file):
        return damaged_ledger_file(file)
    if _DEAD_LETTERS_FILE.search(file):
        return damaged_dead_letters(file)
    return None


def damaged_ledger_file(file: str) -> str:
    """Return the sentence for a file of the ledger that can't be read."""
    return (
        f"ledger file {file} can't be read: it is damaged or not Parquet. Restore it, or delete it: the events "
        "in it are then sent again, under the same event ids."
    )
