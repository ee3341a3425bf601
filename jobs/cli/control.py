"""`personalize-backfill control OUTPUT …`: send a request to a run, and wait until it is carried out.

Needs no Spark, and no connection to the run but the output that both can write.
"""

from __future__ import annotations

import argparse
import getpass
import logging
import math
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.contested_file import control_file
from core.storage import Folder, join
from core.urls import absolute
from jobs.account.exit_status import UNEXPECTED_EXIT_CODE
from jobs.command_line.parser import Parser
from jobs.command_line.program_exit import exit_code_of
from jobs.control.control_file import ControlFile
from jobs.control.polling import now_as_text
from jobs.control.record import Ask, ControlRecord, ControlRequest
from jobs.errors import UsageError
from jobs.leases.process_identity import is_running
from jobs.runs.run_list import runs_under_way

_LOG = logging.getLogger("put_events")
_BEGINNING_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Waiting:
    """The time for waiting: `clock` in seconds, from any start."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until `condition` holds; return False if it does not within `seconds`."""
        end = self.clock() + seconds
        while not condition():
            if self.clock() >= end:
                return False
            self.sleep(_LOOK_SECONDS)
        return True


def main(arguments: Sequence[str], prog: str = "control") -> int:
    """Send a request to a run; return 0 once it is carried out, or 2 and one sentence on stderr.

    1 if the run does not answer. `prog`: the name that the help shows.
    """
    return exit_code_of(lambda: _control(_parser(prog).parse_args(arguments)))


def _control(asked: argparse.Namespace) -> int:
    return steer(asked.output, asked.run_id, _request(asked), Waiting())


def steer(output: str, run_id: str | None, request: ControlRequest, waiting: Waiting) -> int:
    """Have the run carry out `request`; return the exit code. `run_id`: None for the one run that is in progress.

    Raises:
        UsageError: there is no such run, it has ended, or it can't do what is asked.
        StorageError: the output can't be read or written.
    """
    output = absolute(output)
    run = _reached(output, _the_run(output, run_id), waiting)
    number = run.ask(request)
    if not waiting.until(lambda: run.has_heeded(number, request.ask), _ANSWER_SECONDS):
        _LOG.error(
            "run %s has not answered for %.0f seconds. It obeys the request as soon as it reads it; where its process "
            "died, run the job's command again.",
            run.run_id,
            _ANSWER_SECONDS,
        )
        return UNEXPECTED_EXIT_CODE
    print(f"run {run.run_id}: {_state_after(request, run.record())}")
    return 0


def _state_after(request: ControlRequest, record: ControlRecord | None) -> str:
    """Return what the run does now: another operator may have asked for something else since."""
    if record is None and request.ask is not Ask.STOP:
        return "carried out, and the run has ended since"
    if record is None or record.stopping:
        return "stopping: it settles what is in flight and writes its summary"
    rate = f"at most {record.requests_per_second:g} requests per second"
    if record.paused:
        paused = "paused: it sends nothing until it is resumed"
        return f"{paused}, and then {rate}" if request.ask is Ask.RATE else paused
    return f"{rate} from now on" if request.ask is Ask.RATE else "resumed"


@dataclass(frozen=True, slots=True)
class _Reached:
    """An execution of a run that takes requests."""

    run_id: str
    execution: str
    file: ControlFile

    def ask(self, request: ControlRequest) -> int:
        """Write `request` into the run's file; return its number there."""
        record = self.file.change(lambda record: _asking(self._ours(record), request))
        return next(each.number for each in self._ours(record).requests if each.token == request.token)

    def has_heeded(self, number: int, ask: Ask) -> bool:
        """Return whether the request is carried out; a run that takes its file away has stopped, as it was asked to."""
        record = self.file.read()
        return (ask is Ask.STOP and not self._is_ours(record)) or self._ours(record).heeded >= number

    def record(self) -> ControlRecord | None:
        """Return the run's file as it is now; None once the run has taken it away."""
        record = self.file.read()
        return record if self._is_ours(record) else None

    def _is_ours(self, record: ControlRecord | None) -> bool:
        return record is not None and record.execution == self.execution

    def _ours(self, record: ControlRecord | None) -> ControlRecord:
        if record is None or not self._is_ours(record):
            raise UsageError(
                f"run {self.run_id} has ended: nothing steers it any more. "
                "See its summary.json for what it carried out."
            )
        return record


