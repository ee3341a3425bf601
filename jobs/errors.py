"""The job's own errors, named by what the caller does next.

    BackfillError
    └── JobError
        ├── UsageError      correct the command, the configuration, the schema or the source; exit 2
        └── Unaccounted     free the output, run the same command again; exit 5

    KeyboardInterrupt
    └── Interrupted     run the same command again; exit 5

The rooms below have errors of their own (`transforms.errors.BadInput`, `expectations.errors.BadSuite`,
`core.errors.StorageError`). Nothing here carries a value out of a row: messages name files, keys and columns.
"""

from __future__ import annotations

from typing import ClassVar

from core.errors import BackfillError


class JobError(BackfillError):
    """The root of what the job raises on purpose; its text is one sentence for a person."""


class UsageError(JobError):
    """The command, a configuration key, the schema or the source is wrong; nothing was sent."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the job to stop before it had begun to send.

    A KeyboardInterrupt for any signal, so that code that catches every Exception lets it pass.
    """


class Unaccounted(JobError):  # noqa: N818 - as above
    """Events may have been sent, and then the output could not take the run's account."""

    exit_code: ClassVar[int] = 5
