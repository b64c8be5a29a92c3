"""The demo: a real Airflow beside the sandbox, a real video through an example DAG, and a look at what came out.

``python -m media_sandbox.demo`` runs it; :mod:`media_sandbox.demo.airflow_server` and
:mod:`media_sandbox.demo.airflow_api` also serve the end-to-end tests. Airflow runs in child processes only and is never
imported here.
"""

from __future__ import annotations
