"""A command-line parser that reports a usage error as one sentence, like any other input error."""

from __future__ import annotations

import argparse
from typing import NoReturn

from jobs.errors import UsageError


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes no abbreviations and raises `UsageError` instead of ending the process."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise argparse's message as `UsageError`.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message}. See --help.")
