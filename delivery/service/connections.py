"""A pool of HTTP connections in the AWS Common Runtime (whose Python binding has no pool of its own).

A connection is opened only when none is idle, so there are as many as were ever in flight at once; the
sender bounds those.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from awscrt.exceptions import AwsCrtError
from awscrt.http import (
    HttpClientConnection,
    HttpProxyAuthenticationType,
    HttpProxyOptions,
)
from awscrt.io import (
    ClientBootstrap,
    ClientTlsContext,
    DefaultHostResolver,
    EventLoopGroup,
    SocketOptions,
    TlsConnectionOptions,
    TlsContextOptions,
)

from core.aws.proxies import Proxy
from delivery.service.endpoint import Endpoint

# Called with a connection, or with None and the name of the error.
Ready = Callable[[HttpClientConnection | None, str | None], None]


class ConnectionPool:
    """Connections to one endpoint, on one event-loop thread. Safe from any thread.

    `connect_seconds` bounds the opening of a connection.
    """

    def __init__(self, endpoint: Endpoint, connect_seconds: float) -> None:
        self._endpoint = endpoint
        loops = EventLoopGroup(1)
        self._bootstrap = ClientBootstrap(loops, DefaultHostResolver(loops))
        self._socket_options = SocketOptions()
        self._socket_options.connect_timeout_ms = int(connect_seconds * 1000)
        self._tls_context = _tls_context(endpoint)
        self._is_encrypted = endpoint.scheme == "https"
        self._idle: deque[HttpClientConnection] = deque()

    def borrow(self, ready: Ready) -> None:
        """Pass an open connection to `ready`: at once if one is idle, else when a new one has opened or failed."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if connection.is_open():
                ready(connection, None)
                return
        self._open(ready)

    def give_back(self, connection: HttpClientConnection) -> None:
        """Keep a connection for the next request, unless it was closed."""
        if connection.is_open():
            self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _open(self, ready: Ready) -> None:
        def opened(future: Future[HttpClientConnection]) -> None:
            error = future.exception()
            if error is None:
                ready(future.result(), None)
            else:
                ready(None, error.name if isinstance(error, AwsCrtError) else type(error).__name__)

        HttpClientConnection.new(
            self._endpoint.host,
            self._endpoint.port,
            bootstrap=self._bootstrap,
            socket_options=self._socket_options,
            tls_connection_options=self._tls_options(self._endpoint.host) if self._is_encrypted else None,
            proxy_options=self._proxy_options(self._endpoint.proxy),
        ).add_done_callback(opened)

    def _tls_options(self, server: str) -> TlsConnectionOptions:
        options = self._tls_context.new_connection_options()
        options.set_server_name(server)
        return options

    def _proxy_options(self, proxy: Proxy | None) -> HttpProxyOptions | None:
        """Return a tunnel for https, as botocore opens one; http requests are forwarded (awscrt's default)."""
        if proxy is None:
            return None
        return HttpProxyOptions(
            proxy.host,
            proxy.port,
            tls_connection_options=self._tls_options(proxy.host) if proxy.tls else None,
            auth_type=HttpProxyAuthenticationType.Basic
            if proxy.username
            else HttpProxyAuthenticationType.Nothing,
            auth_username=proxy.username,
            auth_password=proxy.password or "",
        )


def _tls_context(endpoint: Endpoint) -> ClientTlsContext:
    options = TlsContextOptions()
    if endpoint.ca_file is not None:
        options.override_default_trust_store_from_path(None, endpoint.ca_file)
    return ClientTlsContext(options)
