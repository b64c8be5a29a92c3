"""What differs between the Airflow versions, seen from the one that is installed."""

from __future__ import annotations

import asyncio
import logging
from importlib.metadata import version
from typing import Any

import pytest

from airflow_media.jobs import compat
from support.bakery import CONN_ID, PASSWORD, connection
from support.tasks import MemoryStore

pytestmark = pytest.mark.airflow

AIRFLOW = tuple(int(part) for part in version("apache-airflow-core").split(".")[:2])


def test_everything_that_is_promised_is_there() -> None:
    assert [name for name in compat.__all__ if not hasattr(compat, name)] == []


def test_triggers_render_templates_since_3_3() -> None:
    assert (AIRFLOW >= (3, 3)) is compat.triggers_render_templates()


def test_a_context_may_have_no_store() -> None:
    store = MemoryStore()
    assert compat.state_store({"task_state_store": store}) is store  # type: ignore[typeddict-item]
    assert compat.state_store({}) is None  # type: ignore[typeddict-item]


def test_a_connection_is_fetched_without_a_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BAKERY_DEFAULT", connection(extra={"team_id": "t"}))
    fetched = asyncio.run(compat.aget_connection(CONN_ID))
    assert (fetched.login, fetched.password, fetched.extra_dejson) == ("baker", PASSWORD, {"team_id": "t"})


def test_a_secret_is_blanked_in_task_logs() -> None:
    compat.mask_secret("rye-and-barley")
    redact: Any
    try:
        from airflow.sdk.log import redact
    except ImportError:
        from airflow.sdk.execution_time.secrets_masker import redact
    assert "rye-and-barley" not in str(redact("bread of rye-and-barley"))


class Answers:
    """A supervisor that gives one answer and keeps what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    async def asend(self, message: Any) -> Any:
        self.asked.append(message)
        return self.answer


class Task:
    """A task instance."""

    def __init__(self, map_index: int | None) -> None:
        self.dag_id, self.run_id, self.task_id, self.map_index = "archive", "r", "bake", map_index


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Answers:
    from airflow.sdk.execution_time import task_runner

    answers = Answers(None)
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", answers, raising=False)
    return answers


@pytest.mark.parametrize(
    ("map_index", "states", "state"),
    [
        (-1, {"bake": "deferred"}, "deferred"),
        (None, {"bake": "deferred"}, "deferred"),
        (2, {"bake_2": "running"}, "running"),
        (-1, {"bake": None}, None),
        (-1, {}, None),
    ],
)
def test_the_state_of_a_task_is_found_under_its_name(
    supervisor: Answers, map_index: int | None, states: dict[str, Any], state: str | None
) -> None:
    from airflow.sdk.execution_time.comms import TaskStatesResult

    supervisor.answer = TaskStatesResult(task_states={"r": states})
    assert asyncio.run(compat.task_state(Task(map_index))) == state  # type: ignore[arg-type]
    [asked] = supervisor.asked
    assert asked.map_index == (map_index if map_index == 2 else None)


def test_a_run_that_was_deleted_has_no_states(supervisor: Answers) -> None:
    assert asyncio.run(compat.task_state(Task(-1))) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["job-1", None])
def test_an_xcom_is_read_as_it_was_pushed(supervisor: Answers, value: str | None) -> None:
    from airflow.sdk.bases.xcom import BaseXCom
    from airflow.sdk.execution_time.comms import XComResult

    supervisor.answer = XComResult(key="job_id", value=BaseXCom.serialize_value(value))
    assert asyncio.run(compat.read_xcom(Task(2), "job_id")) == value  # type: ignore[arg-type]
    assert supervisor.asked[0].map_index == 2


def test_an_error_of_the_supervisor_is_no_value(supervisor: Answers, caplog: pytest.LogCaptureFixture) -> None:
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse

    supervisor.answer = ErrorResponse(error=ErrorType.GENERIC_ERROR)
    with caplog.at_level(logging.DEBUG):
        assert asyncio.run(compat.read_xcom(Task(-1), "job_id")) is None  # type: ignore[arg-type]
        assert asyncio.run(compat.task_state(Task(-1))) is None  # type: ignore[arg-type]
