"""Errors of bulk jobs, named by what the caller does next.

BackfillError
└── BulkError
    ├── RefusedError    fix what the sentence names, run the same command again; exit 2
    └── BusyError       the service takes it later, or from other credentials: run the same command again; exit 5
        └── UnreadableError   something else answered, and it is not known what the service did; exit 5
"""

from __future__ import annotations

from typing import ClassVar

from core.errors import BackfillError


class BulkError(BackfillError):
    """Personalize did not take a bulk job; the text is one finished sentence without any value of a row."""


class RefusedError(BulkError):
    """The request can't be carried out as it is configured."""


class BusyError(BulkError):
    """The request can be carried out later, as it is configured."""

    exit_code: ClassVar[int] = 5


class UnreadableError(BusyError):
    """What answered is not the service, as a proxy's page: the request may have been carried out or not."""
