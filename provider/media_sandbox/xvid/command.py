"""The ffmpeg command that makes an output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from media_sandbox.xvid.presets import Codec, Preset

DEMUXERS: Final = {
    "avi": "avi",
    "flv": "flv",
    "mkv": "matroska",
    "mov": "mov",
    "mp4": "mp4",
    "mpeg": "mpeg",
    "mpegts": "mpegts",
    "webm": "webm",
}
"""The containers that an input can be taken for; ffmpeg knows others that would read further files."""

Settings = Mapping[str, Mapping[str, Any]]


class CannotMakeError(Exception):
    """The output cannot be made from this input; the text says why."""


def merged(preset: Preset, settings: Settings) -> dict[str, dict[str, Any]]:
    """Return a preset's settings with those of the job over them."""
    return {name: {**preset.settings.get(name, {}), **settings.get(name, {})} for name in ("video", "audio")}


def ffmpeg_arguments(
    preset: Preset, settings: Settings, given: Mapping[str, Any], media: Mapping[str, Any], source: Path, target: Path
) -> list[str]:
    """Return the command's arguments.

    :param settings: of the preset and the job.
    :param given: the job's input, with what it forces.
    :param media: what is known of the input (:mod:`media_sandbox.xvid.tracks`).
    :raises CannotMakeError: when the input has no track for it.
    """
    return [
        *_input(given, source),
        *_video(preset.vcodec, settings["video"], given, media),
        *_audio(preset.acodec, settings["audio"], media, alone=preset.vcodec is None),
        *("-sn", "-dn", "-map_metadata", "-1", *preset.container.muxer.split(), "-fflags", "+bitexact", str(target)),
    ]


def _input(given: Mapping[str, Any], source: Path) -> list[str]:
    arguments = []
    if given.get("start_time"):
        arguments += ["-ss", str(given["start_time"])]
    if given.get("force_container"):
        arguments += ["-f", DEMUXERS[given["force_container"]]]
    if given.get("force_framerate"):
        arguments += ["-r", str(given["force_framerate"])]
    return [*arguments, "-i", str(source)]


def _video(
    codec: Codec | None, settings: Mapping[str, Any], given: Mapping[str, Any], media: Mapping[str, Any]
) -> list[str]:
    if codec is None:
        return ["-vn"]
    track = first_video(media)
    filters = ["setfield=tff,bwdif"] if given.get("force_interlaced") else []
    size = frame_size(settings, track)
    # Most encoders take even sizes only.
    filters.append(f"scale={size[0]}:{size[1]}")
    aspect = ["-aspect", given["force_aspect_ratio"]] if given.get("force_aspect_ratio") else []
    rate = _rate("-b:v", settings.get("bitrate"), track.get("video_bitrate"), codec.quality)
    return ["-map", "0:v:0", "-vf", ",".join(filters), *aspect, *codec.ffmpeg.split(), *rate, "-flags:v", "+bitexact"]


def _audio(codec: Codec | None, settings: Mapping[str, Any], media: Mapping[str, Any], *, alone: bool) -> list[str]:
    tracks = media["audio_tracks"]
    if codec is None or not (tracks or alone):
        return ["-an"]
    if not tracks:
        raise CannotMakeError("the input has no sound")
    rate = _rate("-b:a", settings.get("bitrate"), tracks[0].get("audio_bitrate"), codec.quality)
    return ["-map", "0:a:0", *codec.ffmpeg.split(), *rate, "-flags:a", "+bitexact"]


def first_video(media: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first video track.

    :raises CannotMakeError: when there is none.
    """
    if not media["video_tracks"]:
        raise CannotMakeError("the input has no video")
    track: Mapping[str, Any] = media["video_tracks"][0]
    return track


def frame_size(settings: Mapping[str, Any], track: Mapping[str, Any]) -> tuple[int, int]:
    """Return the width and height that are asked for, made even; what is not asked for follows from the other."""
    width = amount(settings.get("width"), track["width"])
    height = amount(settings.get("height"), track["height"])
    if width is None:
        width = track["width"] if height is None else track["width"] * height / track["height"]
    if height is None:
        height = track["height"] * width / track["width"]
    return _even(width), _even(height)


def amount(value: Any, whole: float | None) -> float | None:
    """Return a setting as a number.

    :param value: a number, or a percentage of ``whole`` as text.
    :raises CannotMakeError: when the whole of a percentage is not known.
    """
    if not isinstance(value, str):
        number: float | None = value
        return number
    if whole is None:
        raise CannotMakeError(f"the input does not tell the bit rate of which {value} are asked for")
    return whole * float(value.removesuffix("%")) / 100


def _rate(option: str, asked: Any, whole: float | None, quality: str) -> list[str]:
    rate = amount(asked, whole)
    return quality.split() if rate is None else [option, str(max(round(rate), 1))]


def _even(number: float) -> int:
    return max(round(number / 2) * 2, 2)
