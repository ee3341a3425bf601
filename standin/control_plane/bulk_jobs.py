"""Import and export jobs: their content, their progress over time, and their failures.

States: developer guide, "Importing bulk data" (CREATE PENDING, CREATE IN_PROGRESS, ACTIVE, CREATE FAILED).
Failure reasons: "Troubleshooting", if it has one; those marked as undocumented in `csv_files` are the
stand-in's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from standin.control_plane.csv_files import CsvError, rows_of
from standin.control_plane.datasets import MIN_ROWS, Dataset, Values
from standin.control_plane.export_files import export_file
from standin.control_plane.objects import NoAccessError, Objects, split

PENDING, IN_PROGRESS, ACTIVE, FAILED = "CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "CREATE FAILED"
MAX_BYTES = {"FULL": 100 * 10**9, "INCREMENTAL": 10**9}
_NO_ACCESS = "Insufficient privileges for accessing data in Amazon S3."


@dataclass
class Job:
    """A job. Times are Unix seconds; `work` is done once, when it is first asked for after `ends`."""

    name: str
    arn: str
    dataset_arn: str
    role: str
    created: float
    starts: float
    ends: float
    work: Callable[[], None]
    mode: str
    location: str
    failure: str | None = None
    done: bool = False
    updated: float = 0.0

    def status(self, now: float) -> str:
        """Return the job's status at `now`."""
        if now < self.starts:
            return PENDING
        if now < self.ends:
            return IN_PROGRESS
        if not self.done:
            self.done, self.updated = True, self.ends
            try:
                self.work()
            except CsvError as error:
                self.failure = str(error)
            except NoAccessError:
                self.failure = _NO_ACCESS
        return FAILED if self.failure else ACTIVE

    def is_under_way(self, now: float) -> bool:
        """Return whether it counts among the five that a Region allows."""
        return self.status(now) in (PENDING, IN_PROGRESS)


def import_into(dataset: Dataset, objects: Objects, role: str, location: str, mode: str) -> None:
    """Read the files at `location` into `dataset`.

    Raises:
        CsvError: the reason why the job failed.
        NoAccessError: the role or the bucket does not let them be read.
    """
    names = _files(objects, role, location)
    bucket, _ = split(location)
    contents = [objects.read(role, bucket, name) for name in names]
    if sum(map(len, contents)) > MAX_BYTES[mode]:
        raise CsvError(f"The data is larger than a job in {mode} mode takes.")
    columns = tuple(each.name for each in dataset.fields)
    rows = [row for content in contents for row in dataset.typed(rows_of(content, columns))]
    new = set(rows) - set(dataset.bulk) if mode == "INCREMENTAL" else set(rows)
    if len(new) < MIN_ROWS:
        raise CsvError(f"At least {MIN_ROWS} interactions are needed.")
    dataset.bulk = rows if mode == "FULL" else dataset.bulk + rows


def _files(objects: Objects, role: str, location: str) -> list[str]:
    """Return the one object, or those at the first level of a folder, whose location ends in a slash."""
    bucket, key = split(location)
    names = objects.names(role, bucket, key)
    if not location.endswith("/"):
        names = [name for name in names if name == key]
    found = [name for name in names if "/" not in name[len(key) :]]
    if not found:
        raise CsvError("Invalid Data location.")
    if others := [name for name in found if not name.endswith(".csv")]:
        raise CsvError(f"{len(others)} files are not CSV files by their names (undocumented).")
    return found


def export_from(dataset: Dataset, objects: Objects, role: str, location: str, mode: str) -> None:
    """Write the rows of PutEvents (`PUT`), imports (`BULK`) or both (`ALL`) below `location`, equal records once."""
    rows: list[Values] = []
    if mode in ("BULK", "ALL"):
        rows += dataset.bulk
    if mode in ("PUT", "ALL"):
        rows += [row for row in dataset.put if row[_user(dataset)] is not None]
    bucket, key = split(location)
    content = export_file([each.name for each in dataset.fields], rows)
    objects.write(role, bucket, f"{key.rstrip('/')}/{mode.lower()}-interactions.csv", content)


def _user(dataset: Dataset) -> int:
    """Return the index of the user: anonymous events are left out here; the service's behaviour is not documented."""
    return [each.name for each in dataset.fields].index("USER_ID")
