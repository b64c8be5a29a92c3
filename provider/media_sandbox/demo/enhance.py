"""The demo: enhance some videos, show how it goes, and check what comes out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from rich.console import Console

from media_sandbox.demo.airflow_api import AirflowApi, DagRun
from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.display import open_display
from media_sandbox.demo.footage import FILM_CREDIT, FootageError, default_footage, own_footage
from media_sandbox.demo.lock import only_one
from media_sandbox.demo.orders import Order, same_settings
from media_sandbox.demo.report import Delivery, show_report
from media_sandbox.demo.sandbox_server import SandboxServer
from media_sandbox.demo.watch import Airflow, Run, Sandbox

DAG_ID: Final = "pixop_enhance"
PROJECT: Final = "Demo"
CLIP_MS: Final = 3000
"""How much of the demo's own footage is processed: it is to be over soon."""
LOOK_SECONDS: Final = 0.4
LOG_LINES: Final = 40

RUN_SECONDS: Final = 300.0
RUN_SECONDS_PER_SECOND: Final = 120.0
"""How long the runs may take: a start, and a multiple of the footage's duration, for slow machines."""


class DemoError(Exception):
    """The demo did not do what it is to do; the text says why."""


def run_demo(console: Console, root: Path, videos: Sequence[Path], *, keep: bool = False) -> None:
    """Enhance videos through a real Airflow and the sandbox.

    :param console: Where to tell about it.
    :param root: The checkout.
    :param videos: The user's videos; the demo's own if there are none.
    :param keep: Whether Airflow's home and the sandbox's data stay after a success; they always do after a failure.
    :raises DemoError: A run failed, or its result is not what was asked for.
    :raises FootageError: A video cannot be used.
    :raises LockedError: Another demo runs in this checkout.
    """
    home, results = root / ".airflow" / "demo", root / "build" / "demo"
    started = time.monotonic()
    with only_one(home):
        orders = _orders(console, root, results, videos)
        shutil.rmtree(home, ignore_errors=True)
        deliveries = _enhance(console, home, root / "dags", orders, results)
        console.print("Comparing the results with what was asked for")
        if not show_report(console, deliveries):
            raise DemoError("the results are not what was asked for")
        if not keep:
            shutil.rmtree(home)
    if not videos:
        console.print(f"Footage: {FILM_CREDIT}", soft_wrap=True, highlight=False)
    console.print(f"[green]Done[/] in {time.monotonic() - started:.0f} s", highlight=False)


def _enhance(console: Console, home: Path, dags: Path, orders: Sequence[Order], results: Path) -> list[Delivery]:
    console.print("Starting the sandbox")
    with SandboxServer(home / "sandbox") as sandbox:
        console.print(f"Starting Airflow (logs in {home})", soft_wrap=True, highlight=False)
        with AirflowServer(home, dags, connections=sandbox.connections) as airflow:
            airflow.wait_for_dag(DAG_ID)
            runs = _trigger(console, airflow.api, orders, results)
            _watch(console, airflow, sandbox, runs)
            deliveries = _deliveries(airflow.api, runs)
            console.print("Stopping Airflow and the sandbox")
    return deliveries


def _orders(console: Console, root: Path, results: Path, videos: Sequence[Path]) -> list[Order]:
    if videos:
        paths = own_footage(videos)
        if inside := [path for path in paths if path.parent == results.absolute()]:
            raise FootageError(f"{inside[0]}: is where the results go; copy it to another folder first")
        return [Order.of(path) for path in paths]
    console.print("Getting the footage")
    return [Order.of(path, CLIP_MS) for path in default_footage(root / "build" / "footage")]


def _trigger(console: Console, api: AirflowApi, orders: Sequence[Order], results: Path) -> list[Run]:
    runs = []
    for group in same_settings(orders):
        names = ", ".join(order.path.name for order in group)
        settings = ", ".join(f"{name}={value}" for name, value in group[0].settings.items())
        console.print(f"Triggering {DAG_ID} for {names}: {settings}", soft_wrap=True, highlight=False)
        runs.append(Run(api.trigger(DAG_ID, _conf(group, results)), group))
    return runs


def _conf(group: Sequence[Order], results: Path) -> dict[str, Any]:
    return {
        "sources": [str(order.path) for order in group],
        "target": f"{results.absolute()}/",
        "project_name": PROJECT,
        "delete_at_pixop": True,
        **group[0].settings,
    }


def _watch(console: Console, airflow: AirflowServer, sandbox: SandboxServer, runs: Sequence[Run]) -> None:
    """Show how the runs go until they have ended.

    :raises DemoError: They take too long.
    """
    seconds = sum(order.duration_ms for run in runs for order in run.orders) / 1000
    deadline = time.monotonic() + RUN_SECONDS + RUN_SECONDS_PER_SECOND * seconds
    tasks, jobs = Airflow(airflow.api, runs), Sandbox(sandbox.admin_url)
    try:
        with open_display(console) as display:
            finished = False
            while not finished:
                airflow.check()
                sandbox.child.check()
                # Asked first, so that the last look shows the end.
                finished = tasks.finished()
                display.update(tasks.rows(), jobs.rows())
                if time.monotonic() > deadline:
                    raise DemoError("the runs take too long")
                time.sleep(0 if finished else LOOK_SECONDS)
    finally:
        jobs.close()


def _deliveries(api: AirflowApi, runs: Sequence[Run]) -> list[Delivery]:
    """Collect what the runs delivered.

    :raises DemoError: A task failed; the error has the end of its log.
    """
    for run in runs:
        if api.run(run.dag_run).state != "success":
            raise DemoError(failure_of(api, run.dag_run))
    return [
        Delivery.of(order, _local_path(api.xcom(run.dag_run, "enhance.download", index)))
        for run in runs
        for index, order in enumerate(run.orders)
    ]


def failure_of(api: AirflowApi, run: DagRun) -> str:
    """Tell why a run failed: the ends of the logs of the tasks that failed."""
    failed = [task for task in api.task_instances(run) if task.state == "failed"]
    logs = {task.label: "\n".join(api.log_lines(task)[-LOG_LINES:]) for task in failed}
    texts = [f"{label} failed. Its log ends with:\n{log}" for label, log in logs.items()]
    return "\n\n".join(texts) or f"run {run.run_id} failed, though none of its tasks did"


def _local_path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file://") else Path(uri)
