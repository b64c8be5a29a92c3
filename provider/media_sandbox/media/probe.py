"""What a video file says about itself, read from its headers and its first frame."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self

import av
from av.video.format import VideoFormat
from av.video.stream import VideoStream

YUV_BY_CHROMA_DIVISORS: Final = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (4, 1): "4:1:1",
    (4, 4): "4:1:0",
    (1, 2): "4:4:0",
}
"""Chroma subsampling by how many times narrower and lower the chroma planes are."""

FIELD_ORDERS: Final = {2: "top_first", 3: "bottom_first", 4: "top_first", 5: "bottom_first"}
"""By the numbers of FFmpeg's ``AVFieldOrder``: TT, BB, TB and BT, the field coded first leading.

By the letter of the QuickTime format the second is the field shown first, but ffmpeg itself marks video with the top
field first as TB.
"""


class NotAVideoError(Exception):
    """The file cannot be read as a video; the text says why."""


@dataclass(frozen=True)
class MediaInfo:
    """The first video stream of a file and what surrounds it."""

    container_name: str
    long_container_name: str
    brand: str
    """The major brand of an ISO file, which tells QuickTime from MPEG-4; empty in other containers."""
    codec_name: str
    long_codec_name: str
    profile: str
    pixel_format: str
    yuv: str
    bits: int
    width: int
    height: int
    sample_aspect_ratio: Fraction
    field_order: str | None
    """``top_first`` or ``bottom_first``; ``None`` for progressive video."""
    frame_rate: Fraction
    duration_ms: int
    total_frames: int
    size: int
    """Bytes of the file."""
    video_bit_rate: int
    """Bits per second of the video stream."""
    audio_codecs: tuple[str, ...]

    @property
    def interlaced(self) -> bool:
        """Whether the video consists of fields."""
        return self.field_order is not None

    @property
    def video_stream_size(self) -> int:
        """Bytes of the video stream, from its bit rate."""
        return min(self.video_bit_rate * self.duration_ms // 8000, self.size)

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values, fractions as text."""
        return {name: str(value) if isinstance(value, Fraction) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what :meth:`as_json` was made from."""
        fractions = {name: Fraction(values[name]) for name in ("sample_aspect_ratio", "frame_rate")}
        return cls(**{**values, **fractions, "audio_codecs": tuple(values["audio_codecs"])})


def probe(path: Path) -> MediaInfo:
    """Read the file's metadata; blocking.

    :raises NotAVideoError: when it is no media file, or has no video that can be decoded.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise NotAVideoError("the file has no video stream")
            return _describe(container, container.streams.video[0], path)
    except (av.FFmpegError, StopIteration) as error:
        raise NotAVideoError(f"the file cannot be read as video: {error or 'no frame in it'}") from error


def _describe(container: av.container.InputContainer, stream: VideoStream, path: Path) -> MediaInfo:
    frame = next(container.decode(stream))
    size = os.stat(path).st_size
    duration = _duration(container, stream)
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    order = FIELD_ORDERS.get(int(stream.codec_context.field_order))
    return MediaInfo(
        container_name=container.format.name,
        long_container_name=container.format.long_name,
        brand=container.metadata.get("major_brand", "").strip(),
        codec_name=stream.codec_context.codec.canonical_name,
        long_codec_name=stream.codec_context.codec.long_name,
        profile=stream.profile or "",
        pixel_format=frame.format.name,
        yuv=_chroma_subsampling(frame.format),
        bits=max(component.bits for component in frame.format.components),
        width=frame.width,
        height=frame.height,
        sample_aspect_ratio=stream.sample_aspect_ratio or Fraction(1),
        field_order=order or ("top_first" if frame.interlaced_frame else None),
        frame_rate=Fraction(rate),
        duration_ms=round(duration * 1000),
        total_frames=stream.frames or round(duration * rate),
        size=size,
        video_bit_rate=stream.codec_context.bit_rate or container.bit_rate or round(size * 8 / duration),
        audio_codecs=tuple(audio.codec_context.name for audio in container.streams.audio),
    )


def _duration(container: av.container.InputContainer, stream: VideoStream) -> Fraction:
    if stream.duration and stream.time_base:
        return Fraction(stream.duration * stream.time_base)
    if container.duration:
        return Fraction(container.duration, av.time_base)
    raise NotAVideoError("the file does not tell its duration")


def _chroma_subsampling(pixels: VideoFormat) -> str:
    width, height = 64, 64
    divisors = (width // pixels.chroma_width(width), height // pixels.chroma_height(height))
    return YUV_BY_CHROMA_DIVISORS.get(divisors, "4:4:4")
