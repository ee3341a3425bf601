"""The source's files and footers: found once, before a row is read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from core.errors import InputError
from sources.listing import Listing, list_files
from sources.no_data import Skipped
from sources.parquet.footers import Footers, ReadAll, read_footers, read_here
from sources.pruning import FolderFilter


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files with their footers, and the files that are skipped."""

    footers: Footers
    skipped: Skipped = field(default_factory=Skipped)

    @property
    def count(self) -> int:
        """Return the number of files."""
        return len(self.footers.footers)

    @property
    def bytes(self) -> int:
        """Return the files' size."""
        return sum(footer.file.size for footer in self.footers.footers)

    @property
    def rows(self) -> int:
        """Return the rows of all files, by their footers."""
        return self.footers.rows


def find_files(
    paths: Sequence[str],
    folders: FolderFilter | None = None,
    read_all: ReadAll = read_here,
) -> SourceFiles:
    """List the files of `source.path` and read their footers; with `folders`, only those in folders that may match.

    Raises:
        InputError: see `listing.list_files` and `footers.read_footers`.
    """
    if folders is None or not folders.applies:
        return read_listed(list_files(paths), read_all)
    listing = list_files(paths, folders.excluded)
    samples = _sampled(listing)
    files = list(listing.files)
    if files and folders.names_column_beyond(file.values for file in files):
        # It is null in every remaining file. The samples have the column, and no row of theirs passes the filter.
        files += [footer.file for footer in samples.footers]
    footers = read_footers(files, read_all)
    # If files have a column of the folder's name, their own value counts, and the folder's excludes
    # nothing.
    if folders.names_column_of((*footers.layouts, *samples.layouts)):
        return read_listed(list_files(paths), read_all)
    if not listing.files and not samples.footers:
        raise InputError(
            f"source.path {paths[0]}: there is no Parquet file in it that can be read. Check the path."
        )
    # If nothing is left, the samples still provide the columns; the filter itself then excludes their rows.
    return SourceFiles(footers if listing.files else samples, listing.skipped)


def _sampled(listing: Listing) -> Footers:
    """Read the samples' footers; leave out damaged files, unless they are all that is left to name."""
    readable = []
    for sample in listing.samples:
        with suppress(InputError):
            read_footers([sample])
            readable.append(sample)
    return read_footers(readable if readable or listing.files else listing.samples)


def read_listed(listing: Listing, read_all: ReadAll = read_here) -> SourceFiles:
    """Read the footers of files that are listed.

    Raises:
        InputError: see `footers.read_footers`.
    """
    return SourceFiles(read_footers(listing.files, read_all), listing.skipped)
