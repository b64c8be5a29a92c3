"""What all benchmarks share: a measured process, medians, ratios to a peer of the same round, a table, a JSON file."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "bench"


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


def compare(name: str, peer: str, cases: Mapping[str, Callable[[], Cost]], rounds: int = 5) -> None:
    """Measure all cases in turn, several times; print a table and write ``build/bench/NAME.json``.

    :param name: Name of the benchmark.
    :param peer: The case that the others are compared with, within each round.
    :param cases: What to measure, by name.
    :param rounds: How often.
    """
    taken: dict[str, list[Cost]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case, run in cases.items():
            taken[case].append(run())
    rows = {}
    for case, costs in taken.items():
        row = {key: statistics.median(asdict(cost)[key] for cost in costs) for key in ("seconds", "cpu", "memory")}
        for key in ("seconds", "cpu", "memory"):
            pairs = zip(costs, taken[peer], strict=True)
            row[f"{key}_ratio"] = statistics.median(asdict(own)[key] / asdict(its)[key] for own, its in pairs)
        rows[case] = row
    report(name, rows, note=f"medians of {rounds} rounds; ratios to {peer!r} of the same round")


def report(name: str, rows: Mapping[str, Mapping[str, float]], note: str) -> None:
    """Print a table of figures and write it as JSON.

    :param name: Name of the benchmark, and of the file.
    :param rows: Figures by case and name.
    :param note: How they came about.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    width = max(len(case) for case in rows)
    print(f"\n{name}: {note}")
    print(" " * width, *(f"{column:>14}" for column in columns))
    for case, row in rows.items():
        print(f"{case:<{width}}", *(f"{row.get(column, float('nan')):>14.3f}" for column in columns))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"note": note, "cases": rows}, indent=2) + "\n")
