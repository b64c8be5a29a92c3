"""Which Airflow runs the tests, told without importing it."""

from __future__ import annotations

from importlib.metadata import version

AIRFLOW = tuple(int(part) for part in version("apache-airflow-core").split(".")[:2])
"""Its major and minor version."""
