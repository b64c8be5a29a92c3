"""What processing makes of an original, with ffmpeg: a still picture and a rendition for streaming.

One table, from which the documentation is made as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media_sandbox.media import ffmpeg

SEGMENT_SECONDS: Final = 4
MASTER: Final = "master.m3u8"
PLAYLIST: Final = "240p.m3u8"
SEGMENTS: Final = "240p_%05d.ts"
THUMBNAIL: Final = "thumbnail.jpg"


@dataclass(frozen=True)
class Variant:
    """A kind of file that processing makes.

    :param key: the key under which it is stored.
    :param ffmpeg: the arguments that make it.
    :param note: what it is.
    """

    key: str
    ffmpeg: str
    note: str


VARIANTS: Final = (
    Variant(THUMBNAIL, "-map 0:v:0 -frames:v 1 -update 1 -vf scale=320:-2", "a still picture from the middle"),
    Variant(
        PLAYLIST,
        "-map 0:v:0 -map 0:a:0? -vf scale=-2:240 -pix_fmt yuv420p -c:v libx264 -preset veryfast -b:v 400k -maxrate 400k"
        " -bufsize 800k -c:a aac -b:a 64k -ac 2 -f hls -hls_playlist_type vod",
        "a rendition 240 lines high, H.264 and AAC",
    ),
    Variant(
        SEGMENTS,
        f"-force_key_frames expr:gte(t,n_forced*{SEGMENT_SECONDS}) -hls_time {SEGMENT_SECONDS}",
        f"its segments of {SEGMENT_SECONDS} seconds, MPEG-2 transport streams, numbered from 0",
    ),
    Variant(MASTER, f"-master_pl_name {MASTER}", "the playlist that names the rendition"),
)

MIME_TYPES: Final = {".jpg": "image/jpeg", ".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t"}

_ARGUMENTS: Final = {variant.key: variant.ffmpeg.split() for variant in VARIANTS}


async def make_thumbnail(source: Path, directory: Path, duration_ms: int) -> None:
    """Write a still picture from the middle of the video into a directory."""
    seek = ["-ss", f"{duration_ms // 2}ms", "-i", str(source)]
    await ffmpeg.run([*seek, *_ARGUMENTS[THUMBNAIL], str(directory / THUMBNAIL)])


async def make_rendition(source: Path, directory: Path, on_progress: ffmpeg.OnProgress) -> None:
    """Write the rendition's playlists and segments into a directory.

    :param on_progress: awaited with the seconds that are done.
    """
    outputs = [*_ARGUMENTS[PLAYLIST], *_ARGUMENTS[SEGMENTS], "-hls_segment_filename", str(directory / SEGMENTS)]
    playlist = str(directory / PLAYLIST)
    await ffmpeg.run(["-i", str(source), *outputs, *_ARGUMENTS[MASTER], playlist], on_progress)
