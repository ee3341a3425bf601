"""The base of every block of the configuration, and the numbers in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, FiniteFloat


class Block(BaseModel):
    """A block of the configuration: frozen, without unknown keys, its values kept out of errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _no_boolean(value: object) -> object:
    """Refuse true and false, which pydantic takes for 1 and 0, and YAML reads from a bare yes, no, on and off."""
    if isinstance(value, bool):
        raise ValueError("should be a number, not yes or no")  # noqa: TRY004 - pydantic's way to refuse a value
    return value


Number = Annotated[FiniteFloat, BeforeValidator(_no_boolean)]
"""A finite number. Text is read as one: to YAML, `1e-3` is text."""

WholeNumber = Annotated[int, BeforeValidator(_no_boolean)]
"""A whole number."""
