"""The DAG's file as Airflow sees it, set up by the environment of the moment, and one run of it."""

from __future__ import annotations

from datetime import datetime
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.xcom import XComModel
from airflow.sdk import DAG
from airflow.utils.session import create_session

from tests.dags.airflow_home import ROOT

FILE = ROOT / "dags" / "personalize_backfill.py"


def parsed() -> DAG:
    """The one DAG in the file, as Airflow parses it under the environment of now."""
    bag = DagBag(FILE)
    assert bag.import_errors == {}
    assert list(bag.dags) == ["personalize_backfill"]
    return bag.dags["personalize_backfill"]


def imported() -> ModuleType:
    """The file as a module, for its functions."""
    spec = spec_from_file_location("personalize_backfill", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_once(dag: DAG, logical_date: datetime) -> tuple[Any, dict[str, Any]]:
    """Really run it, retries included, for the interval that ends at `logical_date`: its task instance and XCom."""
    run = dag.test(logical_date=logical_date)
    (ti,) = run.get_task_instances()
    rows = XComModel.get_many(run_id=run.run_id, task_ids=ti.task_id, dag_ids=run.dag_id)
    with create_session() as session:
        return ti, {row.key: XComModel.deserialize_value(row) for row in session.scalars(rows)}
