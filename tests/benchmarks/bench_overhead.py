"""What a run of the DAG ``pixop_enhance`` takes beyond the work of the service, in a whole Airflow, and where."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

from measure import ROOT, ROUNDS, medians, report

from media_sandbox.demo.airflow_api import DagRun, TaskInstance
from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.testing import RunningSandbox, make_video, running_sandbox

DAG_ID = "pixop_enhance"
RUN_SECONDS = 300.0
EVERY = 0.05


class WorkClock(threading.Thread):
    """Adds up the time for which the stand-in has work to do.

    :param sandbox: The stand-in.
    """

    def __init__(self, sandbox: RunningSandbox) -> None:
        super().__init__(daemon=True)
        self._sandbox = sandbox
        self._ended = threading.Event()
        self.seconds = 0.0

    def run(self) -> None:
        before = time.perf_counter()
        while not self._ended.wait(EVERY):
            now = time.perf_counter()
            self.seconds += now - before if self._sandbox.admin.jobs() else 0.0
            before = now

    def stop(self) -> float:
        """Stop, and give the seconds."""
        self._ended.set()
        self.join()
        return self.seconds


def measured(airflow: AirflowServer, sandbox: RunningSandbox, clip: Path, target: Path) -> dict[str, dict[str, float]]:
    """Carry out one run and give its figures and those of its tasks, in seconds."""
    work = WorkClock(sandbox)
    work.start()
    began = time.time()
    run = airflow.api.trigger(DAG_ID, {"sources": [str(clip)], "target": f"{target}/"})
    ended = airflow.api.wait_for_run(run, seconds=RUN_SECONDS)
    wall, worked = time.time() - began, work.stop()
    if ended.state != "success":
        raise SystemExit(f"the run ended in {ended.state}: {airflow.home}")
    return {DAG_ID: {"wall": wall, "work": worked, "overhead": wall - worked}, **_tasks(airflow, run, began)}


def _tasks(airflow: AirflowServer, run: DagRun, began: float) -> dict[str, dict[str, float]]:
    """Split the run: until each task began after the one before it, and how long it took, its wait included."""
    done = sorted((each for each in airflow.api.task_instances(run) if each.start and each.end), key=_start)
    figures, before = {}, began
    for each in done:
        end = _seconds(each.end)
        figures[each.task_id] = {"before": _start(each) - before, "took": end - _start(each)}
        before = end
    return figures


def _start(instance: TaskInstance) -> float:
    return _seconds(instance.start)


def _seconds(moment: datetime | None) -> float:
    assert moment is not None
    return moment.timestamp()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_sandbox() as sandbox:
        home = Path(folder)
        (home / "dags").mkdir()
        shutil.copy(ROOT / "dags" / f"{DAG_ID}.py", home / "dags")
        clip = make_video(home / "clip.mp4", seconds=1)
        connections = {"pixop_default": sandbox.connection("pixop").as_json("pixop")}
        with AirflowServer(home / "airflow", home / "dags", connections=connections) as airflow:
            airflow.wait_for_dag(DAG_ID)
            measured(airflow, sandbox, clip, home / "out")  # the first fills the caches
            runs = [measured(airflow, sandbox, clip, home / f"out{number}") for number in range(ROUNDS)]
    rows = {part: medians([run[part] for run in runs]) for part in runs[0]}
    report("overhead", rows, note=f"seconds, medians of {ROUNDS} runs of one clip; Airflow's LocalExecutor")


if __name__ == "__main__":
    main()
