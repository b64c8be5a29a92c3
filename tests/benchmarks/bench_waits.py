"""Thousands of deferred waits on one connection: triggers on the shared hub, against a client and a login for each.

Both run in a process of their own against the same stand-in, over TLS, with tokens that live a minute. ``python
bench_waits.py`` measures a part of the table; with ``all``, each service with each number and each kind of start (the
obvious way with 5,000 waits, which needs 4 GiB, once); with SERVICE NUMBER STARTS WAY, one row.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import NamedTuple

import certifi
from measure import ROOT, report
from servers import new_certificate
from waiting import ALONE, ASLEEP, HERD, INTERVAL, ROOMS, SHARED, STAGGERED

SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
TOKEN_LIFE = 60.0
HERE = Path(__file__).parent


class Run(NamedTuple):
    """One row of the table."""

    service: str
    number: int
    starts: str
    way: str

    def __str__(self) -> str:
        return f"{self.service}, {self.number:,} waits, {self.starts}, {self.way}"


PART = [
    *(Run(service, 1000, HERD, SHARED) for service in ROOMS),
    Run("pixop", 1000, HERD, ALONE),
    Run("pixop", 5000, HERD, SHARED),
    Run("media_storage", 5000, HERD, SHARED),
    Run("pixop", 5000, HERD, ASLEEP),
]
ALL = [
    *(Run(*each) for each in product(ROOMS, (1000,), (STAGGERED, HERD), (ALONE, SHARED))),
    *(Run(*each) for each in product(ROOMS, (5000,), (STAGGERED, HERD), (SHARED,))),
    *(Run("pixop", 5000, HERD, way) for way in (ALONE, ASLEEP)),
]


@contextmanager
def stand_in(number: int, certificate: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start the stand-in with so many jobs, and give its address and its process."""
    command = [sys.executable, str(HERE / "status_server.py"), str(number), str(TOKEN_LIFE), str(certificate)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert server.stdout is not None
        yield f"https://127.0.0.1:{int(server.stdout.readline())}", server
    finally:
        server.kill()
        server.wait()


def told(server: subprocess.Popen[str], line: str = "") -> dict[str, float]:
    """Give what the stand-in has counted since it was asked last.

    :param line: ``end`` for all jobs to end.
    """
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(f"{line}\n")
    server.stdin.flush()
    counts: dict[str, float] = json.loads(server.stdout.readline())
    return counts


def authorities_with(certificate: Path) -> Path:
    """Write a file of whom to trust: as in production all authorities of the system, and the certificate."""
    path = certificate.with_name("authorities.pem")
    path.write_text(Path(certifi.where()).read_text() + certificate.read_text())
    return path


def measured(run: Run, certificate: Path, authorities: Path) -> dict[str, float]:
    """Carry out one run and give its figures."""
    with stand_in(run.number, certificate) as (url, server):
        command = [sys.executable, str(HERE / "waiting.py"), run.service, run.way, run.starts, str(run.number)]
        variables = {**os.environ, "SSL_CERT_FILE": str(authorities)}
        command += [str(SECONDS), url]
        waited = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env=variables)
        own: dict[str, float] = json.loads(waited.stdout.splitlines()[-1])  # before it, Airflow logs
        seen = told(server)
    answered = seen.get("jobs", 0)
    counted = {name: seen.get(name, 0) for name in ("requests", "logins", "refusals", "sockets", "connections")}
    cost = 1000 * own["cpu"] / answered if answered else float("nan")
    return {"answered": answered, **counted, **own, "cpu_ms_per_answer": cost, "server_cpu": seen["server_cpu"]}


def _ratios(figures: dict[str, float], obvious: dict[str, float] | None) -> dict[str, float]:
    """How many times more the obvious way needs of what counts; nothing where it was not measured."""
    if obvious is None:
        return {}
    return {f"{name}_saved": obvious[name] / figures[name] for name in ("cpu_ms_per_answer", "added_memory")}


def main(names: list[str]) -> None:
    runs = PART
    if names == ["all"]:
        runs = ALL
    elif names:
        runs = [Run(names[0], int(names[1]), names[2], names[3])]
    with tempfile.TemporaryDirectory() as folder:
        certificate = new_certificate(Path(folder))
        authorities = authorities_with(certificate)
        taken = {run: measured(run, certificate, authorities) for run in runs}
    rows = {str(run): figures | _ratios(figures, taken.get(run._replace(way=ALONE))) for run, figures in taken.items()}
    note = f"{SECONDS:.0f} s, poll interval {INTERVAL:.0f} s, tokens of {TOKEN_LIFE:.0f} s, TLS"
    report("wait" if len(names) > 1 else "waits", rows, note=note)  # one run does not replace the table


if __name__ == "__main__":
    main(sys.argv[1:])
