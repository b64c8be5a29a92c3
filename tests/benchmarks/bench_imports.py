"""What a module of operators or sensors adds to the import of ``airflow.sdk``, and a DAG file to its parse time.

The peer is what the Amazon provider's S3 operators add. Each case is a process of its own, with byte code in place.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import ROOT, ROUNDS, report

PACKAGE = ROOT / "provider" / "airflow_media"
S3_OPERATORS = "airflow.providers.amazon.aws.operators.s3"
S3_DAG = """
from airflow.sdk import DAG
from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator, S3ListOperator

with DAG("peer", schedule=None):
    listed = S3ListOperator(task_id="list", bucket="media")
    copied = S3CopyObjectOperator(task_id="copy", source_bucket_key="s3://media/a", dest_bucket_key="s3://media/b")
    listed >> copied
"""

RECORDS = 60
FIELDS = """
    id: str
    name: str | None
    percent: float
    size: int = 0
    state: str = ""
    parent: str | None = None
"""
KINDS_OF_RECORDS = {
    f"{RECORDS} classes of records as dataclasses": (
        "from dataclasses import dataclass",
        '@dataclass(frozen=True, slots=True)\nclass Record{number}:\n    "A record."',
    ),
    f"{RECORDS} classes of records as Structs": (
        "from msgspec import Struct",
        'class Record{number}(Struct, frozen=True):\n    "A record."',
    ),
}
"""Why this provider's records are what they are."""

MEASURE = """
import json, runpy, sys, time
from airflow.sdk import DAG, Asset, BaseHook, BaseOperator, BaseSensorOperator, Param, chain, dag, task, task_group
what = sys.argv[1]
modules, began = len(sys.modules), time.perf_counter()
if what.endswith(".py"):
    runpy.run_path(what)
else:
    __import__(what)
print(json.dumps([1000 * (time.perf_counter() - began), len(sys.modules) - modules]))
"""


def measured(what: str) -> tuple[float, float]:
    """Give milliseconds and further modules of an import or of a DAG file, after ``airflow.sdk``."""
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, what]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    milliseconds, modules = json.loads(done.stdout.splitlines()[-1])
    return milliseconds, modules


def main() -> None:
    rooms = sorted(path.parent.name for path in PACKAGE.glob("*/operators.py"))
    modules = [f"airflow_media.{room}.{faces}" for room in rooms for faces in ("operators", "sensors")]
    dags = sorted((ROOT / "dags").glob("*.py"))
    with tempfile.TemporaryDirectory() as folder:
        peer = Path(folder) / "peer.py"
        peer.write_text(S3_DAG)
        cases = {"amazon: operators.s3": S3_OPERATORS, **{module: module for module in modules}}
        cases |= {"DAG with amazon's S3 operators": str(peer), **{f"dags/{path.name}": str(path) for path in dags}}
        for name, (header, record) in KINDS_OF_RECORDS.items():
            module = Path(folder) / f"{name}.py".replace(" ", "_")
            module.write_text("\n".join([header, *(record.format(number=each) + FIELDS for each in range(RECORDS))]))
            cases[name] = str(module)
        for case in cases.values():
            measured(case)  # writes the byte code
        rounds = [{name: measured(case) for name, case in cases.items()} for _ in range(ROUNDS)]
    taken = {name: [each[name] for each in rounds] for name in cases}
    rows = {}
    for name, figures in taken.items():
        other = "DAG with amazon's S3 operators" if name.startswith("dags/") else "amazon: operators.s3"
        milliseconds = statistics.median(each for each, _ in figures)
        rows[name] = {
            "milliseconds": milliseconds,
            "modules": figures[0][1],
            "milliseconds_ratio": milliseconds / statistics.median(each for each, _ in taken[other]),
        }
    report("imports", rows, note=f"medians of {ROUNDS} processes, after airflow.sdk; ratios to amazon's")


if __name__ == "__main__":
    main()
