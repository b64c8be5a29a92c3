"""Whether a video really consists of fields, judged from its pictures and not from its metadata."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from media_sandbox.media import ffmpeg

SAMPLED_FRAMES: Final = 500
COUNTS: Final = re.compile(r"Multi frame detection: TFF:\s*(\d+) BFF:\s*(\d+) Progressive:\s*(\d+)")


async def detect_field_order(path: Path) -> str | None:
    """Judge the first frames with ffmpeg's ``idet``.

    :return: ``top_first`` or ``bottom_first`` when most frames that could be told are of two fields, else ``None``.
    """
    lines = await ffmpeg.run(
        [*("-i", str(path), "-map", "0:v:0", "-frames:v", str(SAMPLED_FRAMES)), *("-vf", "idet", "-f", "null", "-")],
        log_level="info",
    )
    # ffmpeg sets its filters up twice and the first, unused one reports too, so the last report counts.
    counts = [match.groups() for line in lines if (match := COUNTS.search(line))][-1]
    top, bottom, progressive = map(int, counts)
    if max(top, bottom) <= progressive:
        return None
    return "top_first" if top >= bottom else "bottom_first"
