"""A command-line parser that reports a usage error as one sentence, like any other input error."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise, takewhile
from typing import Any, NoReturn

from core.suggestions import nearest
from jobs.errors import UsageError

_PLAIN = {"invalid int value": "not a whole number", "invalid float value": "not a number"}


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes no abbreviations and raises `UsageError` instead of ending the process."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False)

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Parse as argparse does, but name an unknown option first: argparse would only say what is missing.

        Raises:
            UsageError: an argument is empty or not UTF-8, an option is unknown, or something else is wrong.
        """
        for before, argument in pairwise(["", *(args or ())]):
            what = before if before.startswith("--") else "an argument"
            if not argument:
                raise UsageError(f"{what} is empty: a variable of the shell may not be set. See --help.")
            if not _is_utf8(argument):
                raise UsageError(
                    f"{what} is not UTF-8: a path in another encoding can't be opened. Rename the file or folder."
                )
        for argument in takewhile(lambda each: each != "--", args or ()):
            option = argument.partition("=")[0]
            if option.startswith("--") and option not in self._option_string_actions:
                raise UsageError(
                    f"unknown option {option}: there is none of this name.{self._hint(option)} See --help."
                )
        return super().parse_known_args(args, namespace)

    def _hint(self, option: str) -> str:
        close = nearest(option, self._option_string_actions, limit=1, cutoff=0.7)
        return f" Did you mean {close[0]}?" if close else ""

    def error(self, message: str) -> NoReturn:
        """Raise argparse's message as `UsageError`.

        Raises:
            UsageError: always.
        """
        for words_of_argparse, plain in _PLAIN.items():
            message = message.replace(words_of_argparse, plain)
        raise UsageError(f"the command line is not valid: {message}. See --help.")


def _is_utf8(argument: str) -> bool:
    """Return whether an argument is text: Python turns other bytes into surrogates, which can't be encoded."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True
