from __future__ import annotations

import threading

from py4j.protocol import Py4JNetworkError

from jobs.cancelling import cancelling


class Context:
    """Counts how often all jobs were cancelled; `enough` is set at the third time."""

    def __init__(self, *, gone: bool = False) -> None:
        self.cancelled = 0
        self.enough = threading.Event()
        self._gone = gone

    def cancelAllJobs(self) -> None:  # noqa: N802 - Spark's name
        self.cancelled += 1
        if self.cancelled == 3:
            self.enough.set()
        if self._gone:
            raise Py4JNetworkError("the JVM has ended")


def test_jobs_that_begin_after_the_stop_are_cancelled_too() -> None:
    context = Context()
    with cancelling(context) as cancel:
        cancel("SIGTERM was received")
        assert context.enough.wait(30)


def test_nothing_is_cancelled_unless_asked_nor_after_the_end() -> None:
    context = Context()
    with cancelling(context) as cancel:
        pass
    cancel("too late")
    assert context.cancelled == 0


def test_a_spark_that_is_gone_has_nothing_left_to_cancel() -> None:
    context = Context(gone=True)
    with cancelling(context) as cancel:
        cancel("SIGTERM was received")
        assert context.enough.wait(30)
