"""The DAG's file as Airflow sees it, once for each way in which the environment may set it."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

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
