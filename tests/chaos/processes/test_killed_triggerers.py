"""Triggerers die, stand still and are restarted, and so does all around them: waits go on, and no job is lost."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from media_sandbox.demo.airflow_api import DagRun
from processes.process_plant import TRIGGERERS, Plant, Wait, until

pytestmark = [pytest.mark.airflow, pytest.mark.e2e, pytest.mark.xdist_group("airflow")]

FIFTY = 50
PAUSE = 60.0
"""Seconds for which a triggerer stands still: four times as long as Airflow waits until it counts as dead."""
OUTAGE = 10.0
"""Seconds that a restart of the services takes."""
BUSY = 8.0
"""Seconds for which nobody can write to the database. Airflow's processes would die of more than fifteen."""
LET_GO = re.compile(r"video (\S+) goes on: another triggerer waits for it now")


@dataclass(frozen=True)
class Fifty:
    """Fifty tasks that wait for jobs that are stuck.

    :param plant: Everything.
    :param run: Their run.
    :param original: What is processed.
    :param jobs: The videos that are made of it.
    """

    plant: Plant
    run: DagRun
    original: str
    jobs: frozenset[str]

    def must_wait_still(self) -> None:
        """See that each task waits, that somebody looks at each job, and that the jobs are the same as ever."""
        self.plant.admin.clear_requests()
        until(lambda: self._watched() >= self.jobs, "a look at all jobs")
        assert {task.state for task in self.plant.api.task_instances(self.run)} == {"deferred"}
        assert self.jobs == set(self.plant.jobs_of(self.original))

    def _watched(self) -> set[str]:
        looks = self.plant.admin.requests("pixop.check_process_progress")
        return {entry["path"].rpartition("/")[2] for entry in looks if entry["status"] == 200}


@pytest.fixture(scope="module")
def fifty(plant: Plant) -> Iterator[Fifty]:
    """Fifty tasks that wait, through all tests of this module."""
    original = plant.original()
    plant.admin.outcome("process", "stuck", on=original, percent=20, times=None)
    run = plant.api.trigger("fifty", {"video_id": original})

    def all_wait() -> bool:
        return [task.state for task in plant.api.task_instances(run)] == FIFTY * ["deferred"]

    until(all_wait, "fifty tasks to wait")
    jobs = frozenset(plant.jobs_of(original))
    assert len(jobs) == FIFTY
    yield Fifty(plant, run, original, jobs)
    plant.admin.clear_outcomes()
    plant.admin.release()


@pytest.mark.usefixtures("order")
def test_waits_outlive_their_triggerers(plant: Plant) -> None:
    waits = [Wait.begin(plant, "process_deferred", "deferred") for _ in range(2)]
    for triggerer in TRIGGERERS:
        plant.kill(triggerer)
    for triggerer in TRIGGERERS:
        plant.airflow.components[triggerer].start()
    for wait in waits:
        wait.until_watched()
    plant.admin.release()
    for wait in waits:
        assert plant.end(wait.run) == "success", plant.log(wait.run)
        assert plant.tries(wait.run) == 1
        wait.must_have_one_job()


@pytest.mark.long
def test_a_triggerer_that_dies_hands_its_waits_over(fifty: Fifty) -> None:
    plant = fifty.plant
    number, _ = holder(plant)
    triggerer = plant.triggerer(number)
    plant.kill(triggerer)
    until(lambda: number not in triggers_of(plant), "its triggers in the other triggerer")
    fifty.must_wait_still()
    plant.airflow.restart(triggerer)
    fifty.must_wait_still()


@pytest.mark.long
def test_a_triggerer_that_stood_still_cancels_nothing_that_another_has_taken_over(fifty: Fifty) -> None:
    plant = fifty.plant
    number, waits = holder(plant)
    triggerer = plant.triggerer(number)
    began = time.monotonic()
    plant.freeze(triggerer)
    until(lambda: number not in triggers_of(plant), "its triggers in the other triggerer")
    fifty.must_wait_still()
    time.sleep(max(0.0, began + PAUSE - time.monotonic()))
    plant.thaw(triggerer)
    until(lambda: len(let_go(plant)) == waits, "the triggerer to let go of its waits")
    fifty.must_wait_still()


@pytest.mark.long
@pytest.mark.parametrize("component", [*TRIGGERERS, "scheduler", "api-server", "task-api-server"])
def test_waits_go_on_when_a_component_is_restarted(fifty: Fifty, component: str) -> None:
    fifty.plant.airflow.restart(component)
    fifty.must_wait_still()


@pytest.mark.long
def test_waits_go_on_while_the_database_is_busy(fifty: Fifty) -> None:
    with fifty.plant.busy_database():
        time.sleep(BUSY)
    fifty.must_wait_still()
    fifty.plant.airflow.check()


@pytest.mark.long
def test_all_waits_end_well_after_the_services_were_restarted(fifty: Fifty) -> None:
    plant = fifty.plant
    plant.services.stop()
    time.sleep(OUTAGE)
    plant.services.start()  # what was stuck goes on then
    with plant.busy_database():
        time.sleep(BUSY)
    assert plant.end(fifty.run) == "success"
    tasks = plant.api.task_instances(fifty.run)
    assert {task.try_number for task in tasks} == {1}
    assert fifty.jobs == {plant.api.xcom(fifty.run, task.task_id) for task in tasks}
    assert fifty.jobs == set(plant.jobs_of(fifty.original))
    assert plant.admin.requests("pixop.delete_video") == []


def triggers_of(plant: Plant) -> dict[int | None, int]:
    """Tell how many triggers each triggerer has that has any, by its number; ``None`` has those that are in no one."""
    return dict(plant.rows("select triggerer_id, count(*) from trigger group by triggerer_id"))  # type: ignore[arg-type]


def holder(plant: Plant) -> tuple[int, int]:
    """Give the number of a triggerer that has triggers, and how many, once all are in one. How they are shared out is
    chance: one may have them all."""

    def all_held() -> list[tuple[int, int]]:
        held = triggers_of(plant)
        return [] if None in held else [(number, count) for number, count in held.items() if number is not None]

    return until(all_held, "each trigger in a triggerer")[0]  # type: ignore[no-any-return]


def let_go(plant: Plant) -> set[str]:
    """Give the videos that a triggerer said it waits for no longer: in the logs of tasks, or in its own when those are
    closed already."""
    logs = [path for path in plant.airflow.home.rglob("*.log*") if path.is_file()]
    return {video for path in logs for video in LET_GO.findall(path.read_text(errors="replace"))}
