"""Writes a small local file in one step: whoever reads it meanwhile finds the old one or the new one, whole.

For files of this machine only; what goes to the output, `core.storage` writes.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` at `path`, its folder made if need be; a file that has it already is left alone.

    Raises:
        OSError: the folder can't be written.
    """
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    number, fresh = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(number, "wb") as file:
        file.write(content)
    Path(fresh).chmod(mode)
    Path(fresh).replace(path)
