"""The built package on a real YARN, submitted with the very arguments of the templates for Amazon EMR."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from jobs.spark.local.hadoop import spark_home
from standin.process import StandinProcess
from tests.whole_job.harness import ROOT, rows_in
from tests.whole_job.processes.waiting import wait_for
from tests.yarn.code import with_footers_read_by_executors
from tests.yarn.submission import END_SECONDS, PERSONAL, Ended, Shop, Site

pytestmark = [pytest.mark.yarn, pytest.mark.timeout(3 * END_SECONDS)]

RUN = "interrupted"
SESSIONS, EVENTS_PER_SESSION = 600, 10
EVENTS = SESSIONS * EVENTS_PER_SESSION
SLOW = {"max_requests_per_second": 20}
"""At 20 full requests a second: 30 seconds of sending, for what happens in their middle."""
OUR_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING|ERROR|CRITICAL) ")


def history(sessions: int = 20, first_session: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "USER_ID": f"{PERSONAL}user-{session}",
            "SESSION_ID": f"{PERSONAL}session-{session}",
            "ITEM_ID": f"{PERSONAL}item-{number}",
            "DISCOUNT": f"{PERSONAL}discount",
            "TIMESTAMP": 1_760_000_000 + number,
        }
        for session in range(first_session, first_session + sessions)
        for number in range(EVENTS_PER_SESSION)
    ]


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> str:
    """A bucket's name of the test's own."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:50].strip("-")


def only_our_lines(log: str) -> list[str]:
    """The lines of a driver's log; an AssertionError for one that is not the job's own."""
    lines = log.splitlines()
    for line in lines:
        assert OUR_LINE.match(line) or "phase" in json.loads(line), line
    return lines


def assert_failed(ended: Ended, status: int) -> None:
    """What an operator sees of a job's own exit code other than 0."""
    assert ended.exit_code == 1
    assert ended.state == ("FINISHED", "FAILED")
    assert f"User application exited with status {status}" in ended.diagnostics
    ended.assert_nothing_personal()


def test_a_plan_sends_nothing_and_the_run_after_it_delivers_everything(
    site: Site, standin: StandinProcess, bucket: str, tmp_path: Path
) -> None:
    """Of more files than the driver itself opens, so that executors read their footers with the package's code."""
    shop = Shop(site, bucket, standin, history())
    shop.put("code/code.zip", with_footers_read_by_executors(shop.get("code/code.zip")))
    shop.put_log(history(20, first_session=20), "b")
    planned = shop.submit(shop.step("--run-id", "planned", "--plan"))
    assert (planned.exit_code, planned.state) == (0, ("FINISHED", "SUCCEEDED"))
    planned.assert_nothing_personal()
    plan = shop.summary("planned")
    assert (plan["status"], plan["request_attempts"], plan["minimum_requests"]) == ("planned", 0, 40)

    sent = shop.submit(shop.step("--run-id", "sent"))
    assert (sent.exit_code, sent.state) == (0, ("FINISHED", "SUCCEEDED"))
    sent.assert_nothing_personal()
    summary = shop.summary("sent")
    assert (summary["status"], summary["events_delivered"]) == ("delivered", 400)
    assert summary["source"]["files"] == 2
    assert b"<html" in shop.get("backfill/runs/sent/report.html")
    driver, *executors = sent.logs("stdout")
    assert "400 delivered" in only_our_lines(driver)[-1]
    assert executors == [""]
    assert standin.stop()["events_accepted"] == 400
    assert {(row["userId"], row["sentAt"]) for row in rows_in(tmp_path / "record")} == {
        (row["USER_ID"], row["TIMESTAMP"]) for row in history(40)
    }


def test_a_wrong_configuration_is_13_to_yarn_and_a_sentence_in_the_log(
    site: Site, standin: StandinProcess, bucket: str
) -> None:
    """Spark's `ApplicationMaster` waits for a SparkContext: a program that ends before has no code of its own."""
    shop = Shop(site, bucket, standin, history())
    shop.settings["delivery"] = {"max_requests_per_secnd": 1}
    ended = shop.submit(shop.step("--run-id", "wrong"))
    assert (ended.exit_code, ended.state) == (1, ("FAILED", "FAILED"))
    assert "exitCode: 13" in ended.diagnostics
    assert "User application exited with status 2" in ended.diagnostics
    assert "max_requests_per_second" in only_our_lines(ended.logs("stdout")[0])[-1]
    ended.assert_nothing_personal()


def test_refused_data_is_3_in_yarns_diagnostics(site: Site, standin: StandinProcess, bucket: str) -> None:
    rows = [{**row, **({"EVENT_TYPE": None} if row["TIMESTAMP"] % 2 else {})} for row in history()]
    shop = Shop(site, bucket, standin, rows)
    ended = shop.submit(shop.step("--run-id", "refused"))
    assert_failed(ended, 3)
    summary = shop.summary("refused")
    assert (summary["status"], summary["rows_rejected"], summary["request_attempts"]) == ("refused", 100, 0)


