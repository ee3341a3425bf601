"""The parts of the Python that runs the build, so that the archive needs none on the cluster."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An executable, its standard library with the path of that below a home, and its shared library if any."""

    executable: Path
    standard_library: Path
    standard_place: str
    libraries: tuple[Path, ...]


def this_interpreter() -> Interpreter:
    """Return the Python that the running environment was created from.

    Raises:
        SystemExit: a part is not where this Python says that it is.
    """
    version = f"python{sysconfig.get_python_version()}"
    found = Interpreter(
        executable=Path(sys.base_prefix, "bin", version).resolve(),
        standard_library=Path(sysconfig.get_path("stdlib")),
        # `lib64/…` on Fedora and its relatives, Amazon Linux among them; `lib/…` elsewhere.
        standard_place=f"{sys.platlibdir}/{version}",
        libraries=_shared_library(),
    )
    missing = [p for p in (found.executable, found.standard_library, *found.libraries) if not p.exists()]
    if missing:
        raise SystemExit(f"{missing[0]} is missing: this Python is incomplete. Build with a complete one.")
    return found


def _shared_library() -> tuple[Path, ...]:
    name = sysconfig.get_config_var("INSTSONAME")
    if not sysconfig.get_config_var("Py_ENABLE_SHARED") or not name:
        return ()
    folder = Path(sysconfig.get_config_var("LIBDIR"))
    return (folder / name,)
