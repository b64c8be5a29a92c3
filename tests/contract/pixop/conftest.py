"""A sandbox on a socket for each test, an Airflow connection to it, and small real videos."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from media_sandbox.testing import RunningSandbox, make_video, running_sandbox

if TYPE_CHECKING:
    from support.studio import Studio


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of half a second."""
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4", size="160x120", seconds=0.4, audio=False)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A sandbox in which nothing has happened yet."""
    with running_sandbox() as running:
        yield running


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define the connection ``pixop_default``."""

    def define(access: Any, extra: dict[str, Any] | None = None, **changes: Any) -> None:
        fields = {"host": access.host, "login": access.account.email, "password": access.account.password}
        connection = {"conn_type": "pixop", **fields, "extra": extra or {}, **changes}
        monkeypatch.setenv("AIRFLOW_CONN_PIXOP_DEFAULT", json.dumps(connection))

    return define


@pytest.fixture
def studio(sandbox: RunningSandbox, connect: Callable[..., None], clip: Path) -> Studio:
    """The sandbox with its connection, and what tests want to know of it and have done in it."""
    from support.studio import Studio

    connect(sandbox.pixop)
    return Studio(sandbox, clip)


@pytest.fixture
def refused(studio: Studio, logged: Callable[[], str]) -> Callable[..., BaseException]:
    """Try what must fail, and see that a person can act upon what is said, and that no secret is."""

    def attempt(work: Callable[[], object], kind: type[BaseException], *words: str) -> BaseException:
        with pytest.raises(kind) as raised:
            work()
        text = str(raised.value)
        assert [word for word in words if word not in text] == [], text
        assert type(raised.value) is kind, f"{type(raised.value).__name__} where {kind.__name__} is meant"
        assert studio.secrets_in(text + repr(raised.value) + logged()) == []
        return raised.value

    return attempt


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries last a twentieth: how long they are is decided, and tested, without a clock."""
    from airflow_media.http import client, downloads

    monkeypatch.setattr(client, "asyncio", HastyModule(asyncio))
    for module in (client, downloads):
        monkeypatch.setattr(module, "time", HastyModule(time))


class HastyModule:
    """A module whose ``sleep`` is shorter than asked for.

    :param module: ``time`` or ``asyncio``.
    """

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def sleep(self, seconds: float) -> Any:
        return self._module.sleep(seconds / 20)
