"""Every setting of a processing request, with its permitted values and what each means.

One table that the validator, the form in Airflow's UI and the documentation share. Source: section 'Trigger a request
to process a video' of the Pixop API reference (2 July 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airflow_media.pixop.field import Field

OUTPUT = "Output format"
FILTERS = "Filters"
SIZE = "Frame size"
RATE = "Frame rate"
CLIP = "Clip"

RESOLUTION_FRAMES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"hd_1080p": (1920, 1080), "uhd_4k": (3840, 2160), "uhd_8k": (7680, 4320)}
)
"""Width and height of the resolution tags that stand for a fixed frame."""
RESOLUTION_FACTORS: Mapping[str, int] = MappingProxyType({"2x": 2, "3x": 3, "4x": 4})
"""What the other resolution tags multiply the frame of the source by."""
FRAME_RATES: Mapping[str, float] = MappingProxyType(
    {
        "film_ntsc": 23.976,
        "film": 24.0,
        "video_pal": 25.0,
        "video_ntsc": 29.97,
        "video_hd": 30.0,
        "video_pal_fast": 50.0,
        "video_ntsc_fast": 59.94,
        "video_hd_fast": 60.0,
    }
)
"""Frames per second of each frame rate tag."""
ASPECT_RATIOS: Mapping[str, float] = MappingProxyType({"16:9": 16 / 9, "4:3": 4 / 3})
"""Width by height of the aspect ratio tags that do not depend on the source."""
WIDTHS = (16, 7680)
HEIGHTS = (16, 4320)


FIELDS: tuple[Field, ...] = (
    Field(
        name="container",
        path="mediaContainerCodec.container",
        title="Container",
        section=OUTPUT,
        help="File format of the result. Unset: chosen from the source.",
        choices={
            "mov": "QuickTime",
            "mxf": "Material Exchange Format",
            "mp4": "MPEG-4",
            "mts": "MPEG-2 transport stream",
        },
    ),
    Field(
        name="codec",
        path="mediaContainerCodec.codec",
        title="Codec",
        section=OUTPUT,
        help="Video codec of the result. Unset: chosen from the source.",
        choices={
            "h264": "H.264 / AVC",
            "prores": "Apple ProRes",
            "dnxhd": "Avid DNxHD or DNxHR",
            "xdcam": "Sony XDCAM HD422",
            "hevc": "H.265 / HEVC",
            "mpeg2": "H.262 / MPEG-2",
            "ffv1": "FFV1, lossless",
        },
    ),
    Field(
        name="prores_profile",
        path="appleProresProfile",
        title="ProRes profile",
        section=OUTPUT,
        help="Required with codec prores, and only allowed there.",
        choices={
            "proxy": "ProRes 422 Proxy",
            "lt": "ProRes 422 LT",
            "standard": "ProRes 422",
            "hq": "ProRes 422 HQ",
            "4444": "ProRes 4444, no alpha channel",
            "4444xq": "ProRes 4444 XQ, no alpha channel",
        },
    ),
    Field(
        name="dnxhd_profile",
        path="dnxhdHrProfile",
        title="DNxHD or DNxHR profile",
        section=OUTPUT,
        help="Required with codec dnxhd, and only allowed there.",
        choices={
            "dnxhd_lb": "DNxHD LB, low bandwidth",
            "dnxhd_sq": "DNxHD SQ, standard quality",
            "dnxhd_hq": "DNxHD HQ, high quality",
            "dnxhd_hqx": "DNxHD HQX, high quality, 10 bits",
            "dnxhd_444": "DNxHD 444, 4:4:4, 10 bits",
            "dnxhr_lb": "DNxHR LB, low bandwidth",
            "dnxhr_sq": "DNxHR SQ, standard quality",
            "dnxhr_hq": "DNxHR HQ, high quality",
            "dnxhr_hqx": "DNxHR HQX, high quality, 12 bits",
            "dnxhr_444": "DNxHR 444, 4:4:4, 12 bits",
        },
    ),
    Field(
        name="scanning",
        path="scanning.tag",
        title="Scanning preset",
        section=OUTPUT,
        help="How frames are scanned. Unset, with no scanning type either: auto.",
        choices={
            "auto": "From the source and the filters",
            "progressive": "Progressive",
            "interlaced_tff": "Interlaced, top field first",
            "interlaced_bff": "Interlaced, bottom field first",
        },
    ),
    Field(
        name="scanning_type",
        path="scanning.scanningType",
        title="Scanning type",
        section=OUTPUT,
        help="In place of a scanning preset.",
        choices={"progressive": "Progressive", "interlaced": "Interlaced"},
    ),
    Field(
        name="field_order",
        path="scanning.interlacedFieldOrder",
        title="Field order",
        section=OUTPUT,
        help="Required with scanning type interlaced, and only allowed there.",
        choices={"top_field": "Top field first", "bottom_field": "Bottom field first"},
    ),
    Field(
        name="chroma",
        path="chromaSubsampling.yuv",
        title="Chroma subsampling",
        section=OUTPUT,
        help="Colour resolution. Unset: as the source.",
        choices={
            "4:1:0": "Quarter across, quarter down",
            "4:1:1": "Quarter across, full down",
            "4:2:0": "Half across, half down",
            "4:2:2": "Half across, full down",
            "4:4:0": "Full across, half down",
            "4:4:4": "Full",
        },
    ),
    Field(
        name="bit_depth",
        path="chromaSubsampling.bits",
        title="Bit depth",
        section=OUTPUT,
        help="Bits per pixel component. Unset: as the source.",
        kind="integer",
        choices={bits: f"{bits} bits" for bits in (8, 10, 12, 14, 16)},
    ),
    Field(
        name="bitrate_mbps",
        path="bitrate.mbps",
        title="Bit rate (Mbit/s)",
        section=OUTPUT,
        help="Megabits per second. Unset: computed from the source and the frame size.",
        kind="number",
        minimum=0.01,
        maximum=4000.0,
    ),
    Field(
        name="deinterlacer",
        path="deinterlacer",
        title="Deinterlacer",
        section=FILTERS,
        help="Makes whole frames out of fields.",
        choices={
            "deint": "Pixop Deinterlacer",
            "yadif": "YADIF",
            "bwdif": "Bob Weaver",
            "weston3f": "Weston three-field",
        },
    ),
    Field(
        name="denoiser",
        path="denoiser",
        title="Denoiser",
        section=FILTERS,
        help="Takes noise out.",
        choices={"denoise": "Pixop Denoiser", "hqdn3d": "High quality 3D denoiser"},
    ),
    Field(
        name="stabilizer",
        path="stabilizer",
        title="Stabilizer",
        section=FILTERS,
        help="Takes jitter out.",
        choices={"dejit": "Pixop Dejitterer"},
    ),
    Field(
        name="scaler",
        path="scaler",
        title="Scaler",
        section=FILTERS,
        help="How the frame is brought to its new size.",
        choices={
            "pabsr1": "Pixop Super Resolution",
            "dvres": "Pixop Deep Restoration",
            "scale": "Bicubic interpolation",
        },
    ),
    Field(
        name="clarity_boost",
        path="clarityBoost",
        title="Clarity boost",
        section=FILTERS,
        help="Contrast enhancement of Pixop Super Resolution; only allowed with scaler pabsr1.",
        choices={
            "none": "None",
            "marginal": "Marginal",
            "very_low": "Very low",
            "low": "Low",
            "medium": "Medium",
            "high": "High",
            "very_high": "Very high",
        },
    ),
    Field(
        name="post_processor",
        path="postProcessor",
        title="Post-processor",
        section=FILTERS,
        help="Applied last.",
        choices={"filmgrain": "Pixop Film Grain"},
    ),
    Field(
        name="resolution",
        path="resolution.tag",
        title="Resolution preset",
        section=SIZE,
        help="Frame size by name, in place of width and height.",
        choices={
            **{tag: f"{width} x {height}" for tag, (width, height) in RESOLUTION_FRAMES.items()},
            **{tag: f"Source frame x {factor}" for tag, factor in RESOLUTION_FACTORS.items()},
        },
    ),
    Field(
        name="width",
        path="resolution.width",
        title="Width (pixels)",
        section=SIZE,
        help="Alone, the height follows from the aspect ratio.",
        kind="integer",
        minimum=WIDTHS[0],
        maximum=WIDTHS[1],
    ),
    Field(
        name="height",
        path="resolution.height",
        title="Height (pixels)",
        section=SIZE,
        help="Alone, the width follows from the aspect ratio.",
        kind="integer",
        minimum=HEIGHTS[0],
        maximum=HEIGHTS[1],
    ),
    Field(
        name="aspect_ratio",
        path="resolution.aspectRatioTag",
        title="Aspect ratio",
        section=SIZE,
        help="What the other side is computed by when only width or only height is given. Unset there: display.",
        choices={
            "display": "Display aspect ratio of the source, else its storage one",
            "storage": "Storage aspect ratio of the source",
            "16:9": "16:9",
            "4:3": "4:3",
        },
    ),
    Field(
        name="frame_rate_converter",
        path="frameRateConverter",
        title="Frame rate converter",
        section=RATE,
        help="How frames are made for a new rate.",
        choices={"fps": "Drop and repeat frames", "fblend": "Frame blending", "mcinterpolate": "Motion compensation"},
    ),
    Field(
        name="frame_rate",
        path="frameRate.tag",
        title="Frame rate preset",
        section=RATE,
        help="Frame rate by name, in place of frames per second.",
        choices={tag: f"{rate:g} frames per second" for tag, rate in FRAME_RATES.items()},
    ),
    Field(
        name="fps",
        path="frameRate.fps",
        title="Frames per second",
        section=RATE,
        help="In place of a frame rate preset.",
        kind="number",
        minimum=0.001,
        maximum=999.0,
    ),
    Field(
        name="start_ms",
        path="range.startPositionMilliseconds",
        title="Clip start (ms)",
        section=CLIP,
        help="Milliseconds from the beginning of the source. Unset: from its beginning.",
        kind="integer",
        minimum=0,
    ),
    Field(
        name="end_ms",
        path="range.endPositionMilliseconds",
        title="Clip end (ms)",
        section=CLIP,
        help="Milliseconds from the beginning of the source. Unset: to its end.",
        kind="integer",
        minimum=0,
    ),
)

GROUPS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {group: {field.key: field for field in FIELDS if field.group == group} for group in {f.group for f in FIELDS}}
)
"""Settings by outer key, then inner key; the outer key of a setting at the top is empty."""
BY_NAME: Mapping[str, Field] = MappingProxyType({field.name: field for field in FIELDS})
"""Settings by keyword."""
