"""An export's files. Documented: CSV, a header of the schema's fields, equal records once ("Exporting data").

Names, quoting, the order of columns and rows, and number formats are not documented: these are a guess,
which no reader may rely on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from standin.control_plane.datasets import Value, Values


def export_file(columns: Sequence[str], rows: Iterable[Values]) -> bytes:
    """Return one file with all of the distinct `rows`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_written(value) for value in row] for row in dict.fromkeys(rows))
    return text.getvalue().encode()


def _written(value: Value) -> str:
    return "" if value is None else str(value)
