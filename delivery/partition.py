"""The work of one Spark task: connect a partition's stage, client, pacer and records to the sender, and report.

Clocks, randomness and connections are created here and nowhere else. A stop is a report with its reason,
not an exception; an exception means that another attempt of the task is worthwhile, which skips what its
earlier attempts settled.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cache
from itertools import islice
from uuid import uuid4

import pyarrow as pa
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from core.aws.s3_errors import explain, explain_setting
from core.aws.session import aws_session, core_session, default_region, forget_session
from core.errors import BackfillError, StorageError
from core.imports import not_installed
from delivery.errors import AnswerOverdueError, WorkerEndedError
from delivery.pacing.pacer import Pacer
from delivery.pacing.partition.granted_pacer import GrantedPacer
from delivery.packing import StagedEvent, pack
from delivery.receipts.dead_letters import DeadLetters
from delivery.receipts.ledger import Ledger
from delivery.request import events_per_request, request_writer
from delivery.sending.end_signals import end_signals
from delivery.sending.inbox import Inbox, ThreadInbox
from delivery.sending.report import PartitionReport
from delivery.sending.sender import Sender, SenderServices
from delivery.sending.stage import leave_out, read_stage
from delivery.sending.watchdog import Watchdog
from delivery.service.awscrt_client import AwsCrtClient
from delivery.service.connections import ConnectionPool
from delivery.service.credentials import CredentialsError, CredentialSource
from delivery.service.endpoint import resolve_endpoint
from delivery.service.events_client import CONNECT_SECONDS, EventsClient
from delivery.service.signing import Signer
from delivery.task import DeliveryTask


@cache
def _make_ready() -> None:
    """Do once in a process what would hold up its requests.

    pyarrow looks for pandas with the first array that it makes. Nothing here needs pandas, whose import takes as long
    as all others of a worker together. And each collection of garbage would go through all that is imported, for a
    tenth of a second, while events are sent and after each task (`pyspark.daemon`).
    """
    with not_installed("pandas"):
        pa.array(())
    gc.freeze()


def deliver(tasks: Iterable[DeliveryTask]) -> Iterator[PartitionReport]:
    """Send each task's partition and report on it: for `mapPartitions`, one task a partition.

    Run it exactly once for each task: a second action on its result would send everything again.
    Without tasks, it makes its process ready for one.
    """
    _make_ready()
    for task in tasks:
        inbox = ThreadInbox()
        with closing(GrantedPacer.of(task, inbox.wake)) as pacer:
            with end_signals(pacer.leave) as received, Watchdog(time.monotonic) as watchdog:
                report = _deliver(task, pacer, inbox, watchdog)
            if received and report.stop_reason is not None:
                raise WorkerEndedError(f"{received[0]}; what it had sent is recorded.")
            yield report


def open_client(region: str | None, endpoint_url: str | None) -> EventsClient:
    """Return the production client, for the endpoint and credentials that boto3 would use here.

    Raises:
        CredentialsError: there are no credentials, or an AWS setting is not valid.
        BotoCoreError: there is no region, or the endpoint can't be used.
    """
    try:
        endpoint = resolve_endpoint(core_session(), region or default_region(), endpoint_url)
    except BotoCoreError:
        raise
    except (ValueError, OSError) as error:
        raise CredentialsError(str(explain_setting(error))) from None
    credentials = CredentialSource(_find_credentials)
    signer = Signer(endpoint, credentials, time.time)
    client = AwsCrtClient(signer, ConnectionPool(endpoint, CONNECT_SECONDS), time.monotonic)
    client.warm_up()
    return client


def _find_credentials() -> Credentials | None:
    """Search the whole chain: a session keeps what it found, so an expiry needs a new one."""
    forget_session()
    return aws_session().get_credentials()


def _deliver(task: DeliveryTask, pacer: Pacer, inbox: Inbox, watchdog: Watchdog) -> PartitionReport:
    try:
        with closing(open_client(task.region, task.endpoint_url)) as client:
            return _send(task, client, pacer, inbox, watchdog)
    except AnswerOverdueError:
        raise
    except (BackfillError, BotoCoreError) as error:
        # Nothing was sent yet: credentials, region, endpoint or the output's folders are at fault.
        # botocore's own words may quote what a credential_process printed.
        pacer.stop_all(
            f"no request can be sent: {error if isinstance(error, BackfillError) else explain(error)}"
        )
        return PartitionReport(task.partition, stop_reason=pacer.stop_reason)


def _send(
    task: DeliveryTask, client: EventsClient, pacer: Pacer, inbox: Inbox, watchdog: Watchdog
) -> PartitionReport:
    attempt = uuid4().hex
    ledger, dead_letters = Ledger(task, attempt), DeadLetters(task, attempt)
    services = SenderServices(
        client=client,
        pacer=pacer,
        ledger=ledger,
        dead_letters=dead_letters,
        write=request_writer(task.tracking_id),
        inbox=inbox,
        monotonic=time.monotonic,
        wall=time.time,
        random=random.random,
        alive=watchdog.feed,
    )
    events = _unsettled(task, ledger, dead_letters, watchdog)
    sender = Sender(pack(events, events_per_request()), task.max_attempts, services, task.events or 0)
    stopped = _run(sender, ledger, dead_letters, pacer, watchdog)
    return PartitionReport(task.partition, sender.tally, stopped)


def _run(
    sender: Sender, ledger: Ledger, dead_letters: DeadLetters, pacer: Pacer, watchdog: Watchdog
) -> str | None:
    """Send, then close the records; a record that can't be written stops the job, as its events may be sent again."""
    try:
        with closing(ledger.start()), closing(dead_letters.start()):
            try:
                return sender.run()
            finally:
                watchdog.rest()  # merging many segments may take its time
    except StorageError as error:
        pacer.stop_all(str(error))
        return str(error)


def _unsettled(
    task: DeliveryTask, ledger: Ledger, dead_letters: DeadLetters, watchdog: Watchdog
) -> Iterator[StagedEvent]:
    """Yield what is to be sent, without what earlier attempts of the task settled: those count among `task.events`.

    Late in a long run this takes a while: thousands of segments are read, and millions of events are skipped.
    """
    events: Iterator[StagedEvent] = islice(read_stage(task.stage_url), task.events)
    for settled in (ledger.settled_before(watchdog.over), dead_letters.settled_before(watchdog.over)):
        if len(settled):
            events = leave_out(settled, watchdog.over(events))
    return events
