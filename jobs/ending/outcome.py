"""The outcome of a run so far, as its steps end one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from jobs.account.closed_account import Sent
from jobs.account.event_counts import EventCounts
from jobs.control.record import ControlRequest
from jobs.steps.checking import Checked
from jobs.steps.import_files import Written
from jobs.steps.importing import Imported


@dataclass(slots=True)
class Outcome:
    """The outcome of a run so far. `checked` is None until the check has ended, `refusal` unless the gate is shut.

    `counts` are of what was to be sent; None where that was not counted. `replay_of`: the run whose dead letters it
    sends again. `steering`: what was asked of the run while it was under way.
    `written` and `imported`: of an import, in place of `sent`.
    """

    started_at: datetime
    replay_of: str | None = None
    checked: Checked | None = None
    refusal: str | None = None
    sent: Sent = field(default_factory=Sent)
    counts: EventCounts | None = None
    steering: tuple[ControlRequest, ...] = ()
    written: Written | None = None
    imported: Imported | None = None

    def stop(self, reason: str) -> None:
        """Note that the run ended early."""
        self.sent = replace(self.sent, stop_reason=reason)
