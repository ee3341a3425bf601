"""The package's code with one number changed, so that a test reaches what takes thousands of files."""

from __future__ import annotations

import io
import zipfile

from sources.executors import MAX_HERE

_MODULE = "sources/executors.py"


def with_footers_read_by_executors(code: bytes) -> bytes:
    """`code.zip` whose driver opens one file at most: with more than that, the executors read the footers."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(code)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, _lowered(content) if entry.filename == _MODULE else content)
    return changed.getvalue()


def _lowered(content: bytes) -> bytes:
    line = f"MAX_HERE = {MAX_HERE:_}\n".encode()
    assert line in content
    return content.replace(line, b"MAX_HERE = 1\n")
