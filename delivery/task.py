"""The task of a partition, as it travels to an executor: plain values, which pickle without a library."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CoordinatorAddress:
    """The address at which the driver's coordinator listens, and the run's secret that opens it."""

    host: str
    port: int
    authkey: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeliveryTask:
    """Everything that one sending partition needs; plain and picklable, shipped to the executor.

    partition      number of the partition, from 0
    stage_url      its one staged Parquet file (`delivery.sending.stage.COLUMNS`)
    output_url     the job's `output.path`
    run_id         the run's name
    execution      a token (letters and digits) that no other execution of the driver ever had
    region         None: the AWS default chain decides, on the executor
    fallback_rate  requests per second that this partition may make while the coordinator can't be reached:
                   the limit divided by the number of partitions
    events         how many of the file's events are sent, its first ones; None: all of them, however many
    """

    partition: int
    stage_url: str
    output_url: str
    run_id: str
    execution: str
    tracking_id: str
    region: str | None
    endpoint_url: str | None
    max_attempts: int
    coordinator: CoordinatorAddress
    fallback_rate: float
    events: int | None = None
