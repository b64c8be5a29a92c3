"""Times: kept in microseconds since the epoch, shown and read as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from media_sandbox.media_storage.options import MediaStorageOptions
from media_sandbox.media_storage.records import MICROSECONDS

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ZONE_NAME: Final = re.compile(r"\s*(?:UTC|GMT)$", re.IGNORECASE)
SPACED_OFFSET: Final = re.compile(r"\s+([+-]\d\d:?\d\d)$")


def show(time: int | None, options: MediaStorageOptions) -> str | None:
    """Return a time as RFC 3339 in UTC, or in the way the options choose."""
    if time is None:
        return None
    moment = EPOCH + timedelta(microseconds=time)
    if options.spaced_times or options.named_zone:
        return moment.strftime("%Y-%m-%d %H:%M:%S ") + ("UTC" if options.named_zone else "+0000")
    timespec = "microseconds" if options.fractional_times else "seconds"
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def read(text: str, *, ignore_offset: bool = False) -> int:
    """Return a time in microseconds since the epoch; one without a zone is taken as UTC.

    :param ignore_offset: whether the clock's reading counts, whatever its offset.
    :raises ValueError: when the text is no time.
    """
    moment = datetime.fromisoformat(SPACED_OFFSET.sub(r"\1", ZONE_NAME.sub("Z", text)))
    if moment.tzinfo is None or ignore_offset:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


def whole_seconds(time: int) -> int:
    """Return a time without its fraction of a second."""
    return time // MICROSECONDS * MICROSECONDS
