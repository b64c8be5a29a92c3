"""Airflow provider for media services: move video through Pixop and its peers with a connection and a few operators."""

from __future__ import annotations

__version__ = "0.1.0"
