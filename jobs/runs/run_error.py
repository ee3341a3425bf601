"""`runs/<run_id>/error.json`: the error that ended a run without a summary."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ValidationError

from core.storage import Folder

NAME = "error.json"


class RunError(BaseModel):
    """The file's content. `error` is the log's own text: for exit code 1 the error's type and its trace."""

    run_id: str
    exit_code: int
    error: str
    started_at: AwareDatetime
    finished_at: AwareDatetime


def write_error(folder: Folder, error: RunError) -> None:
    """Write `error.json` into a run's folder.

    Raises:
        StorageError: it can't be written.
    """
    content = json.dumps(error.model_dump(), default=datetime.isoformat, indent=2, ensure_ascii=False)
    folder.write_bytes(NAME, f"{content}\n".encode())


def read_error(folder: Folder) -> RunError | None:
    """Return the `error.json` of a run's folder; None if there is none, or none that can be read as one.

    Raises:
        StorageError: the folder can't be read.
    """
    if NAME not in folder.names():
        return None
    try:
        return RunError.model_validate_json(folder.read_bytes(NAME))
    except ValidationError:
        return None
