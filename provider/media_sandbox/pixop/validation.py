"""Which processing requests are valid: the values of every key, and the rules between keys.

Each rule is one function that returns what is wrong, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from media_sandbox.media.probe import MediaInfo
from media_sandbox.pixop.formats import USUAL_PAIRS
from media_sandbox.pixop.geometry import SizeError, target_size
from media_sandbox.pixop.options import PixopOptions
from media_sandbox.web import ApiError

Body = Mapping[str, Any]
Check = Callable[[Any], str | None]


def _one_of(*values: object) -> Check:
    def check(value: object) -> str | None:
        if any(type(value) is type(allowed) and value == allowed for allowed in values):
            return None
        return f"must be one of {', '.join(map(str, values))}, not {value!r}"

    return check


def _integer(least: int, most: float) -> Check:
    def check(value: object) -> str | None:
        fits = type(value) is int and least <= value <= most
        return None if fits else f"must be an integer from {least} to {most}, not {value!r}"

    return check


def _number(least: float, most: float) -> Check:
    def check(value: object) -> str | None:
        fits = type(value) in (int, float) and least <= value <= most  # type: ignore[operator]
        return None if fits else f"must be a number from {least} to {most}, not {value!r}"

    return check


ANY_POSITION: Final = _integer(0, float("inf"))

KEYS: Final[Mapping[str, Check | Mapping[str, Check]]] = {
    "mediaContainerCodec": {
        "container": _one_of("mov", "mxf", "mp4", "mts"),
        "codec": _one_of("h264", "prores", "dnxhd", "xdcam", "hevc", "mpeg2", "ffv1"),
    },
    "appleProresProfile": _one_of("proxy", "lt", "standard", "hq", "4444", "4444xq"),
    "dnxhdHrProfile": _one_of(
        *("dnxhd_lb", "dnxhd_sq", "dnxhd_hq", "dnxhd_hqx", "dnxhd_444"),
        *("dnxhr_lb", "dnxhr_sq", "dnxhr_hq", "dnxhr_hqx", "dnxhr_444"),
    ),
    "scanning": {
        "tag": _one_of("auto", "progressive", "interlaced_tff", "interlaced_bff"),
        "scanningType": _one_of("progressive", "interlaced"),
        "interlacedFieldOrder": _one_of("top_field", "bottom_field"),
    },
    "chromaSubsampling": {
        "yuv": _one_of("4:1:0", "4:1:1", "4:2:0", "4:2:2", "4:4:0", "4:4:4"),
        "bits": _one_of(8, 10, 12, 14, 16),
    },
    "bitrate": {"mbps": _number(0.01, 4000)},
    "deinterlacer": _one_of("deint", "yadif", "bwdif", "weston3f"),
    "denoiser": _one_of("denoise", "hqdn3d"),
    "stabilizer": _one_of("dejit"),
    "scaler": _one_of("pabsr1", "dvres", "scale"),
    "resolution": {
        "tag": _one_of("hd_1080p", "uhd_4k", "uhd_8k", "2x", "3x", "4x"),
        "width": _integer(16, 7680),
        "height": _integer(16, 4320),
        "aspectRatioTag": _one_of("display", "storage", "16:9", "4:3"),
    },
    "clarityBoost": _one_of("none", "marginal", "very_low", "low", "medium", "high", "very_high"),
    "frameRateConverter": _one_of("fps", "fblend", "mcinterpolate"),
    "frameRate": {
        "tag": _one_of(
            *("film_ntsc", "film", "video_pal", "video_ntsc", "video_hd"),
            *("video_pal_fast", "video_ntsc_fast", "video_hd_fast"),
        ),
        "fps": _number(0.001, 999),
    },
    "postProcessor": _one_of("filmgrain"),
    "range": {"startPositionMilliseconds": ANY_POSITION, "endPositionMilliseconds": ANY_POSITION},
}
"""Every key of a request and what it takes; the position of a range is bounded by the source besides."""

NEWER_VALUES: Final = {"scaler": ("dvres2",), "resolution.tag": ("no_scaling",), "frameRateConverter": ("vfi",),
                       "frameRate.tag": ("video_uhd_fast",)}  # fmt: skip
"""Values that came after the API reference."""


def check_request(body: Body, options: PixopOptions) -> None:
    """Check what can be told from the request alone.

    :param body: the request, without keys that are null.
    :raises ApiError: 400, saying what is wrong.
    """
    problem = next(_wrong_values(body, options.newer_values), None)
    rules = (*RULES, _pair) if options.check_pairs else RULES
    for rule in rules:
        problem = problem or rule(body)
    if problem:
        raise _bad(problem)


def check_against_source(body: Body, source: MediaInfo) -> None:
    """Check what depends on the source.

    :raises ApiError: 400, saying what is wrong.
    """
    try:
        target_size(body.get("resolution"), source)
    except SizeError as error:
        raise _bad(f"resolution: {error}") from error
    for name, position in body.get("range", {}).items():
        if position > source.duration_ms:
            raise _bad(f"range.{name} is {position}, and the source lasts {source.duration_ms} ms")


def _wrong_values(body: Body, newer: bool) -> Iterator[str]:
    for name, value in body.items():
        expected = KEYS.get(name)
        if expected is None:
            yield f"{name} is not a key of a processing request"
        elif callable(expected):
            yield from _wrong(name, expected, value, newer)
        elif not isinstance(value, dict):
            yield f"{name} must be an object, not {value!r}"
        else:
            for inner, item in value.items():
                if inner not in expected:
                    yield f"{name}.{inner} is not a key of a processing request"
                else:
                    yield from _wrong(f"{name}.{inner}", expected[inner], item, newer)


def _wrong(name: str, check: Check, value: object, newer: bool) -> Iterator[str]:
    if newer and value in NEWER_VALUES.get(name, ()):
        return
    if problem := check(value):
        yield f"{name} {problem}"


def _resolution(body: Body) -> str | None:
    if "resolution" not in body:
        return None
    keys = set(body["resolution"])
    sides = keys & {"width", "height"}
    if "tag" in keys:
        others = ", ".join(sorted(keys - {"tag"}))
        return f"resolution.tag cannot go with {others}" if others else None
    if not sides:
        return "resolution needs a tag, or width or height"
    if len(sides) == 2 and "aspectRatioTag" in keys:
        return "resolution cannot have width, height and aspectRatioTag together"
    return None


def _profiles(body: Body) -> str | None:
    codec = body.get("mediaContainerCodec", {}).get("codec")
    for key, owner in (("appleProresProfile", "prores"), ("dnxhdHrProfile", "dnxhd")):
        if codec == owner and key not in body:
            return f"{key} is mandatory with the codec {owner}"
        if key in body and codec != owner:
            return f"{key} can be given only with the codec {owner}"
    return None


def _scanning(body: Body) -> str | None:
    if "scanning" not in body:
        return None
    scanning = body["scanning"]
    if "tag" in scanning:
        return "scanning.tag cannot go with scanningType or interlacedFieldOrder" if len(scanning) > 1 else None
    if "scanningType" not in scanning:
        return "scanning needs a tag or a scanningType"
    interlaced, ordered = scanning["scanningType"] == "interlaced", "interlacedFieldOrder" in scanning
    if interlaced and not ordered:
        return "scanning.interlacedFieldOrder is mandatory with the scanningType interlaced"
    if ordered and not interlaced:
        return "scanning.interlacedFieldOrder can be given only with the scanningType interlaced"
    return None


def _frame_rate(body: Body) -> str | None:
    if "frameRate" in body and len(body["frameRate"]) != 1:
        return "frameRate needs either a tag or fps"
    return None


def _clarity_boost(body: Body) -> str | None:
    if "clarityBoost" in body and body.get("scaler") != "pabsr1":
        return "clarityBoost can be given only with the scaler pabsr1"
    return None


def _range(body: Body) -> str | None:
    span = body.get("range", {})
    start, end = span.get("startPositionMilliseconds", 0), span.get("endPositionMilliseconds")
    if end is not None and start >= end:
        return f"range.startPositionMilliseconds ({start}) must be before endPositionMilliseconds ({end})"
    return None


def _pair(body: Body) -> str | None:
    pair = body.get("mediaContainerCodec", {})
    container, codec = pair.get("container"), pair.get("codec")
    if container and codec and codec not in USUAL_PAIRS[container]:
        return f"the container {container} takes {', '.join(USUAL_PAIRS[container])}, not {codec}"
    return None


RULES: Final[tuple[Callable[[Body], str | None], ...]] = (
    _resolution,
    _profiles,
    _scanning,
    _frame_rate,
    _clarity_boost,
    _range,
)


def _bad(message: str) -> ApiError:
    return ApiError(400, "BadRequestException", message)
