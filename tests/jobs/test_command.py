"""The command line takes what the contract says and refuses the rest in one sentence."""

from __future__ import annotations

import pytest

from jobs.command import Command, parse_command
from jobs.errors import UsageError


def test_every_option_of_the_contract_is_understood() -> None:
    line = "--config job.yaml --set a.b=1 --set c=d --since 2026-01-01 --until 2026-02-01 --run-id day_1.2"
    assert parse_command([*line.split(), "--plan", "--print-config"]) == Command(
        config="job.yaml",
        overrides=("a.b=1", "c=d"),
        since="2026-01-01",
        until="2026-02-01",
        run_id="day_1.2",
        plan=True,
        print_config=True,
    )


@pytest.mark.parametrize(
    "line", ["", "--config", "--config a --nope", "--config a --run 1", "--config a extra"]
)
def test_a_line_out_of_form_is_a_usage_error(line: str) -> None:
    with pytest.raises(UsageError):
        parse_command(line.split())


@pytest.mark.parametrize(
    "run_id", ["", "../up", "a/b", "a:b", ".hidden", "_x", "a..b", "x" * 129, "a b", "ü"]
)
def test_a_run_id_that_cannot_name_a_folder_is_refused(run_id: str) -> None:
    with pytest.raises(UsageError, match="--run-id"):
        parse_command(["--config", "a", "--run-id", run_id])
