"""The time that a run is about: two bounds in UTC, the first within, the second without."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pendulum
from msgspec import Struct
from pendulum import DateTime

from airflow_media.http.errors import InvalidRequestError


class Interval(Struct, frozen=True):
    """From one moment to another. Intervals that meet have no moment in common and leave none out.

    :param start: The first moment that belongs to it, in UTC.
    :param end: The first that no longer does, in UTC.
    :param label: What it is called, fit for an object key: the date where it is a day of its time zone.
    """

    start: DateTime
    end: DateTime
    label: str

    @classmethod
    def between(cls, start: datetime, end: datetime, timezone: str = "UTC") -> Interval:
        """Take two moments.

        :param start: The first that belongs to it.
        :param end: The first that no longer does.
        :param timezone: Time zone whose days count.
        :raises InvalidRequestError: It has no length, or there is no such time zone.
        """
        _check_zone(timezone)
        first, last = pendulum.instance(start).in_timezone("UTC"), pendulum.instance(end).in_timezone("UTC")
        if first >= last:
            raise InvalidRequestError(
                f"the data interval from {first} to {last} has no length",
                hint="Schedule the DAG with CronDataIntervalTimetable: Airflow 3 gives '@daily' no data interval.",
            )
        local = first.in_timezone(timezone)
        if local == local.start_of("day") and last == local.add(days=1):
            return cls(first, last, local.to_date_string())
        return cls(first, last, f"{_compact(first)}--{_compact(last)}")

    @classmethod
    def day(cls, text: str, timezone: str = "UTC") -> Interval:
        """Take a day, which may have 23 or 25 hours where clocks are changed.

        :param text: The date, as ``2026-01-31``.
        :param timezone: Time zone whose day it is.
        :raises InvalidRequestError: It is not a date, or there is no such time zone.
        """
        _check_zone(timezone)
        try:
            start = pendulum.from_format(text, "YYYY-MM-DD", tz=timezone)
            return cls.between(start, start.add(days=1), timezone)
        except (ValueError, OverflowError):  # the first and the last day of all reach beyond what a calendar can count
            raise InvalidRequestError(f"{text!r} is not a date", hint="Write the day like 2026-01-31.") from None

    @classmethod
    def day_before(cls, moment: datetime, timezone: str = "UTC") -> Interval:
        """Take the last day that is over.

        :param moment: A moment of the day after it.
        :param timezone: Time zone whose day it is.
        :raises InvalidRequestError: There is no such time zone.
        """
        _check_zone(timezone)
        end = pendulum.instance(moment).in_timezone(timezone).start_of("day")
        return cls.between(end.subtract(days=1), end, timezone)

    def __contains__(self, moment: Any) -> bool:
        """Tell whether a moment belongs to it."""
        return bool(self.start <= moment < self.end)

    def __str__(self) -> str:
        return f"{self.label} ({self.start} to {self.end})"


def _check_zone(name: str) -> None:
    try:
        pendulum.timezone(name)
    except (ValueError, OSError):  # the latter where it is a folder of zones, or nothing that a file can be called
        raise InvalidRequestError(f"there is no time zone {name!r}", hint="Write it like Europe/Berlin.") from None


def _compact(moment: DateTime) -> str:
    return moment.format("YYYY-MM-DD[T]HHmmss[Z]")
