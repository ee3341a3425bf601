"""The content of a lease file: its holder, since when, and the number of renewals.

JSON. It contains no credential and nothing of any event.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from jobs.leases.process_identity import ProcessIdentity


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """A holder of a lease. Times are ISO 8601 for human readers: clocks of two machines are never compared.

    `execution` is a token that no other execution of any run has. `renewals` makes the content of each
    renewal different.
    """

    run_id: str
    execution: str
    host: str
    process: ProcessIdentity | None
    since: str
    renewed_at: str
    renewals: int = 0

    def renewed(self, at: str) -> LeaseRecord:
        """Return the record of the holder's next renewal."""
        return replace(self, renewed_at=at, renewals=self.renewals + 1)

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        return json.dumps(asdict(self), indent=1).encode()

    def __str__(self) -> str:
        process = f", process {self.process.pid}" if self.process else ""
        return f"run {self.run_id} (on {self.host}{process}, since {self.since})"


def parse_record(content: bytes) -> LeaseRecord | None:
    """Return the record in a lease file; None if it can't be read: half a file, or another version's."""
    try:
        fields = json.loads(content)
        process = fields.pop("process")
        return LeaseRecord(**fields, process=ProcessIdentity(**process) if process else None)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
