"""Scenarist SCC: time codes, parity, and what a reader that is not ours makes of it."""

from __future__ import annotations

import re

import pytest
from pycaption import SCCReader

from media_sandbox.cielo24.scc import scc_file, timecode

LINE = re.compile(r"\d\d:\d\d:\d\d;\d\d\t[0-9a-f]{4}( [0-9a-f]{4})*")


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (0, "00:00:00;00"),
        (29, "00:00:00;29"),
        (30, "00:00:01;00"),
        (1799, "00:00:59;29"),
        (1800, "00:01:00;02"),
        (3597, "00:01:59;29"),
        (3598, "00:02:00;02"),
        (17981, "00:09:59;29"),
        (17982, "00:10:00;00"),
        (107892, "01:00:00;00"),
    ],
)
def test_time_codes_drop_frames(frame: int, text: str) -> None:
    assert timecode(frame) == text


def test_no_minute_but_every_tenth_has_the_numbers_0_and_1() -> None:
    codes = [timecode(frame) for frame in range(40000)]
    assert len(set(codes)) == len(codes)
    assert codes == sorted(codes)
    begin = {code[3:5] for code in codes if code.endswith((":00;00", ":00;01"))}
    assert begin == {"00", "10", "20"}


def test_a_file_has_a_head_lines_and_odd_parity() -> None:
    text = scc_file([(0, 2000, ["Hello, [MUSIC]", "two *lines*"]), (4000, 5000, ["odd"])])
    head, empty, *lines = text.splitlines()
    assert (head, empty) == ("Scenarist_SCC V1.0", "")
    assert all(LINE.fullmatch(line) for line in lines if line)
    values = [
        int(pair[at : at + 2], 16) for line in lines if line for pair in line.split("\t")[1].split() for at in (0, 2)
    ]
    assert all(value.bit_count() % 2 for value in values)
    assert text.count("942f 942f") == 2
    assert text.count("942c 942c") == 2


@pytest.mark.parametrize(
    "lines",
    [["Sandbox sentence 1 in en,", "version FINAL."], ["odd"], ["even"], [">> Ada: it's 100% [MUSIC]!"],
     ["one", "two", "three", "four"], ["x" * 32]],
)  # fmt: skip
def test_another_reader_reads_the_same_words(lines: list[str]) -> None:
    captions = SCCReader().read(scc_file([(2000, 4000, lines), (6000, 8000, ["the end"])])).get_captions("en-US")
    assert [caption.get_text() for caption in captions] == ["\n".join(lines), "the end"]
    shown = [seconds / 1e6 for caption in captions for seconds in (caption.start, caption.end)]
    assert shown[:3] == pytest.approx([2.0, 4.0, 6.0], abs=2.1 / 30)


@pytest.mark.parametrize("character", list("*{}\\^_|~"))
def test_characters_beyond_the_basic_set_are_sent_as_such(character: str) -> None:
    [caption] = SCCReader().read(scc_file([(2000, 4000, [f"a{character}b"])])).get_captions("en-US")
    assert caption.get_text().replace("¦", "|") == f"a{character}b"


def test_characters_that_do_not_exist_there_are_left_blank() -> None:
    [caption] = SCCReader().read(scc_file([(2000, 4000, ["a`é字b"])])).get_captions("en-US")
    assert caption.get_text() == "a   b"


def test_captions_are_never_sent_at_the_same_time() -> None:
    text = scc_file([(number * 100, number * 100 + 100, ["crowded words"]) for number in range(20)])
    ends = 0
    for line in filter(None, text.splitlines()[1:]):
        code, pairs = line.split("\t")
        hours, minutes, rest = code.split(":")
        seconds, number = rest.split(";")
        frame = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 30 + int(number)
        assert frame >= ends
        ends = frame + len(pairs.split())
