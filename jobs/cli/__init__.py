"""The console command: the programs that it starts, each loaded only when it is asked for."""

from jobs.cli.console import main

__all__ = ["main"]
