"""Kill a process while the job sends and run the same command again: nothing is lost, and little goes out twice.

On a real cluster, with one victim here: an executor. `make kill-test` takes the other victims, and many seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole_job.processes.cluster import Cluster
from tests.whole_job.processes.killing import Plan, kill_and_run_again

pytestmark = [pytest.mark.job, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def test_an_executor_killed_while_sending_loses_nothing_and_the_same_run_ends_well(
    cluster: Cluster, tmp_path: Path
) -> None:
    outcome = kill_and_run_again(cluster, tmp_path, Plan.of(1, "executor"))

    outcome.assert_kept()
    assert outcome.exit_codes == (0,)
