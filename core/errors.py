"""The expected errors of all packages, grouped by what the user does next.

    BackfillError           its text is one sentence for the user; `exit_code` is what a program ends with
    ├── InputError          correct the configuration, the schema, the suite or the source; nothing was sent
    ├── StorageError        try again later, or correct the rights or the path
    └── ProxyError          correct the proxy that the environment names

An error that a `PassingError` caused ends the program with the code for "run the same command again".

No text contains a value of a row or a credential: texts are logged and written into the output. Each is
raised with one finished sentence, so that it survives pickling on its way from an executor.
"""

from __future__ import annotations

from typing import ClassVar


class PassingError(Exception):
    """A transient cause, which may be gone by the next run: a service's overload or internal fault."""


def is_passing(error: BaseException) -> bool:
    """Return whether `error` has a transient cause."""
    return is_caused_by(error, PassingError)


def is_caused_by(error: BaseException, *kinds: type[BaseException]) -> bool:
    """Return whether `error`, or any error in its chain of causes, is one of the `kinds`."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, kinds):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def first_line(error: BaseException) -> str:
    """Return the first line of a library's error text without its final punctuation, or the type if it has no text."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".; ")


class BackfillError(Exception):
    """The root of all expected errors; any other exception is a bug (exit code 1)."""

    exit_code: ClassVar[int] = 2


class InputError(BackfillError):
    """The configuration key, file or column that the text names can't be used as it is."""


class StorageError(BackfillError):
    """A file could not be read, written, listed or deleted. The text names the URL and the cause."""


class ProxyError(BackfillError):
    """The environment names a proxy that can't be used. The text contains no part of its URL."""
