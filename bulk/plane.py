"""The interface for calls of the control plane, at its rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

P = ParamSpec("P")
R = TypeVar("R")


class Plane(Protocol):
    """A caller of `client`, one call after the other, no faster than the service allows."""

    client: PersonalizeClient

    def call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the answer to `method`, a method of `client`.

        Raises:
            ClientError: the service refused what was asked.
        """
        ...
