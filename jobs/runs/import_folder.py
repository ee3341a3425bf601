"""The files of imports in the output, and the record of each import.

imports/<name>/csv/          what Personalize reads
imports/<name>/ids/          Parquet: `event_id` and `sent_at` of each row
imports/<name>/import.json   `bulk.import_record`
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from bulk.csv_files import is_empty
from bulk.import_record import FOLDER, NAME, ImportRecord
from core.storage import Folder, join
from core.urls import s3_location
from jobs.errors import UsageError


@dataclass(frozen=True, slots=True)
class ImportFolder:
    """The folder of the import `name` below `output`."""

    output: str
    name: str

    @property
    def url(self) -> str:
        """Return the import's own folder."""
        return join(self.output, FOLDER, self.name)

    @property
    def csv(self) -> str:
        """Return the folder of the files that Personalize reads."""
        return join(self.url, "csv")

    @property
    def ids(self) -> str:
        """Return the folder of the ids of the events in them."""
        return join(self.url, "ids")

    @property
    def location(self) -> str:
        """Return the files' location as CreateDatasetImportJob takes it."""
        return location_of(self.url)

    def read(self) -> ImportRecord | None:
        """Return the import's record; None if there is none.

        Raises:
            UsageError: it is damaged.
            StorageError: the folder can't be read.
        """
        folder = Folder(self.url)
        if NAME not in folder.names():
            return None
        try:
            return ImportRecord.model_validate_json(folder.read_bytes(NAME))
        except ValidationError:
            raise UsageError(
                f"{self.url}/{NAME} can't be read: it is damaged. Delete that folder and run the same command again."
            ) from None

    def write(self, record: ImportRecord) -> ImportRecord:
        """Write `record`, and return it.

        Raises:
            StorageError: it can't be written.
        """
        Folder(self.url).write_bytes(NAME, f"{record.model_dump_json(indent=2)}\n".encode())
        return record

    def tidied(self, header: str) -> list[int]:
        """Delete files that an import should not find next to its own; return the sizes of the others, in bytes.

        Raises:
            StorageError: the folder can't be listed, or a file in it not be deleted.
        """
        folder = Folder(self.csv)
        sizes = folder.sizes()
        empty = [name for name, size in sizes.items() if is_empty(name, size, header)]
        folder.delete_files(empty)
        return [size for name, size in sizes.items() if name not in empty]


def records(output: str) -> list[ImportRecord]:
    """Return the records of all imports in `output`.

    Raises:
        UsageError: one is damaged.
        StorageError: the folder can't be read.
    """
    names = Folder(join(output, FOLDER)).folder_names()
    found = [ImportFolder(output, name).read() for name in names]
    return [record for record in found if record is not None]


def location_of(folder: str) -> str:
    """Return the `dataLocation` of an import's folder, which is that of its CSV files."""
    return s3_location(join(folder, "csv"))
