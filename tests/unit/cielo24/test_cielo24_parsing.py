"""The checks of caption files: what each format must have, and that nothing else passes for it."""

from __future__ import annotations

import codecs
import io

import pysubs2
import pytest
import webvtt

from airflow_media.cielo24.parsing import CHECKS, NotTheFormatError, check_captions, check_transcript
from airflow_media.cielo24.vocabulary import CAPTION_FORMATS, SUFFIXES

FILES = {
    "WEB_VTT": "WEBVTT - made by hand\nKind: captions\n\nNOTE a note --> here\nof two lines\n\nSTYLE\n::cue {}\n\n"
    "1\n00:00.000 --> 00:01.500 align:start\n>> Ann: Hello.\n\n01:00:02.000 --> 01:00:03.000\nBye -->\n",
    "SRT": "1\n00:00:00,000 --> 00:00:01,500\n>> Ann: Hello.\nthere\n\n2\n00:00:02,000 --> 00:00:03,000\nBye.\n\n",
    "SBV": "0:00:00.000,0:00:01.500\n>> Ann: Hello.\n\n0:00:02.000,0:00:03.000\nBye.\n",
    "DFXP": '<?xml version="1.0" encoding="utf-8"?>\n<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><head/>'
    "<body><div>"
    '<p begin="00:00:00.000" end="00:00:01.500">Hello.</p><p begin="2s" end="3s">Bye.</p></div></body></tt>',
    "SAMI": "<SAMI>\n<HEAD><STYLE><!-- P {} --></STYLE></HEAD>\n<BODY>\n"
    "<SYNC Start=0><P Class=ENUSCC>Hello.</P></SYNC>\n"
    '<Sync start="1500"><P Class="ENUSCC">&nbsp;</P></SYNC>\n</BODY>\n</SAMI>\n',
    "QT": "{QTtext} {font:Tahoma} {timeScale:1000}\n[00:00:00.000]\nHello.\n[MUSIC]\n[00:00:01.500]\n\n"
    "[00:00:02.00]\nBye.\n",
    "SCC": "Scenarist_SCC V1.0\n\n00:00:00:00\t9420 9420 94ae c8e5\n\n00:00:01;15\t942c 942c\n",
    "TRANSCRIPT": "[00:00:00.000]\n>> Ann: Hello <there>.\n\nBye.\n",
    "TWX": "<transcript><w start='0.5'>Hello</w></transcript>",
    "TPM": "00:00:00.000 Hello.\n00:00:01.500 Bye.\n",
    "ECHO": '{"cues": [{"start": 0, "text": "Hello."}]}',
}


def check(text: str, caption_format: str) -> None:
    check_captions(text.encode(), caption_format)


def test_there_is_a_check_and_a_suffix_for_each_format() -> None:
    assert set(FILES) == set(CHECKS) == set(CAPTION_FORMATS) == set(SUFFIXES)
    assert len(set(SUFFIXES.values())) == len(SUFFIXES)


@pytest.mark.parametrize("caption_format", FILES)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["UNIX", "WINDOWS", "OSX"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["bare", "marked"])
def test_a_file_of_its_format_passes_however_its_lines_end(caption_format: str, ending: str, mark: bytes) -> None:
    check_captions(mark + FILES[caption_format].replace("\n", ending).encode(), caption_format)


def test_the_examples_are_what_others_take_for_these_formats() -> None:
    for caption_format, name in (("WEB_VTT", "vtt"), ("SRT", "srt"), ("SAMI", "sami"), ("DFXP", "ttml")):
        assert "Hello." in pysubs2.SSAFile.from_string(FILES[caption_format], format_=name)[0].plaintext
    for caption_format, name in (("WEB_VTT", "vtt"), ("SRT", "srt"), ("SBV", "sbv")):
        captions = webvtt.from_buffer(io.StringIO(FILES[caption_format]), format=name)
        assert [(captions[0].text.splitlines()[0], captions[0].end)] == [(">> Ann: Hello.", "00:00:01.500")]


