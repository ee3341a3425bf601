"""What a world was asked: one entry for each request, in the order of the answers."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from tests.aws.network.addresses import region_of
from tests.aws.network.http import Request, Response


@dataclass(frozen=True)
class Entry:
    """One request and its answer. `region` is the one in the signature, `payload` how the body was signed (S3).

    `key`, of S3: the object's, the listing's prefix, or the first of the keys to delete. `began` and `ended` are
    seconds on `time.monotonic`, `agent` is what the client calls itself.
    """

    service: str
    host: str
    method: str
    path: str
    operation: str
    action: str
    status: int
    code: str
    principal: str | None
    region: str | None
    payload: str
    key: str = ""
    agent: str = ""
    began: float = 0.0
    ended: float = 0.0


class Log(list[Entry]):
    """The entries; threads may add at once."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def note(self, entry: Entry) -> None:
        with self._lock:
            self.append(entry)

    def note_call(
        self, request: Request, operation: str, response: Response, *, code: str, principal: str | None
    ) -> None:
        """Note a call of a service that has an operation for each request, as all but S3 have."""
        service = request.host.partition(".")[0]
        self.note(
            Entry(
                service=service,
                host=request.host,
                method=request.method,
                path=request.path,
                operation=operation,
                action=f"{service}:{operation}",
                status=response.status,
                code=code,
                principal=principal,
                region=region_of(request.host),
                payload="",
            )
        )

    def count(self, service: str = "s3") -> Counter[str]:  # type: ignore[override]
        """How often each operation of a service was asked for."""
        return Counter(entry.operation for entry in tuple(self) if entry.service == service)
