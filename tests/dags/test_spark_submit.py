from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from tests.dags.dag_file import parsed, run_once
from tests.dags.shop import REAL_LOG, Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


@contextmanager
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, log: Path | None = None) -> Iterator[Shop]:
    """A shop, and the environment set up for it."""
    with open_shop(folder, log) as shop:
        for name, value in shop.environ.items():
            monkeypatch.setenv(name, value)
        yield shop


def test_two_days_in_a_row_send_the_events_of_each_day_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, monkeypatch, REAL_LOG if REAL_LOG.is_dir() else None) as shop:
        dag = parsed()
        dag.get_task("load").retries = 0
        for day in range(2):
            ti, xcom = run_once(dag, shop.end_of(day))
            assert (ti.state, ti.try_number) == ("success", 1)
            summary = shop.summary(day)
            assert xcom["summary"] == {key: summary[key] for key in xcom["summary"]}
            assert summary["status"] == "delivered"
            assert summary["rows_read"] == shop.days[day]["rows"]
            assert summary["events_delivered"] == shop.days[day]["events"]
        account = shop.end_service()
    assert account["refusals"] == {}
    assert account["distinct_event_ids"] == account["events_accepted"]
    assert account["events_accepted"] == sum(day["events"] for day in shop.days)


def test_a_killed_job_is_retried_as_the_same_run_which_sends_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The retry sends the rest."""
    with opened(tmp_path, monkeypatch) as shop:
        more = os.environ["PERSONALIZE_ARGUMENTS"]
        monkeypatch.setenv("PERSONALIZE_ARGUMENTS", f"{more} --set delivery.max_requests_per_second=2")
        dag = parsed()
        dag.get_task("load").retry_delay = timedelta(seconds=1)
        killer = threading.Thread(target=kill_once_it_sends, args=(shop,), daemon=True)
        killer.start()

        ti, xcom = run_once(dag, shop.end_of(0))

        killer.join(timeout=1)
        account = shop.end_service()
    assert (ti.state, ti.try_number) == ("success", 2)
    counts = xcom["summary"]
    assert counts["already_delivered"] > 0
    assert counts["events_delivered"] > 0
    assert counts["already_delivered"] + counts["events_delivered"] == shop.days[0]["events"]
    assert [path.name for path in (shop.output / "runs").iterdir()] == [
        "airflow-20250228T000000-20250301T000000"
    ]
    assert account["distinct_event_ids"] == shop.days[0]["events"]


def kill_once_it_sends(shop: Shop) -> None:
    """Kill spark-submit when the ledger has its first record."""
    until = time.monotonic() + 120
    while not any((shop.output / "ledger").rglob("*.parquet")):
        assert time.monotonic() < until, "nothing was sent"
        time.sleep(0.05)
    (job,) = [each for each in psutil.Process().children() if "put_events.py" in " ".join(each.cmdline())]
    job.kill()
