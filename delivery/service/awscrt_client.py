"""The production client: signing and HTTP in the AWS Common Runtime, hundreds of requests at once.

Its Python binding has no read time-out, so this module adds one. Retries and the number of requests in
flight are up to the sender.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from awscrt.http import HttpClientConnection

from delivery.service.answer import Answer
from delivery.service.connections import ConnectionPool
from delivery.service.credentials import CredentialsError
from delivery.service.events_client import READ_SECONDS, Done
from delivery.service.exchange import RUNTIME_ERRORS, Exchange
from delivery.service.faults import EXPIRED_CODES, MISDATED_CODES
from delivery.service.signing import Signer

_SWEEP_SECONDS = 0.25
_WARM_UP_SECONDS = 1.0


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
        self._open: dict[Exchange, float] = {}
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
        except RUNTIME_ERRORS:
            done(Answer(None, "SigningFailed"))
        else:
            exchange = Exchange(signed, self._pool, partial(self._finished, done))
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

        with suppress(CredentialsError, *RUNTIME_ERRORS):
            self._pool.borrow(keep)
            self._signer.sign(b"{}")
            ready.wait(_WARM_UP_SECONDS)

    def close(self) -> None:
        """Stop watching time-outs, give up requests that wait for an answer, and close the connections."""
        self._closed.set()
        for exchange in list(self._open):
            exchange.give_up()
        self._pool.close()

    def expire(self) -> None:
        """Give up each exchange that is past its time-out, and close its connection: no late answer is read."""
        now = self._clock()
        for exchange, deadline in list(self._open.items()):
            if deadline > now:
                break  # all have the same time-out, so they expire in the order of sending
            exchange.give_up()

    def _finished(self, done: Done, exchange: Exchange, answer: Answer) -> None:
        """Pass on the one answer of an exchange."""
        self._open.pop(exchange, None)
        done(replace(answer, renewed=True) if self._renew(exchange, answer.code) else answer)

    def _sweep(self) -> None:
        while not self._closed.wait(_SWEEP_SECONDS):
            self.expire()

    def _renew(self, exchange: Exchange, code: str | None) -> bool:
        """Renew the part of the signature that was at fault, keys or time; return whether that helped."""
        if code in EXPIRED_CODES:
            return self._signer.renew_keys(exchange.signed)
        return code in MISDATED_CODES and self._signer.correct_clock(exchange.signed, exchange.date)
