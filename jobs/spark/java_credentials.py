"""Let the first AWS SDK for Java ask boto3 for its credentials, through the profile's `credential_process`.

Only that SDK reads the variable `AWS_CREDENTIAL_PROFILES_FILE`; boto3 and all other SDKs keep the user's
own files.
"""

from __future__ import annotations

import atexit
import shlex
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path

FILE_VARIABLE = "AWS_CREDENTIAL_PROFILES_FILE"
"""Source: AWS SDK for Java 1.x Developer Guide, "Set custom profile location"."""


def credential_process_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the change to a JVM's environment; the file it names has no secret and is deleted with this process."""
    kept = ExitStack()
    atexit.register(kept.close)
    script = kept.enter_context(as_file(files("core.aws") / "credential_process.py"))
    folder = Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="personalize-keys-")))
    profile = environ.get("AWS_PROFILE") or "default"
    command = shlex.join([sys.executable, str(script)])
    (folder / "credentials").write_text(f"[{profile}]\ncredential_process = {command}\n", encoding="utf-8")
    return {FILE_VARIABLE: str(folder / "credentials")}
