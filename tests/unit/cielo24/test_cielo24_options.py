"""The options: what is permitted, what is refused and how that is told, and how they stand in a query."""

from __future__ import annotations

import json
import pickle
from datetime import date, datetime
from typing import Any

import pytest

from airflow_media.cielo24.captions import CaptionOptions, TranscriptOptions
from airflow_media.cielo24.listing import JobFilter
from airflow_media.cielo24.options import Options, OptionsError
from airflow_media.cielo24.order import NewJob, TranscriptionOptions, TranscriptionOrder
from airflow_media.cielo24.values import (
    Boundaries,
    Choice,
    Choices,
    Clock,
    Element,
    Flag,
    FlatObject,
    Kind,
    Moment,
    Template,
    Text,
    WebAddress,
    Whole,
    written,
)
from airflow_media.cielo24.vocabulary import IWPS, LANGUAGES, SOUND_TAGS, TARGET_LANGUAGES

TERMS = {"transcription_fidelity": "PREMIUM", "priority": "STANDARD"}
SRT = "{caption_number}\n{start_hour:02d}:{start_minute:02d} {end_hour:02d}\n{caption_text}\n\n"

GROUPS = {
    CaptionOptions: 41,
    TranscriptOptions: 20,
    TranscriptionOptions: 13,
    TranscriptionOrder: 7,
    NewJob: 7,
    JobFilter: 21,
}
"""How many options each page lists."""


@pytest.mark.parametrize(("group", "number"), GROUPS.items())
def test_each_page_is_taken_over_whole(group: type[Options], number: int) -> None:
    assert len(group.names()) == number


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        (Flag(), True, "true"),
        (Flag(), False, "false"),
        (Flag(), "True", "true"),
        (Flag(), " f ", "false"),
        (Flag(), "Y", "true"),
        (Flag(), "no", "false"),
        (Whole(), 0, "0"),
        (Whole(), "42", "42"),
        (Whole(), 42.0, "42"),
        (Whole(1), 1, "1"),
        (Text(), "a & b", "a & b"),
        (Text(3), "abc", "abc"),
        (Choice(("upper", "")), "", ""),
        (Choices(SOUND_TAGS), ["MUSIC", "LAUGH"], '["MUSIC","LAUGH"]'),
        (Choices(SOUND_TAGS), ("MUSIC",), '["MUSIC"]'),
        (Choices(SOUND_TAGS), '["MUSIC"]', '["MUSIC"]'),
        (Choices(SOUND_TAGS), [], "[]"),
        (Boundaries(), ("{", "}"), "('{','}')"),
        (Boundaries(), ["'", "\\"], "('\\'','\\\\')"),
        (Boundaries(), '["(", ")"]', "('(',')')"),
        (Moment(), "2014-07-31T12:35:52Z", "2014-07-31T12:35:52Z"),
        (Moment(), "2014-07-31", "2014-07-31"),
        (Moment(), date(2014, 7, 31), "2014-07-31"),
        (Moment(), datetime(2014, 7, 31, 12), "2014-07-31T12:00:00"),
        (FlatObject(), {"k": "ä", "n": 1}, '{"k":"ä","n":1}'),
        (FlatObject(), '{"k": "v"}', '{"k":"v"}'),
        (WebAddress(), "https://me:pw@a.test/{job_id}?x=1&y=2", "https://me:pw@a.test/{job_id}?x=1&y=2"),
        (Element("head"), "<head></head>", "<head></head>"),
        (Element("head"), " <head tts:a='b'>\n<x/></head>\n", " <head tts:a='b'>\n<x/></head>\n"),
        (Element("head"), "<head/>", "<head/>"),
        (Element("head"), "", ""),
        (Clock(), "[%H:%M:%S.%f]", "[%H:%M:%S.%f]"),
        (Clock(), "", ""),
        (Template({"caption_text": "t", "start_hour": 1}), "{start_hour:02d} {caption_text}", None),
    ],
)
def test_values_are_brought_into_their_type_and_into_a_query(kind: Kind, value: Any, sent: str | None) -> None:
    assert written(kind.convert(value)) == (value if sent is None else sent)


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (Flag(), "perhaps", "'perhaps' is not true or false"),
        (Flag(), 1, "1 is not true or false"),
        (Whole(), -1, "-1 is not a whole number from 0"),
        (Whole(1), 0, "whole number from 1"),
        (Whole(), 1.5, "whole number"),
        (Whole(), True, "whole number"),
        (Whole(), "many", "whole number"),
        (Whole(), float("nan"), "whole number"),
        (Whole(), float("inf"), "whole number"),
        (Whole(), None, "whole number"),
        (Text(), 5, "5 is not a text"),
        (Text(3), "abcd", "it has 4 characters; at most 3"),
        (Choice(IWPS), "final", "'final' is not one of PREMIUM.*did you mean 'FINAL'"),
        (Choice(("upper", "")), "x", "upper, ''"),
        (Choice(IWPS), ["FINAL"], "is not one of"),
        (Choices(SOUND_TAGS), "MUSIC", "'MUSIC' is not a list"),
        (Choices(SOUND_TAGS), ["MUSICK"], "did you mean 'MUSIC'"),
        (Choices(SOUND_TAGS), [["MUSIC"]], "is not one of"),
        (Boundaries(), "[]", "pair of characters"),
        (Boundaries(), ["<<", ">>"], "pair of characters"),
        (Boundaries(), ["", ""], "pair of characters"),
        (Moment(), "yesterday", "'yesterday' is not a date"),
        (Moment(), 5, "is not a date"),
        (FlatObject(), ["k"], "is not an object"),
        (FlatObject(), {"k": {"l": 1}}, "more than one level, in k"),
        (FlatObject(), "{", "is not an object"),
        (WebAddress(), "a.test/secret", "^it is not an absolute http or https URL$"),
        (WebAddress(), 5, "not an absolute"),
        (Element("head"), "<header></header>", "does not go from <head> to </head>"),
        (Element("head"), "<head>", "does not go"),
        (Element("head"), "x<head></head>", "does not go"),
        (Clock(), "%H:%q", "has %q in it"),
        (Clock(), "%H%", "has % in it"),
        (Template({"caption_text": "t"}), "{text}", r"\{text\} is unknown; known are caption_text"),
        (Template({"caption_text": "t"}), "{caption_text.__class__}", "is unknown"),
        (Template({"caption_text": "t"}), "{caption_text:02d}", "is no template"),
        (Template({"caption_text": "t"}), "{", "is no template"),
        (Template({"caption_text": "t"}), "{}", "is unknown"),
    ],
)
def test_what_is_not_permitted_is_told_with_what_is(kind: Kind, value: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told) as raised:
        kind.convert(value)
    assert "secret" not in str(raised.value)


