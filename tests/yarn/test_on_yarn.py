"""The built package on a real YARN, submitted with the very arguments of the templates for Amazon EMR."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs.spark.local.hadoop import spark_home
from standin.process import StandinProcess
from tests.whole_job.harness import ROOT, rows_in
from tests.whole_job.processes import wait_for
from tests.yarn.submission import END_SECONDS, PERSONAL, Ended, Shop, Site

pytestmark = [pytest.mark.yarn, pytest.mark.timeout(3 * END_SECONDS)]

SESSIONS, EVENTS_PER_SESSION = 240, 10
EVENTS = SESSIONS * EVENTS_PER_SESSION
SLOW = {"max_requests_per_second": 20}
"""At 20 full requests a second: 12 seconds of sending, for what happens in its middle."""
OUR_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING|ERROR|CRITICAL) ")


def history(sessions: int = 20, events_per_session: int = EVENTS_PER_SESSION) -> list[dict[str, Any]]:
    return [
        {
            "USER_ID": f"{PERSONAL}user-{session}",
            "SESSION_ID": f"{PERSONAL}session-{session}",
            "ITEM_ID": f"{PERSONAL}item-{number}",
            "DISCOUNT": f"{PERSONAL}discount",
            "TIMESTAMP": 1_760_000_000 + number,
        }
        for session in range(sessions)
        for number in range(events_per_session)
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
    shop = Shop(site, bucket, standin, history())
    planned = shop.submit(shop.step("--run-id", "planned", "--plan"))
    assert (planned.exit_code, planned.state) == (0, ("FINISHED", "SUCCEEDED"))
    planned.assert_nothing_personal()
    plan = shop.summary("planned")
    assert (plan["status"], plan["request_attempts"], plan["minimum_requests"]) == ("planned", 0, 20)

    sent = shop.submit(shop.step("--run-id", "sent"))
    assert (sent.exit_code, sent.state) == (0, ("FINISHED", "SUCCEEDED"))
    sent.assert_nothing_personal()
    summary = shop.summary("sent")
    assert (summary["status"], summary["events_delivered"]) == ("delivered", 200)
    assert b"<html" in shop.get("backfill/runs/sent/report.html")
    driver, *executors = sent.logs("stdout")
    assert "200 delivered" in only_our_lines(driver)[-1]
    assert executors == [""]
    assert standin.stop()["events_accepted"] == 200
    assert {(row["userId"], row["sentAt"]) for row in rows_in(tmp_path / "record")} == {
        (row["USER_ID"], row["TIMESTAMP"]) for row in history()
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


def test_a_run_that_the_service_refuses_is_5_in_yarns_diagnostics(
    site: Site, bucket: str, tmp_path: Path
) -> None:
    with StandinProcess(record=tmp_path / "record", tracking_id="another") as elsewhere:
        shop = Shop(site, bucket, elsewhere, history())
        ended = shop.submit(shop.step("--run-id", "stopped"))
    assert_failed(ended, 5)
    summary = shop.summary("stopped")
    assert (summary["status"], summary["events_delivered"]) == ("stopped", 0)
    assert summary["events_not_attempted"] + summary["events_dead_lettered"] == 200


def test_dead_letters_are_4_in_yarns_diagnostics_and_the_package_replays_them(
    site: Site, standin: StandinProcess, bucket: str
) -> None:
    with StandinProcess(faults={"poison": 0.2}, seed=3) as refusing:
        shop = Shop(site, bucket, refusing, history())
        ended = shop.submit(shop.step("--run-id", "first"))
    assert_failed(ended, 4)
    dead = shop.summary("first")["events_dead_lettered"]
    assert 0 < dead < 200

    shop.settings["personalize"]["endpoint_url"] = standin.url
    replayed = shop.submit(shop.step("--replay", "first", "--run-id", "replayed"))
    assert (replayed.exit_code, replayed.state) == (0, ("FINISHED", "SUCCEEDED"))
    replayed.assert_nothing_personal()
    assert shop.summary("replayed")["events_delivered"] == dead
    assert standin.stop()["events_accepted"] == dead


def test_a_killed_application_closes_and_the_same_command_sends_the_rest(
    site: Site, standin: StandinProcess, bucket: str, tmp_path: Path
) -> None:
    """`yarn application -kill`: SIGTERM, and then as long as the template's `Configurations` say."""
    shop = Shop(site, bucket, standin, history(SESSIONS))
    shop.settings["delivery"] = SLOW
    with shop.submitted(shop.step("--run-id", "killed")) as running:
        shop.wait_until_it_sends(running)
        site.yarn.run_cli("-kill", running.application())
        killed = running.ended()
    assert (killed.exit_code, killed.state) == (1, ("KILLED", "KILLED"))
    wait_for(lambda: not site.yarn.containers(killed.application), "the containers have ended")
    stopped = shop.summary("killed")
    assert (stopped["status"], stopped["exit_code"]) == ("stopped", 5)
    assert 0 < stopped["events_delivered"] < EVENTS
    assert b"<html" in shop.get("backfill/runs/killed/report.html")
    assert not [key for key in shop.keys("") if "/stage/" in key or key.startswith("_leases/")]
    only_our_lines(killed.logs("stdout")[0])
    killed.assert_nothing_personal()

    again = shop.submit(shop.step("--run-id", "killed"))
    assert again.exit_code == 0
    summary = shop.summary("killed")
    assert summary["already_delivered"] == stopped["events_delivered"]
    assert summary["already_delivered"] + summary["events_delivered"] == EVENTS
    standin.stop()
    accepted = [row["eventId"] for row in rows_in(tmp_path / "record")]
    assert len(set(accepted)) == len(accepted) == EVENTS


