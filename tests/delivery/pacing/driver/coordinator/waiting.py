"""Waiting for what a coordinator brings about; it ends when the condition holds."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from delivery.pacing.link import Link

PATIENCE = 20.0


def until(condition: Callable[[], bool]) -> bool:
    """Wait until it holds; False if it does not within a time in which it always should."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def receive(link: Link, key: str = "") -> dict[str, object]:
    """Return the next message, or the next one with that key."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (message := link.receive(0.2)) is not None and (not key or key in message):
            return message
    pytest.fail("no message came")
