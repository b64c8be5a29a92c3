"""Pictures of a video in a ZIP archive."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from media_sandbox.media import ffmpeg
from media_sandbox.xvid.command import first_video, frame_size
from media_sandbox.xvid.presets import THUMBNAIL_PRESETS

DEFAULT: Final = {"thumbnail_names": "thumb_{resolution}", "thumbnail_preset": "thumbnails_large"}
"""The pictures of a preset that makes nothing else."""


async def make_archive(
    source: Path, media: Mapping[str, Any], orders: Sequence[Mapping[str, str]], target: Path
) -> None:
    """Write the pictures of some thumbnail presets into an archive.

    :param orders: the ``thumbnail_names`` and the ``thumbnail_preset`` of each.
    :param target: the archive; pictures are made in a folder beside it.
    """
    folder = target.with_name(f"{target.name}-pictures")
    folder.mkdir()
    try:
        for order in orders:
            await _make_pictures(source, media, order, folder)
        await asyncio.to_thread(_pack, folder, target)
    finally:
        shutil.rmtree(folder)


async def _make_pictures(source: Path, media: Mapping[str, Any], order: Mapping[str, str], folder: Path) -> None:
    preset = THUMBNAIL_PRESETS[order["thumbnail_preset"]]
    width, height = frame_size({"width": preset.width}, first_video(media))
    name = order["thumbnail_names"].replace("{resolution}", f"{width}x{height}")
    seconds = max(media["duration"], 1) / 1000
    filters = f"fps={preset.count}/{seconds}:round=up,scale={width}:{height}"
    pictures = ["-map", "0:v:0", "-vf", filters, "-frames:v", str(preset.count), "-q:v", "4", "-f", "image2"]
    await ffmpeg.run(["-i", str(source), *pictures, str(folder / f"{name}_%03d.jpg")])


def _pack(folder: Path, target: Path) -> None:
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for picture in sorted(folder.iterdir()):
            # Without the time of day, so that the same pictures make the same archive.
            archive.writestr(ZipInfo(picture.name), picture.read_bytes())
