"""Open a small file in an output that several processes write by compare-and-swap.

Leases are such files, and so is the control file of a run: operators, the driver and partitions that lost
the driver use it.
"""

from __future__ import annotations

from pyarrow import fs

from core.aws.s3_lease_store import S3LeaseStore
from core.lease_store import LeaseStore
from core.local_lease_store import LocalLeaseStore
from core.storage import join, open_filesystem, open_s3_client

CONTROL_FOLDER = "control"


def contested_file(output_url: str, folder: str, name: str, what: str) -> LeaseStore:
    """Return the file `name` in `folder` of the output; errors call it `what`.

    Raises:
        StorageError: the output's URL is not supported.
    """
    filesystem, path = open_filesystem(join(output_url, folder, name))
    if isinstance(filesystem, fs.LocalFileSystem):
        return LocalLeaseStore(path, what)
    bucket, _, key = path.partition("/")
    return S3LeaseStore(lambda: open_s3_client(bucket), bucket, key, what)


def control_file(output_url: str, run_id: str) -> LeaseStore:
    """Return the control file of a run, in which operators steer it.

    Raises:
        StorageError: the output's URL is not supported.
    """
    return contested_file(output_url, CONTROL_FOLDER, f"{run_id}.json", "control file")
