"""Operators in a process of its own that may write to no file: ``python -m support.diskless``.

It reads a JSON list from its input, each entry the path of an operator and its arguments, does one after another, and
prints what they return.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook

from support.tasks import TaskRun


def main() -> None:
    """Do what the input says."""
    runs = [_run(path, arguments) for path, arguments in json.load(sys.stdin)]
    S3Hook().get_conn()  # what it reads and remembers about AWS is not what this is about
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # from here on a byte more in any file is an error
    print(json.dumps([run.execute() for run in runs]))


def _run(path: str, arguments: dict[str, Any]) -> TaskRun:
    module, _, name = path.rpartition(".")
    return TaskRun(getattr(importlib.import_module(module), name)(task_id=name, **arguments))


if __name__ == "__main__":
    main()
