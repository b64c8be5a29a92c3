"""Which objects arrived in an interval: by the date in their keys, or by the time at which they were written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import pendulum
from msgspec import Struct
from pendulum import DateTime

from airflow_media.http.errors import InvalidRequestError
from airflow_media.ingest.interval import Interval
from airflow_media.ingest.shelf import StoredObject

Dating = Callable[[StoredObject], DateTime | None]
"""Tells when an object arrived; ``None`` where that cannot be told."""

DATE_PATTERN = r"(?P<year>\d{4})-?(?P<month>\d{2})-?(?P<day>\d{2})"
"""A date as in ``2026-01-31`` or ``20260131``."""
PARTS = ("year", "month", "day", "hour", "minute", "second")
NEEDED = PARTS[:3]

VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".dv", ".flv", ".m2t", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"),
    *(".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
)
"""How the names of videos end."""


class Arrivals(Struct, frozen=True):
    """What a listing holds of an interval.

    :param videos: The videos that belong to it, by key.
    :param undated: Videos that belong to no interval, since their keys have no date.
    :param empty: Videos of the interval that have no bytes: nobody can process those.
    """

    videos: tuple[StoredObject, ...]
    undated: tuple[StoredObject, ...]
    empty: tuple[StoredObject, ...]


def dated_by_name(pattern: str = DATE_PATTERN, timezone: str = "UTC") -> Dating:
    """Date objects by their keys.

    :param pattern: Regular expression with the groups ``year``, ``month`` and ``day``, and perhaps ``hour``,
        ``minute`` and ``second``. The first place in the key counts at which it finds a date that exists.
    :param timezone: Time zone of the dates.
    :raises InvalidRequestError: It is no regular expression with these groups.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise InvalidRequestError(f"the date pattern {pattern!r} is not a regular expression ({error})") from None
    if missing := [f"(?P<{name}>...)" for name in NEEDED if name not in expression.groupindex]:
        lacks = ", ".join(missing)
        raise InvalidRequestError(f"the date pattern {pattern!r} lacks {lacks}", hint=f"Write it like {DATE_PATTERN}.")
    groups = expression.groupindex

    def date(stored: StoredObject) -> DateTime | None:
        for found in expression.finditer(stored.key):
            try:
                year, month, day, hour, minute, second = (
                    int(found[name] or 0) if name in groups else 0 for name in PARTS
                )
                return pendulum.datetime(year, month, day, hour, minute, second, tz=timezone)
            except ValueError:
                continue  # digits that look like a date and are none, as in a serial number
        return None

    return date


def dated_by_time(stored: StoredObject) -> DateTime:
    """Date an object by the time at which it was written.

    S3 tells of an object that was uploaded in parts when that upload was *begun*: it may turn up in the listing of a
    day that is over. The ingest waits for a while after the end of a day, therefore.
    """
    return stored.modified


def arrived(
    objects: Iterable[StoredObject],
    interval: Interval,
    dating: Dating,
    *,
    suffixes: Sequence[str] = VIDEO_SUFFIXES,
    without: str | None = None,
) -> Arrivals:
    """Choose the videos of an interval. Each belongs to one interval and no other, or to none.

    :param objects: What there is.
    :param interval: The interval.
    :param dating: Tells when an object arrived.
    :param suffixes: How names of videos end, in lower case.
    :param without: URI of a prefix whose objects are left out: that of the results, where it is below the sources'.
    """
    videos: list[StoredObject] = []
    undated: list[StoredObject] = []
    empty: list[StoredObject] = []
    for stored in objects:
        if not stored.key.lower().endswith(tuple(suffixes)) or (without and stored.uri.startswith(without)):
            continue
        moment = dating(stored)
        if moment is None:
            undated.append(stored)
        elif moment in interval:
            (videos if stored.size else empty).append(stored)
    ordered = (tuple(sorted(group, key=lambda each: each.key)) for group in (videos, undated, empty))
    return Arrivals(*ordered)
