"""The command line takes what the contract says and refuses the rest in one sentence."""

from __future__ import annotations

import pytest

from core.errors import InputError
from core.event_window import Window
from jobs.command_line.command import Command, parse_command
from jobs.errors import UsageError


def test_every_option_of_the_contract_is_understood() -> None:
    line = "--config job.yaml --set a.b=1 --set c=d --since 2026-01-01 --until 2026-02-01 --run-id day_1.2"
    assert parse_command([*line.split(), "--plan", "--print-config"]) == Command(
        config="job.yaml",
        overrides=("a.b=1", "c=d"),
        window=Window.parse("2026-01-01", "2026-02-01"),
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


@pytest.mark.parametrize("line", ["--since yesterday", "--until=", "--since 2026-01-02 --until 2026-01-02"])
def test_a_window_is_checked_before_anything_is_read(line: str) -> None:
    """`--print-config` ends with the configuration: it would have printed one that no run can have."""
    with pytest.raises(InputError, match=r"--(since|until)"):
        parse_command(["--config", "not-there.yaml", "--print-config", *line.split()])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "--confg job.yaml",
            "unknown option --confg: there is none of this name. Did you mean --config? See --help.",
        ),
        (
            "--config job.yaml --frist=3",
            "unknown option --frist: there is none of this name. Did you mean --first? See --help.",
        ),
        ("--config job.yaml --zzz", "unknown option --zzz: there is none of this name. See --help."),
    ],
)
def test_an_unknown_option_is_named_with_the_nearest(line: str, said: str) -> None:
    """Of `--confg`, argparse says that --config is missing."""
    with pytest.raises(UsageError) as caught:
        parse_command(line.split())
    assert str(caught.value) == said


def test_a_word_in_place_of_a_number_is_said_to_be_none() -> None:
    with pytest.raises(UsageError, match="argument --first: not a whole number: 'few'"):
        parse_command(["--config", "job.yaml", "--first", "few"])


@pytest.mark.parametrize(
    "run_id", ["", "../up", "a/b", "a:b", ".hidden", "_x", "a..b", "x" * 129, "a b", "ü"]
)
def test_a_run_id_that_cannot_name_a_folder_is_refused(run_id: str) -> None:
    with pytest.raises(UsageError, match="--run-id"):
        parse_command(["--config", "a", "--run-id", run_id])


def test_every_option_of_a_replay_is_understood() -> None:
    line = "--config job.yaml --replay day_1 --run-id day_1-again --set a.b=1 --print-config"
    assert parse_command(line.split()) == Command(
        config="job.yaml", replay="day_1", overrides=("a.b=1",), run_id="day_1-again", print_config=True
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--replay", "expected one argument"),
        ("--replay ../up", "the run to replay: it can.t be a folder.s name, which"),
        ("--replay b --run-id b", "--run-id must differ from the run to replay"),
        ("--replay b --plan", "--plan can't be combined with --replay"),
        ("--replay b --since 2026-01-01", "--since can't be combined with --replay"),
        ("--replay b --until 2026-01-01", "--until can't be combined with --replay"),
        ("--replay b --since=", "--since can't be combined with --replay"),
    ],
)
def test_a_replay_refuses_what_it_can_not_honour(line: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parse_command(["--config", "a", *line.split()])