def test_options_stand_in_a_query_under_their_names() -> None:
    options = CaptionOptions(
        characters_per_caption_line="30",  # type: ignore[arg-type]
        remove_sounds_list=["MUSIC"],
        sound_boundaries=("(", ")"),
        utf8_mark=False,
        force_case="",
        srt_format=SRT,
    )
    assert options.params() == {
        "characters_per_caption_line": "30",
        "remove_sounds_list": '["MUSIC"]',
        "sound_boundaries": "('(',')')",
        "utf8_mark": "false",
        "force_case": "",
        "srt_format": SRT,
    }
    assert CaptionOptions().params() == {}


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(OptionsError) as raised:
        CaptionOptions(lines_per_caption=0, display_speaker_id="names", extra={"colour": "red"})
    text = str(raised.value)
    assert "3 options cannot be sent to cielo24:" in text
    for told in ("lines_per_caption: 0 is not", "(did you mean 'name'?)", "colour: there is no such option"):
        assert told in text
    assert pickle.loads(pickle.dumps(raised.value)).problems == raised.value.problems


@pytest.mark.parametrize(
    "value",
    [
        {"lines_per_caption": 1},
        {"lines_per_caption": "1", "utf8_mark": None},
        '{"lines_per_caption": 1}',
        CaptionOptions(lines_per_caption=1),
    ],
)
def test_options_come_in_several_forms(value: Any) -> None:
    assert CaptionOptions.parse(value) == CaptionOptions(lines_per_caption=1)


@pytest.mark.parametrize("nothing", [None, "", " ", "None", {}, "{}"])
def test_nothing_is_set_by_nothing(nothing: Any) -> None:
    assert CaptionOptions.parse(nothing) == CaptionOptions()


@pytest.mark.parametrize("value", ["lines", "[1]", 5, ["lines_per_caption"]])
def test_what_are_no_options_is_refused(value: Any) -> None:
    with pytest.raises(OptionsError, match="neither a dictionary nor one written as JSON"):
        CaptionOptions.parse(value)


