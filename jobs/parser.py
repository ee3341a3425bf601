"""How every program here reads its command line: what is wrong with it is one sentence, as any other wrong input is."""

from __future__ import annotations

import argparse
from typing import NoReturn

from jobs.errors import UsageError


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes no abbreviations and raises `UsageError` instead of ending the process."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise the sentence for what argparse says."""
        raise UsageError(f"{message}; see --help.")
