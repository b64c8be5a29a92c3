"""From a target video to the ffmpeg command that makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from media_sandbox.media.probe import MediaInfo
from media_sandbox.pixop.equivalents import equivalent
from media_sandbox.pixop.formats import POSSIBLE_PAIRS
from media_sandbox.pixop.target import Target

DNXHD_MBPS: Final = {
    ("dnxhd_lb", 1920, 1080, False): (36, 45, 75, 90),
    ("dnxhd_sq", 1920, 1080, False): (115, 120, 145, 240, 290),
    ("dnxhd_hq", 1920, 1080, False): (175, 185, 220, 365, 440),
    ("dnxhd_hqx", 1920, 1080, False): (175, 185, 220, 365, 440),
    ("dnxhd_444", 1920, 1080, False): (350, 390, 440, 730, 880),
    ("dnxhd_sq", 1920, 1080, True): (120, 145),
    ("dnxhd_hq", 1920, 1080, True): (185, 220),
    ("dnxhd_hqx", 1920, 1080, True): (185, 220),
    ("dnxhd_sq", 1280, 720, False): (60, 75, 120, 145),
    ("dnxhd_hq", 1280, 720, False): (90, 110, 180, 220),
    ("dnxhd_hqx", 1280, 720, False): (90, 180, 220),
}
"""The bit rates DNxHD is defined for, by profile, frame size and whether interlaced; frame sizes left out have none."""

DNXHD_FIRST_FRAME_RATE: Final = 24.5
"""The frame rate the lowest of these bit rates is for: 23.976 or 25."""

COPIED_AUDIO: Final = {
    "mov": ("aac", "ac3", "mp3", "alac", "pcm_s16le", "pcm_s24le"),
    "mp4": ("aac", "ac3", "mp3"),
    "mts": ("aac", "ac3", "mp2", "mp3"),
    "mxf": ("pcm_s16le", "pcm_s24le"),
}
"""Audio that a container takes as it is; other audio is encoded."""
ENCODED_AUDIO: Final = {
    "mov": ("aac", "-b:a", "192k"),
    "mp4": ("aac", "-b:a", "192k"),
    "mts": ("aac", "-b:a", "192k"),
    "mxf": ("pcm_s16le", "-ar", "48000"),
}


class CannotProcessError(Exception):
    """What was asked for is beyond ffmpeg; the text says what and why."""


def ffmpeg_arguments(target: Target, source: MediaInfo, source_path: Path, target_path: Path) -> list[str]:
    """Return the command's arguments.

    :raises CannotProcessError: when ffmpeg would make something else than what was asked for.
    """
    _check(target)
    form = target.format
    return [
        *_span(target),
        *("-i", str(source_path), "-map", "0:v:0", "-map", "0:a?", "-sn", "-dn"),
        *("-vf", filter_chain(target, source), "-r", str(target.frame_rate), "-pix_fmt", form.pixel_format),
        *equivalent("codec", form.codec).split(),
        *_profile(target),
        *_rate(target),
        *_flags(target),
        *_audio(target, source),
        *equivalent("container", form.container).split(),
        *("-fflags", "+bitexact", str(target_path)),
    ]


def filter_chain(target: Target, source: MediaInfo) -> str:
    """Return the video filters, in pipeline order."""
    names = {step.key for step in target.filters}
    stays_interlaced = source.interlaced and "deinterlacer" not in names
    # Interlacing anew wants one frame per field.
    each = "field" if target.field_order else "frame"
    fill = {
        "each": each,
        "parity": "bff" if source.field_order == "bottom_first" else "tff",
        "width": target.width,
        "height": target.height,
        "interlaced": int(stays_interlaced),
        "fps": target.frame_rate,
    }
    chain = []
    for step in target.filters:
        chain.append(equivalent(step.key, step.name, **fill))
        if step.name == "pabsr1":
            chain.append(equivalent("clarityBoost", target.clarity_boost))
    chain += _fields(target, source, stays_interlaced=stays_interlaced)
    return ",".join(link for link in chain if link) or "null"


def _fields(target: Target, source: MediaInfo, *, stays_interlaced: bool) -> list[str]:
    if target.field_order is None:
        return ["setfield=prog"]
    if stays_interlaced:
        return [] if source.field_order == target.field_order else [equivalent("fieldOrder", target.field_order)]
    tag = "interlaced_tff" if target.field_order == "top_first" else "interlaced_bff"
    return [equivalent("scanning", tag, field_rate=target.frame_rate * 2)]


def _check(target: Target) -> None:
    form = target.format
    if form.codec not in POSSIBLE_PAIRS[form.container]:
        raise CannotProcessError(f"ffmpeg writes no {form.codec} into {form.container}")
    if (form.yuv, form.bits) not in form.possible_pixels:
        what = form.profile or form.codec
        depths = ", ".join(str(bits) for yuv, bits in form.possible_pixels if yuv == form.yuv)
        can = f"with {depths} bits" if depths else "not at all"
        raise CannotProcessError(f"ffmpeg cannot encode {what} as {form.yuv} with {form.bits} bits; {form.yuv}: {can}")
    if target.bitrate_asked and (form.codec == "ffv1" or (form.profile or "").startswith("dnxhr")):
        raise CannotProcessError(f"{form.profile or form.codec} has no bit rate that could be chosen")
    if target.field_order and (form.profile or "").startswith("dnxhr"):
        raise CannotProcessError("DNxHR has no interlaced video")


def _span(target: Target) -> list[str]:
    arguments = []
    if target.start_ms:
        arguments += ["-ss", f"{target.start_ms}ms"]
    if target.end_ms is not None:
        arguments += ["-to", f"{target.end_ms}ms"]
    return arguments


def _profile(target: Target) -> list[str]:
    form = target.format
    if form.profile is None:
        return []
    key = "appleProresProfile" if form.codec == "prores" else "dnxhdHrProfile"
    return equivalent(key, form.profile).split()


def _rate(target: Target) -> list[str]:
    """Return the arguments for the bit rate, for codecs whose profile does not settle it."""
    form = target.format
    if form.codec == "prores":
        blocks = -(-target.width // 16) * -(-target.height // 16)
        per_block = round(target.bitrate / (blocks * float(target.frame_rate)))
        return ["-bits_per_mb", str(min(max(per_block, 128), 8192))] if target.bitrate_asked else []
    if form.profile and form.profile.startswith("dnxhd"):
        return ["-b:v", f"{_dnxhd_mbps(target)}M"]
    if form.codec == "ffv1" or form.profile:
        return []
    # No peak rate: with one, what x264 makes depends on how its threads happen to run.
    return ["-b:v", str(target.bitrate)]


def _dnxhd_mbps(target: Target) -> int:
    profile = target.format.profile
    assert profile is not None
    rates = DNXHD_MBPS.get((profile, target.width, target.height, target.field_order is not None))
    if rates is None:
        kind = "interlaced" if target.field_order else "progressive"
        raise CannotProcessError(f"{profile} is not defined for {kind} frames of {target.width}x{target.height}")
    if target.bitrate_asked:
        mbps = target.bitrate / 1_000_000
        if mbps not in rates:
            raise CannotProcessError(f"{profile} has bit rates of {', '.join(map(str, rates))} Mb/s, not {mbps:g}")
        return int(mbps)
    usual = rates[0] * float(target.frame_rate) / DNXHD_FIRST_FRAME_RATE
    return min(rates, key=lambda rate: abs(rate - usual))


def _flags(target: Target) -> list[str]:
    flags = "+bitexact"
    codec = target.format.codec
    if target.field_order:
        flags += "+ildct" if codec in ("prores", "dnxhd", "ffv1") else "+ildct+ilme"
    # The other encoders learn the order from the frames.
    order = ["-x264-params", "bff=1"] if codec == "h264" and target.field_order == "bottom_first" else []
    return ["-flags:v", flags, *order]


def _audio(target: Target, source: MediaInfo) -> list[str]:
    container = target.format.container
    arguments = []
    for number, codec in enumerate(source.audio_codecs):
        if codec in COPIED_AUDIO[container]:
            arguments += [f"-c:a:{number}", "copy"]
        else:
            name, *rest = ENCODED_AUDIO[container]
            settings = [f"{part}:{number}" if part.startswith("-") else part for part in rest]
            arguments += [f"-c:a:{number}", name, *settings]
    return arguments
