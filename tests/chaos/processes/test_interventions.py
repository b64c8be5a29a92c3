"""People interfere with tasks that wait: a job that nobody wants any more is cancelled, once and soon, and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from media_sandbox.demo.airflow_api import DagRun
from processes.process_plant import TASK, TRIGGERERS, Plant, Wait, time_of, until
from support.mediahub import preset

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.e2e,
    pytest.mark.xdist_group("airflow"),
    pytest.mark.usefixtures("order"),
    pytest.mark.long,
]

SOON = timedelta(seconds=10)
Intervention = Callable[[Plant, DagRun], None]


@pytest.fixture(scope="module", autouse=True)
def _loaded(plant: Plant) -> None:
    """Have each triggerer cancel a first job: for that it loads a good part of Airflow, and only once."""
    for idle in TRIGGERERS:
        plant.freeze(idle)
        wait = Wait.begin(plant, "process_deferred", "deferred")
        mark_failed(plant, wait.run)
        until(lambda wait=wait: wait.cancels, "the cancel")
        plant.thaw(idle)


def mark_failed(plant: Plant, run: DagRun) -> None:
    plant.api.set_state(run, TASK, "failed")


def mark_success(plant: Plant, run: DagRun) -> None:
    plant.api.set_state(run, TASK, "success")


def clear(plant: Plant, run: DagRun) -> None:
    plant.api.clear(run, [TASK])


def delete_run(plant: Plant, run: DagRun) -> None:
    plant.api.fail(run)  # Airflow deletes no run that goes on
    plant.api.delete(run)


def cancelled_soon(since: datetime, cancels: Callable[[], list[dict[str, Any]]]) -> None:
    """See that something is cancelled, and that it did not take long."""

    def answered() -> list[dict[str, Any]]:
        return [cancel for cancel in cancels() if cancel["status"] is not None]

    [cancel] = until(answered, "the cancel")
    assert cancel["status"] == 200
    assert time_of(cancel) - since <= SOON


def until_over(plant: Plant, run: DagRun, state: str) -> None:
    """Wait until nothing of a task that was waiting in a state is at work any more."""
    if state == "running":
        until(lambda: not plant.is_alive(run), "the end of the task's process")
    else:
        until(lambda: plant.rows("select count(*) from trigger") == [(0,)], "the end of the trigger")


@pytest.mark.parametrize(("dag_id", "state"), [("process_deferred", "deferred"), ("process_poking", "running")])
@pytest.mark.parametrize("intervene", [mark_failed, mark_success])
def test_a_job_of_a_task_that_was_marked_is_cancelled_once(
    plant: Plant, intervene: Intervention, dag_id: str, state: str
) -> None:
    wait = Wait.begin(plant, dag_id, state)
    began = datetime.now(UTC)
    intervene(plant, wait.run)
    cancelled_soon(began, lambda: wait.cancels)
    assert plant.end(wait.run) == {mark_failed: "failed", mark_success: "success"}[intervene]
    until_over(plant, wait.run, state)
    assert len(wait.cancels) == 1
    assert plant.jobs_of(wait.original) == []
    assert len(plant.orders_of(wait.original)) == 1


@pytest.mark.parametrize(("dag_id", "state"), [("process_deferred", "deferred"), ("process_poking", "running")])
def test_a_job_of_a_run_that_was_deleted_is_cancelled_once(plant: Plant, dag_id: str, state: str) -> None:
    wait = Wait.begin(plant, dag_id, state)
    pid = plant.api.task_instance(wait.run, TASK).pid
    began = datetime.now(UTC)
    delete_run(plant, wait.run)
    cancelled_soon(began, lambda: wait.cancels)
    until(lambda: pid not in plant.airflow.components["scheduler"].members(), "the end of the task's process")
    until(lambda: plant.rows("select count(*) from trigger") == [(0,)], "the end of the trigger")
    assert len(wait.cancels) == 1
    assert plant.jobs_of(wait.original) == []


def test_a_running_task_that_is_cleared_has_its_job_cancelled_and_begins_another(plant: Plant) -> None:
    wait = Wait.begin(plant, "process_poking", "running")
    began = datetime.now(UTC)
    clear(plant, wait.run)
    cancelled_soon(began, lambda: wait.cancels)
    assert plant.end(wait.run) == "success", plant.log(wait.run)
    [job] = plant.jobs_of(wait.original)
    assert job == plant.api.xcom(wait.run, TASK) != wait.job
    assert len(wait.cancels) == 1
    assert len(plant.orders_of(wait.original)) == 2


@pytest.mark.parametrize(
    ("dag_id", "state"), [("process_deferred_kept", "deferred"), ("process_poking_kept", "running")]
)
def test_a_job_that_is_to_be_kept_goes_on_when_its_task_is_marked_failed(plant: Plant, dag_id: str, state: str) -> None:
    wait = Wait.begin(plant, dag_id, state)
    mark_failed(plant, wait.run)
    assert plant.end(wait.run) == "failed"
    if state == "deferred":
        until(lambda: "trigger completed" in plant.log(wait.run), "the end of the trigger")
    until_over(plant, wait.run, state)
    plant.admin.release()
    wait.until_done()
    wait.must_have_one_job()


@pytest.mark.parametrize(("dag_id", "state"), [("process_deferred", "deferred"), ("process_poking", "running")])
def test_a_job_of_a_dag_that_is_paused_goes_on(plant: Plant, dag_id: str, state: str) -> None:
    wait = Wait.begin(plant, dag_id, state)
    plant.api.pause(dag_id)
    wait.until_watched()
    plant.admin.release()
    wait.until_done()
    # Airflow hands nothing to a worker while the DAG is paused; what is there goes on.
    plant.state(wait.run, "scheduled" if state == "deferred" else "success")
    plant.api.unpause(dag_id)
    assert plant.end(wait.run) == "success"
    assert plant.tries(wait.run) == 1
    wait.must_have_one_job()


@pytest.mark.parametrize("dag_id", ["process_poking_too_slow", "process_poking_too_long"])
def test_a_task_that_takes_too_long_on_its_worker_has_its_job_cancelled_once(plant: Plant, dag_id: str) -> None:
    original = plant.original()
    plant.admin.outcome("process", "stuck", on=original, percent=20, times=1)
    run = plant.api.trigger(dag_id, {"video_id": original})
    assert plant.end(run) == "failed"
    assert [cancel["status"] for cancel in plant.admin.requests("pixop.delete_video")] == [200]
    assert plant.jobs_of(original) == []
    assert len(plant.orders_of(original)) == 1


def test_a_job_at_xvid_is_cancelled_once(plant: Plant) -> None:
    key, hub = f"uploads/{plant.name()}.mp4", plant.hub
    hub.uploaded(key=key)
    plant.admin.outcome("job", "stuck", service="xvid")
    run = plant.api.trigger("transcode", {"file": key, "preset": preset("H.264 MP4")})
    plant.deferred(run)
    [job] = [job for job in hub.jobs if job.active]
    began = datetime.now(UTC)
    mark_failed(plant, run)
    cancelled_soon(began, lambda: plant.requests("xvid.delete_job", job.id))
    until_over(plant, run, "deferred")
    assert len(plant.requests("xvid.delete_job", job.id)) == 1
    assert not [job for job in hub.jobs if job.active]


def test_a_job_at_cielo24_is_cancelled_once(plant: Plant) -> None:
    house = plant.house
    job_id = house.with_media()
    house.stick()
    run = plant.api.trigger("transcribe", {"job_id": job_id})
    plant.deferred(run)
    began = datetime.now(UTC)
    mark_failed(plant, run)
    cancelled_soon(began, lambda: house.requests("delete"))
    until_over(plant, run, "deferred")
    assert house.count("delete") == 1
    assert job_id not in house.jobs


def test_a_job_at_the_media_storage_has_nothing_to_fear(plant: Plant) -> None:
    job_id = plant.storeroom.job()
    run = plant.api.trigger("watch", {"job_id": job_id})
    plant.deferred(run)
    mark_failed(plant, run)
    assert plant.end(run) == "failed"
    until(lambda: "trigger completed" in plant.log(run), "the end of the trigger")
    assert plant.storeroom.count("delete_job") == 0
    assert job_id in [job.id for job in plant.storeroom.all_jobs]
