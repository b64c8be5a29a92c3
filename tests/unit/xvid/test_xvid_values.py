"""Object keys, expiries and addresses: what a person writes, what is sent, and what is refused beforehand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.http.errors import InvalidRequestError
from airflow_media.xvid.values import epoch_seconds, ipv4_number, object_key

NOW = 1_800_000_000.0
LATER = 1_800_086_400


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (LATER, LATER),
        (str(LATER), LATER),
        (f" {LATER} ", LATER),
        (0, 0),
        ("0", 0),
        ("never", 0),
        ("Never", 0),
        (timedelta(days=1), LATER),
        (datetime.fromtimestamp(LATER, UTC), LATER),
        (datetime.fromtimestamp(LATER, timezone(timedelta(hours=9))), LATER),
        (datetime.fromtimestamp(LATER, UTC).isoformat(), LATER),
    ],
)
def test_an_expiry_is_sent_in_seconds(value: Any, seconds: int) -> None:
    assert epoch_seconds(value, lambda: NOW) == seconds


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (LATER * 1000, "is in milliseconds"),
        (str(LATER * 1000), "is in milliseconds"),
        (3600, "is past"),
        (-1, "is past"),
        (timedelta(hours=-1), "is past"),
        (datetime(2020, 1, 1, tzinfo=UTC), "is past"),
        (datetime(2099, 1, 1), "has no time zone"),
        ("2099-01-01T00:00:00", "has no time zone"),
        ("tomorrow", "is not a time"),
        ("", "is not a time"),
        (True, "is not a time"),
        (1.5, "is not a time"),
        (None, "is not a time"),
        ("9" * 5000, "is not a time"),
    ],
)
def test_what_is_no_expiry_is_refused(value: Any, words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        epoch_seconds(value, lambda: NOW)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0.0.0.0", 0),
        ("203.0.113.7", 3_405_803_783),
        ("255.255.255.255", 2**32 - 1),
        (3_405_803_783, 3_405_803_783),
        ("3405803783", 3_405_803_783),
    ],
)
def test_an_address_is_sent_as_an_unsigned_number(value: int | str, number: int) -> None:
    assert ipv4_number(value) == number


@pytest.mark.parametrize(
    "value", ["::1", "203.0.113", "203.0.113.256", "here", "", -1, "-1", 2**32, "9" * 5000, True, 1.5, None]
)
def test_what_is_no_ipv4_address_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="not an IPv4 address"):
        ipv4_number(value)


@given(st.integers(0, 2**32 - 1))
def test_each_address_means_the_same_in_both_forms(number: int) -> None:
    dotted = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    assert ipv4_number(dotted) == ipv4_number(number) == number


@pytest.mark.parametrize("key", ["uploads/test.mp4", "Ein größerer Film.mov", "a b+c%d"])
def test_an_object_key_is_sent_as_it_is(key: str) -> None:
    assert object_key(key) == key


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "a\x00", None, 7])
def test_what_is_no_object_key_is_refused(key: Any) -> None:
    with pytest.raises(InvalidRequestError, match="is not an object key"):
        object_key(key)
