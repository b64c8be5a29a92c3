"""The sandbox's Pixop with its connection, and what tests want to know of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from media_sandbox.testing import RunningSandbox

if TYPE_CHECKING:
    from support.studio import Studio


@pytest.fixture
def studio(sandbox: RunningSandbox, connect: Callable[..., None], clip: Path) -> Studio:
    """The sandbox with its connection, and what tests want to know of it and have done in it."""
    from support.studio import Studio

    connect("pixop")
    return Studio(sandbox, clip)


@pytest.fixture
def secrets_in(studio: Studio) -> Callable[[str], list[str]]:
    """Find what nobody must ever see."""
    return studio.secrets_in
