"""`python -m standin`: read the settings, serve, end."""

from __future__ import annotations

import os
import sys

from standin.server import run
from standin.settings import parse_settings

if __name__ == "__main__":
    run(parse_settings(sys.argv[1:], os.environ))