def test_dead_letters_are_4_in_yarns_diagnostics_and_replayed_in_client_mode(
    site: Site, standin: StandinProcess, bucket: str, tmp_path: Path
) -> None:
    """Client mode as the documentation has it."""
    with StandinProcess(faults={"poison": 0.2}, seed=3) as refusing:
        shop = Shop(site, bucket, refusing, history())
        ended = shop.submit(shop.step("--run-id", "first"))
    assert_failed(ended, 4)
    dead = shop.summary("first")["events_dead_lettered"]
    assert 0 < dead < 200

    shop.settings["personalize"]["endpoint_url"] = standin.url
    place = tmp_path / "dist"
    place.mkdir()
    for name in ("environment.tar.gz", "code.zip", "put_events.py"):
        (place / name).symlink_to(site.dist / name)
    options = f"{shop.url}/conf/job.yaml --replay first --run-id replayed"
    commands = documented_client_mode().replace("FILE", options)
    path = f"{spark_home(os.environ) / 'bin'}:{site.environ['PATH']}"
    replayed = shop.submit(["bash", "-ec", f"cd {place}\n{commands}"], {"PATH": path})
    assert (replayed.exit_code, replayed.state) == (0, ("FINISHED", "SUCCEEDED")), replayed.err
    assert f"{dead} delivered" in only_our_lines(replayed.out)[-1]
    replayed.assert_nothing_personal()
    assert shop.summary("replayed")["events_delivered"] == dead
    assert standin.stop()["events_accepted"] == dead


def test_an_import_writes_its_files_and_sends_nothing(
    site: Site, standin: StandinProcess, bucket: str
) -> None:
    shop = Shop(site, bucket, standin, history(SESSIONS))
    shop.settings["import"] = {"mode": "full", "write_only": True}
    ended = shop.submit(shop.step("--import", "--run-id", "written"))
    assert (ended.exit_code, ended.state) == (0, ("FINISHED", "SUCCEEDED"))
    ended.assert_nothing_personal()
    summary = shop.summary("written")
    assert (summary["status"], summary["import"]["rows_written"]) == ("written", EVENTS)
    files = [key for key in shop.keys("imports/") if key.endswith(".csv")]
    lines = [line for key in files for line in shop.get(f"backfill/{key}").decode().splitlines()]
    assert len(lines) == EVENTS + len(files)
    assert standin.stop()["requests"] == 0


def test_a_run_that_is_stopped_killed_and_loses_a_machine_sends_every_event(
    site: Site, standin: StandinProcess, bucket: str, tmp_path: Path
) -> None:
    """The same command each time: what was recorded before is not sent again."""
    shop = Shop(site, bucket, standin, history(SESSIONS))
    shop.settings["delivery"] = SLOW
    before = require_stopped(shop, 0, stopped_by_control(shop))
    before = require_stopped(shop, before, killed_by_yarn(shop))

    site.yarn.add_node()
    with shop.submitted(shop.step("--run-id", RUN), site.with_executors(2)) as running:
        application = running.application()
        shop.wait_until_it_sends(running)
        (lost,) = [node for node in site.yarn.nodes if not node.has_master(application)]
        assert lost.below(application), "an executor is there: the master's machine has room for one"
        site.yarn.lose(lost)
        ended = running.ended()
    ended.assert_nothing_personal()
    codes = [shop.summary(RUN)["exit_code"]]
    if codes[-1] != 0:
        codes.append(shop.submit(shop.step("--run-id", RUN)).exit_code)
    assert codes[-1] == 0
    summary = shop.summary(RUN)
    assert summary["already_delivered"] + summary["events_delivered"] == EVENTS
    standin.stop()
    arrived = sorted(rows_in(tmp_path / "record"), key=lambda row: row["arrived_at"])
    assert len({row["eventId"] for row in arrived}) == EVENTS
    # Up to the machine's end, after which what was in flight may come again, none came twice.
    assert len({row["eventId"] for row in arrived[:before]}) == before


def stopped_by_control(shop: Shop) -> Ended:
    """A run that an operator stops by its output alone, from elsewhere: exit code 5."""
    with shop.submitted(shop.step("--run-id", RUN)) as running:
        shop.wait_until_it_sends(running)
        shop.control("--stop")
        ended = running.ended()
    assert_failed(ended, 5)
    (asked,) = shop.summary(RUN)["steering"]
    assert asked["ask"] == "stop"
    assert asked["heeded_at"]
    return ended


def killed_by_yarn(shop: Shop) -> Ended:
    """`yarn application -kill`: SIGTERM, and then as long as the template's `Configurations` say."""
    yarn = shop.site.yarn
    with shop.submitted(shop.step("--run-id", RUN)) as running:
        shop.wait_until_it_sends(running)
        yarn.run_cli("-kill", running.application())
        ended = running.ended()
    assert (ended.exit_code, ended.state) == (1, ("KILLED", "KILLED"))
    wait_for(lambda: not yarn.containers(ended.application), "the containers have ended")
    return ended


def require_stopped(shop: Shop, before: int, ended: Ended) -> int:
    """The run has closed, with some events left and nothing left behind; returns how many are in the ledger now."""
    summary = shop.summary(RUN)
    assert (summary["status"], summary["exit_code"]) == ("stopped", 5)
    assert summary["already_delivered"] == before
    delivered: int = before + summary["events_delivered"]
    assert before < delivered < EVENTS
    assert b"<html" in shop.get(f"backfill/runs/{RUN}/report.html")
    assert not [key for key in shop.keys("") if "/stage/" in key or key.startswith("_leases/")]
    only_our_lines(ended.logs("stdout")[0])
    ended.assert_nothing_personal()
    return delivered


def documented_client_mode() -> str:
    """The commands below that heading of docs/emr.md."""
    section = (ROOT / "docs" / "emr.md").read_text().split("### In client mode", 1)[1]
    found = re.search(r"```sh\n(.+?)```", section, re.DOTALL)
    assert found
    return found[1]
