"""Processing settings: what is allowed alone and together, templates, forms of input."""

from __future__ import annotations

import json
import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.http.errors import InvalidRequestError
from airflow_media.pixop.field import Field
from airflow_media.pixop.rules import SettingsError
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.video import VideoMetadata
from airflow_media.pixop.vocabulary import BY_NAME, FIELDS, FRAME_RATES, GROUPS

NEEDS: dict[str, dict[str, Any]] = {
    "prores_profile": {"codec": "prores"},
    "dnxhd_profile": {"codec": "dnxhd"},
    "field_order": {"scanning_type": "interlaced"},
    "clarity_boost": {"scaler": "pabsr1"},
    "aspect_ratio": {"width": 1280},
    "codec=prores": {"prores_profile": "hq"},
    "codec=dnxhd": {"dnxhd_profile": "dnxhr_hq"},
    "scanning_type=interlaced": {"field_order": "top_field"},
}
"""What must stand next to a setting, or to one of its values."""

CHOICES = [(field, value) for field in FIELDS if field.choices for value in field.choices]
NUMBERS = [field for field in FIELDS if not field.choices]

PAGE_SAMPLE = {
    "mediaContainerCodec": {"container": "mov", "codec": "h264"},
    "appleProresProfile": "standard",
    "dnxhdHrProfile": "dnxhd_sq",
    "scanning": {"tag": "interlaced_tff", "scanningType": "interlaced", "interlacedFieldOrder": "top_field"},
    "chromaSubsampling": {"yuv": "4:2:2", "bits": 8},
    "bitrate": {"mbps": 20.5},
    "deinterlacer": "deint",
    "denoiser": "denoise",
    "stabilizer": "dejit",
    "scaler": "pabsr1",
    "resolution": {"tag": "hd_1080p", "width": 1920, "height": 1080, "aspectRatioTag": "16:9"},
    "clarityBoost": "low",
    "frameRateConverter": "fblend",
    "frameRate": {"tag": "film", "fps": 24.0},
    "postProcessor": "filmgrain",
    "range": {"startPositionMilliseconds": 0, "endPositionMilliseconds": 30000},
}


def problems(value: Any) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        ProcessSettings.parse(value)
    return {problem.path: problem.message for problem in caught.value.problems}


def nest(path: str, value: object) -> dict[str, Any]:
    outer, _, inner = path.rpartition(".")
    return {outer: {inner: value}} if outer else {inner: value}


def test_permitted_words_are_those_of_the_reference() -> None:
    words = {field.path: " ".join(map(str, field.choices)) for field in FIELDS if field.choices}
    assert words == {
        "mediaContainerCodec.container": "mov mxf mp4 mts",
        "mediaContainerCodec.codec": "h264 prores dnxhd xdcam hevc mpeg2 ffv1",
        "appleProresProfile": "proxy lt standard hq 4444 4444xq",
        "dnxhdHrProfile": "dnxhd_lb dnxhd_sq dnxhd_hq dnxhd_hqx dnxhd_444 "
        "dnxhr_lb dnxhr_sq dnxhr_hq dnxhr_hqx dnxhr_444",
        "scanning.tag": "auto progressive interlaced_tff interlaced_bff",
        "scanning.scanningType": "progressive interlaced",
        "scanning.interlacedFieldOrder": "top_field bottom_field",
        "chromaSubsampling.yuv": "4:1:0 4:1:1 4:2:0 4:2:2 4:4:0 4:4:4",
        "chromaSubsampling.bits": "8 10 12 14 16",
        "deinterlacer": "deint yadif bwdif weston3f",
        "denoiser": "denoise hqdn3d",
        "stabilizer": "dejit",
        "scaler": "pabsr1 dvres scale",
        "clarityBoost": "none marginal very_low low medium high very_high",
        "postProcessor": "filmgrain",
        "resolution.tag": "hd_1080p uhd_4k uhd_8k 2x 3x 4x",
        "resolution.aspectRatioTag": "display storage 16:9 4:3",
        "frameRateConverter": "fps fblend mcinterpolate",
        "frameRate.tag": "film_ntsc film video_pal video_ntsc video_hd video_pal_fast video_ntsc_fast video_hd_fast",
    }


