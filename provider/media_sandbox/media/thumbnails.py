"""Still pictures of a video."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from media_sandbox.media import ffmpeg

WIDTHS: Final = {"thumbnail-small.jpg": 160, "thumbnail-large.jpg": 640}


async def make_thumbnails(path: Path, duration_ms: int) -> list[Path]:
    """Write pictures from the middle of the video into its directory.

    :return: their paths.
    """
    paths = [path.with_name(name) for name in WIDTHS]
    outputs = []
    for name, width in WIDTHS.items():
        outputs += [*("-map", "0:v:0", "-frames:v", "1", "-update", "1"), *("-vf", f"scale={width}:-2")]
        outputs.append(str(path.with_name(name)))
    await ffmpeg.run(["-ss", f"{duration_ms // 2}ms", "-i", str(path), *outputs])
    return paths
