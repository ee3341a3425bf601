"""Errors about the rules, named by what the caller does next. No error contains a value of the data.

BackfillError
└── ExpectationsError
    ├── SuiteError          the suite itself is wrong: its author must correct it; nothing was read; exit 2
    └── RuleCrashedError    a rule neither passed nor failed, so nothing may be sent; exit 2
"""

from __future__ import annotations

from core import errors as core_errors
from core.errors import BackfillError


class ExpectationsError(BackfillError):
    """Base of this package's errors; its text is one sentence for the user."""


class SuiteError(ExpectationsError):
    """A suite that can't be used: not JSON, an unknown expectation, a wrong argument, an unknown column."""


class RuleCrashedError(ExpectationsError):
    """An expectation that raised while Great Expectations evaluated it."""


def first_line(problem: Exception) -> str:
    """Return the cause in one line: pydantic's first message and the argument it is about, else the first line.

    Only for problems with a suite, which contain its author's text and no data.
    """
    errors = getattr(problem, "errors", None)
    if callable(errors):
        first = errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "__root__")
        message = str(first["msg"]).rstrip(".")
        return f"{where}: {message}" if where else message
    return core_errors.first_line(problem)
