"""What the sandbox's own tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_client import PixopClient

from media_sandbox.testing import (
    RunningSandbox,
    make_audio_file,
    make_garbage,
    make_pal_video,
    make_video,
    running_sandbox,
)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A new sandbox."""
    with running_sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> PixopClient:
    """The plain account in the new sandbox."""
    return PixopClient(sandbox)


@pytest.fixture(scope="module")
def shared_sandbox() -> Iterator[RunningSandbox]:
    """A sandbox for all tests of a module, which must not get into each other's way."""
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def shared_client(shared_sandbox: RunningSandbox) -> PixopClient:
    """The plain account in the shared sandbox."""
    return PixopClient(shared_sandbox)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sample files of this run are."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def clip(clips: Path) -> Path:
    """One second of progressive video, 320x240 at 25 frames a second, with sound, in MPEG-4."""
    return make_video(clips / "clip.mp4")


@pytest.fixture(scope="session")
def pal_clip(clips: Path) -> Path:
    """Half a second of interlaced PAL with sound."""
    return make_pal_video(clips / "pal.mp4", seconds=0.48)


@pytest.fixture(scope="session")
def garbage(clips: Path) -> Path:
    """A file that is no media."""
    return make_garbage(clips / "garbage.mp4")


@pytest.fixture(scope="session")
def audio_file(clips: Path) -> Path:
    """A media file without video."""
    return make_audio_file(clips / "sound.wav")
