"""An Airflow to look at: it stays up, with the sandbox, until it is interrupted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, NoReturn

from rich.console import Console

from media_sandbox.demo.airflow_server import USER, AirflowServer
from media_sandbox.demo.enhance import DAG_ID
from media_sandbox.demo.footage import default_footage
from media_sandbox.demo.lock import only_one
from media_sandbox.demo.sandbox_server import SandboxServer

LOOK_SECONDS: Final = 1.0


def run_ui(console: Console, root: Path) -> None:
    """Keep Airflow and the sandbox up until a Ctrl-C; what is in them is there again the next time.

    :param console: Where to tell about it.
    :param root: The checkout.
    :raises ChildError: One of them ended by itself.
    :raises LockedError: They are up already.
    """
    home, results = root / ".airflow" / "ui", root / "build" / "ui"
    with only_one(home):
        console.print("Getting the footage")
        videos = default_footage(root / "build" / "footage")
        _serve(console, home, root / "dags", videos, results)


def _serve(console: Console, home: Path, dags: Path, videos: list[Path], results: Path) -> NoReturn:
    console.print("Starting the sandbox")
    with SandboxServer(home / "sandbox") as sandbox:
        console.print(f"Starting Airflow (logs in {home})", soft_wrap=True, highlight=False)
        with AirflowServer(home, dags, connections=sandbox.connections) as airflow:
            airflow.wait_for_dag(DAG_ID)
            airflow.api.unpause(DAG_ID)
            console.print(_guide(airflow, sandbox, videos, results), soft_wrap=True, highlight=False)
            while True:
                airflow.check()
                sandbox.child.check()
                time.sleep(LOOK_SECONDS)


def _guide(airflow: AirflowServer, sandbox: SandboxServer, videos: list[Path], results: Path) -> str:
    sources = "\n".join(f"                     {video}" for video in videos)
    return f"""
Airflow        [bold]{airflow.base_url}[/]
  log in as    [bold]{USER}[/]
  password     [bold]{airflow.password}[/]
Sandbox        {sandbox.admin_url}/ (faults, jobs, log of requests)
Connections    {", ".join(sandbox.connections)}

Trigger the DAG [bold]{DAG_ID}[/], {airflow.base_url}/dags/{DAG_ID}, with, for example,
  Sources
{sources}
  Target folder      {results.absolute()}/

Ctrl-C stops everything."""
