"""Cancel the Spark jobs of a run that was asked to stop before it sent anything.

A signal handler must not raise while py4j waits for the JVM: py4j then gives up its connections, and Spark
goes on writing unseen. So the jobs are cancelled from another thread, and the waiting call fails by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from py4j.protocol import Py4JError
from pyspark import SparkContext

_LOOK_SECONDS = 0.2


@contextmanager
def cancelling(context: SparkContext) -> Iterator[Callable[[str], None]]:
    """Yield a function that cancels all jobs of `context` and those that begin later, until the block ends.

    Signal handlers may call it: it takes no lock.
    """
    asked: list[str] = []
    ended = threading.Event()

    def start_cancelling() -> None:
        while not ended.wait(_LOOK_SECONDS):
            if asked:
                with suppress(Py4JError, ConnectionError):
                    context.cancelAllJobs()

    thread = threading.Thread(target=start_cancelling, name="canceller", daemon=True)
    thread.start()
    try:
        yield asked.append
    finally:
        ended.set()
        thread.join()
