"""The root of what this project raises on purpose, and the errors that more than one package raises.

BackfillError
 └── BadInput    the configuration, the schema or the source can't be used; nothing was sent
"""

from __future__ import annotations

from typing import ClassVar


class BackfillError(Exception):
    """What went wrong, why, and what to do, in a sentence or two that are logged and shown.

    The text names files, keys and columns, never a value of a row, a user, an item or a credential. `exit_code` is what
    a program ends with that can't go on.
    """

    exit_code: ClassVar[int] = 2


class BadInput(BackfillError):  # noqa: N818 - named by what is wrong, as the user reads it
    """One sentence that names the configuration key, the file or the column at fault and says what to do."""
