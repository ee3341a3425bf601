"""One sending task and what its machine gives it: credentials, a region, a clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.partition import open_client
from standin.process import StandinProcess
from tests.delivery import aws_environment
from tests.delivery.scripted_server import Reply, ScriptedServer, error
from tests.delivery.sending_task import IDS, Unpaced, delivered, recorded, task


@pytest.mark.parametrize("standin", [{"clock_ahead": 3600}, {"clock_ahead": -3600}], indirect=True)
def test_a_clock_that_is_an_hour_off_costs_an_attempt_and_no_event(
    standin: StandinProcess, tmp_path: Path
) -> None:
    report = delivered(replace(task(tmp_path, standin.url), max_attempts=1), Unpaced())
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (450, 0)
    assert report.stop_reason is None
    summary = standin.stop()
    assert 1 <= summary["refusals"].pop("RequestExpired") <= 60
    assert (summary["refusals"], summary["distinct_event_ids"]) == ({}, 450)


@pytest.mark.parametrize("standin", [{"faults": {"request-expired": 1.0}}], indirect=True)
def test_a_clock_that_can_not_be_put_right_is_named(standin: StandinProcess, tmp_path: Path) -> None:
    report = delivered(task(tmp_path, standin.url), Unpaced())
    assert "clock" in str(report.stop_reason)
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (0, 0)


def test_credentials_that_are_renewed_while_sending_cost_an_attempt_and_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)

    def script(number: int) -> Reply:
        if number == 20:
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEWER")
        old = "Credential=AKIDEXAMPLE/" in server.seen[number - 1][1]["Authorization"]
        return error(403, "ExpiredTokenException", "expired") if number >= 20 and old else Reply()

    with ScriptedServer(script) as server:
        report = delivered(replace(task(tmp_path, server.url), max_attempts=1), Unpaced())
    assert (report.tally.events_delivered, report.tally.events_dead_lettered) == (450, 0)
    assert report.stop_reason is None
    assert report.tally.request_attempts > 60
    assert sorted(recorded(tmp_path, "ledger")) == sorted(IDS)


def test_no_credentials_are_a_reason_and_not_one_request(
    standin: StandinProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment.only(monkeypatch)
    report = delivered(task(tmp_path, standin.url), Unpaced())
    assert "no AWS credentials were found" in str(report.stop_reason)
    assert standin.stop()["requests"] == 0


@pytest.mark.parametrize(
    ("process", "said"),
    [
        ("echo a-secret", "the source of the AWS credentials gave none"),
        ("/no/such/process", "the source of the AWS credentials gave none"),
        ("sh -c 'echo a-secret >&2; exit 1'", "the source of the AWS credentials gave none"),
    ],
)
def test_a_credential_process_that_fails_is_a_reason_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: str, said: str
) -> None:
    (tmp_path / "config").write_text(f"[default]\nregion = eu-west-1\ncredential_process = {process}\n")
    aws_environment.only(monkeypatch, AWS_CONFIG_FILE=str(tmp_path / "config"))
    report = delivered(task(tmp_path, None), Unpaced())
    assert said in str(report.stop_reason)
    assert "secret" not in str(report.stop_reason)


def test_no_region_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS)
    report = delivered(replace(task(tmp_path, None), region=None), Unpaced())
    assert "region" in str(report.stop_reason)


def test_the_client_is_made_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment.only(monkeypatch, **aws_environment.KEYS, AWS_DEFAULT_REGION="eu-west-1")
    open_client(None, "http://127.0.0.1:1").close()
