"""Values of an upload session as a person writes them, turned into what the service takes or refused beforehand."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import AddressValueError, IPv4Address
from typing import NoReturn, TypeAlias

from airflow_media.http.errors import InvalidRequestError
from airflow_media.xvid.models import MILLISECONDS

ExpiresAt: TypeAlias = int | str | datetime | timedelta
"""When an upload that no job has used is deleted: seconds since the epoch, an aware time (or its ISO 8601 text), a time
from now, or ``"never"``."""
NEVER = "never"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DIGITS = re.compile(r"-?\d{1,20}", re.ASCII)  # of more, Python does not make a number


def object_key(value: object) -> str:
    """Check an object key.

    :param value: The key under which jobs and downloads name the file, ``uploads/test.mp4`` for instance.
    :raises InvalidRequestError: It is empty, or has control characters in it.
    """
    if not isinstance(value, str) or not value.strip() or _CONTROL.search(value):
        _refuse(f"{value!r} is not an object key", "Write it like uploads/clip.mp4, with {{ run_id }} in it.")
    return value


def epoch_seconds(value: ExpiresAt, now: Callable[[], float] = time.time) -> int:
    """Turn an expiry into what the service takes: seconds since the epoch, 0 for never ('POST /files/uploads').

    :param value: The expiry.
    :param now: Wall clock, in seconds.
    :raises InvalidRequestError: It is no such time, is past, has no time zone, or is in milliseconds.
    """
    seconds = _seconds(value, now)
    if seconds > MILLISECONDS:
        _refuse(f"expires_at={value!r} is in milliseconds", "Give seconds since the epoch.")
    if seconds and seconds <= now():
        _refuse(f"expires_at={value!r} is past", "Give seconds since the epoch, or a timedelta from now.")
    return seconds


def ipv4_number(value: int | str) -> int:
    """Turn an IPv4 address into the unsigned number that the service takes.

    :param value: The number, or the dotted form.
    :raises InvalidRequestError: It is no IPv4 address.
    """
    text = str(value).strip()
    try:
        if isinstance(value, bool):
            raise AddressValueError
        return int(IPv4Address(int(text) if _DIGITS.fullmatch(text) else text))
    except AddressValueError:
        _refuse(f"ip={value!r} is not an IPv4 address", "Write it as 203.0.113.7 or as an unsigned 32-bit number.")


def _seconds(value: ExpiresAt, now: Callable[[], float]) -> int:
    if isinstance(value, str):
        value = _parsed(value.strip())
    if isinstance(value, timedelta):
        return int(now() + value.total_seconds())
    if isinstance(value, datetime):
        if value.tzinfo is None:
            _refuse(f"expires_at={value.isoformat()} has no time zone", "Use an aware datetime.")
        return int(value.timestamp())
    if isinstance(value, bool) or not isinstance(value, int):
        _not_a_time(value)
    return value


def _parsed(text: str) -> int | datetime:
    """Read a text, as a template renders one."""
    if text.lower() == NEVER:
        return 0
    if _DIGITS.fullmatch(text):
        return int(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        _not_a_time(text)


def _not_a_time(value: object) -> NoReturn:
    _refuse(f"expires_at={value!r} is not a time", "Give seconds since the epoch, a datetime, a timedelta, or 'never'.")


def _refuse(text: str, hint: str) -> NoReturn:
    raise InvalidRequestError(text, service="Xvid MediaHub", hint=hint)
