"""Intervals: half-open, in UTC, and named by the day of their time zone."""

from __future__ import annotations

from datetime import datetime

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.http.errors import InvalidRequestError
from airflow_media.ingest.interval import Interval

MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2030, 12, 30), timezones=st.just(pendulum.timezone("UTC"))
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"])


def test_a_day_goes_from_midnight_to_before_midnight() -> None:
    day = Interval.day("2026-01-31")

    assert (day.start, day.end) == (pendulum.datetime(2026, 1, 31), pendulum.datetime(2026, 2, 1))
    assert day.label == "2026-01-31"
    assert day.start in day
    assert day.end not in day
    assert day.end.subtract(microseconds=1) in day


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_days_on_which_clocks_are_changed_have_another_length(day: str, hours: int) -> None:
    interval = Interval.day(day, "Europe/Berlin")

    assert interval.end.diff(interval.start).in_hours() == hours
    assert interval.start.timezone_name == "UTC"
    assert interval.label == day


@given(moment=MOMENTS, zone=ZONES)
def test_each_moment_belongs_to_one_day(moment: datetime, zone: str) -> None:
    today = Interval.day(pendulum.instance(moment).in_timezone(zone).to_date_string(), zone)
    before = Interval.day_before(moment, zone)
    after = Interval.day(today.end.in_timezone(zone).to_date_string(), zone)

    assert [moment in day for day in (before, today, after)] == [False, True, False]
    assert before.end == today.start
    assert today.end == after.start


def test_the_data_interval_of_a_run_is_named_by_its_local_day() -> None:
    start, end = pendulum.datetime(2026, 1, 1, 23), pendulum.datetime(2026, 1, 2, 23)

    assert Interval.between(start, end, "Europe/Berlin").label == "2026-01-02"
    assert Interval.between(start, end).label == "2026-01-01T230000Z--2026-01-02T230000Z"


def test_what_has_no_length_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidRequestError, match="CronDataIntervalTimetable"):
        Interval.between(pendulum.datetime(2026, 1, 1), pendulum.datetime(2026, 1, 1))


@pytest.mark.parametrize("text", ["31.01.2026", "2026-02-30", "yesterday", "", "9999-12-31"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="is not a date"):
        Interval.day(text)


@pytest.mark.parametrize("zone", ["Berlin", "Europe", "../etc/passwd", "", "x" * 300])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    moment = pendulum.datetime(2026, 1, 1)
    with pytest.raises(InvalidRequestError, match="there is no time zone"):
        Interval.day("2026-01-31", zone)
    with pytest.raises(InvalidRequestError, match="there is no time zone"):
        Interval.between(moment, moment.add(days=1), zone)
    with pytest.raises(InvalidRequestError, match="there is no time zone"):
        Interval.day_before(moment, zone)
