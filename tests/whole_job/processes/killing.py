"""One kill on a real cluster: who dies and when, out of a seed; the same command again; what the service has seen.

Used by the tests, with a few seeds, and by `make kill-test`, with many. It makes no allowance for a victim: the
promises are the same for any victim.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from demo.agreement import max_in_a_second
from standin.process import StandinProcess
from tests.jobs.spark.quick_jvm import QUICK_JVM
from tests.whole_job.harness import ROOT, Ended, Job, ended, full_sessions, interactions, ledger_ids, rows_in
from tests.whole_job.processes.cluster import Cluster, command_of
from tests.whole_job.processes.waiting import in_own_group, wait_until_it_sends

VICTIMS = ("executor", "worker daemon", "Python worker", "driver", "spark-submit")
LIMIT = 20
SESSIONS, EVENTS_PER_SESSION = 240, 10
EVENTS = SESSIONS * EVENTS_PER_SESSION
"""At 20 full requests a second: 12 seconds of sending."""
LATEST_SECONDS = 7.0
MORE_RUNS = 2
FLUSHED_AT_MOST = 5.0
"""Seconds between the service's answer and its record in the ledger: what a kill may make go out again."""
IN_FLIGHT_SECONDS = 1.0
"""Far more than an answer of the stand-in takes: what was under way when the process died."""
RUN_ID = "killed"
SUBMIT = str(Path(sys.executable).with_name("spark-submit"))
_CONF = {
    "spark.executor.memory": "512m",
    "spark.driver.memory": "512m",
    "spark.ui.enabled": "false",
    "spark.executor.extraJavaOptions": QUICK_JVM,
}


@dataclass(frozen=True)
class Plan:
    """Who is killed, and how many seconds after the ledger's first segment."""

    seed: int
    victim: str
    after_seconds: float

    @classmethod
    def of(cls, seed: int, victim: str | None = None) -> Plan:
        chance = random.Random(seed)  # noqa: S311 - a plan to be repeated, not a secret
        after = round(chance.uniform(0, LATEST_SECONDS), 2)
        return cls(seed, victim or chance.choice(VICTIMS), after)


@dataclass(frozen=True)
class Outcome:
    """What came of one kill; `flushed` events stood in the ledger when it happened."""

    plan: Plan
    exit_codes: tuple[int, ...]
    flushed: int
    flushed_sent_again: int
    distinct: int
    sent_again: int
    refusals: dict[str, int]
    busiest_second: int
    max_in_a_second: int
    summary: dict[str, Any]

    def assert_kept(self) -> None:
        """The promises about a kill."""
        assert self.exit_codes[-1] == 0, self
        assert self.distinct == EVENTS, self
        assert self.flushed_sent_again == 0, self
        assert self.sent_again <= LIMIT * EVENTS_PER_SESSION * (FLUSHED_AT_MOST + IN_FLIGHT_SECONDS), self
        assert self.refusals == {}, self
        assert self.busiest_second <= self.max_in_a_second, self
        assert self.summary["rows_read"] == EVENTS, self
        assert self.summary["already_delivered"] + self.summary["events_delivered"] == EVENTS, self


def kill_and_run_again(cluster: Cluster, folder: Path, plan: Plan) -> Outcome:
    """Run the job on the cluster, kill as planned, and run the same command until it is through."""
    with StandinProcess(record=folder / "record") as standin:
        job = _slow_job(folder / "job", standin)
        with _started(cluster, job) as process:
            flushed = _kill(cluster, job, process, plan)
            codes = [ended(process, job, RUN_ID).exit_code]
        while codes[-1] != 0 and len(codes) <= MORE_RUNS:
            cluster.heal()
            with _started(cluster, job) as process:
                codes.append(ended(process, job, RUN_ID).exit_code)
        cluster.heal()
        seen = standin.stop()
    times = Counter(event["eventId"] for event in rows_in(folder / "record"))
    return Outcome(
        plan=plan,
        exit_codes=tuple(codes),
        flushed=len(flushed),
        flushed_sent_again=sum(times[event_id] != 1 for event_id in flushed),
        distinct=len(times),
        sent_again=times.total() - len(times),
        refusals=seen["refusals"],
        busiest_second=seen["busiest_second"],
        # On a busy machine the senders pause as the stand-in does.
        max_in_a_second=max_in_a_second(LIMIT, 2 * seen["longest_stall_seconds"]),
        summary=Ended(codes[-1], job.output, RUN_ID, log="").summary,
    )


def _slow_job(folder: Path, standin: StandinProcess) -> Job:
    job = Job(folder, standin)
    job.write_source(interactions(full_sessions(SESSIONS)))
    job.settings["delivery"] = {"max_requests_per_second": LIMIT}
    return job


def _started(cluster: Cluster, job: Job) -> AbstractContextManager[subprocess.Popen[str]]:
    # The workers have no keys of their own: no machine's role is behind them.
    keys = {f"spark.executorEnv.{name}": value for name, value in job.standin.environment.items()}
    conf = [text for key, value in {**_CONF, **keys}.items() for text in ("--conf", f"{key}={value}")]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK", "PYSPARK", "AWS"))}
    ours = {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    script = str(ROOT / "jobs" / "put_events.py")
    command = [SUBMIT, "--master", cluster.url, *conf, script, *job.arguments(RUN_ID)]
    return in_own_group(command, job.folder, {**kept, **job.standin.environment, **ours})


def _kill(cluster: Cluster, job: Job, process: subprocess.Popen[str], plan: Plan) -> set[str]:
    """Kill the victim at its moment; the ids that stood in the ledger just before."""
    wait_until_it_sends(job, process)
    # The moment is the plan's own: nothing is waited for here.
    time.sleep(plan.after_seconds)
    victims = _victims(cluster, process, plan.victim)
    victim = random.Random(plan.seed).choice(victims)  # noqa: S311
    flushed = set(ledger_ids(job.output))
    victim.kill()
    return flushed


def _victims(cluster: Cluster, process: subprocess.Popen[str], kind: str) -> list[psutil.Process]:
    """All processes of that kind, oldest first."""
    submit = psutil.Process(process.pid)
    found = {
        "executor": cluster.executors,
        "worker daemon": cluster.worker_daemons,
        "Python worker": cluster.python_workers,
        "driver": lambda: [p for p in submit.children() if "put_events.py" in command_of(p)],
        "spark-submit": lambda: [submit],
    }[kind]()
    assert found, f"there is no {kind} to kill"
    return sorted(found, key=lambda each: each.create_time())
