"""What a failed Spark action means for the user: one sentence that names the file or Spark's own error class.

Spark's full texts are never passed on: they quote rows, literals and plans.
"""

from __future__ import annotations

import re

from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark import SparkContext
from pyspark.errors import PySparkException

from jobs.errors import UsageError

# Spark 3.5: "Error while reading file <url>."; 4.x: "[FAILED_READ_FILE…] Encountered error while reading file <url>."
_READING = re.compile(r"(?:[Ee]rror while reading file|is not a Parquet file:?) *(\S+?)\.?(?:\s|$)")
_JAVA_CAUSE = re.compile(r"^(?:Caused by: )?(java\.(?:util|lang|time)\.[\w.]*Exception)", re.MULTILINE)
_ERROR_CLASS = re.compile(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]")

SparkFailure = (Py4JJavaError, PySparkException)
"""What Spark raises when an action fails."""

SparkGone = (Py4JNetworkError, ConnectionError)
"""What every call raises once the JVM has ended, as it does when spark-submit is told to terminate."""

_SHUT_DOWN = ("SparkContext was shut down", "SparkContext has been shutdown", "stopped SparkContext")


def is_gone(error: Exception) -> bool:
    """Whether Spark itself has ended or is ending, whatever the call was that found out."""
    if isinstance(error, SparkFailure):
        return any(sign in _whole_text(error) for sign in _SHUT_DOWN)
    # py4j's bare error: the connection broke while a call waited for its answer.
    return isinstance(error, SparkGone) or type(error) is Py4JError


def has_stopped(context: SparkContext) -> bool:
    """Whether Spark has stopped, is stopping, or can't be asked any more.

    What fails then is no fault of the source's, whatever it says: files, executors and threads go one after another.
    """
    try:
        return bool(context._jsc.sc().isStopped())  # noqa: SLF001 - PySpark has no public name for it
    except (Py4JError, ConnectionError, AttributeError):
        return True


def usage_error(error: Exception) -> UsageError | None:
    """The sentence for a failure that the source or an expression caused; None where Spark itself failed."""
    if is_gone(error):
        return None
    text = _whole_text(error)
    unreadable = _READING.search(text)
    if unreadable:
        return UsageError(
            f"source file {unreadable[1]} can't be read: it is damaged or not Parquet throughout; "
            "write it anew or leave it out of source.path.",
        )
    causes = _ERROR_CLASS.findall(text) or _JAVA_CAUSE.findall(text)
    if causes:
        return UsageError(
            f"Spark could not compute the events: {causes[-1]}; look for what raises it: an expression in mapping, "
            "source.select or source.filter, or a rule of the suite.",
        )
    return None


def _whole_text(error: Exception) -> str:
    java = getattr(error, "java_exception", None)
    return f"{error}\n{java}" if java is not None else str(error)
