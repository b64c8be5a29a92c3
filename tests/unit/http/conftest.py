"""A server on the wire, and clients for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clients import QUICK, SERVICE, Async, Made, Sync
from wire_server import WireServer

from airflow_media.http.client import Client


@pytest.fixture
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def make(request: pytest.FixtureRequest, server: WireServer) -> Iterator[Made]:
    """Makes a client of either kind for the server."""
    made: list[Sync | Async] = []

    def new(auth: Any = None, **options: Any) -> Sync | Async:
        made.append(request.param({"": server.url}, auth, **options))
        return made[-1]

    yield new
    for client in made:
        client.close()


@pytest.fixture
def sync(server: WireServer) -> Iterator[Callable[..., Client]]:
    """Makes a sync client for the server: for what only that one can do."""
    made: list[Client] = []

    def new(auth: Any = None, **options: Any) -> Client:
        made.append(Client(SERVICE, {"": server.url}, auth, **({"retry": QUICK} | options)))
        return made[-1]

    yield new
    for client in made:
        client.close()
