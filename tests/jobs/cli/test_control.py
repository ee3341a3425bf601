"""`personalize-backfill control` finds the run, asks it, waits until it has heeded, and says what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.contested_file import control_file
from jobs.cli.control import Waiting, _parser, _request, _state_after, main, steer
from jobs.control.control_file import ControlFile
from jobs.control.polling import ControlPoller
from jobs.control.record import Ask, ControlRecord
from jobs.control.steering import Steering
from jobs.errors import UsageError
from jobs.leases.lease_files import run_folder_lease
from jobs.leases.lease_record import LeaseRecord
from jobs.runs.run_folder import RunFolder
from jobs.runs.run_list import runs_below
from tests.jobs.control.test_record import request

SINCE = "2026-02-02T00:00:00+00:00"


@dataclass
class Run:
    """A run on another machine that holds its folder, and looks at its control file while the command sleeps."""

    output: str
    run_id: str = "day"
    answers: bool = True
    sends: bool = True
    now: float = 0.0
    stops: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        lease = LeaseRecord(self.run_id, "e1", "host-9", None, since=SINCE, renewed_at=SINCE)
        run_folder_lease(self.output, self.run_id).create(lease.to_bytes())
        RunFolder(self.output, self.run_id).folder().write_bytes("validation.json", b"{}")
        self.steering = Steering(500, self.stops.append, lambda: "now")
        beginning = ControlRecord(
            run_id=self.run_id,
            execution="e1",
            max_requests_per_second=500,
            requests_per_second=500,
            sends=self.sends,
        )
        self.poller = ControlPoller(lambda: self.file, beginning, self.steering, every_seconds=3600.0)
        self.poller._file = self.file

    @property
    def file(self) -> ControlFile:
        return ControlFile(control_file(self.output, self.run_id))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.answers:
            self.poller.poll()

    @property
    def waiting(self) -> Waiting:
        return Waiting(lambda: self.now, self.sleep)

    def end(self) -> None:
        place = run_folder_lease(self.output, self.run_id)
        stored = place.read()
        assert stored is not None
        place.delete(stored.version)


@pytest.mark.parametrize(
    ("ask", "rate", "said"),
    [
        (Ask.PAUSE, None, "run day: paused: it sends nothing until it is resumed"),
        (Ask.RESUME, None, "run day: resumed"),
        (Ask.STOP, None, "run day: stopping"),
        (Ask.RATE, 50.0, "run day: at most 50 requests per second from now on"),
    ],
)
def test_the_one_run_under_way_is_asked_and_has_heeded(
    output: str, ask: Ask, rate: float | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(output)
    run.poller.begin()
    assert steer(output, None, request("a", ask, rate), run.waiting) == 0
    assert said in capsys.readouterr().out
    assert [each.token for each in run.steering.requests] == ["a"]


def test_what_is_said_is_what_the_run_does_now(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Another operator may have paused the run since it was resumed."""
    run = Run(output)
    run.poller.begin()
    steer(output, None, request("a"), run.waiting)
    steer(output, None, request("b", Ask.RATE, 50.0), run.waiting)
    run.file.change(lambda record: record and record.asking(request("c", Ask.RESUME)).asking(request("d")))
    steer(output, None, request("c", Ask.RESUME), run.waiting)
    run.file.change(lambda record: record and record.asking(request("e")).asking(request("f", Ask.RESUME)))
    steer(output, None, request("e"), run.waiting)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "run day: paused: it sends nothing until it is resumed, and then at most 50 requests per second",
        "run day: paused: it sends nothing until it is resumed",
        "run day: resumed",
    ]


@pytest.mark.parametrize(("ask", "rate"), [(Ask.RATE, 50.0), (Ask.PAUSE, None)])
def test_a_run_that_ended_just_after_is_not_said_to_stop(ask: Ask, rate: float | None) -> None:
    assert _state_after(request("a", ask, rate), None) == "carried out, and the run has ended since"
    assert _state_after(request("a", Ask.STOP), None).startswith("stopping")


@pytest.mark.parametrize("heeded", [True, False])
def test_a_run_that_was_asked_to_stop_takes_no_other_request(output: str, *, heeded: bool) -> None:
    run = Run(output)
    run.poller.begin()
    if heeded:
        steer(output, None, request("a", Ask.STOP), run.waiting)
    else:
        run.file.change(lambda record: record and record.asking(request("a", Ask.STOP)))
    with pytest.raises(UsageError, match=r"run day is stopping: .* Run its command again to go on\."):
        steer(output, None, request("b", Ask.RESUME), run.waiting)
    assert steer(output, None, request("c", Ask.STOP), run.waiting) == 0


def test_inspect_says_into_what_state_a_run_was_brought(output: str) -> None:
    run = Run(output)
    run.poller.begin()
    [listed] = runs_below(output, lambda _: None)
    assert "Paused" not in str(listed.state.note)
    steer(output, None, request("a"), run.waiting)
    steer(output, None, request("b", Ask.RATE, 50.0), run.waiting)
    [listed] = runs_below(output, lambda _: None)
    assert listed.state.status == "under_way"
    assert str(listed.state.note).endswith("Paused. At most 50 requests/s.")


