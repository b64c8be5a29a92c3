"""What a processing request comes to for one source: the target video, with everything unset taken from the source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from media_sandbox.media.probe import MediaInfo
from media_sandbox.pixop.formats import CODEC_OF_FFMPEG, Format, choose_container, fit_pixels, inferred_profile
from media_sandbox.pixop.geometry import target_size

PRESET: Final = "custom"
"""The preset that a processed video names: the API reference has no way to ask for one."""

FRAME_RATES: Final = {
    "film_ntsc": Fraction(24000, 1001),
    "film": Fraction(24),
    "video_pal": Fraction(25),
    "video_ntsc": Fraction(30000, 1001),
    "video_hd": Fraction(30),
    "video_pal_fast": Fraction(50),
    "video_ntsc_fast": Fraction(60000, 1001),
    "video_hd_fast": Fraction(60),
    "video_uhd_fast": Fraction(120),
}
NTSC_RATES: Final = tuple(Fraction(fps * 1000, 1001) for fps in (24, 30, 60, 120))

FIELD_ORDERS: Final = {
    "interlaced_tff": "top_first",
    "interlaced_bff": "bottom_first",
    "top_field": "top_first",
    "bottom_field": "bottom_first",
}
PIPELINE: Final = ("deinterlacer", "denoiser", "stabilizer", "scaler", "frameRateConverter", "postProcessor")
FIELD_SAFE: Final = ("scale", "filmgrain")
"""The steps that work on fields as they are; all others mix lines of two moments and need whole frames."""
TRUE_FIELDS_FROM: Final = Fraction(45)
"""Progressive video from this frame rate on gives one field per frame when it is interlaced, so its rate is halved."""
BITRATE_LIMITS: Final = (10_000, 4_000_000_000)
BITRATE_EXPONENT: Final = 0.75
"""How the bit rate grows with the pixels per second: larger frames take fewer bits per pixel for the same looks."""


@dataclass(frozen=True)
class Filter:
    """One step of the pipeline, by the name the request has for it."""

    key: str
    name: str


@dataclass(frozen=True)
class Target:
    """The video to be made."""

    format: Format
    pixels_asked: bool
    """Whether chroma subsampling or depth were asked for, and not just inherited."""
    bitrate: int
    """Bits per second."""
    bitrate_asked: bool
    width: int
    height: int
    frame_rate: Fraction
    field_order: str | None
    """``None`` for progressive video."""
    filters: tuple[Filter, ...]
    clarity_boost: str
    start_ms: int | None
    end_ms: int | None

    def as_parameters(self) -> dict[str, Any]:
        """Return the ``processingParameters`` that the API shows."""
        return {
            "sourceVideo": self._source_video(),
            "targetVideo": {
                "preset": {"name": PRESET},
                "container": {"name": self.format.container, "properties": {}},
                "codec": {"name": self.format.codec, "properties": self._codec_properties()},
                "pixelFormat": {
                    "name": self.format.pixel_format,
                    "chromaSubsampling": {"yuv": self.format.yuv, "bits": self.format.bits},
                },
                "bitrate": self.bitrate,
                "frameWidth": self.width,
                "frameHeight": self.height,
                "videoFilters": [{"name": step.name, "properties": self._properties(step)} for step in self.filters],
            },
        }

    def _source_video(self) -> dict[str, int | None] | None:
        if self.start_ms is None and self.end_ms is None:
            return None
        return {"startPositionMilliseconds": self.start_ms, "endPositionMilliseconds": self.end_ms}

    def _codec_properties(self) -> dict[str, str]:
        return {"profile": self.format.profile} if self.format.profile else {}

    def _properties(self, step: Filter) -> dict[str, Any]:
        if step.key == "scaler":
            size = {"targetWidth": self.width, "targetHeight": self.height}
            return size | ({"clarityBoost": self.clarity_boost} if step.name == "pabsr1" else {})
        return {"fps": round(float(self.frame_rate), 3)} if step.key == "frameRateConverter" else {}


def choose_target(request: Mapping[str, Any], source: MediaInfo) -> Target:
    """Decide on everything the request leaves open.

    :param request: a request that :func:`media_sandbox.pixop.validation.check_request` has passed.
    :raises media_sandbox.pixop.geometry.SizeError: when the frame would be too large or too small.
    """
    width, height = target_size(request.get("resolution"), source)
    asked_rate = _asked_rate(request.get("frameRate"))
    asked = _asked_filters(request, resized=(width, height) != (source.width, source.height))
    field_order = _field_order(request, source, asked)
    rate = asked_rate or _inherited_rate(source, field_order)
    asked_bitrate = request.get("bitrate")
    bitrate = round(asked_bitrate["mbps"] * 1_000_000) if asked_bitrate else _bitrate(source, width, height, rate)
    span = request.get("range", {})
    return Target(
        format=_format(request, source),
        pixels_asked="chromaSubsampling" in request,
        bitrate=bitrate,
        bitrate_asked=asked_bitrate is not None,
        width=width,
        height=height,
        frame_rate=rate,
        field_order=field_order,
        filters=_with_deinterlacer(asked, source, field_order),
        clarity_boost=request.get("clarityBoost", "none"),
        start_ms=span.get("startPositionMilliseconds"),
        end_ms=span.get("endPositionMilliseconds"),
    )


def as_fraction(fps: float) -> Fraction:
    """Return a frame rate exactly, with 23.976, 29.97 and the like as the NTSC rates they stand for."""
    return next((rate for rate in NTSC_RATES if abs(float(rate) - fps) < 0.005), Fraction(str(fps)))


def _format(request: Mapping[str, Any], source: MediaInfo) -> Format:
    pair = request.get("mediaContainerCodec", {})
    codec = pair.get("codec") or CODEC_OF_FFMPEG.get(source.codec_name, "h264")
    container, codec = choose_container(pair.get("container"), codec, source, codec_asked="codec" in pair)
    profile = request.get("appleProresProfile") or request.get("dnxhdHrProfile") or inferred_profile(codec, source)
    pixels = request.get("chromaSubsampling", {})
    yuv, bits = fit_pixels(codec, profile, source, pixels.get("yuv"), pixels.get("bits"))
    return Format(container, codec, profile, yuv, bits)


def _asked_rate(rate: Mapping[str, Any] | None) -> Fraction | None:
    if rate is None:
        return None
    return FRAME_RATES[rate["tag"]] if "tag" in rate else as_fraction(rate["fps"])


def _field_order(request: Mapping[str, Any], source: MediaInfo, asked: tuple[Filter, ...]) -> str | None:
    scanning = request.get("scanning", {"tag": "auto"})
    tag = scanning.get("tag") or scanning.get("interlacedFieldOrder") or scanning["scanningType"]
    if tag != "auto":
        return FIELD_ORDERS.get(tag)
    return source.field_order if _keep_fields(asked) else None


def _inherited_rate(source: MediaInfo, field_order: str | None) -> Fraction:
    if field_order and not source.interlaced and source.frame_rate >= TRUE_FIELDS_FROM:
        return source.frame_rate / 2
    return source.frame_rate


def _bitrate(source: MediaInfo, width: int, height: int, rate: Fraction) -> int:
    growth = float(width * height * rate / (source.width * source.height * source.frame_rate))
    least, most = BITRATE_LIMITS
    grown = source.video_bit_rate * math.pow(growth, BITRATE_EXPONENT)
    return min(max(round(grown), least), most)


def _asked_filters(request: Mapping[str, Any], *, resized: bool) -> tuple[Filter, ...]:
    """Return the steps that were asked for, in pipeline order."""
    names = dict(request)
    if resized:
        names.setdefault("scaler", "scale")
    if "frameRate" in request:
        names.setdefault("frameRateConverter", "fps")
    return tuple(Filter(key, names[key]) for key in PIPELINE if key in names)


def _with_deinterlacer(asked: tuple[Filter, ...], source: MediaInfo, field_order: str | None) -> tuple[Filter, ...]:
    """Put a deinterlacer before steps that need whole frames, if nobody asked for one."""
    needed = source.interlaced and (field_order is None or not _keep_fields(asked))
    present = any(step.key == "deinterlacer" for step in asked)
    return (Filter("deinterlacer", "deint"), *asked) if needed and not present else asked


def _keep_fields(steps: tuple[Filter, ...]) -> bool:
    return all(step.name in FIELD_SAFE for step in steps)