def test_bounds_are_those_of_the_reference() -> None:
    assert {field.path: (field.kind, field.minimum, field.maximum) for field in NUMBERS} == {
        "bitrate.mbps": ("number", 0.01, 4000.0),
        "resolution.width": ("integer", 16, 7680),
        "resolution.height": ("integer", 16, 4320),
        "frameRate.fps": ("number", 0.001, 999.0),
        "range.startPositionMilliseconds": ("integer", 0, None),
        "range.endPositionMilliseconds": ("integer", 0, None),
    }


def test_keywords_table_and_docstring_tell_the_same() -> None:
    keywords = set(ProcessSettings.__struct_fields__) - {"extra", "validate"}
    assert keywords == set(BY_NAME)
    documented = ProcessSettings.__doc__ or ""
    assert [field.name for field in FIELDS if f"``{field.name}``" not in documented] == []
    assert [field.path for field in FIELDS if f"``{field.path}``" not in documented] == []


@pytest.mark.parametrize(("field", "value"), CHOICES, ids=[f"{field.path}={value}" for field, value in CHOICES])
def test_every_permitted_value_is_sent_as_it_is(field: Field, value: Any) -> None:
    needs = NEEDS.get(f"{field.name}={value}", NEEDS.get(field.name, {}))
    document = ProcessSettings(**{field.name: value}, **needs).to_json()
    sent = document[field.group][field.key] if field.group else document[field.key]
    assert (sent, type(sent)) == (value, type(value))
    assert ProcessSettings.parse(document).to_json() == document


@pytest.mark.parametrize("field", NUMBERS, ids=[field.path for field in NUMBERS])
def test_numbers_are_bounded(field: Field) -> None:
    assert field.minimum is not None
    step = 1 if field.kind == "integer" else 0.0001
    least = 1 if field.name == "end_ms" else field.minimum  # an end of 0 is in bounds, and an empty clip
    low = ProcessSettings.parse(nest(field.path, least))
    assert getattr(low, field.name) == least
    assert field.path in problems(nest(field.path, field.minimum - step))
    if field.maximum is not None:
        high = ProcessSettings.parse(nest(field.path, field.maximum))
        assert getattr(high, field.name) == field.maximum
        assert field.path in problems(nest(field.path, field.maximum + step))


WRONG_TYPES = [True, [], {}, "much", math.nan, math.inf, "nan", 10**400]


@pytest.mark.parametrize("field", FIELDS, ids=[field.path for field in FIELDS])
@pytest.mark.parametrize("value", WRONG_TYPES, ids=["true", "list", "object", "word", "nan", "inf", "nan-text", "huge"])
def test_values_of_another_type_are_refused_with_what_is_allowed(field: Field, value: object) -> None:
    if field.kind == "integer" and field.choices is None and field.maximum is None and value == 10**400:
        value = 1.5
    assert field.allowed in problems(nest(field.path, value))[field.path]


def test_the_sample_of_the_reference_is_refused_for_all_its_contradictions() -> None:
    assert set(problems(PAGE_SAMPLE)) == {
        "appleProresProfile",
        "dnxhdHrProfile",
        "scanning.scanningType",
        "scanning.interlacedFieldOrder",
        "resolution.width",
        "resolution.height",
        "resolution.aspectRatioTag",
        "frameRate.fps",
    }


