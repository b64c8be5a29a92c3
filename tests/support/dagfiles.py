"""DAG files loaded as Airflow loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_dags(path: Path) -> tuple[dict[str, Any], set[str]]:
    """Load a DAG file, or all those of a folder.

    :return: the DAGs by id, and the names of the files that could not be loaded.
    """
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow < 3.2
        from airflow.models.dagbag import DagBag

    bag = DagBag(str(path))
    return dict(bag.dags), {Path(name).name for name in bag.import_errors}
