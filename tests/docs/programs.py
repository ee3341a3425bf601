"""What the documentation tells people to call: each command line is read by the program's own parser, not carried out.

A command that nothing here knows is an AssertionError: somebody has to say how it is held to the truth.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import botocore.session
from botocore import xform_name

import jobs.cli.control
import jobs.cli.demo
import jobs.cli.inspect
import jobs.command_line.command
import jobs.init.__main__
import jobs.verify.__main__
import standin.settings
from jobs.cli import console as cli
from jobs.command_line.command import Command, parse_command, parse_import, parse_plan, parse_replay
from jobs.config.configuration import parse_settings
from tests.docs.blocks import ROOT
from tests.docs.shell import commands

EXAMPLE = (ROOT / "conf" / "job.yaml").read_text()
PARSERS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "jobs.put_events": jobs.command_line.command._parser,
    "jobs.init": jobs.init.__main__._parser,
    "jobs.cli.inspect": jobs.cli.inspect._parser,
    "jobs.verify": jobs.verify.__main__._parser,
    "standin": standin.settings._parser,
}
COMMANDS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "init": jobs.init.__main__._parser,
    "plan": jobs.command_line.command._plan_parser,
    "run": jobs.command_line.command._parser,
    "import": jobs.command_line.command._import_parser,
    "verify": jobs.verify.__main__._parser,
    "replay": jobs.command_line.command._replay_parser,
    "control": jobs.cli.control._parser,
    "inspect": jobs.cli.inspect._parser,
    "demo": jobs.cli.demo._parser,
}
"""The parsers of the console command."""

_LOADS = {
    "run": parse_command,
    "plan": lambda words: parse_plan(words, "plan"),
    "import": lambda words: parse_import(words, "import"),
    "replay": lambda words: parse_replay(words, "replay"),
}
_OF_THE_SYSTEM = {".", "cd", "export", "git", "mkdir", "tar", "cp", "dnf", "pip", ".venv/bin/pip"}
"""What belongs to no program of ours and to AWS; held to nothing."""

_OF_SPARK = {"--master", "--deploy-mode", "--conf", "--py-files", "--archives", "--properties-file", "--name"}
_YARN_COMMAND = re.compile(r"application -kill application_\d+_\d+|logs -applicationId \w+( -log_files \w+)?")
_S3_COMMANDS = {"cp", "sync", "ls", "rm", "mv"}
_AWS_EVERYWHERE = {"--region", "--profile", "--output", "--query", "--cli-input-json"}
_PYTHON = re.compile(r"(\.venv/bin/)?python[0-9.]*")


def check(command: Sequence[str]) -> None:
    """Read one command line as the program that it names would."""
    program, *words = command
    if program in _CHECKS:
        _CHECKS[program](words)
    elif _PYTHON.fullmatch(program):
        _check_python(words)
    elif program.endswith("spark-submit"):
        _check_spark_submit(words)
    else:
        assert program in _OF_THE_SYSTEM, f"no test knows how to run {program}"


def options_of(module: str) -> set[str]:
    """The options that a program of ours takes, `--help` aside."""
    return options_of_parser(PARSERS[module]())


def options_of_parser(parser: argparse.ArgumentParser) -> set[str]:
    """The options that a parser knows, `--help` aside."""
    return {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}


def module_of(script: str) -> str:
    """The module that spark-submit starts by this path: `jobs/put_events.py`, or `put_events.py` of the package."""
    return f"jobs.{Path(script).stem}"


def make_targets() -> set[str]:
    """The targets that `make help` lists."""
    return set(re.findall(r"^([a-z-]+):.*?## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def module_exists(module: str) -> bool:
    """Whether `python -m module` finds something of ours."""
    return importlib.util.find_spec(module) is not None


def _check_make(words: list[str]) -> None:
    targets = [word for word in words if "=" not in word]
    assert set(targets) <= make_targets(), f"the Makefile has no target for each of {targets}"


def _check_python(words: list[str]) -> None:
    if words[0] == "-c":
        compile(words[1], "documentation", "exec")
        return
    assert words[0] == "-m", f"python {words[0]} is neither a module nor -c"
    _check_module(words[1], words[2:])


def _check_module(module: str, words: list[str]) -> None:
    assert module_exists(module), f"there is no module {module}"
    if module == "jobs.put_events":
        _check_settings(parse_command(words))
    elif module in PARSERS:
        PARSERS[module]().parse_args(words)


def _check_yarn(words: list[str]) -> None:
    assert _YARN_COMMAND.fullmatch(" ".join(words)), (
        "not a command of Hadoop's `yarn application` or `yarn logs`"
    )


def _check_console(line: list[str]) -> None:
    """Read what follows `personalize-backfill` as the command that it names would."""
    command, *words = line
    assert command in cli.PROGRAMS, f"there is no command {command}"
    if command in _LOADS:
        _check_settings(_LOADS[command](words))
    else:
        COMMANDS[command]().parse_args(words)


def _check_settings(command: Command) -> None:
    """Lay what `--set` says over the example; `…` is a number that the reader knows."""
    parse_settings(EXAMPLE, "conf/job.yaml", [text.replace("=…", "=1") for text in command.overrides])


def _check_spark_submit(words: list[str]) -> None:
    script = next(
        place for place, word in enumerate(words) if word.endswith(".py") and words[place - 1] != "--py-files"
    )
    assert {word for word in words[:script] if word.startswith("--")} <= _OF_SPARK
    _check_module(module_of(words[script]), words[script + 1 :])


def _check_aws(line: list[str]) -> None:
    service, operation, *words = line
    given = {word for word in words if word.startswith("--")} - _AWS_EVERYWHERE
    if service == "s3":
        assert operation in _S3_COMMANDS
        return
    if (service, operation) == ("emr", "add-steps"):  # the AWS CLI's own word for AddJobFlowSteps
        assert given == {"--cluster-id", "--steps"}
        return
    model = botocore.session.get_session().get_service_model("s3" if service == "s3api" else service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in operations, f"aws {service} has no {operation}"
    members = model.operation_model(operations[operation]).input_shape.members
    assert given <= {f"--{xform_name(name, '-')}" for name in members}, f"aws {service} {operation}: {given}"


def _check_airflow(words: list[str]) -> None:
    """Airflow has an environment of its own, and its options are its own business; the DAG's name is ours.

    A DAG is called as the function that `@dag` decorates.
    """
    name = words[words.index("--dag-id") + 1]
    assert f"\ndef {name}(" in "".join(file.read_text() for file in (ROOT / "dags").glob("*.py"))


def _check_inside(words: list[str]) -> None:
    """What a container runs by `sh -c`."""
    inner = words[words.index("-c") + 1] if "-c" in words else ""
    for command in commands(inner):
        check(command)


_CHECKS: dict[str, Callable[[list[str]], None]] = {
    cli.NAME: _check_console,
    "make": _check_make,
    "aws": _check_aws,
    "airflow": _check_airflow,
    "docker": _check_inside,
    "yarn": _check_yarn,
}
