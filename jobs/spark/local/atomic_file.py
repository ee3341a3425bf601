"""Write a small local file in one step: a concurrent reader finds the old one or the new one, complete.

For files of this machine only; `core.storage` writes to the output.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write `content` to `path` and create its folder if needed; keep a file that has this content already.

    Raises:
        OSError: the folder can't be written.
    """
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    number, fresh = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(fresh).chmod(mode)
        Path(fresh).replace(path)
    except OSError:
        Path(fresh).unlink()
        raise
