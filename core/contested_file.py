"""Opens a small file below an output that several processes write, each only if it knows what is there.

Leases are such files, and so is the control file of a run: operators, the driver and partitions that lost it use it.
"""

from __future__ import annotations

from pyarrow import fs

from core.lease_store import LeaseStore, LocalLeaseStore
from core.s3_lease_store import S3LeaseStore
from core.storage import join, open_filesystem, open_s3_client

CONTROL_FOLDER = "control"


def contested_file(output_url: str, folder: str, name: str, what: str) -> LeaseStore:
    """Return the file `name` in `folder` of the output; errors call it `what`.

    Raises:
        StorageError: the output is of no kind that can be used.
    """
    filesystem, path = open_filesystem(join(output_url, folder, name))
    if isinstance(filesystem, fs.LocalFileSystem):
        return LocalLeaseStore(path, what)
    bucket, _, key = path.partition("/")
    return S3LeaseStore(open_s3_client(bucket), bucket, key, what)


def control_file(output_url: str, run_id: str) -> LeaseStore:
    """Return where operators ask something of a run that is under way.

    Raises:
        StorageError: the output is of no kind that can be used.
    """
    return contested_file(output_url, CONTROL_FOLDER, f"{run_id}.json", "control file")
