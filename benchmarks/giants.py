"""How early a job with giant sessions ends, against the earliest end that any order could reach.

    python -m benchmarks.giants

The real budget, pacers and workloads on a simulated clock, no connection: 400 requests/s, answers after 30 ms, about
10,000 requests of sessions of their own over 1, 4 and 16 partitions, and giants on top of them.
"""

from __future__ import annotations

from tests.delivery.sending.simulated_sessions import Session, SessionsJob

LIMIT = 400
ANSWER_SECONDS = 0.03
SMALL = 9_860
GOAL = 1.05
# The minimum time that it takes to ask for a slot and to get it.
ASKING = 0.001

# How long the giants are, in requests, and the partition of each.
_GIANTS = {
    "one of 500, a third less than the rest takes": [(500, 0)],
    "one of 2,000, which takes twice as long as the rest": [(2_000, 0)],
    "two of 1,500 in one partition": [(1_500, 0), (1_500, 0)],
    "three of 1,500 in different ones": [(1_500, 0), (1_500, 1), (1_500, 2)],
}


def main() -> None:
    """Run each case over each number of partitions; fail where one misses the goal."""
    missed = []
    for name, giants in _GIANTS.items():
        for partitions in (1, 4, 16):
            job = job_of(partitions, giants)
            ends, used = job.run(), len(job.arrivals) / max(job.arrivals) / LIMIT
            ratio = ends / job.best(ASKING)
            missed += [name] if ratio > GOAL else []
            print(
                f"{name}, {partitions:2} partitions: {ratio:.3f} of the earliest end, limit used {used:.1%}"
            )
    if missed:
        raise SystemExit(f"over {GOAL}: {', '.join(sorted(set(missed)))}")


def job_of(partitions: int, giants: list[tuple[int, int]]) -> SessionsJob:
    """Spread the small sessions evenly, and put each giant into its partition, counted round."""
    parts = [[Session(1, ANSWER_SECONDS)] * (SMALL // partitions) for _ in range(partitions)]
    for requests, partition in giants:
        parts[partition % partitions] = [*parts[partition % partitions], Session(requests, ANSWER_SECONDS)]
    return SessionsJob(LIMIT, parts)


if __name__ == "__main__":
    main()
