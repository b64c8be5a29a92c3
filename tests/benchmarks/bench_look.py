"""Where the CPU time of waits goes: a thousand of each service, all begun at once, under a profiler.

Profiling makes Python code slower than what Python calls, and what runs in other threads not at all, so that the
shares of both are larger than they seem. One profile of each service: it shows what a look is made of, not how long it
takes.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import pstats
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from bench_waits import SECONDS, authorities_with, stand_in
from measure import ROOT, report
from servers import new_certificate
from status_server import job_ids
from waiting import HERD, ROOMS, log_as_triggers_do, measure, new_loop, shared

NUMBER = int(os.environ.get("BENCH_WAITS", "1000"))
REST = "the rest of Python"
ONCE = "once, in a thread: reading whom to trust"
LAYERS = {
    "the kernel: waiting, sending, receiving": re.compile(r"'select\.epoll'|'_socket\.socket'|'select\.poll'"),
    "encryption": re.compile(r"'_ssl\."),
    "beginning the waits, and measuring": re.compile(r"/tests/benchmarks/|gc\.collect"),
    "aiohttp": re.compile(r"/(?:aiohttp|yarl|multidict|propcache|frozenlist)/"),
    "asyncio": re.compile(r"/asyncio/|/selectors\.py|/contextlib\.py|_contextvars|_asyncio"),
    "this provider": re.compile(r"/airflow_media/"),
    "a line in the log for each wait": re.compile(r"/structlog/|/airflow/|/logging/"),
}
"""Where code is, by the path of its file; by its name, where it is not Python's."""

Function = tuple[str, int, str]


def layer(function: Function) -> str:
    """Tell which part of the program a function belongs to."""
    path, _, name = function
    return next((layer for layer, place in LAYERS.items() if place.search(name if path == "~" else path)), REST)


def by_layer(profile: cProfile.Profile) -> dict[str, float]:
    """Sum up the time that was spent in each part, in seconds. What is not written in Python counts for its caller."""
    spent: defaultdict[str, float] = defaultdict(float)
    stats: dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]]
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for function, (_, _, own, _, callers) in stats.items():
        if function[0] == "~" and layer(function) == REST:
            for caller, (_, _, its, _) in callers.items():
                spent[layer(caller)] += its
        else:
            spent[layer(function)] += own
    return spent


def profiled(service: str, url: str) -> None:
    """Wait, and print the seconds of CPU time by part, and the number of looks."""
    log_as_triggers_do()
    room = ROOMS[service]
    wait = shared(service, room, url + room.host)
    profile = cProfile.Profile(time.thread_time)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        began = time.process_time() - time.thread_time()
        profile.enable()
        figures = runner.run(measure(wait, job_ids(service, NUMBER), HERD, SECONDS))
        profile.disable()
        elsewhere = time.process_time() - time.thread_time() - began
        print(json.dumps([{**by_layer(profile), ONCE: elsewhere}, figures["looks"]]), flush=True)
        os._exit(0)  # what was waited for has no end


def shares(service: str, certificate: Path) -> tuple[dict[str, float], float]:
    """Give the percent of the CPU time that each part took, and the number of looks."""
    variables = {**os.environ, "SSL_CERT_FILE": str(authorities_with(certificate))}
    with stand_in(NUMBER, certificate) as (url, _):
        command = [sys.executable, __file__, service, url]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env=variables)
    spent, looks = json.loads(done.stdout.splitlines()[-1])  # before it, Airflow logs
    return {part: 100 * seconds / sum(spent.values()) for part, seconds in spent.items()}, looks


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        certificate = new_certificate(Path(folder))
        found = {service: shares(service, certificate) for service in ROOMS}
    first, _ = next(iter(found.values()))
    rows = {
        part: {service: percent.get(part, 0.0) for service, (percent, _) in found.items()}
        for part in sorted({*LAYERS, REST, ONCE}, key=lambda part: -first.get(part, 0.0))
    }
    looks = ", ".join(f"{looks:,.0f} of {service}" for service, (_, looks) in found.items())
    report("look", rows, note=f"percent; {NUMBER:,} waits each, {SECONDS:.0f} s, TLS, under a profiler; looks: {looks}")


if __name__ == "__main__":
    profiled(*sys.argv[1:]) if sys.argv[1:] else main()
