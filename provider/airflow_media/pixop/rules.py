"""What settings must satisfy together, and what a source must have to suit them.

Section 'Trigger a request to process a video' of the Pixop API reference; where it leaves a combination open that
would be ignored or cannot be carried out, we refuse it before it costs anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from airflow_media.http.errors import InvalidRequestError
from airflow_media.pixop.video import VideoMetadata
from airflow_media.pixop.vocabulary import ASPECT_RATIOS, BY_NAME, HEIGHTS, RESOLUTION_FACTORS, WIDTHS

Values: TypeAlias = Mapping[str, Any]


class SettingsProblem(Struct, frozen=True):
    """What is wrong with one setting.

    :param path: Its key in the request: ``"resolution.width"``; empty for the settings as a whole.
    :param message: What is wrong and what is allowed, in words that follow the key.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class SettingsError(InvalidRequestError):
    """Settings that the service would refuse, or that would not do what they say.

    :param problems: Everything that is wrong, not only the first thing.
    """

    def __init__(self, problems: Sequence[SettingsProblem]) -> None:
        self.problems = tuple(problems)
        count = "1 setting" if len(problems) == 1 else f"{len(problems)} settings"
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{count} of the request to process a video cannot be sent to Pixop:{lines}")

    def __reduce__(self) -> tuple[type[SettingsError], tuple[tuple[SettingsProblem, ...]]]:
        return type(self), (self.problems,)


class Rule(Struct, frozen=True):
    """A rule that involves several settings.

    :param on: Keyword of the setting that breaks it.
    :param others: Keywords of the others that it looks at.
    :param message: What is wrong.
    :param broken: Tells whether it is broken; absent settings are ``None``.
    """

    on: str
    others: tuple[str, ...]
    message: str
    broken: Callable[[Values], bool]


def _together(on: str, *others: str, message: str) -> Rule:
    return Rule(on, others, message, lambda values: all(values[name] is not None for name in (on, *others)))


def _profile(profile: str, codec: str) -> tuple[Rule, Rule]:
    """The profile of a codec: required with it, meaningless without."""
    needed = f"is required with mediaContainerCodec.codec {codec}: {BY_NAME[profile].allowed}"
    stray = f"is only for mediaContainerCodec.codec {codec}: set that codec, or leave the profile out"
    return (
        Rule(profile, ("codec",), needed, lambda v: v["codec"] == codec and v[profile] is None),
        Rule(profile, ("codec",), stray, lambda v: v["codec"] != codec and v[profile] is not None),
    )


def _side_is_off(values: Values, given: str, other: str) -> bool:
    """Whether the side that a fixed aspect ratio gives lies outside of what is allowed."""
    ratio = ASPECT_RATIOS.get(values["aspect_ratio"])
    if ratio is None or values[given] is None or values[other] is not None:
        return False
    return side_is_off(values[given], given, ratio)


def side_is_off(pixels: int, given: str, ratio: float) -> bool:
    """Tell whether the side computed from the other one is outside of what is allowed.

    The service does not say how it rounds, so the doubt is the request's.

    :param pixels: Length of the given side.
    :param given: ``"width"`` or ``"height"``.
    :param ratio: Width by height.
    """
    side, (low, high) = (pixels / ratio, HEIGHTS) if given == "width" else (pixels * ratio, WIDTHS)
    return side <= low - 1 or side >= high + 1


