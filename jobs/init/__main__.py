"""`personalize-backfill init PATH`: a first configuration for a log, and a schema, out of its Parquet footers.

It reads those of the log's first, middle and last file; for a table of Delta Lake, Iceberg or Hudi, the table's own
schema. It reads no row, asks no question, starts no Spark and uses AWS only for a log on S3. What it writes is a
draft to be checked: each guess comes with its reason.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pyarrow.fs import LocalFileSystem

from core.storage import explaining, open_filesystem
from jobs.command_line.parser import Parser
from jobs.command_line.program_exit import exit_code_of
from jobs.errors import UsageError
from jobs.init.first_configuration import configuration_of, schema_of
from jobs.init.guesses import guess
from jobs.init.log_sample import sample_log
from jobs.init.table_sample import sample_table
from sources.listing import list_files
from sources.tables.formats import table_format
from sources.tables.table_source import NAMES

SCHEMA_NAME = "interactions.avsc"
"""The schema next to `job.yaml`; next to `clicks.yaml` it is `clicks.avsc`, so that a folder holds several."""


def main(arguments: Sequence[str], prog: str = "init") -> int:
    """Write the two files and print what to do next; return 0, or 2 and one sentence on stderr.

    `prog`: the name that the help shows.
    """
    return exit_code_of(lambda: _init(arguments, prog))


def _init(arguments: Sequence[str], prog: str) -> int:
    asked = _parser(prog).parse_args(arguments)
    config, schema = write_first(asked.path, asked.output, force=asked.force)
    print(
        f"wrote {config} and {schema}: check each guess, fill in what says TODO, then look at what a run would do:"
    )
    print(f"  {shlex.join(['personalize-backfill', 'plan', '--config', str(config)])}")
    return 0


def write_first(path: str, output: Path, *, force: bool) -> tuple[Path, Path]:
    """Write `output` and the schema next to it, for the Parquet at `path`; return both.

    Raises:
        UsageError: one of them exists and `force` is not given, can't be written, or would be in the log itself.
        InputError, StorageError: there is no Parquet at `path`, or it can't be read.
    """
    schema = _schema_next_to(output)
    _refuse_in_log(path, output)
    for file in (output, schema):
        if file.exists() and not force:
            raise UsageError(
                f"{file} exists: it would be replaced. Name another file with --output, or give --force."
            )
    table = table_format(path)
    with explaining("read", path):
        sample = sample_table(path, table) if table else sample_log(list_files((path,)).files)
    guesses = guess(sample.columns, sample.bounds, sample.folders)
    _write(output, configuration_of(path, schema, guesses, sample.differences, table and NAMES[table]))
    _write(schema, schema_of(guesses))
    return output, schema


def _schema_next_to(output: Path) -> Path:
    """Return the schema's file for the configuration `output`."""
    if not output.name:  # for `.` and `/`
        raise UsageError(
            f"--output {output}: it is a folder. Name a file in it, such as {output / 'job.yaml'}."
        )
    schema = output.with_name(SCHEMA_NAME) if output.stem == "job" else output.with_suffix(".avsc")
    if schema == output:
        raise UsageError(
            f"--output {output}: the schema would be written over the configuration. Give it another ending, "
            "such as .yaml."
        )
    return schema


def _refuse_in_log(path: str, output: Path) -> None:
    """Refuse to write into the log, or over it: what is there is read as data."""
    filesystem, log = open_filesystem(path)
    if isinstance(filesystem, LocalFileSystem) and output.resolve().is_relative_to(Path(log).resolve()):
        raise UsageError(
            f"{output} is in the log {path}: every file there is data. Name a file elsewhere with --output."
        )


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{file}: can't be written: {error.strerror}. Name another file with --output."
        ) from None


def _parser(prog: str = "init") -> Parser:
    parser = Parser(prog=prog, description="Write a first configuration for a log.")
    parser.add_argument("path", metavar="LOG", help="the log: a Parquet file or folder, local or s3://")
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        default=Path("job.yaml"),
        help="the file to write (default: job.yaml)",
    )
    parser.add_argument("--force", action="store_true", help="replace the files if they exist")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
