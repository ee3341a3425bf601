"""A run that leaves out imports asks first what became of those whose end is not recorded, and says where it can't."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulk.import_record import State
from jobs.config.configuration import parse_settings
from jobs.prepare.aws_account import Service
from jobs.prepare.imports_before_sending import update_before_sending
from jobs.prepare.preflight import Preflight
from jobs.runs.import_folder import ImportFolder
from standin.refusal import Refusal
from tests.bulk.test_import_record import record
from tests.jobs.prepare.test_import_target import MINIMAL, Session
from tests.jobs.prepare.test_import_updates import begin
from tests.standin.control_plane_client import SCHEMA, World


@pytest.fixture
def world() -> World:
    made = World()
    made.plane.rate = None
    made.put_csv()
    return made


class Output:
    """An output with one import, `a`, and what a run that sends there does first."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = ImportFolder(str(folder), "a")
        self.world = world

    def with_state(self, state: State) -> None:
        self.folder.write(record("a", "full", state, "tracker"))

    def update(self, *overrides: str, elsewhere: bool = False) -> State:
        settings = parse_settings(MINIMAL, "job.yaml", overrides)
        service = Service("eu-west-1", "https://personalize-events.eu-west-1.amazonaws.com")
        flight = Preflight(settings, lambda _patience: SCHEMA, elsewhere)
        session = Session(self.world)
        update_before_sending(settings, service, lambda: session, self.folder.output, flight)  # type: ignore[arg-type, return-value]
        found = self.folder.read()
        assert found is not None
        return found.state


@pytest.fixture
def output(tmp_path: Path, world: World) -> Output:
    return Output(tmp_path, world)


def test_the_call_that_was_made_by_hand_is_known_and_so_is_its_end(output: Output) -> None:
    output.with_state(State.WRITTEN)
    assert output.update() is State.WRITTEN
    begin(output.world, "a")
    assert output.update() is State.UNDER_WAY
    output.world.clock.sleep(600)
    assert output.update() is State.IMPORTED


@pytest.mark.parametrize("override", ["delivery.after_import=send", "personalize.tracking_id=other"])
def test_nothing_is_asked_where_the_answer_makes_no_difference(output: Output, override: str) -> None:
    for state in (State.WRITTEN, State.IMPORTED):
        output.with_state(state)
        output.update(override)
    assert output.world.plane.calls == []


def test_another_programs_full_import_is_reported_and_nothing_is_sent_because_of_it(
    output: Output, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have brought the same events: what is sent has no undo, what is left out can be sent later."""
    begin(output.world, "a")
    output.world.clock.sleep(600)
    output.with_state(State.WRITTEN)
    assert output.update() is State.IMPORTED
    assert caplog.text == ""
    begin(output.world, "by-hand")
    assert output.update() is State.IMPORTED
    assert caplog.text == "", "it has not ended"
    output.world.clock.sleep(600)
    assert output.update() is State.IMPORTED
    assert "the import a was replaced: the dataset has a later FULL import, by-hand, that this" in caplog.text
    caplog.clear()
    begin(output.world, "a-2")
    output.world.clock.sleep(600)
    assert output.update() is State.IMPORTED
    assert caplog.text == "", "the same files were imported again"


def test_where_the_service_can_not_be_asked_the_run_says_what_it_sends(
    output: Output, caplog: pytest.LogCaptureFixture
) -> None:
    output.with_state(State.WRITTEN)
    denied = Refusal(403, "AccessDeniedException", "no")
    for operation in ("ListDatasetImportJobs", "ListEventTrackers"):
        output.world.plane.refuse = lambda asked, refused=operation: denied if asked == refused else None  # type: ignore[misc]
        assert output.update() is State.WRITTEN
        assert f"permission personalize:{operation} is missing" in caplog.text
        assert "Its events are sent" in caplog.text
    before = len(output.world.plane.calls)
    caplog.clear()
    output.update("preflight=off")
    output.update(elsewhere=True)
    assert caplog.text.count("was not asked whether its call was made: preflight is off") == 2
    caplog.clear()
    output.with_state(State.UNDER_WAY)
    output.update("preflight=off")
    assert caplog.text == "", "the run itself refuses to go on"
    assert len(output.world.plane.calls) == before