@pytest.mark.parametrize("caption_format", FILES)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (codecs.BOM_UTF8, "it is empty"),
        (b"\xff\xfeH\0", "it is not UTF-8"),
        (b"1\n\0\0", "it is binary"),
        (b"<!DOCTYPE html><html><body>It is 5:30. Log in</body></html>", ""),
        (b"<html><h1>502 Bad Gateway</h1></html>", ""),
    ],
)
def test_what_is_none_at_all_is_refused_for_each_format(caption_format: str, content: bytes, told: str) -> None:
    with pytest.raises(NotTheFormatError, match=f"the file is not {caption_format}: .*{told}") as raised:
        check_captions(content, caption_format)
    assert "Nothing was written" in str(raised.value)
    assert not raised.value.retryable


# Those whose structure is known take no file of another of them for one of theirs.
STRICT = [name for name in FILES if name not in {"TRANSCRIPT", "TWX", "TPM", "ECHO"}]


@pytest.mark.parametrize("caption_format", STRICT)
@pytest.mark.parametrize("other", FILES)
def test_no_format_passes_for_another(caption_format: str, other: str) -> None:
    if other == caption_format:
        return
    with pytest.raises(NotTheFormatError):
        check(FILES[other], caption_format)


@pytest.mark.parametrize(
    ("caption_format", "old", "new", "told"),
    [
        ("WEB_VTT", "WEBVTT", "WEBVTTX", "not with WEBVTT"),
        ("WEB_VTT", "00:01.500", "00:01,500", "where a number or a time is due"),
        ("WEB_VTT", "00:00.000 -->", "00:02.000 -->", "ends before it begins"),
        ("WEB_VTT", "01:00:02.000 --> 01:00:03.000", "01:00:02.000", "due"),
        ("WEB_VTT", "00:01.500", "00:61.500", "due"),
        ("SRT", "1\n00", "00", "due"),
        ("SRT", "2\n", "two\n", "'two' stands where"),
        ("SRT", "00:00:01,500", "00:00:01.500", "due"),
        ("SRT", "00:00:02,000 -->", "00:00:04,000 -->", "ends before it begins"),
        ("SRT", "00:00:02,000 --> 00:00:03,000\nBye.", "", "'' stands where"),
        ("SBV", "0:00:02.000,", "0:00:02.000 ", "due"),
        ("SBV", "0:00:02.000", "0:00:04.000", "ends before it begins"),
        ("DFXP", "</div>", "", "it is not XML"),
        ("DFXP", "http://www.w3.org/ns/ttml", "http://www.w3.org/1999/xhtml", "root is <tt>"),
        ("DFXP", "<tt ", "<!DOCTYPE tt><tt ", "document type"),
        ("DFXP", "<body><div>", "<body/><div>", "not XML"),
        ("DFXP", "00:00:01.500", "soon", "'soon' stands where"),
        ("DFXP", "2s", "2", "'2' stands where"),
        ("DFXP", 'begin="00:00:00.000"', 'begin="00:00:02.000"', "what begins at 00:00:02.000 ends at 00:00:01.500"),
        ("SAMI", "</SAMI>", "", "from <SAMI> to </SAMI>"),
        ("SAMI", "<BODY>", "", "no <BODY>"),
        ("SAMI", "Start=0", "Begin=0", "no Start in milliseconds"),
        ("SAMI", "Start=0", "Start=2000", "times go back"),
        ("QT", "{QTtext}", "{text}", "begin with {QTtext}"),
        ("QT", "[00:00:01.500]", "[00:00:1.500]", "due"),
        ("QT", "[00:00:00.000]", "[00:00:09.000]", "times go back"),
        ("SCC", "V1.0", "V2.0", "not with Scenarist_SCC V1.0"),
        ("SCC", "94ae", "94a", "due"),
        ("SCC", "00:00:00:00", "00:00:02:00", "times go back"),
        ("SCC", "942c 942c", "", "due"),
        ("TRANSCRIPT", "[00", "<?xml ?>[00", "markup, not text"),
        ("TWX", "</transcript>", "", "not XML"),
        ("TWX", "start='0.5'", "begin='00:00:02' end='00:00:01'", "what begins at 00:00:02 ends at 00:00:01"),
        ("TPM", "00:00:00.000 Hello.\n00:00:01.500 ", "", "not a single time"),
        ("ECHO", "]}", "", "Expecting"),
    ],
)
def test_each_check_finds_what_is_broken(caption_format: str, old: str, new: str, told: str) -> None:
    assert old in FILES[caption_format]
    with pytest.raises(NotTheFormatError) as raised:
        check(FILES[caption_format].replace(old, new, 1), caption_format)
    assert told in str(raised.value)


