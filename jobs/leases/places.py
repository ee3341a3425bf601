"""The places below an output that belong to one run at a time, and where their leases lie.

`_leases/`: Spark and pyarrow pass over names that start with an underscore. Who holds a place is not decided here.
"""

from __future__ import annotations

import hashlib

from core.contested_file import contested_file
from core.errors import StorageError
from core.lease_store import LeaseStore
from core.storage import Folder, join
from jobs.leases.lease_record import LeaseRecord, parse_record

_FOLDER = "_leases"
_RUN, _SUFFIX = "run-", ".json"


def sending_place(output_url: str, tracking_id: str) -> LeaseStore:
    """Return the place of whoever sends to a tracking ID from this output. Raises `StorageError`."""
    return _lease(output_url, f"tracking-id-{hashlib.sha256(tracking_id.encode()).hexdigest()[:32]}.json")


def run_place(output_url: str, run_id: str) -> LeaseStore:
    """Return the place of whoever writes the run's folder. Raises `StorageError`."""
    return _lease(output_url, f"{_RUN}{run_id}{_SUFFIX}")


def run_holders(output_url: str) -> dict[str, LeaseRecord | None]:
    """Return who holds a run's folder, by run id, as the leases say it now; None where a lease can't be read.

    It may be another run, which reads there. Whether a holder still lives is not said. Raises `StorageError`.
    """
    folder = Folder(join(output_url, _FOLDER))
    names = [name for name in folder.names() if name.startswith(_RUN) and name.endswith(_SUFFIX)]
    return {name[len(_RUN) : -len(_SUFFIX)]: _holder(folder, name) for name in names}


def _holder(folder: Folder, name: str) -> LeaseRecord | None:
    try:
        return parse_record(folder.read_bytes(name))
    except StorageError:
        return None  # given back since it was listed, or not ours to read


def _lease(output_url: str, name: str) -> LeaseStore:
    return contested_file(output_url, _FOLDER, name, "lease")
