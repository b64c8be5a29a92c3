"""What all benchmarks share: a measured process, medians, ratios to a peer of the same round, a table, a JSON file."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "bench"
FIGURES = ("seconds", "cpu", "memory")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
"""How often everything is measured; fewer are for trying a benchmark out."""


@dataclass(frozen=True)
class Cost:
    """What a process cost.

    :param seconds: Wall-clock time, in seconds.
    :param cpu: CPU time of the process, in seconds.
    :param memory: Peak memory of the process, in MiB.
    """

    seconds: float
    cpu: float
    memory: float


def process(command: Sequence[str]) -> Cost:
    """Run a command to its end and measure it.

    :raises subprocess.CalledProcessError: It failed.
    """
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    scale = 1024 if sys.platform == "linux" else 1024 * 1024
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


def pipe(first: Sequence[str], second: Sequence[str]) -> Cost:
    """Run two commands, the output of the first being the input of the second, and measure both together.

    :raises subprocess.CalledProcessError: One failed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    giving = subprocess.Popen(first, stdout=subprocess.PIPE, cwd=ROOT)
    taking = subprocess.Popen(second, stdin=giving.stdout, stdout=subprocess.DEVNULL, cwd=ROOT)
    assert giving.stdout is not None
    giving.stdout.close()
    memory = 0.0
    for child in (giving, taking):
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), child.args)
        memory += usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory)


def python(script: str, *arguments: str, **environment: str) -> Cost:
    """Run a benchmark's own file in a process of its own, which measures itself with :func:`timed`.

    :param script: Path of the file.
    :param arguments: Which case it shall run, and with what.
    :param environment: More variables.
    :raises subprocess.CalledProcessError: It failed.
    """
    command = [sys.executable, script, *arguments]
    variables = {**os.environ, **environment}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env=variables)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def timed() -> Iterator[None]:
    """Measure the block, in this process, and tell :func:`python`. Its peak memory is that of the whole process.

    What comes before the block does not count: imports, above all that of Airflow, which each task has anyway.
    """
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "memory": peak_memory()}))


def peak_memory() -> float:
    """Give the peak memory of this process, in MiB."""
    try:  # what the kernel tells of a process at its end includes that of its parent before it was begun
        text = Path("/proc/self/status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


def compare(name: str, cases: Mapping[str, Callable[[], Cost]], peers: Mapping[str, str]) -> None:
    """Measure all cases in turn, several times; print a table and write ``build/bench/NAME.json``.

    :param name: Name of the benchmark.
    :param cases: What to measure, by name.
    :param peers: The case that another is compared with, within each round; those without one are peers themselves.
    """
    taken: dict[str, list[Cost]] = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for case, run in cases.items():
            taken[case].append(run())
    rows = {case: _row(costs, taken[peers.get(case, case)]) for case, costs in taken.items()}
    report(name, rows, note=f"medians of {ROUNDS} rounds; ratios to the peer of the same round", peers=peers)


def _row(costs: Sequence[Cost], peer: Sequence[Cost]) -> dict[str, float]:
    figures = [(asdict(own), asdict(its)) for own, its in zip(costs, peer, strict=True)]
    ratios = [{f"{key}_ratio": own[key] / its[key] for key in FIGURES} for own, its in figures]
    return medians([own for own, _ in figures]) | medians(ratios)


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Give the median of each figure.

    :param rounds: What was measured each time, by name.
    """
    return {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}


def report(
    name: str, rows: Mapping[str, Mapping[str, float]], note: str, peers: Mapping[str, str] | None = None
) -> None:
    """Print a table of figures and write it as JSON.

    :param name: Name of the benchmark, and of the file.
    :param rows: Figures by case and name.
    :param note: How they came about.
    :param peers: What the ratios of a case are to.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    width = max(len(case) for case in rows)
    print(f"\n{name}: {note}")
    print(" " * width, *(f"{column:>14}" for column in columns))
    for case, row in rows.items():
        figures = (f"{row.get(column, float('nan')):>{max(14, len(column))}.3f}" for column in columns)
        print(f"{case:<{width}}", *figures)
    RESULTS.mkdir(parents=True, exist_ok=True)
    document = {"note": note, "cases": rows} | ({"peers": peers} if peers else {})
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
