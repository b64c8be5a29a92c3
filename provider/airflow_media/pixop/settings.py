"""The settings of a processing request: built, checked, sent, and found again in what the service reports."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, TypeAlias

from msgspec import Struct, field
from msgspec.structs import force_setattr

from airflow_media.http.errors import did_you_mean
from airflow_media.pixop.field import Field
from airflow_media.pixop.rules import SettingsError, SettingsProblem, broken_rules, source_problems
from airflow_media.pixop.video import ProcessingParameters, VideoMetadata
from airflow_media.pixop.vocabulary import BY_NAME, FIELDS, FRAME_RATES, GROUPS, RESOLUTION_FACTORS, RESOLUTION_FRAMES

NEVER_EMPTY = frozenset({"scanning", "resolution", "frameRate"})
"""Groups that the service refuses without any of their keys."""


class ProcessSettings(Struct, frozen=True, kw_only=True):
    """Everything that a processing request can say. Unset settings are left to the service.

    ==========================  ==========================================  ==================================
    keyword                     key in the request                          allowed
    ==========================  ==========================================  ==================================
    ``container``               ``mediaContainerCodec.container``           mov mxf mp4 mts
    ``codec``                   ``mediaContainerCodec.codec``               h264 prores dnxhd xdcam hevc mpeg2
                                                                            ffv1
    ``prores_profile``          ``appleProresProfile``                      proxy lt standard hq 4444 4444xq
    ``dnxhd_profile``           ``dnxhdHrProfile``                          dnxhd\\_ or dnxhr\\_ with lb sq hq hqx
                                                                            444
    ``scanning``                ``scanning.tag``                            auto progressive interlaced_tff
                                                                            interlaced_bff
    ``scanning_type``           ``scanning.scanningType``                   progressive interlaced
    ``field_order``             ``scanning.interlacedFieldOrder``           top_field bottom_field
    ``chroma``                  ``chromaSubsampling.yuv``                   4:1:0 4:1:1 4:2:0 4:2:2 4:4:0 4:4:4
    ``bit_depth``               ``chromaSubsampling.bits``                  8 10 12 14 16
    ``bitrate_mbps``            ``bitrate.mbps``                            0.01 to 4000 Mbit/s
    ``deinterlacer``            ``deinterlacer``                            deint yadif bwdif weston3f
    ``denoiser``                ``denoiser``                                denoise hqdn3d
    ``stabilizer``              ``stabilizer``                              dejit
    ``scaler``                  ``scaler``                                  pabsr1 dvres scale
    ``clarity_boost``           ``clarityBoost``                            none marginal very_low low medium
                                                                            high very_high
    ``post_processor``          ``postProcessor``                           filmgrain
    ``resolution``              ``resolution.tag``                          hd_1080p uhd_4k uhd_8k 2x 3x 4x
    ``width``                   ``resolution.width``                        16 to 7680 pixels
    ``height``                  ``resolution.height``                       16 to 4320 pixels
    ``aspect_ratio``            ``resolution.aspectRatioTag``               display storage 16:9 4:3
    ``frame_rate_converter``    ``frameRateConverter``                      fps fblend mcinterpolate
    ``frame_rate``              ``frameRate.tag``                           film_ntsc film video_pal video_ntsc
                                                                            video_hd video_pal_fast
                                                                            video_ntsc_fast video_hd_fast
    ``fps``                     ``frameRate.fps``                           0.001 to 999
    ``start_ms``                ``range.startPositionMilliseconds``         milliseconds, up to the duration
    ``end_ms``                  ``range.endPositionMilliseconds``           milliseconds, up to the duration
    ==========================  ==========================================  ==================================

    A width or a height alone gets the aspect ratio ``display``. ``None`` and an empty text mean unset; a number may be
    given as a text. See section 'Trigger a request to process a video' of the Pixop API reference.

    :param extra: Keys of the request that are not in the table, for what the service has added since; allowed only
        with ``validate=False``.
    :param validate: Whether to check values against the table and against each other.
    :raises SettingsError: Something is not allowed; it tells all that is wrong at once.
    """

    container: str | None = None
    codec: str | None = None
    prores_profile: str | None = None
    dnxhd_profile: str | None = None
    scanning: str | None = None
    scanning_type: str | None = None
    field_order: str | None = None
    chroma: str | None = None
    bit_depth: int | None = None
    bitrate_mbps: float | None = None
    deinterlacer: str | None = None
    denoiser: str | None = None
    stabilizer: str | None = None
    scaler: str | None = None
    clarity_boost: str | None = None
    post_processor: str | None = None
    resolution: str | None = None
    width: int | None = None
    height: int | None = None
    aspect_ratio: str | None = None
    frame_rate_converter: str | None = None
    frame_rate: str | None = None
    fps: float | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    validate: bool = True

    def __post_init__(self) -> None:
        reading = _Reading()
        for setting in FIELDS:
            reading.take(setting, getattr(self, setting.name))
        for key in self.extra:
            reading.refuse_key("", key)
        if self.validate:
            reading.raise_problems()
        values = reading.values
        if (values["width"] is None) != (values["height"] is None) and values["aspect_ratio"] is None:
            # The page lets it out, newer services of the vendor demand it, and this is what leaving it out means.
            values["aspect_ratio"] = "display"
        for name, value in values.items():
            force_setattr(self, name, value)

    def __repr__(self) -> str:
        given = {
            name: value for name, value in {**self._values(), "extra": self.extra or None}.items() if value is not None
        }
        return f"ProcessSettings({', '.join(f'{name}={value!r}' for name, value in given.items())})"

    @classmethod
    def parse(cls, value: SettingsLike, *, validate: bool = True) -> ProcessSettings:
        """Take settings in any of their forms.

        :param value: Settings; or the body of a request as a dictionary with the service's own keys; or that body as a
            JSON text, which is what a template that ends in ``| tojson`` gives. ``None``, ``""`` and the text ``None``,
            which an empty template gives, mean unset; a numeric text is a number.
        :param validate: Whether to check; without it keys and values that we do not know are sent as they are.
        :raises SettingsError: Something is not allowed; it tells all that is wrong at once.
        """
        if isinstance(value, ProcessSettings):
            return value
        reading = _Reading()
        reading.take_document(value)
        if validate:
            reading.raise_problems()
        elif reading.shapeless:
            raise SettingsError(reading.problems)
        return cls(**reading.values, extra=reading.extra, validate=validate)

    @classmethod
    def check(cls, value: SettingsLike, *, templated: bool = True) -> None:
        """Check settings as far as they are known yet, when a DAG is read.

        :param value: As for :meth:`parse`.
        :param templated: Whether a text with ``{{`` or ``{%`` in it, or the output of another task, stands for a value
            that comes later. It is left alone, and so is each rule that involves it.
        :raises SettingsError: What is known is wrong.
        """
        if isinstance(value, ProcessSettings):
            return
        reading = _Reading(templated=templated)
        reading.take_document(value)
        reading.raise_problems()

    def to_json(self) -> dict[str, Any]:
        """Give the body of the request: the service's keys, and nothing that is unset."""
        document: dict[str, Any] = deepcopy(dict(self.extra))
        for setting in FIELDS:
            value = getattr(self, setting.name)
            if value is None:
                continue
            if not setting.group:
                document[setting.key] = value
            elif isinstance(inner := document.setdefault(setting.group, {}), dict):
                inner[setting.key] = value
        return document

    def check_source(self, source: VideoMetadata) -> None:
        """Check that a source suits the settings: clip inside its duration, computed frame inside the limits.

        :param source: What ingestion found; what it does not tell is not checked.
        :raises SettingsError: It does not suit; it tells all that is wrong at once.
        """
        if problems := list(source_problems(self._values(), source)):
            raise SettingsError(problems)

    def matches(self, reported: ProcessingParameters, *, source: VideoMetadata | None = None) -> bool:
        """Tell whether a processed video can come from a request with these settings.

        Filters and clip must be the same. Else what is unset here, or not reported, fits anything.

        :param reported: What the service says it was made with.
        :param source: What ingestion found in the source, for frame sizes that depend on it and for an end of clip that
            is reported as the duration.
        """
        return (
            self._same_clip(reported, source)
            and self._same_filters(reported, source)
            and all(wanted is None or told is None or wanted == told for wanted, told in self._pairs(reported, source))
            and all(
                wanted is None or told is None or math.isclose(wanted, told, rel_tol=tolerance)
                for wanted, told, tolerance in self._rates(reported)
            )
        )

    def _values(self) -> dict[str, Any]:
        return {setting.name: getattr(self, setting.name) for setting in FIELDS}

    def _same_clip(self, reported: ProcessingParameters, source: VideoMetadata | None) -> bool:
        if (self.start_ms or 0) != (reported.start_ms or 0):
            return False
        if self.end_ms is None or reported.end_ms is None:
            # An end that one of the two leaves out is the duration. A clip must not pass for the whole video.
            end = reported.end_ms if self.end_ms is None else self.end_ms
            return end is None or (source is not None and source.duration_ms is not None and end >= source.duration_ms)
        return self.end_ms == reported.end_ms

    def _same_filters(self, reported: ProcessingParameters, source: VideoMetadata | None) -> bool:
        names = ["deinterlacer", "denoiser", "stabilizer", "scaler", "frame_rate_converter", "post_processor"]
        implied: set[object] = set()
        # A new size or rate, and often an interlaced source, need a filter; the service picks one that is not named.
        if self.scaler is None and (self.resolution or self.width or self.height):
            implied.update(BY_NAME["scaler"].choices or ())
        if self.frame_rate_converter is None and (self.frame_rate or self.fps):
            implied.update(BY_NAME["frame_rate_converter"].choices or ())
        if self.deinterlacer is None and source is not None and source.interlaced:
            implied.update(BY_NAME["deinterlacer"].choices or ())
        wanted = {value for name in names if (value := getattr(self, name)) is not None}
        return wanted == {component.name for component in reported.filters} - implied

    def _pairs(self, reported: ProcessingParameters, source: VideoMetadata | None) -> Iterator[tuple[object, object]]:
        width, height = self._frame(source)
        yield self.container, reported.container.name
        yield self.codec, reported.codec.name
        yield self.chroma, reported.pixel_format.chroma
        yield self.bit_depth, reported.pixel_format.bits
        yield width, reported.frame_width
        yield height, reported.frame_height
        yield self.clarity_boost, _property(reported, "clarityBoost")
        told = {str(value).lower() for value in reported.codec.properties.values()}
        for profile in ("prores_profile", "dnxhd_profile"):
            yield (
                getattr(self, profile),
                next((str(word) for word in BY_NAME[profile].choices or () if word in told), None),
            )

    def _rates(self, reported: ProcessingParameters) -> Iterator[tuple[float | None, float | None, float]]:
        # The bit rate is told in whole bits; 24 and 23.976 frames per second are a thousandth apart.
        yield self.bitrate_mbps and self.bitrate_mbps * 1e6, reported.bitrate, 1e-3
        told = _property(reported, "fps")
        yield self.fps or FRAME_RATES.get(self.frame_rate or ""), _number(told), 4e-4

    def _frame(self, source: VideoMetadata | None) -> tuple[int | None, int | None]:
        """The frame size as far as it can be told."""
        tag = self.resolution or ""
        if tag in RESOLUTION_FRAMES:
            return RESOLUTION_FRAMES[tag]
        factor = RESOLUTION_FACTORS.get(tag)
        if factor and source and source.frame_width and source.frame_height:
            return source.frame_width * factor, source.frame_height * factor
        return self.width, self.height


SettingsLike: TypeAlias = ProcessSettings | Mapping[str, Any] | str


class _Reading:
    """Settings while they are being read: values so far, and all that is wrong with them.

    :param templated: Whether values that are not known yet are left alone.
    """

    def __init__(self, *, templated: bool = False) -> None:
        self.values: dict[str, Any] = dict.fromkeys(BY_NAME)
        self.extra: dict[str, Any] = {}
        self.problems: list[SettingsProblem] = []
        self.shapeless = False
        self._doubtful: set[str] = set()
        self._templated = templated

    def raise_problems(self) -> None:
        """Raise everything that is wrong, the settings alone and together."""
        problems = [*self.problems, *broken_rules(self.values, self._doubtful)]
        if problems:
            raise SettingsError(problems)

    def take(self, setting: Field, value: object) -> None:
        """Take one value: convert and check it."""
        if _is_unset(value):
            return
        self.values[setting.name] = value
        if self._comes_later(value):
            self._doubtful.add(setting.name)
            return
        try:
            self.values[setting.name] = setting.convert(value)
            setting.check(self.values[setting.name])
        except ValueError as error:
            self._doubtful.add(setting.name)
            self.problems.append(SettingsProblem(setting.path, str(error)))

    def take_document(self, value: object) -> None:
        """Take a whole body."""
        if self._comes_later(value):
            self._doubtful.update(BY_NAME)
            return
        document = _object(value)
        if document is None:
            self.shapeless = True
            advice = "a dictionary" if not isinstance(value, str) else "one, in a template by ending it with '| tojson'"
            self.problems.append(SettingsProblem("", f"the settings are {_type(value)}: give {advice}"))
            return
        for key, inner in document.items():
            if key in GROUPS[""]:
                self.take(GROUPS[""][key], inner)
            elif key and key in GROUPS:
                self._take_group(key, inner)
            else:
                self.refuse_key("", key)
                self.extra[key] = inner

    def refuse_key(self, group: str, key: object) -> None:
        """Note a key that the request does not have."""
        path = f"{group}.{key}" if group else str(key)
        places = [setting.path for setting in FIELDS if key in {setting.key, setting.name}]
        hint = (
            f" (did you mean {places[0]!r}?)"
            if places
            else did_you_mean(key, [*GROUPS[group], *(GROUPS if not group else ())])
        )
        self.problems.append(SettingsProblem(path, f"there is no such setting{hint}"))

    def _take_group(self, group: str, value: object) -> None:
        settings = GROUPS[group]
        if _is_unset(value):
            return
        inner = None if self._comes_later(value) else _object(value)
        if inner is None:
            self._doubtful.update(setting.name for setting in settings.values())
            if not self._comes_later(value):
                self.extra[group] = value
                self.problems.append(SettingsProblem(group, f"{_type(value)} is not an object with {_keys(settings)}"))
            return
        if not inner and group in NEVER_EMPTY:
            self.problems.append(SettingsProblem(group, f"is empty: give {_keys(settings)}, or leave it out"))
        for key, each in inner.items():
            if key in settings:
                self.take(settings[key], each)
            else:
                self.refuse_key(group, key)
                self.extra.setdefault(group, {})[key] = each

    def _comes_later(self, value: object) -> bool:
        """Whether a value will be known only when the task runs: a template, or what another task gives."""
        if not self._templated:
            return False
        if isinstance(value, str):
            return "{{" in value or "{%" in value
        return not isinstance(value, int | float | Mapping | list | tuple | None)


def _is_unset(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in {"", "None"})


def _object(value: object) -> Mapping[str, Any] | None:
    """A dictionary, also one written as JSON; ``None`` for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, Mapping) else None


def _type(value: object) -> str:
    return "a text that is not a JSON object" if isinstance(value, str) else type(value).__name__


def _keys(settings: Mapping[str, Field]) -> str:
    return " or ".join(settings)


def _property(reported: ProcessingParameters, key: str) -> object:
    """What any of the filters reports for a property; ``None`` where none does."""
    return next((each.properties[key] for each in reported.filters if each.properties.get(key) is not None), None)


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None
