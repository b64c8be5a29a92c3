"""What the contract tests of all services share: a sandbox on a socket for each test, and Airflow connections to it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from media_sandbox.testing import RunningSandbox, make_video, running_sandbox


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
def connect(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define the default connection of a service: that of the sandbox, with changes."""

    def define(service: str, extra: dict[str, Any] | None = None, **changes: Any) -> None:
        connection = sandbox.connection(service).as_json(service)
        connection |= {"extra": {**connection["extra"], **(extra or {})}, **changes}
        monkeypatch.setenv(f"AIRFLOW_CONN_{service.upper()}_DEFAULT", json.dumps(connection))

    return define


@pytest.fixture
def refused(secrets_in: Callable[[str], list[str]], logged: Callable[[], str]) -> Callable[..., BaseException]:
    """Try what must fail, and see that a person can act upon what is said, and that no secret is.

    The tests of each service say with a fixture ``secrets_in`` what nobody must ever see.
    """

    def attempt(work: Callable[[], object], kind: type[BaseException], *words: str) -> BaseException:
        with pytest.raises(kind) as raised:
            work()
        text = str(raised.value)
        assert [word for word in words if word not in text] == [], text
        assert type(raised.value) is kind, f"{type(raised.value).__name__} where {kind.__name__} is meant"
        assert secrets_in(text + repr(raised.value) + logged()) == []
        return raised.value

    return attempt


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries last a twentieth: how long they are is decided, and tested, without a clock."""
    from airflow_media.http import client, reading

    monkeypatch.setattr(client, "asyncio", HastyModule(asyncio))
    for module in (client, reading):
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
