"""The base of the triggers: what is stored of it, what it sends, and whom it stops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from airflow_media.http.call import Flow, Pause
from airflow_media.http.errors import AuthenticationError, NetworkFaultError, ServerFaultError
from airflow_media.jobs import trigger as trigger_module
from airflow_media.jobs.deferral import JOB_ID_KEY
from airflow_media.jobs.states import JobKind, JobState, Outcome, Phase, Status
from airflow_media.jobs.trigger import JobTrigger
from airflow_media.jobs.watch import TICK
from support.bakery import CONN_ID, PASSWORD, BakeryTrigger, Oven
from support.tasks import DAG_ID, RUN_ID, travelled

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("bakery_connection")]


@pytest.fixture
def oven(monkeypatch: pytest.MonkeyPatch) -> Oven:
    oven = Oven()
    monkeypatch.setattr(BakeryTrigger, "kinds", {"baking": oven.kind()})
    return oven


def made(**changes: Any) -> BakeryTrigger:
    fields = {"bakery_conn_id": CONN_ID, "loaf_id": "7", "kind": "baking", "poll_interval": 0.01, "deadline": None}
    return BakeryTrigger(**{**fields, "cancel_on_kill": True, **changes})


async def events(trigger: JobTrigger) -> list[dict[str, Any]]:
    return [event.payload async for event in trigger.run()]


def outcome_of(trigger: JobTrigger) -> Outcome:
    [payload] = asyncio.run(events(trigger))
    return Outcome.from_event(json.loads(json.dumps(payload)))


# What is stored


def test_a_trigger_survives_the_database() -> None:
    trigger = made(deadline=1_790_000_000.25)
    assert travelled(trigger).serialize() == trigger.serialize()


def test_a_trigger_survives_airflows_own_row() -> None:
    from airflow.models.trigger import Trigger

    trigger = made(deadline=1_790_000_000.25)
    row = Trigger.from_object(trigger)
    module, _, name = row.classpath.rpartition(".")
    assert getattr(import_module(module), name)(**row.kwargs).serialize() == trigger.serialize()


def test_a_trigger_survives_airflows_serialisation() -> None:
    try:
        from airflow.sdk.serde import deserialize, serialize
    except ImportError:  # Airflow < 3.2
        from airflow.serialization.serde import deserialize, serialize

    path, kwargs = made(deadline=1_790_000_000.25).serialize()
    again = deserialize(json.loads(json.dumps(serialize(kwargs))))
    assert BakeryTrigger(**again).serialize() == (path, kwargs)


def test_a_trigger_holds_nothing_but_names_numbers_and_switches() -> None:
    _, kwargs = made().serialize()
    assert set(kwargs) == {
        "bakery_conn_id",
        "loaf_id",
        "kind",
        "poll_interval",
        "deadline",
        "cancel_on_kill",
        "options",
    }
    assert PASSWORD not in json.dumps(kwargs)


def test_arguments_of_another_release_are_ignored() -> None:
    assert made(patience=3, colour="brown").serialize() == made().serialize()


def test_what_a_task_asks_beyond_the_id_travels_along(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def observe(job_id: str, colour: str) -> Flow[JobState]:
        yield from ()
        asked.append((job_id, colour))
        return JobState(Phase.DONE)

    monkeypatch.setattr(BakeryTrigger, "kinds", {"baking": JobKind(name="baking", noun="Loaf", observe=observe)})
    assert outcome_of(travelled(made(options={"colour": "brown"}))).status is Status.DONE
    assert asked == [("7", "brown")]


def test_arguments_that_an_older_release_did_not_know_have_defaults() -> None:
    trigger = BakeryTrigger(bakery_conn_id=CONN_ID, loaf_id="7", kind="baking", poll_interval=5.0)
    assert (trigger.deadline, trigger.cancel_on_kill) == (None, False)


def test_a_kind_that_it_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"BakeryTrigger knows no kind of job 'boiling'; it knows \['baking'\]"):
        made(kind="boiling")


def test_a_trigger_that_declares_too_little_fails_when_it_is_imported() -> None:
    with pytest.raises(TypeError, match="Half must declare hook"):
        type("Half", (JobTrigger,), {"kinds": {}, "job_field": "loaf_id"})


# What it sends


def test_it_waits_until_the_job_is_done(oven: Oven) -> None:
    oven.looks = [JobState(Phase.WAITING), JobState(Phase.RUNNING, 10.0), JobState(Phase.DONE)]
    assert outcome_of(made()) == Outcome(Status.DONE, "7")
    assert oven.asked == ["7"] * 3


class Hurried(asyncio.SelectorEventLoop):
    """Its clock jumps to the next timer when there is nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0
        self.select, self._selector.select = self._selector.select, self.jump

    def time(self) -> float:
        return super().time() + self.ahead

    def jump(self, timeout: float | None = None) -> list[Any]:
        self.ahead += timeout or 0.0
        return self.select(timeout if timeout is None else 0)


