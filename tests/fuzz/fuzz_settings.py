"""How long the property-based tests of this folder look: shortly by default, and as long as ``make fuzz`` says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

from airflow_media.http.errors import MediaError

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "30"))
"""Examples of a quick test; slower ones take a part of it."""


def fuzzed(share: float = 1.0) -> settings:
    """Give the settings of a test.

    :param share: How many examples it takes of what is usual.
    """
    too_slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=max(1, round(EXAMPLES * share)), deadline=None, suppress_health_check=too_slow)


@contextmanager
def typed_errors(says: str = "", secret: str = "") -> Iterator[None]:
    """Let pass what is refused in words; any other exception is a failure.

    :param says: What the words must say.
    :param secret: What must not be in them.
    """
    try:
        yield
    except MediaError as error:
        words = str(error)
        if not words or says not in words or (secret and secret in words):
            raise AssertionError(words) from error
