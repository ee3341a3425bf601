"""What a run does while its Spark starts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from pyspark.sql import SparkSession

from jobs.put_events import main
from tests.conftest import EXAMPLE_ENVIRONMENT
from tests.whole_job.harness import Job, interactions

pytestmark = pytest.mark.job


WRITTEN = {"role_arn": "arn:aws:iam::123456789012:role/Import", "mode": "full", "write_only": True}


class StartedError(Exception):
    """The end of this test's run."""


@pytest.mark.parametrize("more", [(), ("--import",)])
def test_great_expectations_is_imported_once_the_process_has_forked(
    job: Job, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    """PySpark's fork takes logging's lock and waits for the import's; an import that logs waits the other way round.

    A run that fetched the connectors' jars first forked in the middle of the import, and hung for ever.
    """
    for name, value in EXAMPLE_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    library = threading.Thread(target=lambda: None)
    monkeypatch.setattr("jobs.run.importing", lambda: library)
    begun: list[bool] = []

    @contextmanager
    def starting(
        _buckets: object, _table: object, once_forked: Callable[[], object], *_: object
    ) -> Iterator[SparkSession]:
        begun.append(library.ident is not None)
        once_forked()
        begun.append(library.ident is not None)
        raise StartedError
        yield

    job.write_source(interactions([{}]))
    job.settings["import"] = WRITTEN
    assert main(job.arguments("run-1", *more), start_spark=starting) == 1
    assert begun == [False, True]


@pytest.mark.parametrize("more", [(), ("--import",)])
def test_executors_get_the_code_that_reads_records_of_sending_also_for_an_import(
    job: Job, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    """An import sorts the ledger, too, in workers that need not find the packages by themselves."""
    for name, value in EXAMPLE_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    context = MagicMock(defaultParallelism=1)

    @contextmanager
    def starting(
        _buckets: object, _table: object, _once_forked: object, once_connected: Callable[[object], object]
    ) -> Iterator[SparkSession]:
        once_connected(context)
        raise StartedError
        yield

    job.write_source(interactions([{}]))
    job.settings["import"] = WRITTEN
    assert main(job.arguments("run-1", *more), start_spark=starting) == 1
    shipped = [Path(call.args[0]).name for call in context.addPyFile.call_args_list]
    assert shipped == ["core.zip", "delivery.zip"]
