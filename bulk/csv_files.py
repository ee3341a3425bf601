"""Lines of CSV as files that an import job reads: one level, `.csv`, a header in each, no BOM and no other file.

"All column headers must match across all files", and "only uses the files in the first level of your
folder" (developer guide, "Preparing training data" and "Importing bulk data"). The effect of other files,
compressed ones and headers without rows is not documented, so none are written.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from core.urls import with_scheme

ROWS_PER_FILE = 2_000_000
"""A few hundred megabytes: small enough to look at and to copy again. Limits of a file's size are not documented."""

_SEPARATOR, _COMMENT = "\x01", "\x02"
_OPTIONS = {
    "header": "true",
    # The lines are complete: with a separator that no line holds, and no quote, Spark writes each as it is.
    "sep": _SEPARATOR,
    "quote": "",
    "escape": "",
    "comment": _COMMENT,  # else a line that begins with # would be quoted (univocity's default)
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
    "lineSep": "\n",
    "encoding": "UTF-8",
    "compression": "none",
    "maxRecordsPerFile": str(ROWS_PER_FILE),
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",  # no _SUCCESS (Hadoop, FileOutputCommitter)
}


def write_csv(lines: DataFrame, header: str, url: str) -> None:
    """Write the column `line` of `lines` into the folder `url`, replacing its content.

    No line may contain a control character but the tab. An empty partition may leave a file of the header
    alone: see `is_empty`.
    """
    whole = lines.select(F.col("line").alias(header))
    whole.write.mode("overwrite").options(**_OPTIONS).csv(with_scheme(url))


def is_empty(name: str, size: int, header: str) -> bool:
    """Return whether the file `name` of `size` bytes holds no row: no CSV file, or one with at most the header."""
    return not name.endswith(".csv") or name.startswith((".", "_")) or size <= len(header.encode()) + 1