def looked_at(monkeypatch: pytest.MonkeyPatch, looks: int) -> list[float]:
    """Keep the moments of so many looks, each of a job that runs; at the next one, it is done."""
    moments: list[float] = []

    def observe(job_id: str) -> Flow[JobState]:
        yield from ()
        moments.append(asyncio.get_running_loop().time())
        return JobState(Phase.RUNNING if len(moments) <= looks else Phase.DONE)

    monkeypatch.setattr(BakeryTrigger, "kinds", {"baking": JobKind(name="baking", noun="Loaf", observe=observe)})
    return moments


def test_waits_look_at_moments_that_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = looked_at(monkeypatch, 200)

    async def wait() -> None:
        await asyncio.gather(*(events(made(loaf_id=str(number), poll_interval=60.0)) for number in range(20)))

    with asyncio.Runner(loop_factory=Hurried) as runner:
        runner.run(wait())
    assert len(moments) == 220
    assert moments[-1] - moments[0] > 9 * 60 * 0.9
    assert max(moment % TICK for moment in moments) < TICK / 4


def test_a_wait_that_ends_early_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger_module.Watch, "pause", lambda watch: 60.0)
    moments = looked_at(monkeypatch, 0)

    async def wait() -> list[dict[str, Any]]:
        first, second = (asyncio.create_task(events(made(poll_interval=60.0))) for _ in range(2))
        await asyncio.sleep(5)
        first.cancel()
        return await second

    with asyncio.Runner(loop_factory=Hurried) as runner:
        [payload] = runner.run(wait())
    assert Outcome.from_event(payload).status is Status.DONE
    assert len(moments) == 1


def test_faults_that_may_pass_do_not_end_a_wait(oven: Oven) -> None:
    oven.looks = [
        NetworkFaultError("no answer"),
        ServerFaultError("down", status=503, retry_after=0.01),
        JobState(Phase.DONE),
    ]
    assert outcome_of(made()) == Outcome(Status.DONE, "7")


def test_a_refusal_is_an_event_not_an_exception(oven: Oven) -> None:
    oven.looks = [AuthenticationError("suspended", service="Bakery", status=403)]
    outcome = outcome_of(made())
    assert (outcome.status, outcome.retryable) == (Status.ERROR, False)
    assert "suspended" in outcome.reason


def test_a_deadline_that_has_passed_is_a_timeout_after_one_look(oven: Oven) -> None:
    oven.looks = [JobState(Phase.RUNNING, 10.0)]
    assert outcome_of(made(deadline=1.0)).status is Status.TIMEOUT
    assert oven.asked == ["7"]


@pytest.mark.parametrize("error", [ZeroDivisionError("burnt"), KeyError("flour"), RecursionError()])
def test_whatever_breaks_nothing_is_raised_out_of_run(oven: Oven, error: Exception) -> None:
    oven.looks = [error]
    outcome = outcome_of(made())
    assert (outcome.status, outcome.retryable) == (Status.ERROR, True)
    assert type(error).__name__ in outcome.reason


def test_a_connection_that_was_deleted_meanwhile_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = outcome_of(made(bakery_conn_id="deleted"))
    assert (outcome.status, outcome.retryable) == (Status.ERROR, True)
    assert "could not give the connection 'deleted'" in outcome.reason


# Whom it stops


class Supervisor:
    """What a triggerer's supervisor answers about the task of the trigger."""

    def __init__(self, state: str | None, job_id: str | None) -> None:
        self.state, self.job_id = state, job_id

    def send(self, message: Any) -> None:
        """Take a secret to blank: from a thread, as a triggerer's event loop must not be held up."""
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()

    async def asend(self, message: Any) -> Any:
        from airflow.sdk.execution_time.comms import GetTaskStates, GetXCom, TaskStatesResult, XComResult

        if isinstance(message, GetTaskStates):
            assert (message.dag_id, message.task_ids, message.run_ids) == (DAG_ID, ["bake"], [RUN_ID])
            name = "bake" if message.map_index is None else f"bake_{message.map_index}"
            return TaskStatesResult(task_states={RUN_ID: {name: self.state}} if self.state else {})
        assert isinstance(message, GetXCom)
        assert (message.dag_id, message.run_id, message.task_id) == (DAG_ID, RUN_ID, "bake")
        return XComResult(key=message.key, value=self.job_id if message.key == JOB_ID_KEY else None)


