"""What full ingestion finds out beyond the metadata: fields, quality and thumbnails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from media_sandbox.media.probe import MediaInfo
from media_sandbox.media.quality import assess
from media_sandbox.media.scanning import detect_field_order
from media_sandbox.media.thumbnails import make_thumbnails
from media_sandbox.pixop.views import scanning

Reach = Callable[[float], Awaitable[None]]

AFTER_PROBE: Final = 10.0
AFTER_SCANNING: Final = 40.0
AFTER_QUALITY: Final = 80.0


async def analyse(path: Path, media: MediaInfo, reach: Reach) -> dict[str, Any]:
    """Analyse a video and put thumbnails beside it.

    :param reach: awaited with the percentage reached.
    :return: ``heuristics`` and ``quality``, as the API shows them.
    """
    await reach(AFTER_PROBE)
    field_order = await detect_field_order(path)
    await reach(AFTER_SCANNING)
    metrics = await asyncio.to_thread(assess, path, media.duration_ms)
    await reach(AFTER_QUALITY)
    await make_thumbnails(path, media.duration_ms)
    quality = {
        "metrics": [
            {
                "name": metric.name,
                "sampleMean": round(metric.mean, 4),
                "subjectiveLabel": metric.label,
                "subjectiveScore": metric.score,
            }
            for metric in metrics
        ],
        "overallSubjectiveScore": round(sum(metric.score for metric in metrics) / len(metrics), 2),
    }
    return {"heuristics": scanning(field_order), "quality": quality}
