"""The presets, and which part of ffmpeg stands for each.

One table, from which the documentation is made as well. The stand-in knows no other presets; one of them is custom, so
that clients meet the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from media_sandbox.xvid.fixtures import fixed_id

SYSTEM: Final = "system"
CUSTOM: Final = "custom"


@dataclass(frozen=True)
class Codec:
    """One track of what a preset makes.

    :param id: the codec's name in the API.
    :param ffmpeg: the encoder and its arguments.
    :param quality: the arguments that a bit rate of the job's own replaces.
    """

    id: str
    ffmpeg: str
    quality: str = ""
    profile: str = ""


@dataclass(frozen=True)
class Container:
    """The file that a preset makes.

    :param id: the container's name in the API.
    :param muxer: the arguments that make ffmpeg write it; empty for pictures in an archive.
    """

    id: str
    extension: str
    mime_type: str
    subtype: str
    muxer: str = ""


@dataclass(frozen=True)
class Preset:
    """What an output is made into.

    :param vcodec: its video; ``None`` for none.
    :param acodec: its sound; ``None`` for none.
    :param settings: what it sets where the job does not.
    :param note: how near it comes to what the service would make.
    """

    name: str
    description: str
    container: Container
    vcodec: Codec | None = None
    acodec: Codec | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    type: str = SYSTEM
    note: str = ""

    @property
    def id(self) -> str:
        """Its id."""
        return fixed_id("preset", self.name)

    @property
    def makes_pictures(self) -> bool:
        """Whether it makes pictures instead of a media file."""
        return not self.container.muxer


H264: Final = Codec("h264", "-c:v libx264 -preset veryfast -pix_fmt yuv420p", "-crf 23", "high")
HEVC: Final = Codec("hevc", "-c:v libx265 -preset ultrafast -tag:v hvc1 -pix_fmt yuv420p", "-crf 28", "main")
# With B-frames ffmpeg loses the last frames of this encoder; MPEG quantisation is of the Advanced Simple Profile, too.
XVID: Final = Codec("xvid", "-c:v libxvid -mpeg_quant 1 -tag:v XVID -pix_fmt yuv420p", "-q:v 4", "asp")
MPEG4: Final = Codec("mpeg4", "-c:v mpeg4 -profile:v 15 -bf 2 -tag:v mp4v -pix_fmt yuv420p", "-q:v 4", "asp")
AAC: Final = Codec("aac", "-c:a aac -ac 2", "-b:a 128k")
LAME: Final = Codec("mp3", "-c:a libmp3lame -ac 2", "-b:a 128k")

MP4: Final = Container("mp4", "mp4", "video/mp4", "video", "-f mp4 -movflags +faststart")
# AVI knows no times before the start, where MP3 begins: moving the picture instead would add an empty frame.
AVI: Final = Container("avi", "avi", "video/x-msvideo", "video", "-f avi -avoid_negative_ts disabled")
M4A: Final = Container("mp4", "m4a", "audio/mp4", "audio", "-f ipod -movflags +faststart")
MP3: Final = Container("mp3", "mp3", "audio/mpeg", "audio", "-f mp3")
ZIP: Final = Container("zip", "zip", "application/zip", "zip")

QUICK: Final = "constant quality, quick rather than small"

PICTURES: Final = Preset(
    "Thumbnails ZIP",
    "Pictures at even distances, JPEG in a ZIP archive",
    ZIP,
    note="those of thumbnails_large",
)
"""Also what the thumbnails of any output are."""

PRESETS: Final = (
    Preset("H.264 MP4", "H.264 and AAC in MPEG-4", MP4, H264, AAC, note=QUICK),
    Preset("HEVC MP4", "HEVC and AAC in MPEG-4", MP4, HEVC, AAC, note=QUICK),
    Preset(
        "Xvid AVI",
        "MPEG-4 Advanced Simple Profile and MP3 in AVI",
        AVI,
        XVID,
        LAME,
        note="Xvid's own encoder, one pass, marked XVID",
    ),
    Preset(
        "MPEG-4 ASP MP4",
        "MPEG-4 Advanced Simple Profile and AAC in MPEG-4",
        MP4,
        MPEG4,
        AAC,
        note="ffmpeg's encoder, one pass, marked mp4v",
    ),
    Preset("AAC M4A", "The sound alone, AAC in MPEG-4", M4A, acodec=AAC),
    Preset("MP3", "The sound alone, MP3", MP3, acodec=LAME),
    PICTURES,
    Preset(
        "Half size H.264 MP4",
        "Half as wide and half as high as the input",
        MP4,
        H264,
        AAC,
        settings={"video": {"width": "50%", "height": "50%"}},
        type=CUSTOM,
        note="as H.264 MP4, scaled",
    ),
)

BY_ID: Final = {preset.id: preset for preset in PRESETS}
BY_NAME: Final = {preset.name: preset for preset in PRESETS}


@dataclass(frozen=True)
class ThumbnailPreset:
    """Pictures of an output.

    :param width: pixels; the height follows.
    :param count: how many, at even distances.
    """

    width: int
    count: int


THUMBNAIL_PRESETS: Final = {"thumbnails_small": ThumbnailPreset(160, 5), "thumbnails_large": ThumbnailPreset(640, 5)}