REFUSED_TOGETHER: list[tuple[str, dict[str, Any], str]] = [
    ("tag and width", {"resolution": {"tag": "2x", "width": 640}}, "resolution.width"),
    ("tag and height", {"resolution": {"tag": "2x", "height": 480}}, "resolution.height"),
    ("tag and aspect", {"resolution": {"tag": "2x", "aspectRatioTag": "4:3"}}, "resolution.aspectRatioTag"),
    ("empty resolution", {"resolution": {}}, "resolution"),
    ("aspect alone", {"resolution": {"aspectRatioTag": "4:3"}}, "resolution.aspectRatioTag"),
    (
        "both sides and aspect",
        {"resolution": {"width": 640, "height": 480, "aspectRatioTag": "4:3"}},
        "resolution.aspectRatioTag",
    ),
    ("computed height too large", {"resolution": {"width": 7680, "aspectRatioTag": "4:3"}}, "resolution.width"),
    ("computed height too small", {"resolution": {"width": 16, "aspectRatioTag": "16:9"}}, "resolution.width"),
    ("prores without profile", {"mediaContainerCodec": {"codec": "prores"}}, "appleProresProfile"),
    ("dnxhd without profile", {"mediaContainerCodec": {"codec": "dnxhd"}}, "dnxhdHrProfile"),
    ("prores profile, no codec", {"appleProresProfile": "hq"}, "appleProresProfile"),
    ("dnxhd profile, no codec", {"dnxhdHrProfile": "dnxhr_hq"}, "dnxhdHrProfile"),
    (
        "prores profile, other codec",
        {"mediaContainerCodec": {"codec": "h264"}, "appleProresProfile": "hq"},
        "appleProresProfile",
    ),
    ("scanning tag and type", {"scanning": {"tag": "auto", "scanningType": "progressive"}}, "scanning.scanningType"),
    (
        "scanning tag and order",
        {"scanning": {"tag": "auto", "interlacedFieldOrder": "top_field"}},
        "scanning.interlacedFieldOrder",
    ),
    ("interlaced without order", {"scanning": {"scanningType": "interlaced"}}, "scanning.interlacedFieldOrder"),
    (
        "order with progressive",
        {"scanning": {"scanningType": "progressive", "interlacedFieldOrder": "top_field"}},
        "scanning.interlacedFieldOrder",
    ),
    ("order alone", {"scanning": {"interlacedFieldOrder": "top_field"}}, "scanning.interlacedFieldOrder"),
    ("empty scanning", {"scanning": {}}, "scanning"),
    ("empty frame rate", {"frameRate": {}}, "frameRate"),
    ("both frame rates", {"frameRate": {"tag": "film", "fps": 24}}, "frameRate.fps"),
    ("clarity without scaler", {"clarityBoost": "none"}, "clarityBoost"),
    ("clarity with another scaler", {"clarityBoost": "low", "scaler": "dvres"}, "clarityBoost"),
    (
        "empty clip",
        {"range": {"startPositionMilliseconds": 5, "endPositionMilliseconds": 5}},
        "range.endPositionMilliseconds",
    ),
    ("clip that ends where it begins", {"range": {"endPositionMilliseconds": 0}}, "range.endPositionMilliseconds"),
]


@pytest.mark.parametrize(
    ("document", "path"), [case[1:] for case in REFUSED_TOGETHER], ids=[case[0] for case in REFUSED_TOGETHER]
)
def test_what_does_not_go_together_is_refused_once(document: dict[str, Any], path: str) -> None:
    assert list(problems(document)) == [path]


ALLOWED_TOGETHER: dict[str, dict[str, Any]] = {
    "nothing": {},
    "both sides": {"resolution": {"width": 640, "height": 480}},
    "width and aspect": {"resolution": {"width": 7680, "aspectRatioTag": "16:9"}},
    "height and aspect": {"resolution": {"height": 4320, "aspectRatioTag": "4:3"}},
    "scaler without resolution": {"scaler": "scale"},
    "resolution without scaler": {"resolution": {"tag": "4x"}},
    "converter without rate": {"frameRateConverter": "fps"},
    "rate without converter": {"frameRate": {"fps": 23.976}},
    "unusual pair": {"mediaContainerCodec": {"container": "mp4", "codec": "ffv1"}},
    "clip without end": {"range": {"startPositionMilliseconds": 100}},
    "clip without start": {"range": {"endPositionMilliseconds": 100}},
    "smallest": {"scaler": "pabsr1", "resolution": {"tag": "hd_1080p"}, "clarityBoost": "medium"},
    "typical": {
        "mediaContainerCodec": {"container": "mov", "codec": "prores"},
        "appleProresProfile": "standard",
        "denoiser": "hqdn3d",
        "scaler": "pabsr1",
        "resolution": {"tag": "hd_1080p"},
        "clarityBoost": "high",
        "range": {"startPositionMilliseconds": 0, "endPositionMilliseconds": 5000},
    },
}


@pytest.mark.parametrize("document", ALLOWED_TOGETHER.values(), ids=ALLOWED_TOGETHER.keys())
def test_what_goes_together_is_sent_as_given(document: dict[str, Any]) -> None:
    assert ProcessSettings.parse(document).to_json() == document


@pytest.mark.parametrize("side", ["width", "height"])
def test_one_side_alone_keeps_the_display_aspect_ratio(side: str) -> None:
    assert ProcessSettings.parse({"resolution": {side: 720}}).to_json() == {
        "resolution": {side: 720, "aspectRatioTag": "display"}
    }


