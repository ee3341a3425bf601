"""The places below an output that belong to one run at a time, and where their leases lie.

`_leases/`: Spark and pyarrow pass over names that start with an underscore. Who holds a place is not decided here.
"""

from __future__ import annotations

import hashlib

from pyarrow import fs

from delivery.lease_store import LeaseStore, LocalLeaseStore
from delivery.s3_lease_store import S3LeaseStore
from delivery.storage import join, open_filesystem, open_s3_client

_FOLDER = "_leases"


def sending_place(output_url: str, tracking_id: str) -> LeaseStore:
    """Return the place of whoever sends to a tracking ID from this output. Raises `StorageError`."""
    return _store(output_url, f"tracking-id-{hashlib.sha256(tracking_id.encode()).hexdigest()[:32]}.json")


def run_place(output_url: str, run_id: str) -> LeaseStore:
    """Return the place of whoever writes the run's folder. Raises `StorageError`."""
    return _store(output_url, f"run-{run_id}.json")


def _store(output_url: str, name: str) -> LeaseStore:
    filesystem, path = open_filesystem(join(output_url, _FOLDER, name))
    if isinstance(filesystem, fs.LocalFileSystem):
        return LocalLeaseStore(path)
    bucket, _, key = path.partition("/")
    return S3LeaseStore(open_s3_client(bucket), bucket, key)
