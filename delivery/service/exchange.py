"""One request on its way through the Common Runtime, from a connection to its one answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpClientConnection

from delivery.service.answer import ACCEPTED, WEB_PAGE, Answer, refusal
from delivery.service.connections import ConnectionPool
from delivery.service.signing import Signed

_OK = 200
_MARKUP = b"<"
# An error of the service has a few hundred bytes, an acceptance none.
_MAX_CONTENT = 65_536
RUNTIME_ERRORS = (AwsCrtError, RuntimeError, OSError, ValueError)
"""Errors that the Common Runtime raises when a connection or a signature fails, by kind."""

Finished = Callable[["Exchange", Answer], None]


class Exchange:
    """A request in flight and the part of its answer that has arrived.

    `finished` gets its one answer: the service's, an error's, or that of `give_up`, whichever is first. `date` is a
    refusal's `Date` header. Its methods run on the event-loop thread, except `give_up`, and `begin` when a connection
    was idle.
    """

    __slots__ = ("_connection", "_content", "_error_type", "_finished", "_pool", "_status", "date", "signed")

    def __init__(self, signed: Signed, pool: ConnectionPool, finished: Finished) -> None:
        self.signed = signed
        self.date: str | None = None
        self._pool = pool
        self._finished = [finished]  # until it is over: a list's pop is atomic
        self._connection: HttpClientConnection | None = None
        self._status: int | None = None
        self._error_type: str | None = None
        self._content = b""

    def begin(self, connection: HttpClientConnection | None, error: str | None) -> None:
        """Send the request over a connection, or end with the error that kept it from opening."""
        if connection is None:
            self._finish(Answer(None, error))
        elif self._finished:
            self._write(connection)
        else:
            self._pool.give_back(connection)

    def give_up(self) -> None:
        """Answer with a time-out, unless it is answered; close its connection, so that no late answer is read.

        The names are botocore's, for a time-out at this stage. A refused certificate shows as the first one.
        """
        stage = "ConnectTimeout" if self._connection is None else "ReadTimeout"
        if self._finish(Answer(None, stage)) and (connection := self._connection) is not None:
            connection.close()

    def _finish(self, answer: Answer) -> bool:
        """Pass the answer on, if it is the first one; return whether it is."""
        try:
            finished = self._finished.pop()
        except IndexError:
            return False
        finished(self, answer)
        return True

    def _write(self, connection: HttpClientConnection) -> None:
        self._connection = connection
        try:
            stream = connection.request(self.signed.request, self._on_response, self._on_body)
            stream.completion_future.add_done_callback(self._on_complete)
            stream.activate()
        except RUNTIME_ERRORS as error:
            self._finish(Answer(None, _name(error)))

    def _on_response(self, status_code: int, headers: list[tuple[str, str]], **_: object) -> None:
        self._status = status_code
        if status_code != _OK:
            by_name = {name.lower(): value for name, value in headers}
            self._error_type, self.date = by_name.get("x-amzn-errortype"), by_name.get("date")

    def _on_body(self, chunk: bytes, **_: object) -> None:
        if len(self._content) < _MAX_CONTENT:
            self._content += chunk

    def _on_complete(self, future: Future[int]) -> None:
        # Release it first: a time-out that comes too late must not close a connection that another request
        # uses by then.
        connection, self._connection = self._connection, None
        error = future.exception()
        if error is None:
            self._pool.give_back(connection)
        self._finish(self._answer(error))

    def _answer(self, error: BaseException | None) -> Answer:
        if error is not None or self._status is None:
            return Answer(None, _name(error))
        if self._status // 100 == _OK // 100 and self._content.lstrip().startswith(_MARKUP):
            return WEB_PAGE
        if self._status == _OK:
            return ACCEPTED
        return refusal(self._status, self._error_type, self._content)


def _name(error: BaseException | None) -> str:
    return str(error.name) if isinstance(error, AwsCrtError) else type(error).__name__
