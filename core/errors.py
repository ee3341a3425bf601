"""Errors that more than one package raises.

Exception
 └── BadInput    the configuration, the schema or the source can't be used; nothing was sent
"""

from __future__ import annotations


class BadInput(Exception):  # noqa: N818 - named by what is wrong, as the user reads it
    """One sentence that names the configuration key, the file or the column at fault and says what to do."""