def test_everything_wrong_is_told_at_once_with_path_and_suggestion() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        ProcessSettings.parse(
            {
                "mediaContainerCodec": {"container": "avi", "codek": "h264"},
                "bitrate": 20,
                "scaler": "pabsr",
                "startPositionMilliseconds": 1,
                "resolution": {"width": 15},
            }
        )
    text = str(caught.value)
    for part in (
        "mediaContainerCodec.container: 'avi' is not one of mov, mxf, mp4, mts",
        "mediaContainerCodec.codek: there is no such setting (did you mean 'codec'?)",
        "bitrate: int is not an object with mbps",
        "scaler: 'pabsr' is not one of pabsr1, dvres, scale (did you mean 'pabsr1'?)",
        "startPositionMilliseconds: there is no such setting (did you mean 'range.startPositionMilliseconds'?)",
        "resolution.width: 15 is not a whole number from 16 to 7680",
    ):
        assert part in text
    assert len(pickle.loads(pickle.dumps(caught.value)).problems) == 6


def test_texts_of_a_rendered_template_become_numbers_and_empty_ones_vanish() -> None:
    settings = ProcessSettings.parse(
        {
            "bitrate": {"mbps": "20.5"},
            "resolution": {"width": "1920", "height": " 1080 ", "tag": "", "aspectRatioTag": "None"},
            "chromaSubsampling": {"bits": "10"},
            "mediaContainerCodec": {"codec": "prores"},
            "appleProresProfile": 4444,
            "frameRate": {"tag": "None", "fps": None},
            "range": "",
        }
    )
    assert settings.to_json() == {
        "bitrate": {"mbps": 20.5},
        "resolution": {"width": 1920, "height": 1080},
        "chromaSubsampling": {"bits": 10},
        "mediaContainerCodec": {"codec": "prores"},
        "appleProresProfile": "4444",
    }


def test_a_whole_body_may_come_as_json_text() -> None:
    assert ProcessSettings.parse('{"scaler": "scale"}') == ProcessSettings(scaler="scale")


@pytest.mark.parametrize("value", [None, [], 3, "", "None", "{'scaler': 'scale'}", "[]", "[" * 100_000])
@pytest.mark.parametrize("validate", [True, False])
def test_what_is_no_object_is_refused_with_or_without_validation(value: Any, validate: bool) -> None:
    with pytest.raises(SettingsError, match="give"):
        ProcessSettings.parse(value, validate=validate)


@pytest.mark.parametrize(
    "document",
    [
        "{{ params.settings }}",
        {"resolution": "{{ params.resolution }}"},
        {"resolution": {"width": "{{ params.width }}"}, "scaler": "{% if x %}scale{% endif %}"},
        {"mediaContainerCodec": {"codec": "prores"}, "appleProresProfile": "{{ params.profile }}"},
        {"clarityBoost": "low", "scaler": "pre{{ params.scaler }}"},
        {"range": {"startPositionMilliseconds": 10, "endPositionMilliseconds": object()}},
        object(),
        ProcessSettings(scaler="scale"),
    ],
)
def test_what_comes_later_is_left_alone_with_all_that_depends_on_it(document: Any) -> None:
    ProcessSettings.check(document)


def test_what_is_known_is_checked_next_to_templates() -> None:
    with pytest.raises(SettingsError) as caught:
        ProcessSettings.check(
            {
                "scaler": "{{ params.scaler }}",
                "denoiser": "nodenoise",
                "frameRate": {"tag": "film", "fps": 24},
                "resolution": {"tag": "2x", "width": 640, "height": "{{ params.height }}"},
            }
        )
    assert [problem.path for problem in caught.value.problems] == ["denoiser", "resolution.width", "frameRate.fps"]


def test_a_template_that_was_never_rendered_is_refused() -> None:
    assert "one of pabsr1, dvres, scale" in problems({"scaler": "{{ params.scaler }}"})["scaler"]
    with pytest.raises(SettingsError):
        ProcessSettings.check({"scaler": "{{ params.scaler }}"}, templated=False)


def test_newer_values_and_keys_pass_without_validation() -> None:
    newer = {
        "scaler": "dvres2",
        "resolution": {"tag": "no_scaling", "crop": True},
        "frameRate": {"tag": "video_uhd_fast"},
        "bitrate": "auto",
        "upscale": {"deep": [1]},
    }
    settings = ProcessSettings.parse(newer, validate=False)
    assert settings.to_json() == newer
    assert ProcessSettings(scaler="dvres2", extra={"upscale": 1}, validate=False).to_json() == {
        "scaler": "dvres2",
        "upscale": 1,
    }
    assert set(problems(newer)) == {
        "scaler",
        "resolution.tag",
        "resolution.crop",
        "frameRate.tag",
        "bitrate",
        "upscale",
    }
    with pytest.raises(SettingsError, match="no such setting"):
        ProcessSettings(extra={"upscale": 1})


