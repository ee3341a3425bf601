"""How tests start a JVM: it is up sooner so, and what a long-lived one gains with many rows is not tested."""

from __future__ import annotations

QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""JVM options: the first compiler alone, and a collector without threads."""
