"""The console command starts the right program, loads no Spark for what needs none, and says what is wrong."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jobs.cli import console, demo, loading
from jobs.command_line.command import Command, parse_command, parse_plan, parse_replay
from jobs.errors import UsageError
from tests.delivery.aws_environment import only
from tests.docs.blocks import ROOT

WITHOUT_SPARK = """
import sys
import tomllib
from jobs.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as left:
    code = left.code
assert not {"pyspark", "py4j", "great_expectations", "matplotlib"} & set(sys.modules), sorted(sys.modules)
sys.exit(code)
"""


def started(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_SPARK, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_help_names_every_command_in_a_line() -> None:
    done = started("--help")
    assert done.returncode == 0, done.stderr
    listed = re.findall(r"^  ([a-z]+)  +\S", done.stdout, flags=re.MULTILINE)
    assert [name for name in listed if name in console.PROGRAMS] == list(console.PROGRAMS)


@pytest.mark.parametrize("name", [name for name in console.PROGRAMS if name != "init"])
def test_the_help_of_a_command_loads_no_spark(name: str) -> None:
    done = started(name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: personalize-backfill {name} ")


def test_the_version_is_the_packages() -> None:
    assert re.fullmatch(r"personalize-backfill \d+\.\d+\S*\n", started("--version").stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "required: COMMAND"),
        (("inspekt", "out"), "Did you mean inspect?"),
        (("xyz",), "personalize-backfill xyz: there is no such command. See"),
        (("--nope",), "unknown option --nope: there is none of this name. See"),
        (("plan",), "required: --config"),
        (("plan", "--config", "a", "--first", "3"), "--first"),
        (("run", "--config", "a", "--first", "0"), "--first: not a number of events. Give 1 or more."),
        (("replay", "--config", "a"), "RUN_ID"),
        (("inspect",), "OUTPUT"),
        (("inspect", "out\udcff"), "an argument is not UTF-8: a path in another encoding can't be opened."),
        (("control", "", "--stop"), "an argument is empty: a variable of the shell may not be set"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    done = started(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert said in line


def test_inspect_lists_an_output_without_spark(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    done = started("inspect", str(tmp_path))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_inspect_ends_in_peace_where_its_reader_has_seen_enough(tmp_path: Path, options: list[str]) -> None:
    """As `inspect OUTPUT | head` does."""
    (tmp_path / "runs" / "one").mkdir(parents=True)
    read, written = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "jobs.cli", "inspect", str(tmp_path), *options]
    done = subprocess.run(
        command, cwd=ROOT, stdout=written, stderr=subprocess.PIPE, text=True, timeout=120, check=False
    )
    os.close(written)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_names_a_program_that_is_there() -> None:
    for program in console.PROGRAMS.values():
        module, _, function = program.entry.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_plan_and_replay_are_runs_with_their_option() -> None:
    shared = ["--config", "job.yaml", "--set", "a.b=1", "--run-id", "day_1", "--print-config"]
    window = ["--since", "2026-01-01", "--until", "2026-02-01"]
    assert parse_plan([*shared, *window], "plan") == parse_command([*shared, *window, "--plan"])
    again = parse_replay([*shared, "--first", "7", "before"], "replay")
    assert again == parse_command([*shared, "--first", "7", "--replay", "before"])
    assert again == Command(
        "job.yaml", ("a.b=1",), run_id="day_1", replay="before", first=7, print_config=True
    )


@pytest.mark.parametrize("program", [loading.run, loading.plan, loading.replay])
def test_what_is_wrong_is_found_before_spark_is_loaded(
    program: console.Main, caplog: pytest.LogCaptureFixture
) -> None:
    assert program(["--config"], "name") == 2
    assert "--config" in caplog.text


def test_a_demo_without_what_it_needs_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name in {"numpy", "uvloop"} else object())
    assert demo.main([]) == 2
    assert "the demo can't run: numpy, uvloop not installed." in caplog.text


def test_a_sign_in_that_has_expired_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """botocore logs the trace of what it raises."""
    session = "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://start.invalid\n"
    profile = "[profile p]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n"
    (tmp_path / "config").write_text(session + profile)
    only(monkeypatch, HOME=str(tmp_path), AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_PROFILE="p")
    assert console.main(["inspect", "s3://shop/out"]) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "could not list s3://shop/out: the AWS sign-in has expired. Run aws sso login."
    ]


def test_a_demo_of_no_events_is_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    assert demo.main(["--events", "-3"]) == 2
    assert "--events: not a number of rows. Give 1 or more." in caplog.text


def test_a_demo_in_a_folder_of_something_else_is_one_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "theirs").touch()
    assert demo.main(["--folder", str(tmp_path)]) == 2
    assert "Name another." in caplog.text


def test_a_trial_of_a_plan_is_refused() -> None:
    with pytest.raises(UsageError, match="--first can't be combined with --plan"):
        parse_command(["--config", "a", "--plan", "--first", "3"])


def test_every_file_of_data_is_in_the_wheel() -> None:
    """setuptools takes modules by itself, and of other files only what `package-data` names."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    named = {file for package, globs in declared.items() for glob in globs for file in data_at(package, glob)}
    packages = (
        "jobs",
        "standin",
        "demo",
        "expectations",
        "delivery",
        "bulk",
        "sources",
        "core",
        "transforms",
    )
    there = {
        file
        for package in packages
        for file in (ROOT / package).rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc"}
    }
    assert there == named


def data_at(package: str, glob: str) -> set[Path]:
    return set((ROOT / package.replace(".", "/")).glob(glob))
