"""The triggers: wait for a job or a file of a task, and tell of new media to whoever watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Iterator, Mapping
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Any

from airflow_media.http.errors import InvalidRequestError, MediaError
from airflow_media.jobs.attempts import fingerprint
from airflow_media.jobs.compat import BaseEventTrigger, TriggerEvent, asset_state_stores
from airflow_media.jobs.hub import Hub
from airflow_media.jobs.trigger import JobTrigger
from airflow_media.media_storage.arrivals import Cursor, Snapshot, recent_medias
from airflow_media.media_storage.feed import Look, MediaFeed
from airflow_media.media_storage.hook import MediaStorageHook
from airflow_media.media_storage.kinds import JOB, MATCHING, MEDIA
from airflow_media.media_storage.models import Media, moment
from airflow_media.media_storage.query import MEDIAS, SERVICE_NAME

BATCH = 100
"""Media of one event at most: it is stored, and logged, in one piece."""
STORE_RETRY = 30.0
"""Seconds until Airflow is asked again for a cursor that it could not give."""


class MediaStorageJobTrigger(JobTrigger):
    """Waits for a job of a media storage, or for all jobs that match.

    :param media_storage_conn_id: Airflow connection to use.
    :param job_id: The job; for several, what a person calls them.
    :param kind: ``"job"`` or ``"matching"``, whose filters are among the options.
    """

    hook = MediaStorageHook
    kinds = {kind.name: kind for kind in (JOB, MATCHING)}  # noqa: RUF012 - declared in the base
    job_field = "job_id"


class MediaStorageMediaTrigger(JobTrigger):
    """Waits until a file is in a media storage.

    :param media_storage_conn_id: Airflow connection to use.
    :param resource: The resource; its key is among the options.
    :param kind: ``"media"``.
    """

    hook = MediaStorageHook
    kinds = {MEDIA.name: MEDIA}  # noqa: RUF012 - declared in the base
    job_field = "resource"


class NewMediaTrigger(BaseEventTrigger):
    """Fires for each batch of new media, for an :class:`~airflow.sdk.AssetWatcher`.

    The payload of its events is ``{"conn_id": ..., "medias": [...]}``, the media as
    :meth:`~airflow_media.media_storage.models.Media.plain` gives them, oldest first, at most 100 of them.

    Any number of watchers with the same connection and interval cost one look (Airflow 3.3 and later). What has been
    told of is kept in the asset state store where there is one (Airflow 3.3 and later): then media that arrive while no
    triggerer runs are told of when one runs again. Elsewhere each start begins with the media that come after it.

    :param media_storage_conn_id: Airflow connection to use.
    :param filters: Which media to tell of: names and values as in
        :class:`~airflow_media.media_storage.query.MediaFilters`, ``{"key": ""}`` for originals only. They are compared
        here, so that watchers with different filters share their looks.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param since: Time in ISO 8601; at its very first start, tell also of media that were created then or later. Where
        there is no asset state store, at each start.
    :raises InvalidRequestError: A filter or the time cannot be what it says.
    """

    def __init__(
        self,
        *,
        media_storage_conn_id: str = MediaStorageHook.default_conn_name,
        filters: Mapping[str, Any] | None = None,
        poll_interval: float = 30.0,
        since: str | None = None,
        **_: Any,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        MEDIAS.check(filters or {})
        self._first: datetime | None = moment(since)
        if since is not None and self._first is None:
            raise InvalidRequestError(f"since is {since!r} and not a time in ISO 8601", service=SERVICE_NAME)
        self.media_storage_conn_id = media_storage_conn_id
        self.filters = dict(filters or {})
        self.poll_interval = poll_interval
        self.since = since
        self._cursor: Cursor | None = None
        self._stored: Cursor | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give what the triggerer needs to make this trigger again."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "media_storage_conn_id": self.media_storage_conn_id,
                "filters": self.filters,
                "poll_interval": self.poll_interval,
                "since": self.since,
            },
        )

    def shared_stream_key(self) -> Hashable:
        """Tell which triggers share their looks."""
        return (type(self).__qualname__, self.media_storage_conn_id, self.poll_interval)

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> MediaFeed:
        """Make the feed of all triggers with the same key."""
        return MediaFeed(kwargs["media_storage_conn_id"], kwargs["poll_interval"])

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Look]) -> AsyncIterator[TriggerEvent]:
        """Make events of what is new in each look, and keep the cursor once they are safe."""
        self._cursor = self._stored = await self._load()
        async for look in shared_stream:
            snapshot = await self._reaching(look.snapshot)
            if snapshot is None:
                continue
            fresh, self._cursor = self._begin(snapshot).take(snapshot)
            for event in self._events(fresh):
                yield event
            if self._cursor != self._stored:
                look.when_safe(partial(self._store, self._cursor))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look alone, where Airflow has no shared streams."""
        feed = MediaFeed(self.media_storage_conn_id, self.poll_interval)
        async with aclosing(_alone(feed)) as looks:
            async for event in self.filter_shared_stream(looks):
                yield event

    def _begin(self, snapshot: Snapshot) -> Cursor:
        if self._cursor is not None:
            return self._cursor
        return Cursor(self._first) if self._first is not None else Cursor.after(snapshot)

    async def _reaching(self, snapshot: Snapshot) -> Snapshot | None:
        """Give a snapshot that reaches down to where this trigger left off, as after an outage of the triggerer."""
        since = self._begin(snapshot).since
        if snapshot.reach <= since:
            return snapshot
        try:
            async with Hub.of(MediaStorageHook, self.media_storage_conn_id) as hub:
                return await hub.run(recent_medias(since))
        except MediaError as fault:
            self.log.warning("Cannot list the media since %s, and tries again: %s", since, fault)
            return None

    def _events(self, medias: list[Media]) -> Iterator[TriggerEvent]:
        wanted = [media.plain() for media in medias if MEDIAS.matches(self.filters, media)]
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            self.log.info("%s new media with connection %s", len(batch), self.media_storage_conn_id)
            yield TriggerEvent({"conn_id": self.media_storage_conn_id, "medias": batch})  # type: ignore[no-untyped-call]

    @property
    def _key(self) -> str:
        """Under which the cursor is kept: several triggers may watch for one asset."""
        return f"airflow_media.new_media.{fingerprint([self.media_storage_conn_id, self.filters, self.since])}"

    async def _load(self) -> Cursor | None:
        """Read the cursor. Without it, what came in the meantime would be lost: it is asked for until it is told."""
        while True:
            try:
                kept = [Cursor.of(await store.aget(self._key)) for store in asset_state_stores(self)]
            except Exception as fault:  # noqa: BLE001 - Airflow's API may fail in any way, and passingly
                self.log.warning("Cannot read what media have been told of, and tries again: %s", fault)
                await asyncio.sleep(STORE_RETRY)
            else:
                return max((cursor for cursor in kept if cursor), key=lambda cursor: cursor.since, default=None)

    async def _store(self, cursor: Cursor) -> None:
        try:
            for store in asset_state_stores(self):
                await store.aset(self._key, cursor.plain())
            self._stored = cursor
        except Exception as fault:  # noqa: BLE001 - as above; the next look does it again
            self.log.warning("Cannot keep what media have been told of, and tries again: %s", fault)


async def _alone(feed: MediaFeed) -> AsyncGenerator[Look, None]:
    """Give the looks of a feed to one trigger; when it asks for the next, it has sent the events of the last."""
    async with aclosing(feed.open_stream()) as stream:
        async for look, _ in stream:
            yield look
            await look.is_safe()
