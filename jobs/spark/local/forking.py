"""Work that may begin once this process has forked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def called_once_forked(action: Callable[[], object]) -> Iterator[None]:
    """Call `action` once, in this process: after its first fork within the block, or at the block's end without one.

    For what imports in a thread of its own. PySpark forks for the JVM with a function of Python's (`launch_gateway`),
    so that CPython takes the locks of logging and then of the import; an import that logs takes them the other way
    round, and both would wait for ever. What `action` raises is raised at the block's end.
    """
    pending, failures = [action], list[Exception]()

    def call() -> None:
        while pending:
            try:
                pending.pop()()
            except Exception as error:  # noqa: BLE001 - CPython would print it and go on
                failures.append(error)

    os.register_at_fork(after_in_parent=call)  # there is no way to take it back: it has nothing left to call
    try:
        yield
    except BaseException:
        pending.clear()
        raise
    call()
    for failure in failures:
        raise failure