def test_a_run_that_has_just_begun_is_waited_for(output: str) -> None:
    run = Run(output)
    assert steer(output, "day", request("a"), run.waiting) == 0


def test_several_runs_under_way_are_listed(output: str) -> None:
    run = Run(output)
    Run(output, "night")
    with pytest.raises(UsageError, match=r"more than one run .*: day, night\. Name one"):
        steer(output, None, request("a"), run.waiting)


def test_no_run_under_way_is_one_sentence(output: str) -> None:
    run = Run(output)
    run.end()
    with pytest.raises(UsageError, match="no run is under way"):
        steer(output, None, request("a"), run.waiting)


def test_an_ended_run_and_an_unknown_one_are_distinguished(output: str) -> None:
    run = Run(output)
    run.end()
    with pytest.raises(UsageError, match="run day has ended"):
        steer(output, "day", request("a"), run.waiting)
    with pytest.raises(UsageError, match="there is no run dya"):
        steer(output, "dya", request("a"), run.waiting)


def test_a_rate_above_the_limit_is_refused_and_names_it(output: str) -> None:
    run = Run(output)
    run.poller.begin()
    with pytest.raises(UsageError, match=r"--rate 501: it is above delivery\.max_requests_per_second, 500"):
        steer(output, None, request("a", Ask.RATE, 501), run.waiting)
    record = run.file.read()
    assert record is not None
    assert record.requests == ()


@pytest.mark.parametrize(("ask", "rate"), [(Ask.PAUSE, None), (Ask.RESUME, None), (Ask.RATE, 50.0)])
def test_a_plan_or_an_import_is_not_said_to_be_paused(output: str, ask: Ask, rate: float | None) -> None:
    """It would go on, and have Personalize import the data."""
    run = Run(output, sends=False)
    run.poller.begin()
    with pytest.raises(UsageError, match="run day has no rate and no pause: it is a plan or an import"):
        steer(output, None, request("a", ask, rate), run.waiting)
    assert run.steering.requests == ()
    assert steer(output, None, request("b", Ask.STOP), run.waiting) == 0
    assert run.stops


def test_the_file_that_a_dead_run_left_is_not_the_run_that_is_under_way(output: str) -> None:
    run = Run(output, answers=False)
    left = ControlRecord(run_id="day", execution="e0", max_requests_per_second=1, requests_per_second=1)
    run.file.change(lambda _: left)
    with pytest.raises(UsageError, match="takes no requests now"):
        steer(output, None, request("a"), run.waiting)


def test_a_run_that_does_not_answer_is_said_to_be(output: str, caplog: pytest.LogCaptureFixture) -> None:
    run = Run(output, answers=False)
    run.poller.begin()
    assert steer(output, None, request("a"), run.waiting) == 1
    assert "has not answered for 30 seconds" in caplog.text


def test_a_run_that_ends_before_it_heeds_is_said_to_have(output: str) -> None:
    run = Run(output, answers=False)
    run.poller.begin()
    waiting = Waiting(lambda: run.now, lambda _: run.poller.end())
    with pytest.raises(UsageError, match="run day has ended"):
        steer(output, None, request("a"), waiting)
    assert [each.heeded_at for each in run.steering.requests] == [None]


def test_a_run_that_stops_before_the_command_looks_again_was_stopped(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a paused run does, which has nothing in flight: it takes its control file away at once."""
    run = Run(output)
    run.poller.begin()

    def stop_at_once(_: float) -> None:
        run.poller.poll()
        run.poller.end()

    assert steer(output, None, request("a", Ask.STOP), Waiting(lambda: run.now, stop_at_once)) == 0
    assert "run day: stopping" in capsys.readouterr().out
    assert run.stops


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--pause", "--resume"],
        ["--rate", "5", "--stop"],
        ["--rate", "x"],
        ["--rate", "0"],
        ["--rate", "nan"],
    ],
)
def test_wrong_usage_is_a_usage_error(
    output: str, options: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert main([output, *options]) == 2
    assert len(caplog.records) == 1


def test_a_word_in_place_of_a_rate_is_said_not_to_be_a_number(caplog: pytest.LogCaptureFixture) -> None:
    assert main(["out", "--rate", "fast"]) == 2
    assert "argument --rate: not a number: 'fast'. See --help." in caplog.text


def test_a_folder_that_is_not_an_output_is_one_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert main([str(tmp_path), "--pause"]) == 2
    assert "is not an output folder" in caplog.text


def test_a_request_says_who_asks_and_when() -> None:
    made = _request(_parser().parse_args(["out", "--rate", "2.5"]))
    assert (made.ask, made.rate) == (Ask.RATE, 2.5)
    assert "@" in made.by
    assert made.asked_at.endswith("+00:00")
