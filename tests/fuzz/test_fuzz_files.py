"""Whatever a file says that decides something: captions, transcripts, and what the ingest keeps in S3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fuzz_answers import JSON, PLAIN, TEXTS, Drawn
from fuzz_settings import fuzzed, typed_errors
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_media.cielo24.captions import CaptionOptions
from airflow_media.cielo24.parsing import check_captions, check_transcript
from airflow_media.cielo24.vocabulary import CAPTION_FORMATS
from airflow_media.ingest.arrivals import DATE_PATTERN, arrived, dated_by_name
from airflow_media.ingest.claims import Claim, Holder
from airflow_media.ingest.interval import Interval
from airflow_media.ingest.manifest import Manifest, Output, Video
from airflow_media.ingest.plan import name_of
from airflow_media.ingest.shelf import Document, Shelf, StoredObject
from airflow_media.storage.names import LONGEST
from airflow_media.storage.s3 import locate

LINES = st.lists(
    st.sampled_from(
        [
            *("WEBVTT", "", "1", "00:00:01.000 --> 00:00:02.000", "00:00:02,000 --> 00:00:01,000", "a word", "NOTE x"),
            *("99:99:99.999 --> 00:00:00.000", "0:00:01.0,0:00:02.0", "Scenarist_SCC V1.0", "00:00:01:00\t9420 9420"),
            *(
                "<tt>",
                "</tt>",
                '<p begin="1s" end="x">',
                "</p>",
                "<SAMI>",
                "<SYNC Start=-1>",
                "<html>",
                "[00:00:01.00]",
            ),
            *("{QTtext}", "{timeScale:0}", "\ufeff", "\x00", "٣", "1" * 5000, "<!DOCTYPE a [<!ENTITY b 'c'>]>"),
        ]
    ),
    max_size=8,
).map("\n".join)
FILES = st.one_of(st.binary(max_size=100), LINES.map(str.encode), st.text(max_size=100).map(str.encode))


@pytest.mark.parametrize("caption_format", CAPTION_FORMATS)
def test_captions_are_of_their_format_or_refused(caption_format: str) -> None:
    @fuzzed(2)
    @given(FILES)
    def fuzz(content: bytes) -> None:
        with typed_errors():
            check_captions(content, caption_format)

    fuzz()


@fuzzed(5)
@given(FILES, st.one_of(st.text(max_size=30), st.text(alphabet="{}:!. stardenchwuqx0%\n", max_size=40)))
def test_captions_are_of_a_template_or_refused(content: bytes, template: str) -> None:
    with typed_errors():
        if CaptionOptions.parse({"srt_format": template}).params():
            check_captions(content, "SRT", template)


@pytest.mark.parametrize("file_format", ["txt", "html"])
def test_transcripts_are_of_their_format_or_refused(file_format: str) -> None:
    @fuzzed(3)
    @given(FILES)
    def fuzz(content: bytes) -> None:
        with typed_errors():
            check_transcript(content, file_format)

    fuzz()


# What the ingest keeps in S3


WORDS = ("version", "done", "failed", "enhance", "1")


@fuzzed(10)
@given(st.data(), st.booleans())
def test_a_manifest_is_read_or_refused(data: Any, drawn: bool) -> None:
    with typed_errors(says="this is no manifest"):
        found = Manifest.from_json(Drawn(data.draw, WORDS) if drawn else data.draw(JSON))
        json.dumps(found.to_json())


VIDEOS = st.builds(
    Video,
    source=TEXTS.filter(bool),
    etag=TEXTS.filter(bool),
    size=st.integers(0),
    name=TEXTS.filter(bool),
    state=st.sampled_from(["done", "failed"]),
    outputs=st.dictionaries(
        TEXTS, st.builds(Output, TEXTS.filter(bool), st.integers(0), TEXTS.filter(bool), TEXTS), max_size=2
    ),
    ids=st.dictionaries(TEXTS, TEXTS, max_size=2),
)


@fuzzed(5)
@given(st.lists(VIDEOS, max_size=3))
def test_a_manifest_is_read_as_it_was_written(videos: list[Video]) -> None:
    written = Manifest("2026-01-31", "a", "b", tuple(videos))
    assert Manifest.from_json(json.loads(json.dumps(written.to_json()))) == written


class OneDocument(Shelf):
    """A shelf with one document on it, without an S3."""

    def __init__(self, value: Any) -> None:
        self.uri, self._value = "s3://films/", value

    def read(self, name: str) -> Document | None:
        return Document(self._value, "etag")


@fuzzed(5)
@given(st.one_of(JSON, st.dictionaries(st.sampled_from(["dag_id", "run_id"]), PLAIN)))
def test_a_claim_is_somebodys_or_refused(value: Any) -> None:
    with typed_errors(says="s3://films/day.claim is no claim"):
        other = Claim(OneDocument(value), "day.claim").take(Holder("mine", "run"), lambda holder: True)
        assert other is None or (other.dag_id and other.run_id)


# What it goes by


@fuzzed(5)
@given(
    st.one_of(TEXTS, st.from_regex(r"[0-9]{1,6}-[0-9]{1,3}-[0-9]{1,3}", fullmatch=True)),
    st.one_of(TEXTS, st.sampled_from(["UTC", "Asia/Tokyo", "America/Caracas", "../etc/passwd", "+02:00"])),
)
@example("9999-12-31", "UTC")
@example("0001-01-01", "Asia/Tokyo")
def test_a_day_is_taken_or_refused(text: str, timezone: str) -> None:
    with typed_errors():
        interval = Interval.day(text, timezone)
        assert interval.start < interval.end
        assert "/" not in interval.label


@fuzzed(5)
@given(
    st.one_of(TEXTS, st.just(DATE_PATTERN), st.text(alphabet="(?P<yearmonthdy>\\d{4})|*+[]", max_size=40)),
    st.one_of(TEXTS, st.from_regex(r"in/[0-9]{4}-?[0-9]{2}-?[0-9]{2}[a-z/.]{0,8}", fullmatch=True)),
)
@example(DATE_PATTERN, "in/0000-00-00/99999999.mp4")
@example(r"(?P<year>\w+)-(?P<month>\w*)-(?P<day>\w)", "abc-9-1.mp4")
@example(r"(?P<year>\d+)-(?P<month>\d+)-(?P<day>\d+)", f"{'9' * 5000}-1-1.mp4")
def test_a_key_has_a_date_or_none(pattern: str, key: str) -> None:
    with typed_errors():
        interval = Interval.day("2026-01-31")
        stored = StoredObject(f"s3://films/{key}", '"e"', 1, interval.start)
        arrived([stored], interval, dated_by_name(pattern), suffixes=("",))


@fuzzed(5)
@given(TEXTS, TEXTS)
def test_a_video_has_a_name_that_fits(source: str, etag: str) -> None:
    name = name_of(source, etag)
    assert name == name_of(source, etag)
    assert len(name.encode()) <= LONGEST
    assert not {"/", "\x00", "\n"} & set(name)


@fuzzed(5)
@given(st.one_of(TEXTS, TEXTS.map("s3://".__add__), TEXTS.map("s3://ann:hunter2@".__add__)))
def test_a_place_in_s3_is_found_or_refused(uri: str) -> None:
    with typed_errors(secret="hunter2"):
        bucket, key = locate(uri)
        assert bucket
        assert "@" not in bucket
        assert uri.endswith(f"{bucket}/{key}" if key else bucket + "/" * uri.endswith("/"))
