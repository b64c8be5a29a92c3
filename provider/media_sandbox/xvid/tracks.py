"""What a file says about itself: its container and its tracks, as the API shows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

PER_SECOND: Final = 1000
"""Durations are in milliseconds."""


def describe(path: Path) -> dict[str, Any] | None:
    """Return ``container``, ``duration``, ``video_tracks`` and ``audio_tracks``; blocking.

    :return: ``None`` for what is no media: no frame of a first track can be decoded.
    """
    try:
        with av.open(str(path)) as container:
            streams = [stream for stream in container.streams if isinstance(stream, VideoStream | AudioStream)]
            if not streams:
                return None
            next(_frames(container, streams[0]))
            duration = round((container.duration or 0) / av.time_base * PER_SECOND)
            return {
                "container": _container(container),
                "duration": duration,
                "video_tracks": [_video(stream, container, duration) for stream in container.streams.video],
                "audio_tracks": [_audio(stream, duration) for stream in container.streams.audio],
            }
    except (av.FFmpegError, StopIteration, UnicodeDecodeError):
        return None


def _frames(container: av.container.InputContainer, stream: VideoStream | AudioStream) -> Iterator[Any]:
    # The types of PyAV know the call with one kind of stream only.
    if isinstance(stream, VideoStream):
        yield from container.decode(stream)
    else:
        yield from container.decode(stream)


def _container(container: av.container.InputContainer) -> str:
    name, *others = container.format.name.split(",")
    # One demuxer reads both; the major brand tells them apart.
    return "mp4" if "mp4" in others and container.metadata.get("major_brand", "").strip() != "qt" else name


def _video(stream: VideoStream, container: av.container.InputContainer, duration: int) -> dict[str, Any]:
    rate = stream.average_rate or stream.guessed_rate
    aspect = stream.display_aspect_ratio
    return {
        "video_codec": stream.codec_context.codec.canonical_name,
        "video_bitrate": stream.codec_context.bit_rate or container.bit_rate or None,
        "width": stream.codec_context.width,
        "height": stream.codec_context.height,
        "framerate": round(float(rate), 3) if rate else None,
        "aspect_ratio": f"{aspect.numerator}:{aspect.denominator}" if aspect else None,
        "video_duration": _duration(stream, duration),
        "orientation": 0,
    }


def _audio(stream: AudioStream, duration: int) -> dict[str, Any]:
    return {
        "audio_codec": stream.codec_context.codec.canonical_name,
        "audio_bitrate": stream.codec_context.bit_rate or None,
        "audio_width": stream.codec_context.format.bits if stream.codec_context.format else None,
        "samplingrate": stream.codec_context.sample_rate,
        "nb_channels": stream.codec_context.channels,
        "audio_duration": _duration(stream, duration),
    }


def _duration(stream: VideoStream | AudioStream, default: int) -> int:
    if stream.duration and stream.time_base:
        return round(stream.duration * stream.time_base * PER_SECOND)
    return default
