"""Kill a process of a real Spark cluster while the job sends, for many seeds: `make kill-test N=100`.

Prints one line for each seed, and ends with 1 if any promise was broken. A seed repeats its victim and its
moment: `python -m benchmarks.kill_test --first SEED --runs 1`. About a minute a seed on two cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.whole_job.processes.cluster import Cluster
from tests.whole_job.processes.killing import EVENTS, Outcome, Plan, kill_and_run_again

_COLUMNS = "seed  victim          after s  exit codes  accepted   in ledger  of them again  again"


def main() -> int:
    """Run the requested seeds; the number of those that broke a promise decides the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="how many seeds")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    asked = parser.parse_args()
    print(_COLUMNS, flush=True)
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder, "cluster")) as cluster:
        seeds = range(asked.first, asked.first + asked.runs)
        broken = [seed for seed in seeds if not _kept(cluster, Path(folder, str(seed)), Plan.of(seed))]
    print(f"{asked.runs - len(broken)} of {asked.runs} kills lost nothing; broken: {broken or 'none'}")
    return 1 if broken else 0


def _kept(cluster: Cluster, folder: Path, plan: Plan) -> bool:
    """Kill once and print the result."""
    try:
        outcome = kill_and_run_again(cluster, folder, plan)
        print(_line(outcome), flush=True)
        outcome.assert_kept()
    except AssertionError as error:
        print(f"{plan}: {error}", flush=True)
        cluster.heal()
        return False
    return True


def _line(outcome: Outcome) -> str:
    plan, codes = outcome.plan, " ".join(map(str, outcome.exit_codes))
    return (
        f"{plan.seed:4}  {plan.victim:14}  {plan.after_seconds:7.2f}  {codes:10}  {outcome.distinct:4}/{EVENTS}"
        f"  {outcome.flushed:9}  {outcome.flushed_sent_again:13}  {outcome.sent_again:5}"
    )


if __name__ == "__main__":
    sys.exit(main())