def test_repr_shows_what_is_set() -> None:
    assert repr(ProcessSettings(scaler="scale", width=640)) == (
        "ProcessSettings(scaler='scale', width=640, aspect_ratio='display')"
    )


PAL = VideoMetadata(frame_width=720, frame_height=576, duration_ms=10_000)


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        (ProcessSettings(resolution="4x", start_ms=0, end_ms=10_000), PAL),
        (ProcessSettings(resolution="4x", end_ms=99_999), VideoMetadata()),
        (ProcessSettings(width=7680), VideoMetadata(frame_width=100, frame_height=100)),
        (ProcessSettings(width=7680, aspect_ratio="storage"), VideoMetadata(frame_width=16, frame_height=9)),
        (ProcessSettings(resolution="2x"), VideoMetadata(frame_width=0, frame_height=0)),
    ],
)
def test_a_source_that_suits_or_tells_nothing_passes(settings: ProcessSettings, source: VideoMetadata) -> None:
    settings.check_source(source)


@pytest.mark.parametrize(
    ("settings", "source", "paths"),
    [
        (ProcessSettings(start_ms=1, end_ms=10_001), PAL, ["range.endPositionMilliseconds"]),
        (ProcessSettings(start_ms=10_000), PAL, ["range.startPositionMilliseconds"]),
        (
            ProcessSettings(resolution="3x", end_ms=20_000),
            VideoMetadata(frame_width=3840, frame_height=2160, duration_ms=10),
            ["range.endPositionMilliseconds", "resolution.tag"],
        ),
        (ProcessSettings(resolution="2x"), VideoMetadata(frame_width=7, frame_height=100), ["resolution.tag"]),
        (ProcessSettings(width=7680, aspect_ratio="storage"), PAL, ["resolution.width"]),
        (
            ProcessSettings(height=4320, aspect_ratio="storage"),
            VideoMetadata(frame_width=2, frame_height=1),
            ["resolution.height"],
        ),
    ],
)
def test_a_source_that_does_not_suit_is_refused(
    settings: ProcessSettings, source: VideoMetadata, paths: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.check_source(source)
    assert [problem.path for problem in caught.value.problems] == paths


def test_frame_rate_tags_have_the_rates_of_the_reference() -> None:
    assert list(FRAME_RATES.values()) == [23.976, 24, 25, 29.97, 30, 50, 59.94, 60]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Bodies with permitted values, whether or not they go together."""
    document: dict[str, Any] = {}
    for field in draw(st.lists(st.sampled_from(FIELDS), unique_by=lambda field: field.path, max_size=8)):
        if field.choices:
            value = draw(st.sampled_from(sorted(field.choices, key=str)))
        elif field.kind == "integer":
            value = draw(st.integers(int(field.minimum or 0), int(field.maximum or 10**7)))
        else:
            value = draw(st.floats(field.minimum, field.maximum))
        target = document.setdefault(field.group, {}) if field.group else document
        target[field.key] = value
    return document


def taken(document: dict[str, Any]) -> ProcessSettings | SettingsError:
    try:
        return ProcessSettings.parse(document)
    except SettingsError as error:
        return error


@given(documents())
def test_settings_survive_the_way_to_json_and_back(document: dict[str, Any]) -> None:
    settings = taken(document)
    if isinstance(settings, SettingsError):
        assert settings.problems
        return
    sent = settings.to_json()
    assert ProcessSettings.parse(json.loads(json.dumps(sent))) == settings
    added = {"aspectRatioTag": "display"} if "aspectRatioTag" not in document.get("resolution", {}) else {}
    for key, value in sent.items():
        assert value in (document[key], {**document[key], **added} if isinstance(value, dict) else None)
    assert sent.keys() == document.keys()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from([*GROUPS[""], *(group for group in GROUPS if group), "unknown"])


@given(
    st.dictionaries(KEYS, JSON | st.dictionaries(st.sampled_from([field.key for field in FIELDS]), JSON), max_size=5)
)
def test_whatever_is_given_it_is_taken_or_refused_in_words(document: dict[str, Any]) -> None:
    settings = taken(document)
    if isinstance(settings, SettingsError):
        assert all(problem.message for problem in settings.problems)
    else:
        assert ProcessSettings.parse(settings.to_json()) == settings
    assert isinstance(ProcessSettings.parse(document, validate=False).to_json(), dict)
