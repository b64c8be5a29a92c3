"""The bakery: a connection to it and its oven."""

from __future__ import annotations

import pytest


@pytest.fixture
def bakery_connection(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Define the connection, and give the list of those who read it."""
    from support.bakery import CONN_ID, BakeryHook, connection

    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", connection())
    monkeypatch.setattr(BakeryHook, "read", [])
    return BakeryHook.read
