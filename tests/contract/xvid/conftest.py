"""The sandbox's Xvid MediaHub with its connection, and what tests want to know of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from media_sandbox.testing import RunningSandbox

if TYPE_CHECKING:
    from support.mediahub import MediaHub


@pytest.fixture
def hub(sandbox: RunningSandbox, connect: Callable[..., None], clip: Path) -> MediaHub:
    """The sandbox with its connection, and what tests want to know of it and have done in it."""
    from support.mediahub import MediaHub

    connect("xvid")
    return MediaHub(sandbox, clip)


@pytest.fixture(autouse=True)
def _no_access_log(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The storage's own log names signed URLs, as that of any server does: it is not ours to blank."""
    monkeypatch.setattr(logging.getLogger("uvicorn.access"), "disabled", True)


@pytest.fixture
def secrets_in(hub: MediaHub) -> Callable[[str], list[str]]:
    """Find what nobody must ever see."""
    return hub.secrets_in
