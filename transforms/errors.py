"""The one error of this room.

    Exception
     └── BadInput    the user's configuration, schema or source can't be used: say so, stop, send nothing

It retries nothing and wraps no stack trace. Catch it where the command ends; its text is all a person needs.
"""

from __future__ import annotations


class BadInput(Exception):  # noqa: N818 - named by what is wrong, as the caller tells it to the user
    """One clear sentence that names the configuration key or file at fault and says what to do."""
