"""The job's own errors, named by what the caller does next.

    JobError
    ├── UsageError      mend the command, the configuration, the schema or the source; exit 2
    ├── Interrupted     run the same command again; exit 5
    └── Unaccounted     mend the output, run the same command again; exit 5

The rooms below have errors of their own (`transforms.errors.BadInput`, `expectations.errors.BadSuite`,
`delivery.errors.StorageError`); `jobs.put_events` says which exit code each becomes. Nothing here carries a
value out of a row: messages name files, keys and columns.
"""

from __future__ import annotations


class JobError(Exception):
    """The root of what the job raises on purpose; its text is one sentence for a person."""


class UsageError(JobError):
    """The command, a configuration key, the schema or the source is wrong; nothing was sent."""


class Interrupted(BaseException):  # noqa: N818 - it says what happened; nothing is in error
    """A signal asked the job to stop before it had begun to send.

    Like KeyboardInterrupt it passes by those who catch every `Exception`, as py4j and Great Expectations do.
    """


class Unaccounted(JobError):  # noqa: N818 - as above
    """Events may have been sent, and then the output could not take the run's account."""
