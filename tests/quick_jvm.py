"""How tests start a JVM that lives for seconds: it is up sooner so, and what a long one gains is not tested."""

from __future__ import annotations

QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""JVM options: the first compiler alone, and a collector without threads."""
