"""Which part of ffmpeg stands for which setting of a processing request.

One table, from which the documentation is made as well. The stand-in's results have the size, rate, scanning, codec and
format that were asked for; their looks are those of the nearest free filter, not of Pixop's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Equivalent:
    """One value of one setting.

    :param key: the setting in the request.
    :param value: the value that is asked for.
    :param ffmpeg: the filter, encoder arguments or muxer that stand for it; ``{names}`` are filled in per video.
    :param note: how near it comes.
    """

    key: str
    value: str
    ffmpeg: str
    note: str = ""


EQUIVALENTS: Final = (
    Equivalent("deinterlacer", "deint", "bwdif=send_{each}:{parity}:all", "the best free deinterlacer in its place"),
    Equivalent("deinterlacer", "yadif", "yadif=send_{each}:{parity}:all", "the filter itself"),
    Equivalent("deinterlacer", "bwdif", "bwdif=send_{each}:{parity}:all", "the filter itself"),
    Equivalent("deinterlacer", "weston3f", "w3fdif=complex:{each}:{parity}:all", "the same method"),
    Equivalent("denoiser", "denoise", "vaguedenoiser=threshold=3:nsteps=5", "a wavelet denoiser in its place"),
    Equivalent("denoiser", "hqdn3d", "hqdn3d", "the filter itself, with its own defaults"),
    Equivalent("stabilizer", "dejit", "deshake", "a block-matching stabiliser in its place; works with 8 bits"),
    Equivalent("scaler", "scale", "scale={width}:{height}:flags=bicubic:interl={interlaced}", "the same method"),
    Equivalent(
        "scaler",
        "pabsr1",
        "scale={width}:{height}:flags=lanczos+accurate_rnd:interl={interlaced}",
        "Lanczos interpolation in place of super resolution, sharpened by clarityBoost",
    ),
    Equivalent(
        "scaler",
        "dvres",
        "hqdn3d=2:1:2:1,scale={width}:{height}:flags=spline+accurate_rnd:interl={interlaced},unsharp=5:5:0.6",
        "light denoising, spline interpolation and sharpening in place of deep restoration",
    ),
    Equivalent(
        "scaler",
        "dvres2",
        "hqdn3d=2:1:2:1,scale={width}:{height}:flags=spline+accurate_rnd:interl={interlaced},unsharp=5:5:0.9",
        "as dvres, sharpened more; newer than the API reference",
    ),
    Equivalent("clarityBoost", "none", "", "no sharpening"),
    Equivalent("clarityBoost", "marginal", "cas=0.1", "contrast-adaptive sharpening"),
    Equivalent("clarityBoost", "very_low", "cas=0.2", "contrast-adaptive sharpening"),
    Equivalent("clarityBoost", "low", "cas=0.35", "contrast-adaptive sharpening"),
    Equivalent("clarityBoost", "medium", "cas=0.5", "contrast-adaptive sharpening"),
    Equivalent("clarityBoost", "high", "cas=0.7", "contrast-adaptive sharpening"),
    Equivalent("clarityBoost", "very_high", "cas=0.9", "contrast-adaptive sharpening"),
    Equivalent("frameRateConverter", "fps", "fps={fps}", "drops and repeats frames"),
    Equivalent("frameRateConverter", "fblend", "framerate=fps={fps}", "blends neighbouring frames"),
    Equivalent(
        "frameRateConverter", "mcinterpolate", "minterpolate=fps={fps}:mi_mode=mci", "the same method; loses two frames"
    ),
    Equivalent(
        "frameRateConverter",
        "vfi",
        "minterpolate=fps={fps}:mi_mode=mci:mc_mode=aobmc:vsbmc=1",
        "motion compensation in its place; newer than the API reference",
    ),
    Equivalent(
        "postProcessor", "filmgrain", "noise=c0s=8:c0f=t", "noise in the luma of every frame; works with 8 bits"
    ),
    Equivalent("scanning", "interlaced_tff", "fps={field_rate},interlace=tff", "one frame makes one field"),
    Equivalent("scanning", "interlaced_bff", "fps={field_rate},interlace=bff", "one frame makes one field"),
    Equivalent("fieldOrder", "top_first", "fieldorder=tff", "moves the lines of video with the other order"),
    Equivalent("fieldOrder", "bottom_first", "fieldorder=bff", "moves the lines of video with the other order"),
    Equivalent("container", "mov", "-f mov"),
    Equivalent("container", "mp4", "-f mp4"),
    Equivalent("container", "mxf", "-f mxf"),
    Equivalent("container", "mts", "-f mpegts"),
    Equivalent("codec", "h264", "-c:v libx264 -preset veryfast", "quick rather than small"),
    Equivalent("codec", "hevc", "-c:v libx265 -preset ultrafast", "quick rather than small"),
    Equivalent("codec", "prores", "-c:v prores_ks -vendor apl0", "encoded from 10 bits: ffmpeg has no 12-bit encoder"),
    Equivalent("codec", "dnxhd", "-c:v dnxhd"),
    Equivalent("codec", "xdcam", "-c:v mpeg2video -profile:v 0 -level:v 2 -g 12 -bf 2", "MPEG-2 4:2:2 at high level"),
    Equivalent("codec", "mpeg2", "-c:v mpeg2video -g 12 -bf 2"),
    Equivalent("codec", "ffv1", "-c:v ffv1 -level 3", "lossless, so no bit rate can be asked of it"),
    Equivalent("appleProresProfile", "proxy", "-profile:v proxy"),
    Equivalent("appleProresProfile", "lt", "-profile:v lt"),
    Equivalent("appleProresProfile", "standard", "-profile:v standard"),
    Equivalent("appleProresProfile", "hq", "-profile:v hq"),
    Equivalent("appleProresProfile", "4444", "-profile:v 4444", "10 bits"),
    Equivalent("appleProresProfile", "4444xq", "-profile:v 4444xq", "10 bits"),
    Equivalent("dnxhdHrProfile", "dnxhd_lb", "-profile:v dnxhd", "only the frame sizes of DNxHD"),
    Equivalent("dnxhdHrProfile", "dnxhd_sq", "-profile:v dnxhd", "only the frame sizes of DNxHD"),
    Equivalent("dnxhdHrProfile", "dnxhd_hq", "-profile:v dnxhd", "only the frame sizes of DNxHD"),
    Equivalent("dnxhdHrProfile", "dnxhd_hqx", "-profile:v dnxhd", "only the frame sizes of DNxHD"),
    Equivalent("dnxhdHrProfile", "dnxhd_444", "-profile:v dnxhd", "ffmpeg's encoder refuses it"),
    Equivalent("dnxhdHrProfile", "dnxhr_lb", "-profile:v dnxhr_lb"),
    Equivalent("dnxhdHrProfile", "dnxhr_sq", "-profile:v dnxhr_sq"),
    Equivalent("dnxhdHrProfile", "dnxhr_hq", "-profile:v dnxhr_hq"),
    Equivalent("dnxhdHrProfile", "dnxhr_hqx", "-profile:v dnxhr_hqx", "10 bits: ffmpeg has no 12-bit encoder"),
    Equivalent("dnxhdHrProfile", "dnxhr_444", "-profile:v dnxhr_444", "10 bits: ffmpeg has no 12-bit encoder"),
)

_FFMPEG: Final = {(row.key, row.value): row.ffmpeg for row in EQUIVALENTS}


def equivalent(key: str, value: str, **fill: object) -> str:
    """Return what stands for a setting, with its ``{names}`` filled in.

    :raises KeyError: when nothing does.
    """
    return _FFMPEG[key, value].format(**fill)
