"""`python -m jobs.init PATH`: a first configuration for a log, and a schema to go with it, out of its Parquet footers.

Of a table of Delta Lake or Iceberg, out of the table's own schema. It reads no row, asks nothing, starts no Spark and
looks at nothing of AWS but an S3 path that it is given. What it writes is a beginning for a person to check: each guess
says why.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from delivery.storage import open_filesystem
from jobs.errors import UsageError
from jobs.first_configuration import configuration_of, schema_of
from jobs.parser import Parser
from jobs.program_exit import exit_code_of
from jobs.table_columns import a_data_file, table_columns
from sources.finding import find_files
from sources.table_source import NAMES, Format
from sources.tables import table_format
from transforms.guesses import guess

SCHEMA_NAME = "interactions.avsc"


def main(arguments: Sequence[str]) -> int:
    """Write the two files and say what to do next; return 0, or 2 and one sentence on stderr."""
    return exit_code_of(lambda: _init(arguments))


def _init(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    config, schema = write_first(asked.path, asked.output, force=asked.force)
    print(
        f"wrote {config} and {schema}: check each guess, fill in what says TODO, then look at what a run would do:"
    )
    print(f"  python -m jobs.put_events --config {config} --plan")
    return 0


def write_first(path: str, output: Path, *, force: bool) -> tuple[Path, Path]:
    """Write `output` and the schema beside it, for the Parquet at `path`; return both.

    Raises:
        UsageError: one of them exists and `force` is not given, or can't be written.
        BadInput, StorageError: there is no Parquet at `path`, or it can't be read.
    """
    schema = output.with_name(SCHEMA_NAME)
    for file in (output, schema):
        if file.exists() and not force:
            raise UsageError(f"{file} exists: name another file with --output, or replace it with --force.")
    table = table_format(path, open_filesystem)
    if table is not None:
        guesses = guess(*table_facts(path, table))
    else:
        files = find_files((path,), open_filesystem)
        guesses = guess(columns_of(files.first), bounds_of(files.first), folders_of(path, files.first))
    _write(output, configuration_of(path, schema, guesses, table and NAMES[table]))
    _write(schema, schema_of(guesses))
    return output, schema


def table_facts(path: str, table: Format) -> tuple[Mapping[str, pa.DataType], Mapping[str, tuple[int, int]]]:
    """The columns of a table and, as far as one of its data files tells them, the bounds of whole numbers."""
    columns = table_columns(path, table, open_filesystem)
    file = a_data_file(path, open_filesystem)
    bounds = bounds_of(file) if file else {}
    return columns, {name: each for name, each in bounds.items() if name.partition(".")[0] in columns}


def columns_of(first: str) -> Mapping[str, pa.DataType]:
    """The columns of the log's first file."""
    filesystem, inner = open_filesystem(first)
    schema = pq.read_schema(inner, filesystem=filesystem)
    return {name: schema.field(name).type for name in schema.names}


def folders_of(path: str, first: str) -> list[str]:
    """The columns that `key=value` folders below the path add."""
    (_, top), (_, inner) = open_filesystem(path), open_filesystem(first)
    below = inner.removeprefix(top.rstrip("/")).rpartition("/")[0]
    return [part.partition("=")[0] for part in below.split("/") if "=" in part]


def bounds_of(first: str) -> Mapping[str, tuple[int, int]]:
    """The least and the greatest value of each whole-number column of a file, where its footer tells them.

    A field of a list of structs is called `<column>.<field>`.
    """
    filesystem, inner = open_filesystem(first)
    metadata = pq.read_metadata(inner, filesystem=filesystem)
    bounds: dict[str, tuple[int, int]] = {}
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in (group.column(place) for place in range(metadata.num_columns)):
            if (
                column.is_stats_set
                and column.statistics.has_min_max
                and isinstance(column.statistics.min, int)
            ):
                name = _plain(column.path_in_schema)
                low, high = column.statistics.min, column.statistics.max
                before = bounds.get(name, (low, high))
                bounds[name] = (min(before[0], low), max(before[1], high))
    return bounds


def _plain(leaf: str) -> str:
    """`events.list.element.ts` as `events.ts`, whatever the writer called the levels of a list."""
    levels = leaf.split(".")
    return ".".join((levels[0], levels[-1])) if len(levels) > 1 else leaf


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: can't be written: {error.strerror}.") from None


def _parser() -> Parser:
    parser = Parser(prog="init", description="Write a first configuration for a log.")
    parser.add_argument("path", help="the log: a Parquet file or folder, local or s3://")
    parser.add_argument(
        "--output", type=Path, default=Path("job.yaml"), help="the file to write (default: job.yaml)"
    )
    parser.add_argument("--force", action="store_true", help="replace the files if they exist")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
