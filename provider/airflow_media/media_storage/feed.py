"""One look at the newest media for all watchers of a connection, and word to each when its events are safe.

Airflow 3.3 and later runs a feed for all watchers with the same key and tells it which of their events are stored; only
then are their cursors. A triggerer that dies in between tells of some media twice, and of none never.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from airflow_media.http.errors import MediaError
from airflow_media.jobs.compat import SharedStreamProducer
from airflow_media.jobs.hub import Hub
from airflow_media.media_storage.arrivals import Snapshot, recent_medias
from airflow_media.media_storage.hook import MediaStorageHook

log = logging.getLogger(__name__)

LONGEST_PAUSE = 600.0
"""Seconds between two looks at most while they fail: wrong credentials must not be tried again every few seconds."""


class Look(Struct):
    """A snapshot on its way to the watchers, and what they want done when what they made of it is safe.

    :param snapshot: The newest media.
    """

    snapshot: Snapshot
    _when_safe: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def when_safe(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done when the events that were made of this look are stored.

        :param work: Raises nothing.
        """
        self._when_safe.append(work)

    async def is_safe(self) -> None:
        """Do what is to be done now."""
        work, self._when_safe = self._when_safe, []
        for each in work:
            await each()


class MediaFeed(SharedStreamProducer):
    """Looks at the newest media again and again.

    It never ends: whoever watches waits for as long as the service is away.

    :param conn_id: Airflow connection.
    :param interval: Usual pause between two looks, in seconds.
    """

    def __init__(self, conn_id: str, interval: float) -> None:
        self._conn_id = conn_id
        self._interval = interval
        self._failures = 0

    async def open_stream(self) -> AsyncGenerator[tuple[Look, Look], None]:
        """Give each look twice: to the watchers, and to be given back to :meth:`advance`."""
        since: datetime | None = None
        while True:
            try:
                # A lease is given back after a fault: the next one reads the connection anew, which may be mended.
                async with Hub.of(MediaStorageHook, self._conn_id) as hub:
                    while True:
                        look = Look(await hub.run(recent_medias(since)))
                        since, self._failures = look.snapshot.horizon, 0
                        yield look, look
                        await asyncio.sleep(random.uniform(0.9, 1.1) * self._interval)
            except MediaError as fault:
                self._failures += 1
                log.warning("Cannot look for new media with connection %s, and goes on: %s", self._conn_id, fault)
            longest = max(LONGEST_PAUSE, self._interval)
            await asyncio.sleep(min(self._interval * 2 ** min(self._failures, 30), longest))

    async def advance(self, batch: Sequence[Any]) -> None:
        """Take word of looks that all watchers are through with, their events being stored or given up."""
        for item in batch:
            # After a failure of one of them nobody knows whose events are stored: the next look does it for the others.
            if item.outcome.is_clean:
                await item.broker_payload.is_safe()

    def get_advance_lane(self, broker_payload: Any) -> str:
        """Keep all looks in their order."""
        return self._conn_id

    async def aclose(self) -> None:
        """End; the stream has given back what it held."""
