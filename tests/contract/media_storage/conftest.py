"""The sandbox's media storage with its connection, and what tests want to know of it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from media_sandbox.testing import RunningSandbox

if TYPE_CHECKING:
    from support.storeroom import Storeroom
    from support.triggerer import Database

STREAMS_ARE_SHARED = find_spec("airflow.triggers.shared_stream") is not None
"""Whether this Airflow lets triggers share a stream, and has an asset state store (3.3 and later)."""

collect_ignore = [] if STREAMS_ARE_SHARED else ["test_media_storage_restarts.py"]


@pytest.fixture
def store(sandbox: RunningSandbox, connect: Callable[..., None], clip: Path) -> Storeroom:
    """The sandbox with its connection; uploads make no jobs unless a test wants them."""
    from support.storeroom import Storeroom

    connect("media_storage")
    storeroom = Storeroom(sandbox, clip)
    storeroom.options(jobs_from_uploads=False)
    return storeroom


@pytest.fixture
def secrets_in(store: Storeroom) -> Callable[[str], list[str]]:
    """Find what nobody must ever see."""
    return store.secrets_in


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database of Airflow's in which nothing is kept yet."""
    from airflow_media.media_storage import triggers
    from support.triggerer import Database

    monkeypatch.setattr(triggers, "STORE_RETRY", 0.02)
    database = Database()
    database.install(monkeypatch)
    return database


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The looks that feeds have given out."""
    from airflow_media.media_storage import feed

    given: list[Any] = []

    class Counted(feed.Look):
        def __post_init__(self) -> None:
            given.append(self.snapshot)

    monkeypatch.setattr(feed, "Look", Counted)
    return given


@pytest.fixture(params=["shared", "alone"] if STREAMS_ARE_SHARED else ["alone"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How a trigger looks: with others, or alone as where Airflow has no shared streams."""
    from airflow_media.media_storage.triggers import NewMediaTrigger

    if request.param == "alone":
        monkeypatch.setattr(NewMediaTrigger, "shared_stream_key", lambda self: None)
    return str(request.param)