def test_a_machine_lost_while_the_job_sends_loses_no_event(
    site: Site, standin: StandinProcess, bucket: str, tmp_path: Path
) -> None:
    shop = Shop(site, bucket, standin, history(SESSIONS))
    shop.settings["delivery"] = SLOW
    site.yarn.add_node()
    with shop.submitted(shop.step("--run-id", "lost"), site.with_executors(2)) as running:
        application = running.application()
        shop.wait_until_it_sends(running)
        (lost,) = [node for node in site.yarn.nodes if not node.has_master(application)]
        assert lost.below(application), "an executor is there: the master's machine has room for one"
        site.yarn.lose(lost)
        ended = running.ended()
    ended.assert_nothing_personal()
    codes = [shop.summary("lost")["exit_code"]]
    if codes[-1] != 0:
        codes.append(shop.submit(shop.step("--run-id", "lost")).exit_code)
    assert codes[-1] == 0
    summary = shop.summary("lost")
    assert summary["already_delivered"] + summary["events_delivered"] == EVENTS
    standin.stop()
    assert len({row["eventId"] for row in rows_in(tmp_path / "record")}) == EVENTS


def test_client_mode_as_the_documentation_has_it(
    site: Site, standin: StandinProcess, bucket: str, tmp_path: Path
) -> None:
    shop = Shop(site, bucket, standin, history())
    place = tmp_path / "dist"
    place.mkdir()
    for name in ("environment.tar.gz", "code.zip", "put_events.py"):
        shutil.copy(site.dist / name, place)
    commands = documented_client_mode().replace("FILE", f"{shop.url}/conf/job.yaml --run-id client")
    path = f"{spark_home(os.environ) / 'bin'}:{site.environ['PATH']}"
    ended = shop.submit(["bash", "-ec", f"cd {place}\n{commands}"], {"PATH": path})
    assert ended.exit_code == 0, ended.err
    assert "200 delivered" in only_our_lines(ended.out)[-1]
    assert shop.summary("client")["events_delivered"] == 200
    ended.assert_nothing_personal()


def documented_client_mode() -> str:
    """The commands below that heading of docs/emr.md."""
    section = (ROOT / "docs" / "emr.md").read_text().split("### In client mode", 1)[1]
    found = re.search(r"```sh\n(.+?)```", section, re.DOTALL)
    assert found
    return found[1]
