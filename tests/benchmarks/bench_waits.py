"""Thousands of deferred waits on one connection: triggers on the shared hub, against a client and a login for each.

Both run in a process of their own against the same stand-in, over TLS, with tokens that live a minute. ``python
bench_waits.py`` measures a part of the table; with ``all``, each service with each number and each kind of start; with
SERVICE NUMBER STARTS WAY, one row. The table is written after each round, so that a long run may be stopped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import NamedTuple

import certifi
from measure import ROOT, ROUNDS, medians, report
from servers import new_certificate
from waiting import ALONE, APART, ASLEEP, BARE, HERD, INTERVAL, ROOMS, SHARED, STAGGERED

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
        waits = "1 wait" if self.number == 1 else f"{self.number:,} waits"
        return f"{self.service}, {waits}, {self.starts}, {self.way}"


FIRST = Run("pixop", 1, HERD, SHARED)
"""What a process does once, however many waits it has."""
PART = [
    FIRST,
    *(Run(service, 1000, HERD, SHARED) for service in ROOMS),
    *(Run("pixop", 1000, HERD, way) for way in (ALONE, BARE, APART)),
    Run("pixop", 5000, HERD, SHARED),
    Run("media_storage", 5000, HERD, SHARED),
    Run("pixop", 5000, HERD, ASLEEP),
]
ALL = [
    FIRST,
    *(Run(service, 1000, HERD, ALONE) for service in ROOMS),
    *(Run(*each, SHARED) for each in product(ROOMS, (1000, 5000), (STAGGERED, HERD))),
    *(Run("pixop", 1000, HERD, way) for way in (BARE, APART)),
    *(Run("pixop", 5000, HERD, way) for way in (ALONE, ASLEEP)),
]
ONCE = {Run("pixop", 5000, HERD, ALONE)}
"""Measured in the first round only: it takes ten minutes, 5,000 sockets and 4 GiB."""


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
    answered = own.pop("looks") or seen.get("jobs", 0)
    counted = {name: seen.get(name, 0) for name in ("requests", "logins", "refusals", "sockets", "connections")}
    cost = 1000 * own["cpu"] / answered if answered else float("nan")
    return {"answered": answered, **counted, **own, "cpu_ms_per_answer": cost, "server_cpu": seen["server_cpu"]}


def _row(own: Sequence[Mapping[str, float]], obvious: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Give the medians of all rounds, and of how many times more the obvious way needed in the same round."""
    saved = [
        {f"{name}_saved": its[name] / figures[name] for name in ("cpu", "cpu_ms_per_answer", "added_memory")}
        for figures, its in zip(own, obvious, strict=False)  # the obvious way may have been measured in the first only
    ]
    return medians(own) | (medians(saved) if saved else {})


def measure_all(runs: Sequence[Run], name: str) -> None:
    """Carry out all runs in turn, several times; print a table and write ``build/bench/NAME.json`` after each round."""
    taken: dict[Run, list[dict[str, float]]] = {run: [] for run in runs}
    with tempfile.TemporaryDirectory() as folder:
        certificate = new_certificate(Path(folder))
        authorities = authorities_with(certificate)
        for number in range(1, ROUNDS + 1):
            for run in runs:
                if number == 1 or run not in ONCE:
                    taken[run].append(measured(run, certificate, authorities))
            # The obvious way costs the same however its waits begin: they share nothing.
            rows = {
                str(run): _row(own, taken.get(run._replace(starts=HERD, way=ALONE), [])) for run, own in taken.items()
            }
            waits = f"{SECONDS:.0f} s, poll interval {INTERVAL:.0f} s, tokens of {TOKEN_LIFE:.0f} s, TLS"
            report(name, rows, note=f"medians of {number} rounds; {waits}")


def main(names: list[str]) -> None:
    if names == ["all"]:
        measure_all(ALL, "waits")
    elif names:
        measure_all([Run(names[0], int(names[1]), names[2], names[3])], "wait")  # it does not replace the table
    else:
        measure_all(PART, "waits")


if __name__ == "__main__":
    main(sys.argv[1:])
