"""An import of a shop's files, as often as it is carried out, against a control plane on loopback."""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bulk.import_record import ImportRecord
from bulk.polling import Pause
from jobs.prepare.import_updates import ask_and_update
from jobs.runs.import_folder import ImportFolder, records
from jobs.steps.import_calls import ImportCalls
from jobs.steps.imported_before import left_out_of_import
from jobs.steps.importing import Imported, Importing
from standin.refusal import Refusal
from tests.standin.control_plane_client import ROLE, World

LOCATION = "s3://shop/imports/a/csv/"
DENIED = Refusal(403, "AccessDeniedException", "not authorized: x")


class Shop:
    """The import `a` of the world's files, as often as it is carried out."""

    def __init__(self, world: World, output: Path) -> None:
        self.world = world
        self.folder = ImportFolder(str(output), "a")

    def record(self, **changes: Any) -> ImportRecord:  # noqa: ANN401 - any field's
        usual = {
            "name": "a",
            "tracking_id": "tracker",
            "mode": "full",
            "location": LOCATION,
            "rows": 1000,
            "bytes": 27_000,
            "files": 1,
            "left_out": {},
            "written_by": "run",
            "written_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        return ImportRecord(**{**usual, **changes})

    def carry_out(
        self,
        pause: Pause | None = None,
        role: str = ROLE,
        staged_without: Set[str] | None = None,
        **changes: Any,  # noqa: ANN401 - any field's
    ) -> Imported:
        world, dataset = self.world, self.world.dataset
        calls = ImportCalls(dataset.arn, dataset.created, world.paced)
        record = (self.folder.read() or self.record()).model_copy(update=changes)
        return Importing(self.folder, calls, pause or world.pause).carry_out(record, role, staged_without)

    def other(self, name: str, first: int = 0, rows: int = 1000, **how: Any) -> Imported:  # noqa: ANN401
        """Carry out another import of the same output."""
        self.world.put_csv(rows, first, f"imports/{name}/csv/part-0.csv")
        shop = Shop(self.world, Path(self.folder.output))
        shop.folder = ImportFolder(self.folder.output, name)
        return shop.carry_out(name=name, location=f"s3://shop/imports/{name}/csv/", **how)

    def left_out(self) -> set[str]:
        """What an incremental import that begins now leaves out."""
        _, jobs = ask_and_update(self.world.paced(), self.folder.output, "tracker", "eu-west-1")
        return {each.name for each in left_out_of_import(records(self.folder.output), "tracker", jobs)}

    def stored(self) -> ImportRecord:
        found = self.folder.read()
        assert found is not None
        return found


def first_of(operation: str) -> Callable[[str], bool]:
    """Says of the first call of `operation`, and of no other, that its answer is lost."""
    lost: list[str] = []

    def lose(called: str) -> bool:
        if called == operation and not lost:
            lost.append(called)
            return True
        return False

    return lose
