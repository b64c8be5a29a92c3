"""When a call is sent again: waits, budget, and what a server asks for."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_media.http.errors import (
    ConflictError,
    MediaError,
    NetworkFaultError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
    UnreadableAnswerError,
)
from airflow_media.http.retry import LONGEST_RETRY_AFTER, NO_RETRY, RetryPolicy, retry_after_seconds

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC).timestamp()


def lowest(low: float, high: float) -> float:
    return low


def highest(low: float, high: float) -> float:
    return high


def test_waits_twice_as_long_each_time_up_to_the_longest() -> None:
    policy = RetryPolicy(first=0.5, longest=5.0, jitter=highest)
    fault = NetworkFaultError("gone")
    assert [policy.delay(fault, attempt, 0.0) for attempt in range(1, 8)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


def test_jitter_takes_up_to_half_of_the_wait() -> None:
    policy = RetryPolicy(first=0.5, longest=5.0, jitter=lowest)
    assert [policy.delay(NetworkFaultError("gone"), attempt, 0.0) for attempt in (1, 2, 9)] == [0.25, 0.5, 2.5]


@settings(deadline=None)
@given(st.integers(1, 10**6))
def test_any_number_of_attempts_gives_a_wait_within_bounds(attempt: int) -> None:
    policy = RetryPolicy(first=0.5, longest=20.0)
    delay = policy.delay(NetworkFaultError("gone"), attempt, 0.0)
    assert delay is not None
    assert 0.25 <= delay <= 20.0


@pytest.mark.parametrize(
    "fault",
    [
        NetworkFaultError("gone"),
        RateLimitedError("slow down", status=429),
        RateLimitedError("slow down", status=200, code="TOO_MANY"),
        ServerFaultError("bad gateway", status=502),
        ServerFaultError("unavailable", status=503),
        ServerFaultError("gateway time-out", status=504),
    ],
)
def test_a_passing_fault_is_worth_another_try(fault: MediaError) -> None:
    assert RetryPolicy().delay(fault, 1, 0.0) is not None


def test_an_answer_that_cannot_be_read_is_worth_two_more() -> None:
    odd = UnreadableAnswerError("not JSON", status=200)
    again = [RetryPolicy().delay(odd, attempt, 0.0) is not None for attempt in (1, 2, 3, 4)]
    assert again == [True, True, False, False]
    assert NO_RETRY.delay(odd, 1, 0.0) is None


@pytest.mark.parametrize(
    "fault",
    [
        ServerFaultError("it crashed", status=500),
        ServerFaultError("not implemented", status=501),
        ProtocolError("not JSON", status=200),
        ConflictError("busy", status=409),
        ConflictError("deleted for good", status=503, code="GONE"),
        MediaError("anything else"),
    ],
)
def test_any_other_fault_is_final(fault: MediaError) -> None:
    assert RetryPolicy().delay(fault, 1, 0.0) is None


def test_nothing_is_sent_after_the_budget() -> None:
    policy = RetryPolicy(first=1.0, budget=10.0, jitter=highest)
    fault = NetworkFaultError("gone")
    assert policy.delay(fault, 1, 8.9) == 1.0
    assert policy.delay(fault, 1, 9.1) is None


@pytest.mark.parametrize("fault", [NetworkFaultError("gone"), RateLimitedError("wait", status=429, retry_after=0.0)])
@pytest.mark.parametrize("jitter", [lowest, highest])
def test_no_budget_means_no_retry(fault: MediaError, jitter: object) -> None:
    assert NO_RETRY.delay(fault, 1, 0.0) is None
    assert RetryPolicy(budget=0.0, jitter=jitter).delay(fault, 1, 0.0) is None  # type: ignore[arg-type]


def test_retry_after_is_obeyed_with_a_little_more() -> None:
    fault = RateLimitedError("slow down", status=429, retry_after=30.0)
    assert RetryPolicy(first=0.5, longest=1.0, jitter=lowest).delay(fault, 1, 0.0) == 30.0
    assert RetryPolicy(first=0.5, longest=1.0, jitter=highest).delay(fault, 1, 0.0) == 30.5


def test_retry_after_beyond_the_budget_is_not_waited_for() -> None:
    fault = RateLimitedError("slow down", status=429, retry_after=30.0)
    assert RetryPolicy(budget=29.0).delay(fault, 1, 0.0) is None
    assert RetryPolicy(budget=60.0).delay(fault, 1, 45.0) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0000000000005", 5.0),
        ("9" * 5000, LONGEST_RETRY_AFTER),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("Sun, 01 Jun 2025 12:00:30 GMT", 30.0),
        ("Sun, 01 Jun 2025 11:59:00 GMT", 0.0),
        ("Sun, 01 Jun 2025 14:00:10 +0200", 10.0),
        ("Sun, 01 Jun 2025 12:00:30 -0000", 30.0),
        ("Sunday, 01-Jun-25 12:00:30 GMT", 30.0),
        ("Sun Jun  1 12:00:30 2025", 30.0),
        ("Sun, 31 Feb 2025 12:00:30 GMT", None),
    ],
)
def test_reads_seconds_and_all_three_forms_of_an_http_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOON) == seconds


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(2025, 6, 1, 12), max_value=datetime(2030, 1, 1)))
def test_a_date_is_the_seconds_until_then(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    assert retry_after_seconds(format_datetime(moment, usegmt=True), NOON) == moment.timestamp() - NOON


@settings(deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,5} \d\d?:\d\d(:\d\d)? \S{0,6}")))
def test_no_value_breaks_it(value: str) -> None:
    seconds = retry_after_seconds(value, NOON)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))
