"""The sandbox as a whole: one process, one port on the loopback interface, all services under their prefixes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from media_sandbox.admin import Admin, set_options
from media_sandbox.application import Application
from media_sandbox.cielo24.service import Cielo24
from media_sandbox.clock import Clock
from media_sandbox.faults import REFUSE, TRANSPORT, Faults
from media_sandbox.jobs import JobQueue
from media_sandbox.listener import Listener
from media_sandbox.media_storage.service import MediaStorage
from media_sandbox.pixop.service import Pixop
from media_sandbox.requestlog import RequestLog
from media_sandbox.store import Store
from media_sandbox.web import Service
from media_sandbox.xvid.service import Xvid

HOST: Final = "127.0.0.1"
KEEP_ALIVE_SECONDS: Final = 60
SERVICES: Final = (Pixop, MediaStorage, Xvid, Cielo24)


class Protocol(H11Protocol):
    """HTTP/1.1 that shows the application its transport and its listener, so that a fault can cut both off."""

    listener: Listener

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take up a new connection."""
        super().connection_made(transport)
        application = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {TRANSPORT: transport, REFUSE: self.listener.refuse}
            await application(scope, receive, send)

        self.app = with_transport


class Sandbox:
    """All services on one data directory; to be made, started and stopped in one event loop.

    uvicorn's protocol is used without uvicorn's server, which would take over the signals and be slow to stop.

    :param data: where state and files are kept; taken up again by the next sandbox on the same directory.
    :param options: switches by service, as ``{"pixop": {"token_life": 60}}``.
    :raises ValueError: for an option that does not exist.
    :raises OSError: when another sandbox uses the directory.
    """

    def __init__(self, data: Path, options: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.clock = Clock()
        self.store = Store(data / "sandbox.sqlite")
        self.jobs = JobQueue(slots=os.cpu_count() or 1)
        self.services: list[Service] = [kind(data / kind.name, self.store, self.jobs, self.clock) for kind in SERVICES]
        set_options(self.services, options or {})
        self.faults = Faults()
        requests = RequestLog()
        admin = Admin(self.services, self.faults, requests, self.clock, self.jobs)
        self._application = Application(self.services, admin.operations, self.faults, requests, self.clock)
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1.

        :param port: 0 for any free one; :attr:`port` then tells which.
        :raises OSError: when the port is taken.
        """
        config = uvicorn.Config(self._application, timeout_keep_alive=KEEP_ALIVE_SECONDS, log_config=None)
        config.load()
        self._state = ServerState()
        self._listener = Listener(lambda: self._protocol(config))
        try:
            self.port = await self._listener.open(HOST, port)
        except OSError:
            self.store.close()
            raise
        # Only now, so that a sandbox that cannot listen does not take up work either.
        for service in self.services:
            service.start()

    async def stop(self) -> None:
        """Stop at once: cut all connections, end all jobs with their child processes, close the store."""
        self._listener.close()
        for connection in list(self._state.connections):
            connection.transport.abort()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self.jobs.close()
        self.store.close()

    def _protocol(self, config: uvicorn.Config) -> Protocol:
        protocol = Protocol(config, self._state, {})
        protocol.listener = self._listener
        return protocol

    @property
    def base_url(self) -> str:
        """The address of the server, without a path."""
        return f"http://{HOST}:{self.port}"

    @property
    def announcement(self) -> dict[str, Any]:
        """Where the sandbox is and how to log in to its services."""
        return {
            "pid": os.getpid(),
            "port": self.port,
            "admin_url": f"{self.base_url}/_admin",
            "connections": {
                f"{service.name}_default": service.connection(self.base_url).as_json(service.name)
                for service in self.services
            },
        }
