"""``python -m media_sandbox.demo``: the command line of the demo, and what its exit code says."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import httpx
from rich.console import Console
from rich.text import Text

from media_sandbox.demo.airflow_api import AirflowApiError
from media_sandbox.demo.airflow_server import DagImportError
from media_sandbox.demo.children import ChildError
from media_sandbox.demo.enhance import DemoError, run_demo
from media_sandbox.demo.footage import FootageError
from media_sandbox.demo.ingest import run_ingest
from media_sandbox.demo.lock import LockedError
from media_sandbox.demo.ui import run_ui

FAILED: Final = 1
INTERRUPTED: Final = 128 + signal.SIGINT
FAILURES: Final = (
    AirflowApiError,
    ChildError,
    DagImportError,
    DemoError,
    FootageError,
    LockedError,
    httpx.HTTPError,
    OSError,
)
"""What can go wrong without being a mistake of the demo's; ``TimeoutError`` is an ``OSError``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo of the ingest, with ``pixop`` that of Pixop, or with ``ui`` an Airflow to look at.

    :param arguments: The command line, without the program's name.
    :return: The exit code: 0 if the results are what was asked for, 130 after a Ctrl-C, else 1.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.video and options.command != "pixop":
        parser.error("--video goes with the command pixop")
    console = Console()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        if options.command == "ui":
            run_ui(console, Path.cwd())
        elif options.command == "pixop":
            run_demo(console, Path.cwd(), options.video, keep=options.keep)
        else:
            run_ingest(console, Path.cwd(), keep=options.keep)
    except FAILURES as error:
        console.print(Text.assemble(("Failed: ", "bold red"), str(error)), soft_wrap=True)
        return FAILED
    except KeyboardInterrupt:
        console.print("Interrupted; everything that was started has been stopped")
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="media_sandbox.demo", description=__doc__)
    parser.add_argument(
        "command", nargs="?", choices=["run", "pixop", "ui"], default="run", help="what to do (%(default)s)"
    )
    parser.add_argument(
        "--video", type=Path, action="append", default=[], metavar="PATH", help="pixop: enhance this video; repeatable"
    )
    parser.add_argument("--keep", action="store_true", help="keep Airflow's home and the sandbox's data")
    return parser


def _leave(number: int, _: FrameType | None) -> NoReturn:
    # Raised, so that everything that was started is stopped on the way out.
    sys.exit(128 + number)
