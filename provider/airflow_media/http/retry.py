"""When to send a call again, and when to give up."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from msgspec import Struct

from airflow_media.http.errors import MediaError, NetworkFaultError, RateLimitedError, UnreadableAnswerError

RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})
"""Answers that mean "not now": worth asking again where asking twice does no harm."""
UNREADABLE_ANSWERS = 3
"""Sendings after which an answer that cannot be read counts as what the service means: a proxy may have cut it, or put
its own page in its place."""
LONGEST_RETRY_AFTER = 1e9
"""Seconds, some thirty years: keeps absurd values within what clocks and timers can count."""


class RetryPolicy(Struct, frozen=True):
    """Exponential waiting with jitter, inside a budget of time.

    :param first: Longest first wait, in seconds.
    :param longest: Longest single wait of our own choosing, in seconds. A longer ``Retry-After`` is obeyed while it
        fits into the budget.
    :param budget: Seconds from the first sending after which no further one starts. 0 never sends again.
    :param bulk_attempts: Most sendings of a call that moves a file.
    :param jitter: Gives a number between its two arguments; for tests.
    """

    first: float = 0.5
    longest: float = 20.0
    budget: float = 120.0
    bulk_attempts: int = 4
    jitter: Callable[[float, float], float] = random.uniform

    def delay(self, fault: MediaError, attempt: int, spent: float) -> float | None:
        """Tell how long to wait before the call is sent again.

        :param fault: What the last sending ended in.
        :param attempt: How many sendings there were, from 1.
        :param spent: Seconds since the first one.
        :return: Seconds, or ``None`` when it must not or need not be sent again.
        """
        if not _may_pass(fault, attempt):
            return None
        ceiling = min(self.longest, self.first * 2 ** min(attempt - 1, 30))
        delay = self.jitter(ceiling / 2, ceiling)
        if fault.retry_after is not None:
            # Everybody who was turned away is told the same moment: come a little after it, not all at once.
            delay = fault.retry_after + self.jitter(0, self.first)
        return delay if spent + delay < self.budget else None


NO_RETRY = RetryPolicy(budget=0.0)


def _may_pass(fault: MediaError, attempt: int) -> bool:
    if isinstance(fault, UnreadableAnswerError):
        return attempt < UNREADABLE_ANSWERS
    passing = isinstance(fault, NetworkFaultError | RateLimitedError) or fault.status in RETRYABLE_STATUSES
    # The service's own code wins over the status: a refusal for good may come as a 503.
    return passing and fault.retryable


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """Read a ``Retry-After`` field (RFC 9110, 10.2.3).

    :param value: Seconds or an HTTP date; ``None`` where there is no such field.
    :param now: Wall-clock time in seconds.
    :return: Seconds from now, never negative; ``None`` where the value cannot be read.
    """
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
        seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER)
