"""The production client: signing and HTTP in the AWS Common Runtime, hundreds of requests at once.

Its Python binding has no read time-out, so this module adds one. Retries and the number of requests in
flight are up to the sender.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace

from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpClientConnection

from delivery.service.answer import ACCEPTED, Answer, refusal
from delivery.service.connections import ConnectionPool
from delivery.service.credentials import CredentialsError
from delivery.service.events_client import READ_SECONDS, Done
from delivery.service.faults import EXPIRED_CODES, MISDATED_CODES
from delivery.service.signing import Signed, Signer

_SWEEP_SECONDS = 0.25
_WARM_UP_SECONDS = 1.0
_OK = 200
# Errors that the Common Runtime raises when a connection or a signature fails, by kind.
_RUNTIME_ERRORS = (AwsCrtError, RuntimeError, OSError, ValueError)


class AwsCrtClient:
    """An `EventsClient` on awscrt. `send` is meant for one thread; `clock` gives monotonic seconds.

    `time_out` bounds each request from `send` to its answer, in seconds, the opening of a connection included.
    """

    def __init__(
        self,
        signer: Signer,
        pool: ConnectionPool,
        clock: Callable[[], float],
        time_out: float = READ_SECONDS,
    ) -> None:
        self._signer = signer
        self._pool = pool
        self._clock = clock
        self._time_out = time_out
        self._open: dict[_Exchange, float] = {}
        self._closed = threading.Event()
        threading.Thread(target=self._sweep, name="answer-time-outs", daemon=True).start()

    def send(self, body: bytes, done: Done) -> None:
        """Sign and send one body; see `EventsClient.send`."""
        try:
            signed = self._signer.sign(body)
        except CredentialsError:
            done(Answer(None, "CredentialRetrievalError"))
        except TimeoutError:
            done(Answer(None, "SigningTimeout"))
        except _RUNTIME_ERRORS:
            done(Answer(None, "SigningFailed"))
        else:
            exchange = _Exchange(self, signed, done)
            self._open[exchange] = self._clock() + self._time_out
            self._pool.borrow(exchange.begin)

    def warm_up(self) -> None:
        """Open a connection and create a signature, so that the first request is not delayed by them.

        The wait for the connection is short, and a failure is ignored: the first request will report it.
        """
        ready = threading.Event()

        def keep(connection: HttpClientConnection | None, _: str | None) -> None:
            if connection is not None:
                self._pool.give_back(connection)
            ready.set()

        with suppress(CredentialsError, *_RUNTIME_ERRORS):
            self._pool.borrow(keep)
            self._signer.sign(b"{}")
            ready.wait(_WARM_UP_SECONDS)

    def close(self) -> None:
        """Stop watching time-outs, give up requests that wait for an answer, and close the connections."""
        self._closed.set()
        for exchange in list(self._open):
            self._give_up(exchange)
        self._pool.close()

    def settle(self, exchange: _Exchange, answer: Answer) -> bool:
        """Give an exchange its one answer; return False if it had one already."""
        if self._open.pop(exchange, None) is None:
            return False
        exchange.done(replace(answer, renewed=True) if self._renew(exchange, answer.code) else answer)
        return True

    def is_waiting(self, exchange: _Exchange) -> bool:
        """Return whether an exchange still lacks its answer."""
        return exchange in self._open

    def give_back(self, connection: HttpClientConnection) -> None:
        """Keep a connection whose exchange is over."""
        self._pool.give_back(connection)

    def expire(self) -> None:
        """Give up each exchange that is past its time-out, and close its connection: no late answer is read."""
        now = self._clock()
        for exchange, deadline in list(self._open.items()):
            if deadline > now:
                break  # all have the same time-out, so they expire in the order of sending
            self._give_up(exchange)

    def _give_up(self, exchange: _Exchange) -> None:
        if self.settle(exchange, Answer(None, exchange.time_out_name())):
            exchange.abandon()

    def _sweep(self) -> None:
        while not self._closed.wait(_SWEEP_SECONDS):
            self.expire()

    def _renew(self, exchange: _Exchange, code: str | None) -> bool:
        """Renew the part of the signature that was at fault, keys or time; return whether that helped."""
        if code in EXPIRED_CODES:
            return self._signer.renew_keys(exchange.signed)
        return code in MISDATED_CODES and self._signer.correct_clock(exchange.signed, exchange.date)


class _Exchange:
    """A request in flight and the part of its answer that has arrived.

    Its methods run on the event-loop thread, except `abandon`, and `begin` when a connection was idle.
    """

    __slots__ = ("_client", "_connection", "_content", "_error_type", "_status", "date", "done", "signed")

    def __init__(self, client: AwsCrtClient, signed: Signed, done: Done) -> None:
        self._client = client
        self.signed = signed
        self.done = done
        self.date: str | None = None
        self._connection: HttpClientConnection | None = None
        self._status: int | None = None
        self._error_type: str | None = None
        self._content = b""

    def begin(self, connection: HttpClientConnection | None, error: str | None) -> None:
        """Send the request over a connection, or end with the error that kept it from opening."""
        if connection is None:
            self._client.settle(self, Answer(None, error))
        elif self._client.is_waiting(self):
            self._write(connection)
        else:
            self._client.give_back(connection)

    def time_out_name(self) -> str:
        """Return botocore's name for a time-out at this stage. A refused certificate shows as the first one."""
        return "ConnectTimeout" if self._connection is None else "ReadTimeout"

    def abandon(self) -> None:
        """Close the connection, if the request has one."""
        if (connection := self._connection) is not None:
            connection.close()

    def _write(self, connection: HttpClientConnection) -> None:
        self._connection = connection
        try:
            stream = connection.request(self.signed.request, self._on_response, self._on_body)
            stream.completion_future.add_done_callback(self._on_complete)
            stream.activate()
        except _RUNTIME_ERRORS as error:
            self._client.settle(self, Answer(None, _name(error)))

    def _on_response(self, status_code: int, headers: list[tuple[str, str]], **_: object) -> None:
        self._status = status_code
        if status_code != _OK:
            by_name = {name.lower(): value for name, value in headers}
            self._error_type, self.date = by_name.get("x-amzn-errortype"), by_name.get("date")

    def _on_body(self, chunk: bytes, **_: object) -> None:
        if self._status != _OK:
            self._content += chunk

    def _on_complete(self, future: Future[int]) -> None:
        # Release it first: a time-out that comes too late must not close a connection that another request
        # uses by then.
        connection, self._connection = self._connection, None
        error = future.exception()
        if error is None:
            self._client.give_back(connection)
        self._client.settle(self, self._answer(error))

    def _answer(self, error: BaseException | None) -> Answer:
        if error is not None or self._status is None:
            return Answer(None, _name(error))
        if self._status == _OK:
            return ACCEPTED
        return refusal(self._status, self._error_type, self._content)


def _name(error: BaseException | None) -> str:
    return str(error.name) if isinstance(error, AwsCrtError) else type(error).__name__
