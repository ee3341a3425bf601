"""`personalize-backfill verify`: whether the service has what was sent or imported.

Reads the command line; Spark is loaded only for what was asked in the right form.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from jobs.command_line.command import require_run_id
from jobs.command_line.parser import Parser
from jobs.command_line.program_exit import exit_code_of


def main(arguments: Sequence[str], prog: str = "verify") -> int:
    """Verify and return the exit code: 0 nothing missing, 4 something is, 5 nothing could be compared or asked."""
    return exit_code_of(lambda: _verify(arguments, prog))


def _verify(arguments: Sequence[str], prog: str) -> int:
    given = _parser(prog).parse_args(arguments)
    require_run_id("--run-id", given.run_id)
    from jobs.spark.spark_session import started_spark  # noqa: PLC0415 - it loads Spark
    from jobs.verify.verifying import Asking, verify  # noqa: PLC0415

    return verify(Asking(given.config, tuple(given.set), given.run_id, given.export), started_spark)


def _parser(prog: str = "verify") -> Parser:
    parser = Parser(
        prog=prog,
        description="Compare what Personalize and CloudWatch report with what was sent or imported.",
        epilog="Exit codes: 0 nothing is missing, 2 usage, 4 something is missing, 5 the service could not be asked or "
        "nothing could be compared, 1 unexpected.",
    )
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help="the job's YAML file: a local path, s3:// or s3a://")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="as for a run; repeatable")
    add(
        "--run-id",
        metavar="ID",
        help="the run whose requests or import are verified (default: the newest that sent, and the output's imports)",
    )
    add("--export", action="store_true", help="export the dataset, and look for every interaction in it")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
