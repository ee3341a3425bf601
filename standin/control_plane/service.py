"""The operations of Personalize's control plane that a backfill calls, and CloudWatch's GetMetricData.

Rates: AWS General Reference, "Amazon Personalize endpoints and quotas": one request a second for each operation.
Refusals: botocore's model of each operation; their texts are the developer guide's where it has one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, TypeVar

from botocore import xform_name
from botocore.session import get_session
from botocore.validate import ParamValidator

from standin.control_plane.bulk_jobs import ACTIVE, Job, export_from, import_into
from standin.control_plane.datasets import Dataset
from standin.control_plane.metrics import Metrics
from standin.control_plane.objects import Objects, split
from standin.model import operation_check
from standin.refusal import Refusal, invalid_input, throttled

T = TypeVar("T")

ACCOUNT = "123456789012"
MAX_JOBS = 5
_SERVICES = {"GetMetricData": "cloudwatch"}


@dataclass(frozen=True)
class Tracker:
    """An event tracker."""

    name: str
    arn: str
    group: str
    tracking_id: str
    created: datetime
    status: str = ACTIVE


@dataclass
class ControlPlane:
    """One account in one Region. Times are Unix seconds of `clock`; `rate` None lets every call through at once.

    `roles` may be passed to Personalize, `unpassable` exist and may not be passed; any other does not exist.
    `listed_after`: the seconds until a list has a job, which has its name and is described at once.
    """

    objects: Objects
    clock: Callable[[], float]
    region: str = "eu-west-1"
    rate: float | None = 1.0
    pending_seconds: float = 10.0
    running_seconds: float = 60.0
    listed_after: float = 0.0
    roles: set[str] = field(default_factory=set)
    unpassable: set[str] = field(default_factory=set)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    trackers: dict[str, Tracker] = field(default_factory=dict)
    imports: dict[str, Job] = field(default_factory=dict)
    exports: dict[str, Job] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    calls: list[tuple[str, float]] = field(default_factory=list)
    throttled: int = 0
    refuse: Callable[[str], Refusal | None] = lambda _operation: None
    _arrived: dict[str, float] = field(default_factory=dict)

    def add_group(self, name: str, tracking_id: str, schema: str) -> Dataset:
        """Create a dataset group with an Interactions dataset of `schema` (Avro JSON) and an event tracker."""
        base = f"arn:aws:personalize:{self.region}:{ACCOUNT}"
        group, made = f"{base}:dataset-group/{name}", self._now()
        arn = f"{base}:dataset/{name}/INTERACTIONS"
        dataset = Dataset(arn, group, f"{base}:schema/{name}", schema, made)
        tracker = Tracker(name, f"{base}:event-tracker/{name}", group, tracking_id, made)
        self.datasets[arn], self.trackers[tracker.arn] = dataset, tracker
        return dataset

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation and return its answer, in the shapes of botocore's model.

        Raises:
            Refusal: the service would refuse it.
        """
        self.calls.append((operation, self.clock()))
        self._keep_rate(operation)
        if refusal := self.refuse(operation):
            raise refusal
        service = _SERVICES.get(operation, "personalize")
        if broken := _check(service, operation)(asked):
            raise invalid_input(broken)
        found: dict[str, Any] = getattr(self, f"_{xform_name(operation)}")(asked)
        _require_shape(service, operation, found)
        return found

    def _keep_rate(self, operation: str) -> None:
        last, now = self._arrived.get(operation), self.clock()
        if self.rate is not None and last is not None and now < last + 1 / self.rate:
            self.throttled += 1
            raise throttled()
        self._arrived[operation] = now

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def _list_event_trackers(self, _asked: dict[str, Any]) -> dict[str, Any]:
        return {"eventTrackers": [_tracker_summary(each) for each in self.trackers.values()]}

    def _describe_event_tracker(self, asked: dict[str, Any]) -> dict[str, Any]:
        tracker = _found(self.trackers, asked["eventTrackerArn"])
        more = {"trackingId": tracker.tracking_id, "datasetGroupArn": tracker.group, "accountId": ACCOUNT}
        return {"eventTracker": {**_tracker_summary(tracker), **more}}

    def _list_dataset_groups(self, _asked: dict[str, Any]) -> dict[str, Any]:
        groups = dict.fromkeys(each.group for each in self.datasets.values())
        return {"datasetGroups": [{"datasetGroupArn": group, "status": ACTIVE} for group in groups]}

    def _list_datasets(self, asked: dict[str, Any]) -> dict[str, Any]:
        group = asked.get("datasetGroupArn")
        found = [each for each in self.datasets.values() if group in (None, each.group)]
        return {"datasets": [_dataset_summary(each) for each in found]}

    def _describe_dataset(self, asked: dict[str, Any]) -> dict[str, Any]:
        dataset = _found(self.datasets, asked["datasetArn"])
        more = {"datasetGroupArn": dataset.group, "schemaArn": dataset.schema_arn}
        return {"dataset": {**_dataset_summary(dataset), **more}}

    def _describe_schema(self, asked: dict[str, Any]) -> dict[str, Any]:
        schemas = {each.schema_arn: each for each in self.datasets.values()}
        dataset = _found(schemas, asked["schemaArn"])
        return {"schema": {"schemaArn": dataset.schema_arn, "schema": dataset.schema}}

    def _create_dataset_import_job(self, asked: dict[str, Any]) -> dict[str, Any]:
        mode = asked.get("importMode", "FULL")
        location, role = asked["dataSource"].get("dataLocation", ""), asked.get("roleArn", "")
        dataset = self._job_may_be_made(self.imports, asked, role, location)
        if mode == "INCREMENTAL" and not dataset.bulk:
            raise invalid_input("The first import job of a dataset must be in FULL mode.")
        work = partial(import_into, dataset, self.objects, role, location, mode)
        arn = self._job(self.imports, "dataset-import-job", asked, role, work, mode, location)
        return {"datasetImportJobArn": arn}

    def _describe_dataset_import_job(self, asked: dict[str, Any]) -> dict[str, Any]:
        job = _found(self.imports, asked["datasetImportJobArn"])
        more = {
            "datasetArn": job.dataset_arn,
            "dataSource": {"dataLocation": job.location},
            "roleArn": job.role,
        }
        return {"datasetImportJob": {**self._import_summary(job), **more}}

    def _list_dataset_import_jobs(self, asked: dict[str, Any]) -> dict[str, Any]:
        dataset, until = asked.get("datasetArn"), self.clock() - self.listed_after
        found = [job for job in self.imports.values() if dataset in (None, job.dataset_arn)]
        return {"datasetImportJobs": [self._import_summary(job) for job in found if job.created <= until]}

    def _create_dataset_export_job(self, asked: dict[str, Any]) -> dict[str, Any]:
        mode, role = asked.get("ingestionMode", "PUT"), asked["roleArn"]
        location = asked["jobOutput"]["s3DataDestination"]["path"]
        dataset = self._job_may_be_made(self.exports, asked, role, location)
        work = partial(export_from, dataset, self.objects, role, location, mode)
        arn = self._job(self.exports, "dataset-export-job", asked, role, work, mode, location)
        return {"datasetExportJobArn": arn}

    def _describe_dataset_export_job(self, asked: dict[str, Any]) -> dict[str, Any]:
        job = _found(self.exports, asked["datasetExportJobArn"])
        summary = self._summary(job, "datasetExportJobArn")
        output = {"s3DataDestination": {"path": job.location}}
        more = {
            "datasetArn": job.dataset_arn,
            "roleArn": job.role,
            "ingestionMode": job.mode,
            "jobOutput": output,
        }
        return {"datasetExportJob": {**summary, **more}}

    def _get_metric_data(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self.metrics.answer(asked)

    def _job_may_be_made(
        self, jobs: dict[str, Job], asked: dict[str, Any], role: str, location: str
    ) -> Dataset:
        if any(job.name == asked["jobName"] for job in jobs.values()):
            raise Refusal(400, "ResourceAlreadyExistsException", "A job of this name already exists.")
        dataset = _found(self.datasets, asked["datasetArn"])
        self._require_role(role)
        if self.objects.region(split(location)[0]) != self.region:
            raise invalid_input("The bucket does not exist in this Region.")
        now = self.clock()
        under_way = [job for job in jobs.values() if job.is_under_way(now)]
        if len(under_way) >= MAX_JOBS:
            message = f"More than {MAX_JOBS} resources with PENDING or IN_PROGRESS status"
            raise Refusal(400, "LimitExceededException", message)
        if any(job.dataset_arn == dataset.arn for job in under_way):
            raise Refusal(400, "ResourceInUseException", "The dataset is being imported into or exported.")
        return dataset

    def _require_role(self, role: str) -> None:
        if role in self.unpassable:
            message = f"User is not authorized to perform: iam:PassRole on resource: {role}"
            raise Refusal(400, "AccessDeniedException", message)
        if role not in self.roles:
            raise invalid_input("The given role ARN is invalid.")

    def _job(  # noqa: PLR0917
        self,
        jobs: dict[str, Job],
        kind: str,
        asked: dict[str, Any],
        role: str,
        work: Callable[[], None],
        mode: str,
        location: str,
    ) -> str:
        now = self.clock()
        arn = f"arn:aws:personalize:{self.region}:{ACCOUNT}:{kind}/{asked['jobName']}"
        starts = now + self.pending_seconds
        ends = starts + self.running_seconds
        jobs[arn] = Job(
            asked["jobName"],
            arn,
            asked["datasetArn"],
            role,
            now,
            starts,
            ends,
            work,
            mode,
            location,
            updated=now,
        )
        return arn

    def _import_summary(self, job: Job) -> dict[str, Any]:
        return {**self._summary(job, "datasetImportJobArn"), "importMode": job.mode}

    def _summary(self, job: Job, arn: str) -> dict[str, Any]:
        summary: dict[str, Any] = {"jobName": job.name, arn: job.arn, "status": job.status(self.clock())}
        times = {"creationDateTime": job.created, "lastUpdatedDateTime": job.updated}
        summary |= {key: datetime.fromtimestamp(at, UTC) for key, at in times.items()}
        return {**summary, "failureReason": job.failure} if job.failure else summary


def _found(things: dict[str, T], arn: str) -> T:
    if arn not in things:
        raise Refusal(400, "ResourceNotFoundException", f"Could not find the specified resource: {arn}")
    return things[arn]


def _tracker_summary(tracker: Tracker) -> dict[str, Any]:
    times = {"creationDateTime": tracker.created, "lastUpdatedDateTime": tracker.created}
    return {"name": tracker.name, "eventTrackerArn": tracker.arn, "status": tracker.status, **times}


def _dataset_summary(dataset: Dataset) -> dict[str, Any]:
    times = {"creationDateTime": dataset.created, "lastUpdatedDateTime": dataset.created}
    return {"datasetArn": dataset.arn, "datasetType": dataset.kind, "status": ACTIVE, **times}


@lru_cache
def _check(service: str, operation: str) -> Callable[[object], str | None]:
    return operation_check(service, operation)


def _require_shape(service: str, operation: str, answer: dict[str, Any]) -> None:
    """Check that the stand-in's own answer has the model's shape."""
    shape = get_session().get_service_model(service).operation_model(operation).output_shape
    report = ParamValidator().validate(answer, shape)  # type: ignore[arg-type]
    if report.has_errors():
        raise AssertionError(report.generate_report())
