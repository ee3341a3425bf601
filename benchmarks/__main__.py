"""All benchmarks, one after the other: `make bench`. Each is a module that also runs by itself.

More than an hour on two cores. They print ratios, which apply to other machines, and seconds, which don't.
"""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    "client_cpu",
    "sender_load",
    "standin_rate",
    "staging_rate",
    "checking_ratio",
    "first_request",
    "budget_simulation",
    "limit_held",
    "fuzzed_rows",
    "giants",
    "ledger_scale",
    "whole_job",
    "bulk_scale",
    "s3.round_trips",
    "s3.many_files",
)

missed = []
for name in BENCHMARKS:
    print(f"\n== benchmarks.{name}", flush=True)
    if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:  # noqa: S603 - our own
        missed.append(name)
if missed:
    sys.exit(f"failed, or missed a goal: {', '.join(missed)}")
