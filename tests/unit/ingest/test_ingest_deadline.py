"""The deadline of a DAG's runs, and what is told of a run that misses it."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import timedelta

import pytest

from airflow_media.ingest import deadline
from airflow_media.ingest.deadline import deadline_arguments, tell_deadline
from support.versions import AIRFLOW

pytestmark = pytest.mark.airflow

HOUR = timedelta(hours=1)


def test_a_dag_has_one_where_airflow_knows_of_them() -> None:
    given = deadline_arguments(HOUR)

    assert set(given) == ({"deadline"} if AIRFLOW >= (3, 1) else set())
    assert [alert.interval for alert in given.values()] == [HOUR] * len(given)
    assert all(alert.callback.path == f"{deadline.__name__}.tell_deadline" for alert in given.values())


def test_an_older_airflow_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "DeadlineAlert", None)

    assert deadline_arguments(HOUR) == {}


def test_airflow_dags_test_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["airflow", "dags", "test", "daily"])

    assert deadline_arguments(HOUR) == {}


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"dag_run": {"dag_run_id": "scheduled__1", "dag_id": "daily"}}, "Run scheduled__1 of DAG daily is late"),
        (None, "Run None of DAG None is late"),
    ],
)
def test_a_run_that_is_late_is_told_of(
    context: dict[str, dict[str, str]] | None, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(tell_deadline(context))

    [record] = caplog.records
    assert (record.levelno, told in record.getMessage()) == (logging.ERROR, True)