def _the_run(output: str, run_id: str | None) -> str:
    under_way = runs_under_way(output, is_running)
    if run_id is None and len(under_way) == 1:
        return next(iter(under_way))
    if run_id in under_way:
        return str(run_id)
    if run_id is not None:
        known = run_id in Folder(join(output, "runs")).folder_names()
        raise UsageError(
            f"run {run_id} has ended: it can't be steered any more. See personalize-backfill inspect {output}."
            if known
            else f"there is no run {run_id} in {output}: it can't be steered. "
            f"See personalize-backfill inspect {output}."
        )
    if not under_way:
        raise UsageError(
            f"no run is under way in {output}: there is nothing to steer. See personalize-backfill inspect {output}."
        )
    raise UsageError(
        f"more than one run is under way in {output}: {', '.join(under_way)}. Name one of them with --run-id."
    )


def _reached(output: str, run_id: str, waiting: Waiting) -> _Reached:
    """Return the execution of the run in progress, once it takes requests: it may have only just begun."""
    file = ControlFile(control_file(output, run_id))
    found: list[str] = []

    def takes_requests() -> bool:
        holder = runs_under_way(output, is_running).get(run_id)
        record = file.read()
        if record is not None and (holder is None or holder.execution == record.execution):
            found.append(record.execution)
        return bool(found)

    if not waiting.until(takes_requests, _BEGINNING_SECONDS):
        raise UsageError(
            f"run {run_id} takes no requests now: it has only just begun, is about to end, or could not write "
            f"control/{run_id}.json. Try again in a moment, or look at its log."
        )
    return _Reached(run_id, found[0], file)


def _asking(record: ControlRecord, request: ControlRequest) -> ControlRecord:
    stops = record.stopping or any(each.ask is Ask.STOP for each in record.requests)
    if stops and request.ask is not Ask.STOP:
        raise UsageError(
            f"run {record.run_id} is stopping: it can't be steered any more. Run its command again to go on."
        )
    if not record.sends and request.ask is not Ask.STOP:
        raise UsageError(
            f"run {record.run_id} has no rate and no pause: it is a plan or an import, and sends no events. "
            "Use --stop, or let it go on."
        )
    max_rate = record.max_requests_per_second
    if request.rate is not None and request.rate > max_rate:
        raise UsageError(
            f"--rate {request.rate:g}: it is above delivery.max_requests_per_second, {max_rate:g}, which the run "
            f"was started with. Ask for {max_rate:g} or less, or stop the run and start it again with a higher limit."
        )
    return record.asking(request)


def _request(asked: argparse.Namespace) -> ControlRequest:
    if asked.rate is not None and not (math.isfinite(asked.rate) and asked.rate > 0):
        raise UsageError(
            "--rate: not a number of requests per second above 0. Give one, or --pause to send nothing."
        )
    ask = Ask.RATE if asked.rate is not None else asked.ask
    return ControlRequest(
        number=0, token=uuid.uuid4().hex, ask=ask, rate=asked.rate, by=_operator(), asked_at=now_as_text()
    )


def _operator() -> str:
    """Return who asks: the user and the machine, as the summary will name them."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"[:200]


def _parser(prog: str = "control") -> Parser:
    parser = Parser(
        prog=prog,
        description="Slow, pause, resume or stop a run that is under way, within 10 seconds, wherever it runs.",
        epilog="Exit codes: 0 carried out, 2 usage or no such run under way, 1 the run does not answer.",
    )
    parser.add_argument(
        "output", metavar="OUTPUT", help="output.path of the run: a local folder, s3:// or s3a://"
    )
    parser.add_argument("--run-id", metavar="ID", help="the run (default: the one that is under way there)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--rate",
        type=float,
        metavar="R",
        help="send at most R requests per second from now on, up to delivery.max_requests_per_second",
    )
    for ask, says in (
        (Ask.PAUSE, "send nothing until --resume, and keep the run's leases"),
        (Ask.RESUME, "go on after --pause"),
        (Ask.STOP, "end in order, as after SIGTERM: exit code 5, and the same command goes on"),
    ):
        what.add_argument(f"--{ask}", dest="ask", action="store_const", const=ask, help=says)
    return parser
