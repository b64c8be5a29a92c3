"""What the tests of the cielo24 stand-in share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cielo24_client import Cielo24Client

from media_sandbox.testing import RunningSandbox, make_video, running_sandbox


@pytest.fixture
def cielo24(sandbox: RunningSandbox) -> Cielo24Client:
    """The plain account in a new sandbox."""
    return Cielo24Client(sandbox)


@pytest.fixture(scope="module")
def shared_cielo24() -> Iterator[Cielo24Client]:
    """The plain account in a sandbox for all tests of a module."""
    with running_sandbox() as running:
        yield Cielo24Client(running)


@pytest.fixture(scope="session")
def long_clip(clips: Path) -> Path:
    """Forty seconds of very small video with sound."""
    return make_video(clips / "long.mp4", size="64x48", seconds=40, fps=5)


@pytest.fixture(scope="session")
def silent_clip(clips: Path) -> Path:
    """Video without sound."""
    return make_video(clips / "silent.mp4", audio=False)
