"""The one error of this package, which `sources` raises too: see `core.errors`."""

from __future__ import annotations

from core.errors import BadInput

__all__ = ["BadInput"]
