"""Look into a video file, with another library than the sandbox makes it with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av


@dataclass(frozen=True)
class Probe:
    """What a file is."""

    codec: str
    width: int
    height: int
    frames: int


def probe(path: str | Path) -> Probe:
    """Decode a file to its end, and tell what it is."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        return Probe(stream.codec_context.name, stream.width, stream.height, frames)