class Row:
    """The task instance that Airflow hangs on a trigger."""

    dag_id, run_id, task_id, map_index = DAG_ID, RUN_ID, "bake", -1


@pytest.fixture(params=[-1, 3], ids=["plain", "mapped"])
def row(request: pytest.FixtureRequest) -> Row:
    row = Row()
    row.map_index = request.param
    return row


def kill(trigger: JobTrigger, row: Row | None, supervisor: Supervisor, patch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time import task_runner

    patch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    trigger.task_instance = row
    asyncio.run(trigger.on_kill())


@pytest.mark.parametrize(
    ("state", "waits_for", "stopped"),
    [
        ("deferred", "7", False),  # moved to another triggerer, which waits for the same job
        ("deferred", "8", True),  # cleared, started anew, and waiting for another job already
        ("deferred", None, True),  # cleared and deferred again before its job was told
        ("failed", "7", True),  # marked by a person
        ("success", "7", True),
        ("scheduled", None, True),  # cleared
        (None, None, True),  # cleared and not yet scheduled, or its run was deleted
    ],
)
def test_a_job_goes_on_only_while_its_task_still_waits_for_it(
    oven: Oven, row: Row, monkeypatch: pytest.MonkeyPatch, state: str | None, waits_for: str | None, stopped: bool
) -> None:
    kill(made(), row, Supervisor(state, waits_for), monkeypatch)
    assert oven.cancelled == (["7"] if stopped else [])


def test_a_job_that_is_not_to_be_cancelled_goes_on(oven: Oven, monkeypatch: pytest.MonkeyPatch) -> None:
    kill(made(cancel_on_kill=False), Row(), Supervisor("failed", "7"), monkeypatch)
    assert oven.cancelled == []


def test_a_job_that_cannot_be_stopped_is_left_alone(oven: Oven, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BakeryTrigger, "kinds", {"baking": oven.kind(stoppable=False)})
    kill(made(), Row(), Supervisor("failed", "7"), monkeypatch)
    assert oven.cancelled == []


def test_a_trigger_without_a_task_is_stopped_with_its_job(oven: Oven, monkeypatch: pytest.MonkeyPatch) -> None:
    kill(made(), None, Supervisor(None, None), monkeypatch)
    assert oven.cancelled == ["7"]


def test_a_cancel_that_fails_is_told_and_raises_nothing(
    oven: Oven, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    def refuse(job_id: str) -> Flow[None]:
        yield from ()
        raise ServerFaultError("the oven is locked", service="Bakery", operation="stop", subject=f"loaf {job_id}")

    oven.cancel = refuse
    kill(made(), Row(), Supervisor("failed", "7"), monkeypatch)
    told = "Could not cancel Bakery loaf 7: Bakery could not stop (loaf 7): the oven is locked. Stop it at the service."
    assert told in logged()


def test_a_cancel_ends_although_airflow_cancels_it_again_and_again(oven: Oven, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time import task_runner

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor("failed", "7"), raising=False)

    async def impatient() -> None:
        begun = asyncio.Event()

        def slow(job_id: str) -> Flow[None]:
            begun.set()
            for _ in range(20):
                yield from Pause(0.005)

        oven.cancel = slow
        trigger = made()
        trigger.task_instance = Row()
        killed = asyncio.create_task(trigger.on_kill())
        await begun.wait()
        killed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await killed
        assert oven.cancelled == []
        [work] = trigger_module._cancelling
        await work

    asyncio.run(impatient())
    assert oven.cancelled == ["7"]
    assert not trigger_module._cancelling


def test_a_cancel_uses_the_client_that_the_wait_has_open(
    oven: Oven, bakery_connection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.execution_time import task_runner

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor("failed", "7"), raising=False)
    oven.looks = [JobState(Phase.RUNNING)]

    async def killed_while_it_waits() -> None:
        trigger = made()
        trigger.task_instance = Row()
        waiting = asyncio.create_task(events(trigger))
        while not oven.asked:
            await asyncio.sleep(0)
        kill = asyncio.create_task(trigger.on_kill())
        await asyncio.sleep(0)
        waiting.cancel()
        await kill

    asyncio.run(killed_while_it_waits())
    assert oven.cancelled == ["7"]
    assert bakery_connection == ["baker"], "and logs in no second time"
