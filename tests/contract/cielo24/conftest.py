"""The sandbox's cielo24 with its connection, and what tests want to know of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_media.http.auth import Token, TokenCache
from media_sandbox.testing import RunningSandbox, make_video

if TYPE_CHECKING:
    from support.captioning import CaptionHouse


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of three seconds, with sound."""
    return make_video(tmp_path_factory.mktemp("film") / "film.mp4", size="160x120", seconds=3.0)


@pytest.fixture
def house(
    sandbox: RunningSandbox, connect: Callable[..., None], film: Path, monkeypatch: pytest.MonkeyPatch
) -> CaptionHouse:
    """The sandbox with its connection, and what tests want to know of it and have done in it."""
    from support.captioning import CaptionHouse

    connect("cielo24")
    house = CaptionHouse(sandbox, film)
    house.options(turnaround_hour_seconds=0.002, allow_loopback_media=True)
    store = TokenCache.store

    def remember(cache: TokenCache, token: Token, now: float) -> None:
        house.tokens.add(token.value)
        store(cache, token, now)

    monkeypatch.setattr(TokenCache, "store", remember)
    return house


@pytest.fixture(autouse=True)
def _no_access_log(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own log names whole URLs, as that of any server does: it is not ours to blank."""
    monkeypatch.setattr(logging.getLogger("uvicorn.access"), "disabled", True)


@pytest.fixture
def secrets_in(house: CaptionHouse) -> Callable[[str], list[str]]:
    """Find what nobody must ever see."""
    return house.secrets_in
