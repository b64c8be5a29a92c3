"""The sandbox as a child process, as a user starts it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from media_sandbox.demo.children import Child
from media_sandbox.demo.waiting import wait_until

START_SECONDS: Final = 120.0


class SandboxServer:
    """``python -m media_sandbox`` on a free port.

    :param folder: Where it keeps its state, files and log; taken up again by the next one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._announced = self.folder / "announcement.json"
        command = [sys.executable, "-m", "media_sandbox", "--port", "0", "--data", str(self.folder)]
        log = self.folder / "sandbox.log"
        self.child = Child("sandbox", [*command, "--announce", str(self._announced)], log=log, env=dict(os.environ))

    def start(self) -> None:
        """Start it and wait until it listens; stop it if that fails.

        :raises ChildError: It ended; the error has the end of its log.
        :raises TimeoutError: It did not listen in time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._announced.unlink(missing_ok=True)
        try:
            self.child.start()
            wait_until(self._listens, what="the sandbox to listen", seconds=START_SECONDS, period=0.05)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it and the work it does."""
        self.child.stop()

    @property
    def admin_url(self) -> str:
        """Where its controls are."""
        return str(self._announcement["admin_url"])

    @property
    def connections(self) -> dict[str, dict[str, Any]]:
        """Airflow connections to its services, by connection id."""
        connections: dict[str, dict[str, Any]] = self._announcement["connections"]
        return connections

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def _announcement(self) -> dict[str, Any]:
        announcement: dict[str, Any] = json.loads(self._announced.read_text())
        return announcement

    def _listens(self) -> bool:
        self.child.check()
        return self._announced.exists()
