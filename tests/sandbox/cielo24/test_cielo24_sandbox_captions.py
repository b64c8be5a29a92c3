"""Caption files, read by parsers that are not ours, and the options of their layout and text."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pycaption
import pysubs2
import pytest
import webvtt
from cielo24_client import Cielo24Client, refusal

from media_sandbox.cielo24.equivalents import EQUIVALENTS
from media_sandbox.cielo24.vocabulary import CAPTION_FORMATS

LENGTH_MS = 40_000
TIMED_TEXT = "{http://www.w3.org/ns/ttml}"
OLD_TIMED_TEXT = "{http://www.w3.org/2006/10/ttaf1}"
SOUNDS = {"remove_sound_references": "false"}

Cues = list[tuple[int, int, str]]
"""Start and end in milliseconds, and the text with all white space made one blank."""


@pytest.fixture(scope="module")
def job(shared_cielo24: Cielo24Client, long_clip: Path) -> str:
    """A finished job of forty seconds, whose speakers have names."""
    order = {"options": '{"speaker_id": true, "custom_metadata": {"show": "A & B"}}'}
    return shared_cielo24.finished_job(long_clip, order, job_name="Cats & <dogs>")


def plain(text: str) -> str:
    return " ".join(html.unescape(text).split())


def by_pysubs2(text: str, kind: str) -> Cues:
    return [(event.start, event.end, plain(event.plaintext)) for event in pysubs2.SSAFile.from_string(text, kind)]


def by_webvtt(text: str, kind: str, path: Path) -> list[tuple[int, str]]:
    path.write_text(text)
    read = {"vtt": webvtt.read, "srt": webvtt.from_srt, "sbv": webvtt.from_sbv}[kind](str(path))
    return [(ms(item.start), plain(item.text)) for item in read]


def by_pycaption(text: str, reader: Any) -> Cues:
    found = reader.read(text)
    captions = found.get_captions(found.get_languages()[0])
    return [(item.start // 1000, item.end // 1000, plain(item.get_text())) for item in captions]


def cues(client: Cielo24Client, job_id: str, **options: Any) -> Cues:
    """Return the cues of an SRT file made with these options."""
    return by_pysubs2(client.caption(job_id, "SRT", **options), "srt")


def texts(client: Cielo24Client, job_id: str, **options: Any) -> list[list[str]]:
    """Return the lines of each cue."""
    subtitles = pysubs2.SSAFile.from_string(client.caption(job_id, "SRT", **options), "srt")
    return [event.plaintext.split("\n") for event in subtitles]


@pytest.fixture(scope="module")
def expected(shared_cielo24: Cielo24Client, job: str) -> Cues:
    """What all formats must say."""
    return cues(shared_cielo24, job)


def test_captions_are_of_the_sandbox_and_fill_the_media(expected: Cues) -> None:
    assert len(expected) > 10
    assert all(0 <= start < end <= LENGTH_MS for start, end, _ in expected)
    assert all(end <= following[0] for (_, end, _), following in pairwise(expected))
    assert expected[0][0] == 0
    assert expected[-1][1] > LENGTH_MS - 5000
    assert "Sandbox sentence 1 in en, version FINAL." in expected[0][2]


def starts(read: Cues) -> list[tuple[int, str]]:
    return [(start, text) for start, _, text in read]


def test_srt(shared_cielo24: Cielo24Client, job: str, expected: Cues, tmp_path: Path) -> None:
    text = shared_cielo24.caption(job, "SRT")
    assert text.startswith("1\n00:00:00,000 --> ")
    assert by_pycaption(text, pycaption.SRTReader()) == expected
    assert by_webvtt(text, "srt", tmp_path / "captions") == starts(expected)


def test_web_vtt(shared_cielo24: Cielo24Client, job: str, expected: Cues, tmp_path: Path) -> None:
    text = shared_cielo24.caption(job, "WEB_VTT")
    assert text.startswith("WEBVTT\n\n")
    assert by_pycaption(text, pycaption.WebVTTReader()) == expected
    assert by_webvtt(text, "vtt", tmp_path / "captions") == starts(expected)
    assert [cue[:2] for cue in by_pysubs2(text, "vtt")] == [cue[:2] for cue in expected]


def test_sbv(shared_cielo24: Cielo24Client, job: str, expected: Cues, tmp_path: Path) -> None:
    assert by_webvtt(shared_cielo24.caption(job, "SBV"), "sbv", tmp_path / "captions") == starts(expected)


@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning", "ignore::DeprecationWarning")
def test_dfxp(shared_cielo24: Cielo24Client, job: str, expected: Cues) -> None:
    text = shared_cielo24.caption(job, "DFXP")
    assert by_pysubs2(text, "ttml") == expected
    assert by_pycaption(text, pycaption.DFXPReader()) == expected
    root = ElementTree.fromstring(text)
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    about = "".join(root.find(f"{TIMED_TEXT}head").itertext())  # type: ignore[union-attr]
    assert "Cats & <dogs>" in about
    assert job in about


def test_echo_is_timed_text_of_the_older_namespace(shared_cielo24: Cielo24Client, job: str, expected: Cues) -> None:
    root = ElementTree.fromstring(shared_cielo24.caption(job, "ECHO"))
    said = [plain(" ".join(item.itertext())) for item in root.iter(f"{OLD_TIMED_TEXT}p")]
    assert said == [cue[2] for cue in expected]


def test_sami(shared_cielo24: Cielo24Client, job: str, expected: Cues) -> None:
    text = shared_cielo24.caption(job, "SAMI")
    assert by_pycaption(text, pycaption.SAMIReader()) == expected
    said = [cue for cue in by_pysubs2(text, "sami") if cue[2]]
    assert starts(said) == starts(expected)


def test_scc(shared_cielo24: Cielo24Client, job: str) -> None:
    read = by_pycaption(shared_cielo24.caption(job, "SCC"), pycaption.SCCReader())
    narrow = cues(shared_cielo24, job, characters_per_caption_line=32)
    assert [said for _, _, said in read] == [said for _, _, said in narrow]
    # The first captions cannot be sent ahead of the start.
    assert [start for start, _, _ in read[3:]] == pytest.approx([start for start, _, _ in narrow[3:]], abs=1000)


def test_quicktime_text(shared_cielo24: Cielo24Client, job: str, expected: Cues) -> None:
    text = shared_cielo24.caption(job, "QT")
    assert text.startswith("{QTtext}")
    stamps = [(ms(stamp), plain(said)) for stamp, said in re.findall(r"\[([\d:.]+)\]\n([^\[]*)", text)]
    assert [item for item in stamps if item[1]] == starts(expected)
    gaps = sum(end < following[0] for (_, end, _), following in pairwise(expected))
    assert len(stamps) == len(expected) + gaps + 1
    assert stamps[-1] == (expected[-1][1], "")
    seamless = shared_cielo24.caption(job, "QT", qt_seamless="true")
    assert len(re.findall(r"^\[", seamless, re.MULTILINE)) == len(expected) + 1


def ms(stamp: str) -> int:
    hours, minutes, seconds = stamp.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)


def test_timed_words(shared_cielo24: Cielo24Client, job: str) -> None:
    words = list(ElementTree.fromstring(shared_cielo24.caption(job, "TWX")))
    times = [(ms(word.attrib["begin"]), ms(word.attrib["end"])) for word in words]
    assert all(0 <= start < end <= LENGTH_MS for start, end in times)
    assert times == sorted(times)
    assert [word.text for word in words[:3]] == ["Sandbox", "sentence", "1"]


def test_lines_with_times(shared_cielo24: Cielo24Client, job: str, expected: Cues) -> None:
    lines = [line.split("] ", 1) for line in shared_cielo24.caption(job, "TPM").splitlines()]
    assert [(ms(stamp[1:]), said) for stamp, said in lines] == starts(expected)


def test_a_transcript_has_no_times(shared_cielo24: Cielo24Client, job: str, expected: Cues) -> None:
    assert plain(shared_cielo24.caption(job, "TRANSCRIPT")) == " ".join(cue[2] for cue in expected)


@pytest.mark.parametrize("caption_format", CAPTION_FORMATS)
def test_every_format_takes_every_line_ending_and_a_mark(
    shared_cielo24: Cielo24Client, job: str, caption_format: str
) -> None:
    unix = shared_cielo24.caption(job, caption_format)
    assert "\r" not in unix
    windows = shared_cielo24.caption(job, caption_format, line_ending_format="WINDOWS", utf8_mark="True")
    assert windows == "\ufeff" + unix.replace("\n", "\r\n")
    assert shared_cielo24.caption(job, caption_format, line_ending_format="OSX") == unix.replace("\n", "\r")


@pytest.mark.parametrize("seconds", [0.15, 1.0, 3.0])
def test_short_media_have_captions_too(shared_cielo24: Cielo24Client, clips: Path, seconds: float) -> None:
    path = clips / f"short-{seconds}.wav"
    path.write_bytes(wave(round(8000 * seconds)))
    read = cues(shared_cielo24, shared_cielo24.finished_job(path, language="fr"))
    assert read[0][0] == 0
    assert all(start < end <= seconds * 1000 for start, end, _ in read)
    assert "in fr" in read[0][2]


def wave(samples: int) -> bytes:
    """Return silence of 8000 samples a second."""
    head = b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data" + samples.to_bytes(4, "little")
    return b"RIFF" + (len(head) + samples).to_bytes(4, "little") + head + b"\x80" * samples


@pytest.mark.parametrize(("width", "lines"), [(20, 2), (20, 1), (60, 3), (1, 1)])
def test_lines_are_no_longer_than_asked(shared_cielo24: Cielo24Client, job: str, width: int, lines: int) -> None:
    options = {"characters_per_caption_line": width, "lines_per_caption": lines, "display_speaker_id": "no"}
    shown = texts(shared_cielo24, job, emit_speaker_change_tokens_as="", **options)
    assert max(len(caption) for caption in shown) <= lines
    assert all(len(line) <= width or " " not in line for caption in shown for line in caption)
    whole = texts(shared_cielo24, job, emit_speaker_change_tokens_as="", display_speaker_id="no")
    assert joined(shown) == joined(whole)


def joined(shown: list[list[str]]) -> str:
    return " ".join(line for caption in shown for line in caption)


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, ">> Ada: Sandbox sentence 1"),
        ({"display_speaker_id": "number"}, ">> Speaker 1: Sandbox sentence 1"),
        ({"display_speaker_id": "no"}, ">> Sandbox sentence 1"),
        ({"emit_speaker_change_tokens_as": "--"}, "-- Ada: Sandbox sentence 1"),
        ({"emit_speaker_change_tokens_as": "", "display_speaker_id": "no"}, "Sandbox sentence 1"),
        ({"force_case": "upper"}, ">> ADA: SANDBOX SENTENCE 1 IN EN"),
        ({"force_case": "lower"}, ">> ada: sandbox sentence 1 in en"),
        ({"force_case": ""}, ">> Ada: Sandbox sentence 1"),
    ],
)
def test_speakers_and_case(shared_cielo24: Cielo24Client, job: str, options: dict[str, str], first: str) -> None:
    assert cues(shared_cielo24, job, **options)[0][2].startswith(first)


def test_speakers_without_names_have_numbers(shared_cielo24: Cielo24Client, clip: Path) -> None:
    job_id = shared_cielo24.finished_job(clip)
    assert cues(shared_cielo24, job_id)[0][2].startswith(">> Speaker 1: ")


def test_as_many_speakers_as_expected_take_turns(shared_cielo24: Cielo24Client, long_clip: Path) -> None:
    job_id = shared_cielo24.finished_job(long_clip, expected_speakers=4)
    assert set(re.findall(r"Speaker \d", joined(texts(shared_cielo24, job_id)))) == {
        f"Speaker {n}" for n in range(1, 5)
    }


@pytest.mark.parametrize(
    ("options", "shown", "hidden"),
    [
        ({}, "en: nobody said", "um,"),
        ({"remove_disfluencies": "false"}, "en: um, nobody said", "en: nobody"),
        ({"mask_profanity": "y"}, "this **** text", "damn"),
        ({"mask_profanity": "n"}, "this damn text", "****"),
        ({"replace_slang": "T"}, "are going to realize", "gonna"),
        ({"replace_english_spelling": "A"}, "realize the color of the center", "colour"),
        ({"replace_english_spelling": "B"}, "realise the colour of the centre", "realize"),
        ({"replace_english_spelling": "Z"}, "realize the colour of the centre", "realise"),
        ({}, "Sandbox", "MUSIC"),
        (SOUNDS, "Effects: [MUSIC]", "BLANK"),
        (SOUNDS, "[LAUGH]", "BLANK"),
        ({**SOUNDS, "remove_sounds_list": '["LAUGH","COUGH"]'}, "[MUSIC]", "LAUGH"),
        ({**SOUNDS, "remove_sounds_list": "[LAUGH, COUGH]"}, "[MUSIC]", "LAUGH"),
        ({"remove_sounds_list": "[]"}, "Sandbox", "MUSIC"),
        ({**SOUNDS, "sound_boundaries": "('{','}')"}, "{MUSIC}", "[MUSIC]"),
        ({**SOUNDS, "sound_boundaries": '["(", ")"]'}, "(MUSIC)", "[MUSIC]"),
        ({**SOUNDS, "strip_square_brackets": "true"}, "Effects: MUSIC", "["),
        ({**SOUNDS, "display_effects_speaker_as": "Noise"}, "Noise: [MUSIC]", "Effects"),
        ({**SOUNDS, "display_speaker_id": "no"}, "[MUSIC]", "Effects"),
    ],
)
def test_words_are_changed(
    shared_cielo24: Cielo24Client, job: str, options: dict[str, str], shown: str, hidden: str
) -> None:
    said = plain(shared_cielo24.caption(job, "TRANSCRIPT", **options))
    assert shown in said
    assert hidden not in said


def test_spelling_is_left_alone_in_other_languages(shared_cielo24: Cielo24Client, long_clip: Path) -> None:
    job_id = shared_cielo24.finished_job(long_clip, language="de")
    assert "in de: we are gonna realize the color" in joined(
        texts(shared_cielo24, job_id, replace_english_spelling="B")
    )


def test_lists_may_be_repeated_parameters(cielo24: Cielo24Client, long_clip: Path) -> None:
    job_id = cielo24.finished_job(long_clip)
    options = {**SOUNDS, "remove_sounds_list": ["MUSIC", "LAUGH"], "sound_boundaries": ["|", "|"]}
    assert "MUSIC" not in joined(texts(cielo24, job_id, **options))
    one = joined(texts(cielo24, job_id, **{**options, "remove_sounds_list": "MUSIC"}))
    assert "|LAUGH|" in one
    assert "[LAUGH]" in joined(texts(cielo24, job_id, **{**SOUNDS, "sound_boundaries": ["[", "]"]}))
    assert "MUSIC" not in one
    cielo24.sandbox.admin.options("cielo24", repeated_lists=False)
    for name in ("remove_sounds_list", "sound_boundaries"):
        sent = {"caption_format": "SRT", "job_id": job_id, name: options[name]}
        assert cielo24.refused("job/get_caption", **sent) == "INVALID_QUERY"


def test_sentences_have_captions_of_their_own_unless_told_otherwise(shared_cielo24: Cielo24Client, job: str) -> None:
    options = {"speaker_on_new_line": "false", "lines_per_caption": 3, "characters_per_caption_line": 80}
    options |= {"layout_target_caption_length_ms": 60000}
    assert max(joined([caption]).count("Sandbox") for caption in texts(shared_cielo24, job, **options)) == 1
    flowing = texts(shared_cielo24, job, caption_by_sentence="false", **options)
    assert max(joined([caption]).count("Sandbox") for caption in flowing) > 1
    broken = texts(shared_cielo24, job, caption_by_sentence="false", line_break_on_sentence="true", **options)
    assert max(line.count("Sandbox") for caption in broken for line in caption) == 1
    for name in ("single_speaker_per_caption", "speaker_on_new_line"):
        apart = texts(shared_cielo24, job, caption_by_sentence="false", **{**options, name: "true"})
        assert max(joined([caption]).count(">>") for caption in apart) == 1


def test_captions_have_as_many_words_as_asked(shared_cielo24: Cielo24Client, job: str) -> None:
    options = {"caption_words_min": 9, "speaker_on_new_line": "false", "lines_per_caption": 9, **SOUNDS}
    options |= {"sound_tokens_by_caption_list": "[]", "silence_max_ms": 9000}
    assert min(len(said.split()) for _, _, said in cues(shared_cielo24, job, **options)[:-1]) >= 9


def test_captions_are_about_as_long_as_asked(shared_cielo24: Cielo24Client, job: str) -> None:
    options = {"caption_by_sentence": "false", "speaker_on_new_line": "false", "lines_per_caption": 9}

    def average(target: int) -> float:
        lengths = [
            end - start
            for start, end, _ in cues(shared_cielo24, job, layout_target_caption_length_ms=target, **options)
        ]
        return sum(lengths) / len(lengths)

    assert average(1000) < average(3000) < average(8000)


def test_silence_in_a_sentence_splits_it(shared_cielo24: Cielo24Client, job: str) -> None:
    said = [text for _, _, text in cues(shared_cielo24, job)]
    assert any(text.endswith("text pauses") for text in said)
    unsplit = [text for _, _, text in cues(shared_cielo24, job, silence_max_ms=5000, lines_per_caption=4)]
    assert any("text pauses and goes on" in text for text in unsplit)


def test_no_caption_is_longer_than_asked(shared_cielo24: Cielo24Client, job: str) -> None:
    limited = cues(shared_cielo24, job, maximum_caption_duration=900)
    assert max(end - start for start, end, _ in limited) <= 900
    assert max(end - start for start, end, _ in cues(shared_cielo24, job)) > 900


def test_no_caption_is_shorter_than_asked(shared_cielo24: Cielo24Client, job: str) -> None:
    extended = cues(shared_cielo24, job, minimum_caption_length_ms=1500, characters_per_caption_line=15)
    assert min(end - start for start, end, _ in extended[:-5]) >= 1500
    assert all(end <= following[0] for (_, end, _), following in pairwise(extended))
    assert all(start < end <= LENGTH_MS for start, end, _ in extended)


def gaps(read: Cues) -> list[int]:
    return [following[0] - end for (_, end, _), following in pairwise(read)]


def test_small_gaps_are_closed_and_others_are_made(shared_cielo24: Cielo24Client, job: str) -> None:
    assert not [gap for gap in gaps(cues(shared_cielo24, job)) if 0 < gap < 1000]
    assert [gap for gap in gaps(cues(shared_cielo24, job, merge_gap_interval=0)) if 0 < gap < 1000]
    assert not [gap for gap in gaps(cues(shared_cielo24, job, merge_gap_interval=5000)) if gap]
    assert min(gaps(cues(shared_cielo24, job, minimum_gap_between_captions_ms=120))) == 120


def test_the_last_word_of_a_sentence_does_not_dangle(shared_cielo24: Cielo24Client, job: str) -> None:
    dangling = texts(shared_cielo24, job)
    assert any(caption[-1] == "this." for caption in dangling)
    kept = texts(shared_cielo24, job, disallow_dangling="true")
    assert not [line for caption in kept for line in caption if re.fullmatch(r"\w+\.", line)]
    assert max(len(line) for caption in kept for line in caption) > 42


def test_sounds_have_places_of_their_own(shared_cielo24: Cielo24Client, job: str) -> None:
    together = {**SOUNDS, "caption_by_sentence": "false", "speaker_on_new_line": "false", "lines_per_caption": 9}
    together |= {"layout_target_caption_length_ms": 60000, "display_speaker_id": "no"}
    free = {"sound_tokens_by_caption_list": "[]", "sound_tokens_by_line_list": "[]", **together}

    def own_captions(**options: Any) -> set[str]:
        return {caption[0] for caption in texts(shared_cielo24, job, **options) if re.fullmatch(r"\[\w+\]", caption[0])
                and len(caption) == 1}  # fmt: skip

    def own_lines(**options: Any) -> set[str]:
        return {line for caption in texts(shared_cielo24, job, **options) for line in caption
                if re.fullmatch(r"\[\w+\]", line)}  # fmt: skip

    assert own_captions(**free) == set()
    assert own_captions(**together) == {"[MUSIC]"}
    assert own_captions(**{**free, "sound_tokens_by_caption": "true"}) == {"[MUSIC]", "[LAUGH]"}
    assert own_captions(**{**free, "sound_threshold": 500}) == {"[MUSIC]", "[LAUGH]"}
    assert own_captions(**{**free, "sound_threshold": 50_000}) == set()
    assert own_lines(**{**free, "sound_tokens_by_line_list": '["LAUGH"]'}) == {"[LAUGH]"}
    assert own_lines(**{**free, "sound_tokens_by_line": "true"}) == {"[MUSIC]", "[LAUGH]"}


def test_the_form_of_srt_blocks_can_be_chosen(shared_cielo24: Cielo24Client, job: str, expected: Cues) -> None:
    time = "{start_minute:d}.{start_second:02d}.{start_millisecond} {end_hour}"
    template = f"{{caption_number:03d}}: {time}\\n{{caption_text}}\\n--\\n"
    blocks = shared_cielo24.caption(job, "SRT", srt_format=template).split("\n--\n")
    start = expected[1][0]
    assert blocks[1].startswith(f"002: 0.{start // 1000:02d}.{start % 1000} 0\n")
    assert plain(blocks[1].partition("\n")[2]) == expected[1][2]


@pytest.mark.parametrize("template", ["{nothing}", "{caption_number.__class__}x{start_day}", "{caption_words:d}"])
def test_an_unknown_placeholder_is_refused(shared_cielo24: Cielo24Client, job: str, template: str) -> None:
    parameters = {"job_id": job, "srt_format": template}
    assert shared_cielo24.refused("job/get_caption", caption_format="SRT", **parameters) == "INVALID_QUERY"
    assert shared_cielo24.caption(job, "SBV", srt_format=template)


def test_templates_reach_into_nothing(shared_cielo24: Cielo24Client, job: str) -> None:
    text = shared_cielo24.caption(job, "SRT", srt_format="{caption_text.__class__}{caption_number:999999999d}\\n")
    assert text.splitlines()[0] == "{caption_text.__class__}{caption_number:999999999d}"


def test_the_metadata_of_a_dfxp_may_be_left_out(shared_cielo24: Cielo24Client, job: str) -> None:
    assert job not in shared_cielo24.caption(job, "DFXP", include_dfxp_metadata="false")


def test_the_head_of_a_dfxp_can_be_given(shared_cielo24: Cielo24Client, job: str, expected: Cues) -> None:
    header = "<head><metadata><ttm:title>{show}: {job_id} {iwp_name} {other}</ttm:title></metadata></head>"
    text = shared_cielo24.caption(job, "DFXP", dfxp_header=header)
    head = ElementTree.fromstring(text).find(f"{TIMED_TEXT}head")
    assert head is not None
    assert "".join(head.itertext()) == f"A & B: {job} FINAL {{other}}"
    assert by_pysubs2(text, "ttml") == expected


@pytest.mark.parametrize(
    "header",
    ["<head>", "<body/>", "text", "<head/><head/>", "<head/></tt><tt>", "<!DOCTYPE a><head/>", "<?a b?><head/>"],
)
def test_a_head_that_is_none_is_refused(shared_cielo24: Cielo24Client, job: str, header: str) -> None:
    parameters = {"job_id": job, "dfxp_header": header}
    assert shared_cielo24.refused("job/get_caption", caption_format="DFXP", **parameters) == "INVALID_QUERY"
    assert shared_cielo24.caption(job, "SRT", dfxp_header=header)


def test_the_documentation_tells_of_every_format() -> None:
    told = {row.value for row in EQUIVALENTS if row.subject == "caption_format"}
    assert told == set(CAPTION_FORMATS)


REFUSED: list[tuple[dict[str, str], str]] = [
    *(({name: "maybe"}, "INVALID_OPTION") for name in ("build_url", "utf8_mark", "mixed", "qt_seamless")),
    ({"force_case": "Upper"}, "INVALID_OPTION"),
    ({"line_ending_format": "MAC"}, "INVALID_OPTION"),
    ({"display_speaker_id": "yes"}, "INVALID_OPTION"),
    ({"replace_english_spelling": "US"}, "INVALID_OPTION"),
    ({"remove_sounds_list": '["MUSIK"]'}, "INVALID_OPTION"),
    ({"remove_sounds_list": '["MUSIC"'}, "INVALID_QUERY"),
    ({"sound_tokens_by_line_list": "[1]"}, "INVALID_QUERY"),
    ({"sound_boundaries": "[]"}, "INVALID_QUERY"),
    ({"sound_boundaries": "("}, "INVALID_QUERY"),
    ({"elementlist_version": "newest"}, "INVALID_QUERY"),
    *(({name: "0"}, "INVALID_QUERY") for name in ("lines_per_caption", "characters_per_caption_line")),
    *(({name: "x"}, "INVALID_QUERY") for name in ("silence_max_ms", "merge_gap_interval", "maximum_caption_duration")),
    ({"minimum_gap_between_captions_ms": "-1"}, "INVALID_QUERY"),
    ({"mixed": "true"}, "INVALID_QUERY"),
    ({"audio_description": "true"}, "INVALID_QUERY"),
]


@pytest.mark.parametrize(("options", "type_"), REFUSED)
def test_options_are_checked(shared_cielo24: Cielo24Client, job: str, options: dict[str, str], type_: str) -> None:
    answer = shared_cielo24.get("job/get_caption", job_id=job, caption_format="SRT", **options)
    assert refusal(answer) == type_
