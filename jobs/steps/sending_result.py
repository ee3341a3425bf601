"""The result of sending, from three sources: the receipts on storage, the partitions' reports, the coordinator.

The receipts decide what the next run will find delivered, so they come first. The others are used if a
report was lost with its task or the receipts can't be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import StorageError
from core.plurals import counted
from delivery.pacing.driver.progress import Progress
from delivery.receipts.dead_letters import dead_letter_count
from delivery.receipts.ledger import accepted_count
from delivery.sending.report import PartitionReport
from delivery.sending.tally import Tally
from delivery.sending.timeline import merged
from jobs.account.closed_account import Sent

# This many failures of the whole job, without a success after them, are not bad luck: `delivery.sending.circuit` takes
# the same number for a dead service.
_FAILURES_TO_STOP = 20


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of one execution of a run, and how many events it was to send."""

    output: str
    tracking_id: str
    run_id: str
    execution: str
    to_send: int

    def counted(self) -> tuple[int, int]:
        """Return the events delivered and dead-lettered, from storage.

        Raises:
            StorageError: the receipts can't be read.
        """
        delivered = accepted_count(self.output, self.tracking_id, self.execution)
        return delivered, dead_letter_count(self.output, self.tracking_id, self.run_id, self.execution)

    def reported(self, tallies: Sequence[Tally], progress: Progress) -> tuple[int, int]:
        """Return the same counts by the partitions' reports, capped at what was to be sent: the account must close."""
        delivered = max(progress.events_delivered, sum(each.events_delivered for each in tallies))
        delivered = min(delivered, self.to_send)
        dead = sum(each.events_dead_lettered for each in tallies)
        return delivered, min(dead, self.to_send - delivered)


def sent_in_all(
    receipts: Receipts, reports: Sequence[PartitionReport], progress: Progress, failure: str | None
) -> Sent:
    """Sum everything up; `failure` is Spark's error of the sending tasks, None if all of them reported.

    Only reports tell when requests were sent and how full they were: without them those are unknown.
    """
    tallies = [each.tally for each in reports]
    try:
        (delivered, dead), unread = receipts.counted(), None
    except StorageError as error:
        (delivered, dead), unread = receipts.reported(tallies, progress), str(error)
    return Sent(
        events_delivered=delivered,
        events_dead_lettered=dead,
        requests_delivered=max(progress.requests_delivered, sum(each.requests_delivered for each in tallies)),
        request_attempts=max(progress.request_attempts, sum(each.request_attempts for each in tallies)),
        throttled_attempts=max(progress.throttled_attempts, sum(each.throttled_attempts for each in tallies)),
        started_at=min((each.first_attempt_at for each in tallies if each.first_attempt_at), default=None),
        finished_at=max((each.last_answer_at for each in tallies if each.last_answer_at), default=None),
        stop_reason=_first_reason(
            (progress.stop_reason or failure) if failure else None,
            *(each.stop_reason for each in reports),
            unread,
            _nothing_accepted_any_more(delivered, tallies),
            _receipts_deleted(delivered, dead, tallies),
        ),
        timeline=merged(each.timeline for each in tallies),
        requests_by_events=sum((each.requests_by_events for each in tallies), Counter()),
    )


def _first_reason(*reasons: str | None) -> str | None:
    """Return the first reason to call a run stopped, None if there is none.

    The reasons of the tasks themselves come first: what their receipts show may be a consequence.
    """
    return next((reason for reason in reasons if reason), None)


def _nothing_accepted_any_more(delivered: int, tallies: Sequence[Tally]) -> str | None:
    """Return the reason to stop if a dead service used up all attempts before a circuit opened, else None."""
    given_up = sum(each.events_given_up for each in tallies)
    if not given_up or (delivered and _failures_at_the_end(tallies) < _FAILURES_TO_STOP):
        return None
    accepted = "accepted nothing any more" if delivered else "accepted not one request"
    events = counted(given_up, "event")
    return f"the service {accepted}, and {events} ran out of attempts; dead_letters/ has its error_code"


def _receipts_deleted(delivered: int, dead: int, tallies: Sequence[Tally]) -> str | None:
    """Return the reason to call a run stopped whose receipts have fewer events than its tasks wrote, else None."""
    missing = sum(each.events_delivered for each in tallies) - delivered
    if missing > 0:
        return _deleted("ledger/", missing, "accepted")
    missing += sum(each.events_dead_lettered for each in tallies) - dead
    return _deleted("dead_letters/", missing, "did not take") if missing > 0 else None


def _deleted(folder: str, missing: int, became: str) -> str:
    return (
        f"files in {folder} were deleted during the run, and with them {counted(missing, 'event')} that the service "
        f"{became}; the next run sends what is missing again, under the same event ids"
    )


def _failures_at_the_end(tallies: Sequence[Tally]) -> int:
    """Return how many failures, none of them for an event's content, came after the job's last success."""
    last = max((each.last_accepted_at for each in tallies if each.last_accepted_at), default=0.0)
    return sum(each.failed_in_a_row for each in tallies if each.failing_since and each.failing_since >= last)
