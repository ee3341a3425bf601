"""The job's own errors, named by what the caller does next.

    BackfillError
    └── JobError
        ├── UsageError          correct the command, the configuration, the schema or the source; exit 2
        │   ├── TimeBeyondError a time that Spark can't read; files are read once more, another way
        │   └── UnnamedFileError a damaged file that Spark does not name; as above
        └── UnaccountedError    correct the output, run the same command again; exit 5

    KeyboardInterrupt
    └── RunInterruptedError    run the same command again; exit 5

The packages below have errors of their own (`core.errors`, `expectations.errors`). No error contains a value of a row:
messages name files, keys and columns.
"""

from __future__ import annotations

from typing import ClassVar

from core.errors import BackfillError


class JobError(BackfillError):
    """The root of the job's expected errors; its text is one sentence for the user."""


class UsageError(JobError):
    """The command, a configuration key, the schema or the source is wrong; nothing was sent."""


class TimeBeyondError(UsageError):
    """Spark fails on a timestamp in milliseconds of the source, which does not fit into its microseconds."""


class UnnamedFileError(UsageError):
    """Spark fails on a damaged file after its vectorized reader has left it, so that its error can't name the file."""


class RunInterruptedError(KeyboardInterrupt):
    """A signal asked the job to stop before it had begun to send.

    A KeyboardInterrupt for any signal, so that code that catches every Exception lets it pass.
    """


class UnaccountedError(JobError):
    """Events may have been sent or imported, and then the run's summary could not be written."""

    exit_code: ClassVar[int] = 5