def test_what_this_release_does_not_know_can_be_sent() -> None:
    given = {"colour": "red", "lines_per_caption": "many", "utf8_mark": "yes", "list": ["a"], "object": {"b": True}}
    with pytest.raises(OptionsError):
        CaptionOptions.parse(given)
    assert CaptionOptions.parse(given, validate=False).params() == {
        "colour": "red",
        "lines_per_caption": "many",
        "utf8_mark": "true",
        "list": '["a"]',
        "object": '{"b":true}',
    }


# When a DAG is read


@pytest.mark.parametrize(
    "later",
    [
        "{{ params.options }}",
        {"lines_per_caption": "{{ params.lines }}"},
        {"remove_sounds_list": ["{{ params.sound }}"]},
        {"display_speaker_id": "{% if x %}no{% endif %}"},
        object(),
        {"lines_per_caption": object()},
        CaptionOptions(lines_per_caption=1),
        None,
    ],
)
def test_what_comes_later_is_left_alone(later: Any) -> None:
    CaptionOptions.check(later)


@pytest.mark.parametrize("known", [{"lines_per_caption": 0, "utf8_mark": "{{ x }}"}, {"{{ name }}": 1}, '{"a": 1}'])
def test_what_is_known_to_be_wrong_is_told(known: Any) -> None:
    with pytest.raises(OptionsError):
        CaptionOptions.check(known)


def test_rules_wait_for_what_comes_later() -> None:
    TranscriptOptions.check({"mixed": True, "audio_description": "{{ x }}"})
    with pytest.raises(OptionsError, match="mixed: needs audio_description"):
        TranscriptOptions.check({"mixed": True})


# What pages say of options together


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mixed": True}, "mixed: needs audio_description"),
        ({"mixed": True, "audio_description": False}, "mixed: needs audio_description"),
        ({"remove_sounds_list": ["MUSIC"]}, "is ignored unless remove_sound_references is false"),
        ({"remove_sounds_list": ["MUSIC"], "remove_sound_references": True}, "is ignored unless"),
    ],
)
def test_transcript_options_that_would_not_do_what_they_say_are_refused(given: Any, told: str) -> None:
    with pytest.raises(OptionsError, match=told):
        TranscriptOptions(**given)


def test_transcript_options_that_go_together() -> None:
    TranscriptOptions(mixed=True, audio_description=True)
    TranscriptOptions(remove_sounds_list=["MUSIC"], remove_sound_references=False)
    TranscriptOptions(remove_sounds_list=[])


# The order


def test_an_order_stands_in_a_query_with_its_options_as_json() -> None:
    order = TranscriptionOrder(
        **TERMS,
        turnaround_hours=72,
        target_language="fr,de",
        standard_product=False,
        callback_url="https://a.test/{job_id}",
        options=TranscriptionOptions(
            notes="<b>", speaker_id=True, return_iwp=["FINAL"], custom_metadata={"k": "v"}, music_lyrics=False
        ),
    )
    params = order.params()
    options = json.loads(params.pop("options"))
    assert options == {
        "notes": "<b>",
        "speaker_id": True,
        "return_iwp": ["FINAL"],
        "custom_metadata": {"k": "v"},
        "music_lyrics": False,
    }
    assert params == {
        **TERMS,
        "turnaround_hours": "72",
        "target_language": "fr,de",
        "standard_product": "false",
        "callback_url": "https://a.test/{job_id}",
    }


def test_an_order_without_options_sends_none() -> None:
    assert TranscriptionOrder(**TERMS, options=TranscriptionOptions()).params() == TERMS
    assert TranscriptionOrder.parse({**TERMS, "options": {}}).params() == TERMS
    assert TranscriptionOrder.parse({**TERMS, "options": None}).params() == TERMS


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"transcription_fidelity": "STANDARD"}, "not one of MECHANICAL, PREMIUM, PROFESSIONAL"),
        ({"transcription_fidelity": None}, "transcription_fidelity: is required"),
        ({"priority": "ECONOMY"}, "priority: 'ECONOMY' is not one of STANDARD, PRIORITY"),
        ({"priority": None}, "priority: is required"),
        ({"turnaround_hours": 0}, "turnaround_hours: 0 is not a whole number from 1"),
        ({"callback_url": "example.test"}, "callback_url: it is not an absolute http or https URL"),
        ({"target_language": "fr,it"}, "target_language: PREMIUM is not offered in 'it'"),
        ({"options": {"notes": "x" * 1001}}, "options: notes: it has 1001 characters"),
        ({"options": {"return_iwp": ["LAST"]}}, "options: return_iwp: 'LAST' is not one of"),
        ({"options": {"return_iwps": []}}, "did you mean 'return_iwp'"),
        ({"options": {"customer_approval_steps": ["BOTH"]}}, "TRANSLATION, RETURN"),
        ({"options": {"customer_approval_tool": "amara"}}, "did you mean 'AMARA'"),
        ({"options": {"first_pass_campaign": "BEST"}}, "NORMAL, GENERAL_CONTENT, TRUE_VERBATIM"),
        ({"options": {"custom_metadata": {"a": {"b": 1}}}}, "more than one level"),
        ({"options": {"speaker_id": "maybe"}}, "not true or false"),
        ({"options": "[]"}, "neither a dictionary"),
    ],
)
def test_an_order_that_the_service_would_refuse_is_refused_before_it_is_sent(changes: Any, told: str) -> None:
    with pytest.raises(OptionsError, match=told):
        TranscriptionOrder.parse({**TERMS, **changes})


