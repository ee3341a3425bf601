"""An Airflow of the tests' own: its home and its SQLite database, chosen before anything imports Airflow.

Airflow reads the environment once; what the machine's own Airflow, job or AWS account set is taken out of it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(tempfile.mkdtemp(prefix="airflow-home-"))

for name in [name for name in os.environ if name.startswith(("AIRFLOW", "PERSONALIZE", "AWS"))]:
    del os.environ[name]
os.environ.update(
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{HOME}/airflow.db",
)
