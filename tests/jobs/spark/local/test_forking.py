"""What may begin once this process has forked begins then, and once."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import threading

import pytest

from jobs.spark.local.forking import called_once_forked


def fork() -> None:
    """Fork as PySpark does for the JVM: with a function of Python's, for which CPython takes its locks."""
    subprocess.run(["true"], preexec_fn=lambda: None, check=True)  # noqa: S607 - the danger is the subject


def test_the_action_comes_after_the_first_fork_in_this_process_and_once() -> None:
    calls: list[int] = []
    with called_once_forked(lambda: calls.append(os.getpid())):
        assert calls == []
        fork()
        assert calls == [os.getpid()]
        fork()
    fork()
    assert calls == [os.getpid()]


def test_without_a_fork_the_action_comes_at_the_end() -> None:
    calls: list[str] = []
    with called_once_forked(lambda: calls.append("called")):
        pass
    assert calls == ["called"]


def test_what_the_action_raises_is_raised_at_the_end() -> None:
    """CPython prints what a hook raises, and goes on."""
    with pytest.raises(ZeroDivisionError), called_once_forked(lambda: 1 // 0):
        fork()


def test_a_failed_block_leaves_nothing_to_call() -> None:
    calls: list[str] = []
    with pytest.raises(ZeroDivisionError), called_once_forked(lambda: calls.append("called")):
        raise ZeroDivisionError
    fork()
    assert calls == []


def test_a_thread_that_imports_and_logs_may_start_then() -> None:
    """CPython holds neither lock any more."""
    done = threading.Event()

    def imports() -> None:
        importlib.reload(importlib.import_module("colorsys"))
        logging.getLogger("forking").debug("imported")
        done.set()

    with called_once_forked(threading.Thread(target=imports, daemon=True).start):
        fork()
        assert done.wait(20)