RULES: tuple[Rule, ...] = (
    _together("width", "resolution", message="excludes resolution.tag: give one or the other"),
    _together("height", "resolution", message="excludes resolution.tag: give one or the other"),
    _together(
        "aspect_ratio", "resolution", message="is only for a width or height of your own, not for resolution.tag"
    ),
    _together(
        "aspect_ratio",
        "width",
        "height",
        message="must not stand next to both width and height: leave out one of the three",
    ),
    Rule(
        "aspect_ratio",
        ("resolution", "width", "height"),
        "needs resolution.width or resolution.height",
        lambda v: v["aspect_ratio"] is not None and v["resolution"] is v["width"] is v["height"] is None,
    ),
    Rule(
        "width",
        ("height", "aspect_ratio"),
        f"gives a computed height outside of {HEIGHTS[0]} to {HEIGHTS[1]}",
        lambda v: _side_is_off(v, "width", "height"),
    ),
    Rule(
        "height",
        ("width", "aspect_ratio"),
        f"gives a computed width outside of {WIDTHS[0]} to {WIDTHS[1]}",
        lambda v: _side_is_off(v, "height", "width"),
    ),
    *_profile("prores_profile", "prores"),
    *_profile("dnxhd_profile", "dnxhd"),
    _together("scanning_type", "scanning", message="excludes scanning.tag: give one or the other"),
    _together("field_order", "scanning", message="excludes scanning.tag, which tells the field order by itself"),
    Rule(
        "field_order",
        ("scanning", "scanning_type"),
        f"is required with scanning.scanningType interlaced: {BY_NAME['field_order'].allowed}",
        lambda v: v["scanning"] is None and v["scanning_type"] == "interlaced" and v["field_order"] is None,
    ),
    Rule(
        "field_order",
        ("scanning", "scanning_type"),
        "is only for scanning.scanningType interlaced",
        lambda v: v["scanning"] is None and v["scanning_type"] != "interlaced" and v["field_order"] is not None,
    ),
    _together("fps", "frame_rate", message="excludes frameRate.tag: give one or the other"),
    Rule(
        "clarity_boost",
        ("scaler",),
        "acts with scaler pabsr1 only: set that scaler, or leave it out",
        lambda v: v["clarity_boost"] is not None and v["scaler"] != "pabsr1",
    ),
    Rule(
        "end_ms",
        ("start_ms",),
        "must be greater than range.startPositionMilliseconds, which is 0 when unset",
        lambda v: v["end_ms"] is not None and (v["start_ms"] or 0) >= v["end_ms"],
    ),
)


def broken_rules(values: Values, doubtful: Collection[str] = ()) -> Iterator[SettingsProblem]:
    """Find the rules that settings break together.

    :param values: Value of every setting by keyword; ``None`` where absent.
    :param doubtful: Settings whose value is not known or wrong in itself; rules that look at them are left alone.
    """
    for rule in RULES:
        if not {rule.on, *rule.others}.intersection(doubtful) and rule.broken(values):
            yield SettingsProblem(BY_NAME[rule.on].path, rule.message)


def source_problems(values: Values, source: VideoMetadata) -> Iterator[SettingsProblem]:
    """Find what does not suit a source; what ingestion has not told is taken for suitable.

    :param values: Value of every setting by keyword; ``None`` where absent.
    :param source: Metadata of the source.
    """
    yield from _range_problems(values, source.duration_ms)
    width, height = source.frame_width, source.frame_height
    if not width or not height or width < 0 or height < 0:
        return
    tag = BY_NAME["resolution"].path
    if factor := RESOLUTION_FACTORS.get(values["resolution"]):
        wide, high = width * factor, height * factor
        if not (WIDTHS[0] <= wide <= WIDTHS[1] and HEIGHTS[0] <= high <= HEIGHTS[1]):
            frame = f"{wide} x {high} out of a source of {width} x {height}"
            limits = f"{WIDTHS[0]} x {HEIGHTS[0]} to {WIDTHS[1]} x {HEIGHTS[1]}"
            yield SettingsProblem(tag, f"{values['resolution']} would make {frame}, outside of {limits}")
    if values["aspect_ratio"] == "storage":
        for given, other in (("width", "height"), ("height", "width")):
            if (
                values[given] is not None
                and values[other] is None
                and side_is_off(values[given], given, width / height)
            ):
                message = f"gives a computed {other} outside of what is allowed, for a source of {width} x {height}"
                yield SettingsProblem(BY_NAME[given].path, message)


def _range_problems(values: Values, duration: int | None) -> Iterator[SettingsProblem]:
    if duration is None:
        return
    start, end = values["start_ms"], values["end_ms"]
    if start is not None and start >= duration:
        message = f"{start} is not before the end of the source, which lasts {duration} ms"
        yield SettingsProblem(BY_NAME["start_ms"].path, message)
    if end is not None and end > duration:
        yield SettingsProblem(
            BY_NAME["end_ms"].path, f"{end} is beyond the end of the source, which lasts {duration} ms"
        )
