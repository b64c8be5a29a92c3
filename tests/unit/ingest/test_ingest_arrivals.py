"""Which objects belong to an interval: nothing is missed, nothing counts twice."""

from __future__ import annotations

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pendulum import DateTime

from airflow_media.http.errors import InvalidRequestError
from airflow_media.ingest.arrivals import arrived, dated_by_name, dated_by_time
from airflow_media.ingest.interval import Interval
from airflow_media.ingest.shelf import StoredObject

DAY = Interval.day("2026-01-31")


def stored(key: str, *, size: int = 1, modified: DateTime = DAY.start) -> StoredObject:
    return StoredObject(f"s3://films/{key}", '"etag"', size, modified)


@pytest.mark.parametrize(
    ("key", "there"),
    [
        ("in/2026-01-31/clip.mp4", True),
        ("in/clip_20260131.mov", True),
        ("in/2026-01-30/clip.mp4", False),
        ("in/2026-02-01/clip.mp4", False),
        ("in/99999999-tape-2026-01-31.mxf", True),
    ],
)
def test_the_date_in_the_key_decides(key: str, there: bool) -> None:
    found = arrived([stored(key)], DAY, dated_by_name())

    assert [bool(found.videos), bool(found.undated)] == [there, False]


def test_hours_in_keys_count_in_their_time_zone() -> None:
    pattern = r"(?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d)/(?P<hour>\d\d)(?P<minute>\d\d)"
    keys = [
        f"in/2026/{date}/{time}-clip.mp4" for date, time in (("01/31", "0059"), ("01/31", "0100"), ("02/01", "0059"))
    ]

    found = arrived(map(stored, keys), DAY, dated_by_name(pattern, "Europe/Berlin"))

    assert [video.key for video in found.videos] == keys[1:]


def test_what_has_no_date_is_told_and_belongs_to_no_day() -> None:
    found = arrived([stored("in/clip.mp4"), stored("in/12345678.mp4")], DAY, dated_by_name())

    assert found.videos == ()
    assert [each.key for each in found.undated] == ["in/12345678.mp4", "in/clip.mp4"]


@pytest.mark.parametrize("key", ["in/2026-01-31/clip.xml", "in/2026-01-31/notes", "in/2026-01-31/clip.mp4.part"])
def test_only_videos_count(key: str) -> None:
    found = arrived([stored(key), stored("in/2026-01-31/CLIP.MP4")], DAY, dated_by_name())

    assert [video.key for video in found.videos] == ["in/2026-01-31/CLIP.MP4"]


def test_what_has_no_bytes_is_told_apart() -> None:
    found = arrived([stored("in/2026-01-31/clip.mp4", size=0)], DAY, dated_by_name())

    assert (found.videos, [each.key for each in found.empty]) == ((), ["in/2026-01-31/clip.mp4"])


def test_results_below_the_sources_are_no_sources() -> None:
    keys = ["in/2026-01-31/clip.mp4", "in/media/2026-01-31/clip-1/enhanced/clip.mp4"]

    found = arrived(map(stored, keys), DAY, dated_by_name(), without="s3://films/in/media/")

    assert [video.key for video in found.videos] == keys[:1]


@given(seconds=st.lists(st.integers(min_value=-200_000, max_value=200_000), max_size=20))
def test_by_time_each_object_belongs_to_one_of_the_days(seconds: list[int]) -> None:
    objects = [
        stored(f"in/{number}.mp4", modified=DAY.start.add(seconds=second)) for number, second in enumerate(seconds)
    ]
    days = [Interval.day(DAY.start.add(days=number).to_date_string()) for number in range(-3, 4)]

    found = [video.key for day in days for video in arrived(objects, day, dated_by_time).videos]

    assert sorted(found) == sorted(each.key for each in objects)


@pytest.mark.parametrize(
    ("pattern", "told"), [("(", "is not a regular expression"), (r"(?P<year>\d{4})", r"lacks \(\?P<month>")]
)
def test_a_pattern_that_cannot_date_is_refused(pattern: str, told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        dated_by_name(pattern)


def test_the_default_pattern_takes_dates_that_exist() -> None:
    assert dated_by_name()(stored("in/2026-02-30/2026-02-28.mp4")) == pendulum.datetime(2026, 2, 28)