def test_an_order_that_this_release_does_not_know_can_be_sent() -> None:
    given = {"transcription_fidelity": "ULTRA", "priority": "CRITICAL", "options": {"new": True}, "speed": 2}
    params = TranscriptionOrder.parse(given, validate=False).params()
    assert params == {
        "transcription_fidelity": "ULTRA",
        "priority": "CRITICAL",
        "options": '{"new":true}',
        "speed": "2",
    }


@pytest.mark.parametrize("fidelity", ["MECHANICAL", "PREMIUM", "PROFESSIONAL"])
def test_each_fidelity_is_offered_in_its_languages(fidelity: str) -> None:
    targets = ", ".join(sorted(TARGET_LANGUAGES[fidelity]))
    order = TranscriptionOrder(transcription_fidelity=fidelity, priority="PRIORITY", target_language=targets)
    for language in LANGUAGES[fidelity]:
        order.check_language(language, "j1")
    order.check_language(None, "j1")
    with pytest.raises(OptionsError, match=f"{fidelity} is not offered in 'tlh'"):
        order.check_language("tlh", "j1")


def test_languages_that_can_only_be_translated_into_are_told_apart() -> None:
    only_targets = {"cz", "dk", "gr", "hi", "ja", "ms", "no", "pl", "se"}
    assert TARGET_LANGUAGES["PROFESSIONAL"] - LANGUAGES["PROFESSIONAL"] == only_targets
    assert (len(LANGUAGES["PROFESSIONAL"]), len(LANGUAGES["PREMIUM"]), len(LANGUAGES["MECHANICAL"])) == (19, 4, 79)


@pytest.mark.parametrize(
    ("priority", "hours", "raises"),
    [
        ("STANDARD", 16, True),
        ("STANDARD", 48, False),
        ("STANDARD", None, False),
        ("PRIORITY", 24, False),
        ("PRIORITY", 8, True),
    ],
)
def test_a_turnaround_that_raises_the_priority_is_told(priority: str, hours: int | None, raises: bool) -> None:
    order = TranscriptionOrder(transcription_fidelity="PREMIUM", priority=priority, turnaround_hours=hours)
    assert order.raises_priority is raises


# New jobs and listings


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"language": "klingon"}, "language: 'klingon' is not one of"),
        ({"language": "EN"}, "did you mean 'en'"),
        ({"expected_speakers": 0}, "whole number from 1"),
        ({"is_duplicate": "perhaps"}, "true or false"),
    ],
)
def test_a_job_that_the_service_would_refuse_is_refused(given: Any, told: str) -> None:
    with pytest.raises(OptionsError, match=told):
        NewJob.parse(given)


def test_filters_are_sent_under_the_names_of_the_service() -> None:
    where = JobFilter(
        creation_date_from="2026-01-01",
        complete_date_to=datetime(2026, 2, 1),  # type: ignore[arg-type]
        job_status="In Process",
        fidelity="PREMIUM",
        turnaround_time_hours_from=24,
        job_name="Episode *",
        external_id="e1",
        username="*",
        job_difficulty="Good",
    )
    assert where.params() == {
        "CreationDateFrom": "2026-01-01",
        "CompleteDateTo": "2026-02-01T00:00:00",
        "JobStatus": "In Process",
        "Fidelity": "PREMIUM",
        "TurnaroundTimeHoursFrom": "24",
        "JobName": "Episode *",
        "ExternalID": "e1",
        "Username": "*",
        "JobDifficulty": "Good",
    }
    with pytest.raises(OptionsError, match="did you mean 'In Process'"):
        JobFilter(job_status="in process")
