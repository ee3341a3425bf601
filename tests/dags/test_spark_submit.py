from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from tests.dags.dag_file import parsed, run_once
from tests.dags.shop import Shop, open_shop

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop, and the environment set up for it."""
    with open_shop(tmp_path) as opened:
        for name, value in opened.environ.items():
            monkeypatch.setenv(name, value)
        yield opened


def test_two_days_send_each_event_once_though_the_first_ones_job_is_killed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The retry is the same run, and sends what is missing; the next day's run sends its own day."""
    usual = os.environ["PERSONALIZE_ARGUMENTS"]
    monkeypatch.setenv("PERSONALIZE_ARGUMENTS", f"{usual} --set delivery.max_requests_per_second=4")
    dag = parsed()
    dag.get_task("load").retry_delay = timedelta(0)
    killer = threading.Thread(target=kill_once_it_sends, args=(shop,), daemon=True)
    killer.start()
    ti, xcom = run_once(dag, shop.end_of(0))
    killer.join(timeout=1)
    assert (ti.state, ti.try_number) == ("success", 2)
    counts = xcom["summary"]
    assert counts["already_delivered"] > 0
    assert counts["events_delivered"] > 0
    assert counts["already_delivered"] + counts["events_delivered"] == shop.days[0]["events"]
    assert [path.name for path in (shop.output / "runs").iterdir()] == [
        "airflow-20250228T000000-20250301T000000"
    ]

    monkeypatch.setenv("PERSONALIZE_ARGUMENTS", usual)
    ti, xcom = run_once(parsed(), shop.end_of(1))
    assert (ti.state, ti.try_number) == ("success", 1)
    summary = shop.summary(1)
    assert xcom["summary"] == {key: summary[key] for key in xcom["summary"]}
    assert summary["status"] == "delivered"
    assert summary["rows_read"] == shop.days[1]["rows"]
    assert summary["events_delivered"] == shop.days[1]["events"]

    account = shop.end_service()
    assert account["refusals"] == {}
    # What was in flight when the job was killed may have come twice, under the same id.
    assert account["distinct_event_ids"] == sum(day["events"] for day in shop.days)


def kill_once_it_sends(shop: Shop) -> None:
    """Kill spark-submit when the ledger has its first record."""
    until = time.monotonic() + 200  # on a machine of one's own ten
    while not any((shop.output / "ledger").rglob("*.parquet")):
        assert time.monotonic() < until, "nothing was sent"
        time.sleep(0.05)
    (job,) = [each for each in psutil.Process().children() if "put_events.py" in " ".join(each.cmdline())]
    job.kill()
