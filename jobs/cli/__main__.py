"""`python -m jobs.cli COMMAND …`: the console command where the package is not installed."""

from __future__ import annotations

import sys

from jobs.cli.console import main

if __name__ == "__main__":
    sys.exit(main())
