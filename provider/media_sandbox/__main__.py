"""``python -m media_sandbox``: run the sandbox until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from media_sandbox import faults
from media_sandbox.server import Sandbox

DEFAULT_PORT: Final = 8099
MOST_PORT: Final = 65535


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the sandbox.

    :param arguments: the command line, without the program's name.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve(options))
    except (OSError, ValueError) as error:
        parser.exit(1, f"media_sandbox: {error}\n")


async def _serve(options: argparse.Namespace) -> None:
    chosen: dict[str, dict[str, Any]] = {}
    for service, name, value in options.option:
        chosen.setdefault(service, {})[name] = value
    sandbox = Sandbox(options.data, chosen)
    sandbox.faults.all += options.fault
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await sandbox.start(options.port)
    announcement = sandbox.announcement
    print(_greeting(sandbox), flush=True)
    if options.announce:
        _write_whole(options.announce, json.dumps(announcement, indent=2) + "\n")
    await stop.wait()
    await sandbox.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="media_sandbox",
        description="Local stand-ins of the media services, for development and tests.",
        epilog=faults.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port on 127.0.0.1, 0 for any (%(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="directory for state and files, taken up again")
    parser.add_argument("--announce", type=Path, metavar="FILE", help="write addresses and log-ins to it")
    parser.add_argument(
        "--option",
        type=_option,
        action="append",
        default=[],
        metavar="SERVICE.NAME=VALUE",
        help="set a switch of a service, such as pixop.token_life=60; repeatable",
    )
    parser.add_argument(
        "--fault", type=_fault, action="append", default=[], metavar="SPEC", help="set a fault, as below; repeatable"
    )
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > MOST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to {MOST_PORT}")
    return int(text)


def _option(text: str) -> tuple[str, str, Any]:
    path, equals, value = text.partition("=")
    service, dot, name = path.partition(".")
    if not (equals and dot):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form service.name=value")
    try:
        return service, name, json.loads(value)
    except ValueError:
        return service, name, value


def _fault(text: str) -> faults.Fault:
    try:
        return faults.parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _greeting(sandbox: Sandbox) -> str:
    lines = [f"The media sandbox listens on {sandbox.base_url} (admin: {sandbox.base_url}/_admin/)."]
    lines.append("Airflow connections, as JSON and as URI; one of the two is enough:")
    for conn_id, connection in sandbox.announcement["connections"].items():
        for form in (json.dumps(connection), _uri(connection)):
            lines.append(f"  export AIRFLOW_CONN_{conn_id.upper()}='{form}'")
    return "\n".join(lines)


def _uri(connection: dict[str, Any]) -> str:
    login, password, host = (quote(connection[field], safe="") for field in ("login", "password", "host"))
    extra = urlencode({"__extra__": json.dumps(connection["extra"])}) if connection["extra"] else ""
    return f"{connection['conn_type'].replace('_', '-')}://{login}:{password}@{host}" + (f"/?{extra}" if extra else "")


def _write_whole(path: Path, text: str) -> None:
    # Whoever waits for the file must not find half of it.
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
