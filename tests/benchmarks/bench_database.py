"""What deferred waits cost a real Airflow: rows written to its database, and memory and CPU time of its triggerer.

A DAG of sensors that start in the triggerer, many runs of it at a time. Its scheduler, then its triggerer, run for
themselves, so that it is known who wrote; triggers of SQLite count the rows. ``BENCH_WAITS=100`` waits for fewer,
``BENCH_SECONDS=15`` shorter.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
from bench_waits import authorities_with, stand_in, told
from measure import ROUNDS, medians, report
from servers import new_certificate
from waiting import INTERVAL

from media_sandbox.demo.airflow_server import MIGRATE_SECONDS, AirflowServer
from media_sandbox.demo.waiting import wait_until

WAITS = int(os.environ.get("BENCH_WAITS", "1000"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
PATIENCE = 600.0
SETTLED = 15.0
"""Seconds after which a triggerer that has nothing to do needs no more memory."""
TABLES = ("trigger", "task_instance", "job")
"""Tables with a column of their own."""
TASKS = 10
"""Waits in one run: with each wait that starts in the triggerer, Airflow keeps the whole DAG in memory there."""
DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from pendulum import datetime
from airflow_media.pixop.sensors import ProcessProgressSensor
from status_server import job_ids

START = datetime(2026, 1, 1)

with DAG(
    "waits",
    schedule="@daily",
    start_date=START,
    end_date=START + timedelta(days={runs} - 1),
    catchup=True,
    max_active_runs={runs},
):
    for number, video_id in enumerate(job_ids("pixop", {tasks})):
        ProcessProgressSensor(
            task_id=f"wait_{{number}}",
            video_id=video_id,
            deferrable=True,
            start_from_trigger=True,
            poll_interval={interval},
        )
"""


class Database:
    """The metadata database, in which each row that is written is counted.

    :param path: Its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: Counter[str] = Counter()
        with closing(sqlite3.connect(path)) as db, db:
            tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            names = [name for (name,) in db.execute(tables)]
            db.execute("CREATE TABLE written (name TEXT PRIMARY KEY, number INTEGER)")
            for name in names:
                db.execute("INSERT INTO written VALUES (?, 0)", [name])
                for what in ("INSERT", "UPDATE", "DELETE"):
                    count = f"UPDATE written SET number = number + 1 WHERE name = '{name}'"
                    db.execute(f'CREATE TRIGGER "count_{what}_{name}" AFTER {what} ON "{name}" BEGIN {count}; END')

    def value(self, query: str) -> int:
        """Give what a query counts."""
        with closing(sqlite3.connect(self._path)) as db:
            (number,) = db.execute(query).fetchone()
            return int(number)

    def written(self) -> dict[str, float]:
        """Give the rows that were written since this was asked last, in all and by table."""
        with closing(sqlite3.connect(self._path)) as db:
            now = Counter(dict(db.execute("SELECT name, number FROM written")))
        rows, self._before = now - self._before, now
        figures = {name: float(rows[name]) for name in TABLES}
        return {"rows": float(rows.total()), **figures, "others": rows.total() - sum(figures.values())}


class Usage:
    """What a process and its children use.

    :param pid: The process.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._cpu = 0.0

    def figures(self) -> dict[str, float]:
        """Give memory in MiB and open files of now, and seconds of CPU time since this was asked last."""
        family = [self._process, *self._process.children(recursive=True)]
        cpu = sum(sum(each.cpu_times()[:2]) for each in family)
        used, self._cpu = cpu - self._cpu, cpu
        # Pages that parent and child share count once.
        memory = sum(each.memory_full_info().pss for each in family) / 2**20
        return {"cpu": used, "memory": memory, "files": float(max(each.num_fds() for each in family))}


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that the Airflow does."""
    wait_until(condition, what=what, seconds=PATIENCE)


def idle(airflow: AirflowServer) -> dict[str, float]:
    """Give what a triggerer uses that has nothing to do."""
    child = airflow.spawn("idle-triggerer", "triggerer", "--skip-serve-logs")
    time.sleep(SETTLED)
    used = Usage(child.pid).figures()
    child.stop()
    return used


def begun(airflow: AirflowServer, database: Database) -> dict[str, float]:
    """Have the scheduler begin all waits, and give what was written."""
    airflow.command("dags", "reserialize", seconds=PATIENCE)
    airflow.command("dags", "unpause", "waits", "--yes")
    database.written()
    scheduler = airflow.spawn("scheduler", "scheduler", "--skip-serve-logs")
    until(lambda: database.value('SELECT count(*) FROM "trigger"') == WAITS, "all waits to begin")
    scheduler.stop()
    return database.written()


def waited(airflow: AirflowServer, database: Database, server: subprocess.Popen[str]) -> dict[str, dict[str, float]]:
    """Have the triggerer wait, then the jobs end, and give the figures of each part."""
    child = airflow.spawn("triggerer", "triggerer", "--skip-serve-logs")
    until(lambda: not database.value('SELECT count(*) FROM "trigger" WHERE triggerer_id IS NULL'), "the triggerer")
    told(server)
    until(lambda: told(server).get("jobs", 0) > 0, "the first look")
    assigned = database.written()
    time.sleep(2 * INTERVAL)  # all were looked at
    usage = Usage(child.pid)
    usage.figures()
    database.written()
    told(server)
    time.sleep(SECONDS)
    waiting = database.written() | usage.figures() | {"looks": told(server)["jobs"]}
    told(server, "end")
    until(lambda: not database.value('SELECT count(*) FROM "trigger"'), "all waits to end")
    ended = database.written()
    child.stop()
    return {"given to a triggerer": assigned, f"waiting for {SECONDS:.0f} s": waiting, "ended": ended}


def measured(folder: Path) -> dict[str, dict[str, float]]:
    """Have an Airflow of its own wait, and give the figures of each part."""
    home, dags = folder / "airflow", folder / "dags"
    dags.mkdir()
    (dags / "waits.py").write_text(DAG.format(tasks=TASKS, runs=WAITS // TASKS, interval=INTERVAL))
    certificate = new_certificate(folder)
    with stand_in(TASKS, certificate) as (url, server):
        connection = {
            "conn_type": "pixop",
            "host": f"{url}/pixop",
            "login": "benchmark",
            "password": "not-a-secret",
        }
        environment = {
            "SSL_CERT_FILE": str(authorities_with(certificate)),
            "PYTHONPATH": str(Path(__file__).parent),
            "AIRFLOW__TRIGGERER__CAPACITY": str(2 * WAITS),
        }
        airflow = AirflowServer(home, dags, connections={"pixop_default": connection}, env=environment)
        try:
            airflow.spawn("migrate", "db", "migrate").wait(MIGRATE_SECONDS)
            rows = {"a triggerer without waits": idle(airflow)}
            database = Database(home / "airflow.db")
            return rows | {"begun": begun(airflow, database)} | waited(airflow, database, server)
        finally:
            airflow.stop()


def main() -> None:
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(measured(Path(folder)))
    rows = {part: medians([each[part] for each in rounds]) for part in rounds[0]}
    note = f"medians of {ROUNDS} Airflows; rows written for {WAITS:,} waits; the triggerer's MiB and CPU seconds"
    report("database", rows, note=note)


if __name__ == "__main__":
    main()