def test_timed_text_has_a_body_and_may_tell_durations() -> None:
    check('<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1.5s" dur="1000ms"/></body></tt>', "DFXP")
    with pytest.raises(NotTheFormatError, match="no <body>"):
        check('<tt xmlns="http://www.w3.org/ns/ttml"><head/></tt>', "DFXP")


def test_captions_of_nothing_said_are_captions() -> None:
    for caption_format, text in {
        "WEB_VTT": "WEBVTT",
        "DFXP": '<tt xmlns="http://www.w3.org/2006/10/ttaf1"><body/></tt>',
        "SAMI": "<SAMI><BODY></BODY></SAMI>",
        "QT": "{QTtext}{timeScale:100}",
        "SCC": "Scenarist_SCC V1.0",
    }.items():
        check(text, caption_format)


def test_the_other_numbering_of_srt_passes() -> None:
    check("1:\n00:00:00,000 --> 00:00:01,000\nHello.\n", "SRT")


OWN = "({caption_number}) {start_hour:02d}.{start_minute:02d} - {caption_text} |\n"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("(1) 00.00 - Hello.\nthere |\n(2) 00.01 - Bye. |\n", True),
        ("\n(1) 00.00 - Hello. |", True),
        ("(1) 00:00 - Hello. |\n", False),
        ("(one) 00.00 - Hello. |\n", False),
        ("(1) 00.00 - Hello.\n", False),
        ("<html>(1) 00.00 - Hello. |", False),
    ],
)
def test_a_template_of_ones_own_is_what_srt_is_checked_against(text: str, fits: bool) -> None:
    if fits:
        return check_captions(text.encode(), "SRT", OWN)
    with pytest.raises(NotTheFormatError, match="not SRT in the srt_format that was given"):
        check_captions(text.encode(), "SRT", OWN)
    return None


@pytest.mark.parametrize("text", ["Hello.", "[00:00:00.000]\n>> Hello <b>there</b>.", '"ErrorType" is a word'])
def test_a_transcript_is_text(text: str) -> None:
    check_transcript(text.encode())


@pytest.mark.parametrize(
    ("content", "file_format", "told"),
    [
        (b"", "txt", "empty"),
        (b"<!DOCTYPE html><p>Log in</p>", "txt", "markup"),
        (b"\xff", "txt", "UTF-8"),
        (b"Hello.", "html", "not markup"),
        (b"<p>Hello.", "html", "not markup"),
        (b" ", "html", "empty"),
    ],
)
def test_what_is_no_transcript_is_refused(content: bytes, file_format: str, told: str) -> None:
    with pytest.raises(NotTheFormatError, match=f"not a transcript in {file_format}: .*{told}"):
        check_transcript(content, file_format)


@pytest.mark.parametrize("text", ["<p>Hello.</p>", "<!DOCTYPE html>\n<html><body>Hello.</body></html>\n"])
def test_a_transcript_in_html_is_markup(text: str) -> None:
    check_transcript(text.encode(), "html")
