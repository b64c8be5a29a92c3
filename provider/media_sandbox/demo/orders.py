"""What the demo asks for: the settings that suit each video, and how to tell whether the result is what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self

from media_sandbox.media.probe import MediaInfo, probe

WIDTH: Final = 1920
HEIGHT: Final = 1080
CODEC: Final = "h264"
BRANDS: Final = frozenset({"isom", "iso2", "mp41", "mp42", "avc1", "M4V"})
"""Major brands of MPEG-4 files; QuickTime's is ``qt``."""

SETTINGS: Final[dict[str, Any]] = {
    "denoiser": "hqdn3d",
    "scaler": "pabsr1",
    "clarity_boost": "medium",
    "resolution": "hd_1080p",
    "codec": CODEC,
    "container": "mp4",
    # Left to the service, the bit rate grows with the frame, and the noise of a tape makes it grow beyond all use.
    "bitrate_mbps": 8,
}
"""Params of the DAG that suit every source."""
INTERLACED_SETTINGS: Final[dict[str, Any]] = {"deinterlacer": "deint"}
"""Params that interlaced sources need besides."""


@dataclass(frozen=True)
class Order:
    """One video and what is to become of it.

    :param path: The source.
    :param source: What the source is.
    :param clip_ms: How much of its beginning is wanted, in milliseconds; all of it if ``None``.
    """

    path: Path
    source: MediaInfo
    clip_ms: int | None = None

    @classmethod
    def of(cls, path: Path, clip_ms: int | None = None) -> Self:
        """Look at a source and order what suits it.

        :raises media_sandbox.media.probe.NotAVideoError: It is no video.
        """
        return cls(path, probe(path), clip_ms)

    @property
    def settings(self) -> dict[str, Any]:
        """The DAG's params for it."""
        interlaced = INTERLACED_SETTINGS if self.source.interlaced else {}
        clip = {} if self.clip_ms is None else {"start_ms": 0, "end_ms": self.clip_ms}
        return SETTINGS | interlaced | clip

    @property
    def duration_ms(self) -> int:
        """How long the result has to be."""
        return self.source.duration_ms if self.clip_ms is None else min(self.clip_ms, self.source.duration_ms)

    def deviations(self, result: MediaInfo) -> list[str]:
        """Compare what came with what was asked for.

        :return: A sentence for each difference; none if all is well.
        """
        wanted_and_got: list[tuple[str, object, object]] = [
            ("frame size", f"{WIDTH}x{HEIGHT}", f"{result.width}x{result.height}"),
            ("codec", CODEC, result.codec_name),
            ("container", "mp4", "mp4" if result.brand in BRANDS else result.long_container_name),
            ("scan", "progressive", scan(result)),
            ("frame rate", fps(self.source.frame_rate), fps(result.frame_rate)),
            ("number of sound tracks", len(self.source.audio_codecs), len(result.audio_codecs)),
        ]
        found = [f"{what}: asked for {wanted}, got {got}" for what, wanted, got in wanted_and_got if wanted != got]
        # Sound comes in blocks that do not end with the last frame, and cuts fall on frames.
        tolerance_ms = 2000 / self.source.frame_rate
        if abs(result.duration_ms - self.duration_ms) > tolerance_ms:
            found.append(f"duration: asked for {self.duration_ms / 1000:.2f} s, got {result.duration_ms / 1000:.2f} s")
        return found


def same_settings(orders: Sequence[Order]) -> list[list[Order]]:
    """Put together the orders that one run of the DAG can do, which has one set of settings for all its sources."""
    groups: list[list[Order]] = []
    for order in orders:
        group = next((group for group in groups if group[0].settings == order.settings), None)
        if group is None:
            groups.append([order])
        else:
            group.append(order)
    return groups


def scan(media: MediaInfo) -> str:
    """Return how the frames of a video are scanned, for people."""
    return {None: "progressive", "top_first": "interlaced TFF", "bottom_first": "interlaced BFF"}[media.field_order]


def fps(rate: Fraction) -> str:
    """Return a frame rate for people: ``25``, ``29.97``."""
    return f"{float(rate):.2f}".rstrip("0").rstrip(".")
