"""Which version of a result is given and when, transcripts, element lists, addresses of captions and damaged ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pysubs2
import pytest
from cielo24_client import UNKNOWN_ID, Cielo24Client, refusal
from sandbox_client import wait_until

HOUR = 3600.0
RESULTS: list[tuple[str, dict[str, str]]] = [
    ("job/get_caption", {"caption_format": "SRT"}),
    ("job/get_transcript", {}),
    ("job/get_elementlist", {}),
]
AD = '{"audio_description": true, "generate_media_intelligence_iwp": ["FINAL"]}'


@pytest.fixture(scope="module")
def job(shared_cielo24: Cielo24Client, long_clip: Path) -> str:
    """A finished job of forty seconds with audio description and media intelligence."""
    return shared_cielo24.finished_job(long_clip, {"options": AD})


@pytest.mark.parametrize(("path", "parameters"), RESULTS)
def test_nothing_is_given_before_the_job_is_complete(
    cielo24: Cielo24Client, clip: Path, path: str, parameters: dict[str, str]
) -> None:
    job_id = cielo24.new_job()
    assert cielo24.refused(path, job_id=job_id, **parameters) == "INVALID_QUERY"
    cielo24.upload(job_id, clip.read_bytes())
    cielo24.sandbox.admin.outcome("transcription", "stuck", service="cielo24", percent=0)
    cielo24.order(job_id)
    assert cielo24.refused(path, job_id=job_id, **parameters) == "INVALID_QUERY"
    wait_until(lambda: cielo24.record(job_id)["media"]["length_ms"])
    cielo24.sandbox.admin.release("cielo24")
    cielo24.wait_for(job_id)
    assert cielo24.get(path, job_id=job_id, **parameters).status_code == 200


@pytest.mark.parametrize(("path", "parameters"), RESULTS)
def test_a_sample_may_be_given_in_any_state(cielo24: Cielo24Client, path: str, parameters: dict[str, str]) -> None:
    cielo24.sandbox.admin.options("cielo24", sample_results=True)
    job_id = cielo24.new_job(language="it")
    answer = cielo24.get(path, job_id=job_id, **parameters)
    assert answer.status_code == 200
    assert "it" in answer.text
    assert cielo24.refused(path, job_id=job_id, iwp_name="FINAL", **parameters) == "INVALID_QUERY"


@pytest.fixture
def halfway(cielo24: Cielo24Client, clip: Path) -> str:
    """A job of which two versions are there and the final one is not."""
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=HOUR, token_life=1e9)
    job_id = cielo24.job_with_media(clip)
    cielo24.order(job_id)
    cielo24.sandbox.admin.advance_clock(36 * HOUR)
    wait_until(lambda: len(cielo24.get("job/list_elementlists", job_id=job_id).json()) == 2)
    return job_id


def test_interim_versions_are_given_when_they_are_there(cielo24: Cielo24Client, halfway: str) -> None:
    assert cielo24.info(halfway)["JobStatus"] == "In Process"
    for name in ("MECHANICAL", "PREMIUM"):
        assert f"version {name}." in cielo24.caption(halfway, "TRANSCRIPT", iwp_name=name).replace("\n", " ")
    assert cielo24.refused("job/get_transcript", job_id=halfway) == "INVALID_QUERY"
    assert cielo24.refused("job/get_transcript", job_id=halfway, iwp_name="FINAL") == "INVALID_QUERY"
    assert cielo24.refused("job/get_transcript", job_id=halfway, iwp_name="PROFESSIONAL") == "ITEM_NOT_FOUND"
    assert cielo24.refused("job/get_transcript", job_id=halfway, iwp_name="BEST") == "ITEM_NOT_FOUND"


def test_versions_are_found_by_their_dates(cielo24: Cielo24Client, halfway: str) -> None:
    cielo24.sandbox.admin.advance_clock(12 * HOUR)
    cielo24.wait_for(halfway)
    listed = cielo24.get("job/list_elementlists", job_id=halfway).json()
    assert [set(item) for item in listed] == [{"iwp_name", "version"}] * 3
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", item["version"]) for item in listed)
    final = listed[2]["version"]
    for version in (final, final.rstrip("Z"), final.replace("Z", ".000000")):
        answer = cielo24.get("job/get_transcript", job_id=halfway, elementlist_version=version)
        assert "version FINAL" in answer.text
    missing = {"job_id": halfway, "elementlist_version": "2001-01-01T00:00:00"}
    assert cielo24.refused("job/get_elementlist", **missing) == "ITEM_NOT_FOUND"
    mixed_up = {"job_id": halfway, "elementlist_version": final, "iwp_name": "MECHANICAL"}
    assert listed[0]["version"] == final or cielo24.refused("job/get_transcript", **mixed_up) == "ITEM_NOT_FOUND"


def test_a_job_without_an_order_has_no_versions(cielo24: Cielo24Client) -> None:
    job_id = cielo24.new_job()
    assert cielo24.get("job/list_elementlists", job_id=job_id).json() == []
    assert cielo24.refused("job/get_transcript", job_id=job_id, iwp_name="FINAL") == "INVALID_QUERY"
    assert cielo24.refused("job/get_transcript", job_id=job_id, iwp_name="BEST") == "ITEM_NOT_FOUND"


def transcript(client: Cielo24Client, job_id: str, **options: Any) -> str:
    answer = client.get("job/get_transcript", job_id=job_id, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    return answer.text


def test_a_transcript_has_paragraphs_with_times(shared_cielo24: Cielo24Client, job: str) -> None:
    paragraphs = transcript(shared_cielo24, job).strip("\n").split("\n\n")
    assert len(paragraphs) > 4
    assert paragraphs[0].startswith("[00:00:00.000]\n>> Sandbox sentence 1 in en, version FINAL. Sandbox sentence 2")
    assert all(re.match(r"\[\d\d:\d\d:\d\d\.\d{3}\]\n>> ", paragraph) for paragraph in paragraphs)


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ({"timecode_every_paragraph": "false"}, r">> Sandbox"),
        ({"timecode_format": "<%H-%M-%S-%f>"}, r"<00-00-00-000>\n>> Sandbox"),
        ({"timecode_offset": "3723004"}, r"\[01:02:03\.004\]\n>> Sandbox"),
        ({"timecode_offset": "-5"}, r"\[00:00:00\.000\]\n>> Sandbox"),
        ({"newlines_after_paragraph": "3"}, r"[^\n]*\n[^\n]+\n\n\n\["),
        ({"newlines_after_sentence": "1"}, r"[^\n]*\n>> [^.]+\.\nSandbox sentence 2"),
        ({"emit_speaker_change_tokens_as": "*"}, r"[^\n]*\n\* Sandbox"),
        ({"create_paragraphs": "false"}, r">> [^\n]*$"),
        ({"create_paragraphs": "false", "timecode_interval": "10000"}, r">> [^\n]* \[00:00:1\d\.\d{3}\] \w"),
        ({"remove_sound_references": "false"}, r"[^\n]*\n[^\n]*\[MUSIC\]"),
        ({"remove_disfluencies": "false"}, r"[^\n]*\n[^\n]* um, "),
        ({"mask_profanity": "true", "create_paragraphs": "false"}, r"[^\n]*this \*\*\*\* text"),
        ({"replace_slang": "true", "create_paragraphs": "false"}, r"[^\n]*going to realize"),
    ],
)
def test_options_of_transcripts(shared_cielo24: Cielo24Client, job: str, options: dict[str, str], pattern: str) -> None:
    assert re.match(pattern, transcript(shared_cielo24, job, **options))


def test_a_transcript_may_be_a_page(shared_cielo24: Cielo24Client, job: str) -> None:
    page = transcript(shared_cielo24, job, file_format="html")
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert page.count("<p>") == transcript(shared_cielo24, job).count("[")
    assert "&gt;&gt; Sandbox sentence 1" in page


@pytest.mark.parametrize(
    ("options", "type_"),
    [
        ({"file_format": "pdf"}, "INVALID_OPTION"),
        ({"create_paragraphs": "2"}, "INVALID_OPTION"),
        ({"newlines_after_sentence": "-1"}, "INVALID_QUERY"),
        ({"timecode_interval": "often"}, "INVALID_QUERY"),
        ({"sound_boundaries": "[["}, "INVALID_QUERY"),
        ({"mixed": "true"}, "INVALID_QUERY"),
    ],
)
def test_options_of_transcripts_are_checked(
    shared_cielo24: Cielo24Client, job: str, options: dict[str, str], type_: str
) -> None:
    assert shared_cielo24.refused("job/get_transcript", job_id=job, **options) == type_


def test_descriptions_are_given_alone_or_mixed_in(shared_cielo24: Cielo24Client, job: str, clip: Path) -> None:
    described = transcript(shared_cielo24, job, audio_description="true")
    assert "Sandbox description 1 in en" in described
    assert "Sandbox sentence" not in described
    both = transcript(shared_cielo24, job, audio_description="true", mixed="true")
    assert "Sandbox sentence 1" in both
    assert "Sandbox description" in both
    plain = shared_cielo24.finished_job(clip)
    assert shared_cielo24.refused("job/get_transcript", job_id=plain, audio_description="true") == "INVALID_QUERY"


def element_list(client: Cielo24Client, job_id: str, **options: Any) -> dict[str, Any]:
    answer = client.get("job/get_elementlist", job_id=job_id, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    shown: dict[str, Any] = answer.json()
    return shown


def test_an_element_list_keeps_its_rules(shared_cielo24: Cielo24Client, job: str) -> None:
    shown = element_list(shared_cielo24, job)
    assert (shown["version"], shown["start_time"], shown["end_time"], shown["language"]) == (2, 0, 40_000, "en")
    segments = shown["segments"]
    tokens = [token for segment in segments for sequence in segment["sequences"] for token in sequence["tokens"]]
    times = [time for token in tokens for time in (token["start_time"], token["end_time"])]
    assert times == sorted(times)
    assert all(isinstance(time, int) and 0 <= time <= 40_000 for time in times)
    assert all(token["start_time"] < token["end_time"] for token in tokens)
    assert {token["type"] for token in tokens} == {"word", "punctuation", "sound"}
    assert all(token["tags"] for token in tokens if token["type"] == "sound")
    assert all(token["value"] == token["display_as"].lower() for token in tokens)
    for segment in segments:
        inside = [token for sequence in segment["sequences"] for token in sequence["tokens"]]
        assert segment["start_time"] == inside[0]["start_time"]
        assert segment["end_time"] == inside[-1]["end_time"]
        ends = [token["tags"] for token in inside if "ENDS_SENTENCE" in token["tags"]]
        assert len(ends) == (inside[0]["type"] != "sound")
    assert segments[0]["speaker_change"]
    assert {segment["speaker_id"] for segment in segments} == {0, 1, 2}


def test_the_speakers_of_an_element_list_have_names_if_that_was_ordered(
    cielo24: Cielo24Client, long_clip: Path
) -> None:
    unnamed, named = (
        element_list(cielo24, cielo24.finished_job(long_clip, {"options": options}))["speakers"]
        for options in ("{}", '{"speaker_id": true}')
    )
    assert unnamed == [{"name": "Effects", "id": 0, "gender": "UNKNOWN"}]
    assert [(speaker["id"], speaker["name"]) for speaker in named] == [(0, "Effects"), (1, "Ada"), (2, "Ben")]


def test_keywords_are_found_where_that_was_ordered(shared_cielo24: Cielo24Client, job: str) -> None:
    keyword = element_list(shared_cielo24, job)["keywords"]["sandbox"]
    assert set(keyword) == {"display_name", "url", "time_ranges"}
    assert set(keyword["time_ranges"][0]) == {"start_time", "end_time"}
    assert "keywords" not in element_list(shared_cielo24, job, iwp_name="MECHANICAL")


@pytest.mark.parametrize("target", ["fr", "de,fr"])
def test_results_are_in_the_language_they_are_translated_into(
    shared_cielo24: Cielo24Client, clip: Path, target: str
) -> None:
    job_id = shared_cielo24.finished_job(clip, {"target_language": target})
    language = target[:2]
    assert element_list(shared_cielo24, job_id)["language"] == language
    assert f"in {language}" in transcript(shared_cielo24, job_id)


def test_captions_have_a_permanent_address(shared_cielo24: Cielo24Client, clip: Path) -> None:
    job_id = shared_cielo24.finished_job(clip)
    parameters = {"job_id": job_id, "caption_format": "WEB_VTT", "line_ending_format": "WINDOWS"}
    answer = shared_cielo24.get("job/get_caption", build_url="true", **parameters)
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"CaptionUrl"}
    file = httpx.get(answer.json()["CaptionUrl"], trust_env=False)
    assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert file.content == shared_cielo24.get("job/get_caption", **parameters).content
    shared_cielo24.get("job/delete", job_id=job_id)
    assert refusal(httpx.get(answer.json()["CaptionUrl"], trust_env=False), 404) == "ITEM_NOT_FOUND"


@pytest.mark.parametrize("caption_format", ["SRT", "WEB_VTT", "DFXP", "SCC"])
def test_captions_can_be_damaged(cielo24: Cielo24Client, clip: Path, caption_format: str) -> None:
    job_id = cielo24.finished_job(clip)
    whole = cielo24.caption(job_id, caption_format)
    damaged = {}
    for kind in ("garbage", "cut", "empty", "backwards"):
        cielo24.sandbox.admin.post("cielo24/corruptions", {"kind": kind, "on": job_id})
        damaged[kind] = cielo24.caption(job_id, caption_format)
        assert cielo24.caption(job_id, caption_format) == whole
    assert damaged["garbage"].startswith("<html>")
    assert damaged["empty"] == ""
    assert damaged["backwards"] != whole or caption_format == "SCC"
    assert whole.startswith(damaged["cut"])
    assert whole != damaged["cut"]


def test_backwards_captions_end_before_they_start(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.finished_job(clip)
    cielo24.sandbox.admin.post("cielo24/corruptions", {"kind": "backwards"})
    [first, *_] = pysubs2.SSAFile.from_string(cielo24.caption(job_id), "srt")
    assert first.end < first.start


def test_corruptions_are_for_certain_jobs_and_can_be_removed(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.finished_job(clip)
    cielo24.sandbox.admin.post("cielo24/corruptions", {"kind": "empty", "on": UNKNOWN_ID})
    cielo24.sandbox.admin.post("cielo24/corruptions", {"kind": "garbage", "times": None})
    assert cielo24.caption(job_id) == cielo24.caption(job_id)
    assert [item["kind"] for item in cielo24.sandbox.admin.get("cielo24/corruptions")] == ["empty", "garbage"]
    httpx.delete(f"{cielo24.sandbox.base_url}/_admin/cielo24/corruptions", trust_env=False)
    assert cielo24.sandbox.admin.get("cielo24/corruptions") == []
    assert cielo24.caption(job_id).startswith("1\n")


@pytest.mark.parametrize("body", [{"kind": "burnt"}, {}, {"kind": "cut", "color": "red"}])
def test_other_damage_is_not_done(cielo24: Cielo24Client, body: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="BadRequest"):
        cielo24.sandbox.admin.post("cielo24/corruptions", body)
