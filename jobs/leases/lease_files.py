"""The lease files in an output: one for each run's folder, one for each tracking ID.

`_leases/`: Spark and pyarrow pass over names that start with an underscore.
"""

from __future__ import annotations

from core.contested_file import contested_file
from core.errors import StorageError
from core.lease_store import LeaseStore
from core.storage import Folder, join
from core.urls import name_of_tracking_id
from jobs.leases.lease_record import LeaseRecord, parse_record

_FOLDER = "_leases"
_RUN, _SUFFIX = "run-", ".json"


def tracking_id_lease(output_url: str, tracking_id: str) -> LeaseStore:
    """Return the lease for sending to a tracking ID from this output.

    Raises:
        StorageError: the output's URL is not supported.
    """
    return _lease(output_url, name_of_tracking_id(tracking_id) + _SUFFIX)


def run_folder_lease(output_url: str, run_id: str) -> LeaseStore:
    """Return the lease for writing the run's folder.

    Raises:
        StorageError: the output's URL is not supported.
    """
    return _lease(output_url, f"{_RUN}{run_id}{_SUFFIX}")


def run_holders(output_url: str) -> dict[str, LeaseRecord | None]:
    """Return the holders of the runs' folders, by run id, as the leases name them; None if a lease can't be read.

    A holder may be another run, which reads there, and may be dead.

    Raises:
        StorageError: the leases can't be listed.
    """
    folder = Folder(join(output_url, _FOLDER))
    names = [name for name in folder.names() if name.startswith(_RUN) and name.endswith(_SUFFIX)]
    return {name[len(_RUN) : -len(_SUFFIX)]: _holder(folder, name) for name in names}


def _holder(folder: Folder, name: str) -> LeaseRecord | None:
    try:
        return parse_record(folder.read_bytes(name))
    except StorageError:
        return None  # released since it was listed, or not ours to read


def _lease(output_url: str, name: str) -> LeaseStore:
    return contested_file(output_url, _FOLDER, name, "lease")
