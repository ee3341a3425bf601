"""A sending task for tests of what it writes: it reaches no service and no coordinator."""

from __future__ import annotations

from pathlib import Path

from delivery.task import CoordinatorAddress, DeliveryTask

COORDINATOR = CoordinatorAddress("127.0.0.1", 1, b"secret")


def task_of(
    output: Path | str, partition: int = 0, execution: str = "exec1", run_id: str = "2026.run"
) -> DeliveryTask:
    """A task that writes below `output`."""
    return DeliveryTask(
        partition=partition,
        stage_url="unused",
        output_url=str(output),
        run_id=run_id,
        execution=execution,
        tracking_id="tracker",
        region=None,
        endpoint_url=None,
        max_attempts=8,
        coordinator=COORDINATOR,
        fallback_rate=1.0,
    )
