"""The phases of a run by name, for Spark's UI and for a listener, and how many tasks of one have ended.

The names are the program's own: nothing of the data or the configuration.
"""

from __future__ import annotations

from py4j.protocol import Py4JError
from pyspark import SparkContext

from jobs.progress.run_progress import Measure, PhaseListener, Tasks

START_SPARK = "start Spark"
PREPARE_WORKERS = "prepare workers"
STAGE = "read, check and stage"
STAGE_AGAIN = "stage dead letters"
JUDGE = "judge"
WRITE_REJECTED = "write rejected"
PLAN = "measure the sessions"
SEND = "send"
COUNT = "count by day and type"
WRITE_FILES = "write CSV"
IMPORT = "import"


def begin(phases: PhaseListener, context: SparkContext, name: str, measure: Measure | None = None) -> None:
    """Name the jobs that this thread starts from now on; they are measured by their tasks unless `measure` is given."""
    context.setJobDescription(name)
    phases.begin(name, measure or (lambda _: running_tasks(context)))


def running_tasks(context: SparkContext) -> Tasks | None:
    """Return the tasks of the stages that are running now; None if there are none, or Spark does not answer."""
    try:
        tracker = context.statusTracker()
        stages = [tracker.getStageInfo(number) for number in tracker.getActiveStageIds()]
    except (Py4JError, OSError, AttributeError):  # the last is what a context that was stopped answers with
        return None
    known = [stage for stage in stages if stage is not None]
    if not known:
        return None
    return Tasks(sum(each.numCompletedTasks for each in known), sum(each.numTasks for each in known))
