"""NewMediaTrigger in Airflow's own runner against the sandbox: each new medium is told of once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.http.errors import InvalidRequestError
from airflow_media.media_storage.triggers import NewMediaTrigger
from support.storeroom import Storeroom
from support.triggerer import Database, Triggerer, in_thread

pytestmark = pytest.mark.airflow

Connect = Callable[..., None]


def watcher(**fields: Any) -> NewMediaTrigger:
    return NewMediaTrigger(**{"poll_interval": 0.05, **fields})


@pytest.mark.usefixtures("way")
def test_what_comes_is_told_of_once_and_in_order_and_what_was_there_is_not(
    store: Storeroom, database: Database, looks: list[Any]
) -> None:
    store.upload("before")

    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: looks)
            for name in ("one", "two", "three"):
                await in_thread(store.upload, name)
            await triggerer.until(lambda: len(database.media) == 3)
            seen = len(looks)
            await triggerer.until(lambda: len(looks) > seen + 2)

    asyncio.run(watch())
    assert database.media == ["one", "two", "three"]
    told = database.events[0]["medias"][0]
    assert told == next(media for media in store.all_media if media.resource == "one").plain()
    assert {event["conn_id"] for event in database.events} == {"media_storage_default"}


@pytest.mark.usefixtures("way")
def test_in_a_storage_that_was_empty_the_first_medium_is_new(
    store: Storeroom, database: Database, looks: list[Any]
) -> None:
    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: looks)
            await in_thread(store.upload, "first")
            await triggerer.until(lambda: database.media)

    asyncio.run(watch())
    assert database.media == ["first"]


@pytest.mark.usefixtures("way")
def test_a_crowd_is_told_of_in_batches_that_miss_nothing(
    store: Storeroom, database: Database, looks: list[Any]
) -> None:
    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: looks)
            await in_thread(store.rows, 1234, prefix="row-")
            await triggerer.until(lambda: len(database.media) >= 1234)

    asyncio.run(watch())
    assert sorted(database.media) == sorted(f"row-{number}" for number in range(1234))
    assert max(len(event["medias"]) for event in database.events) == 100


@pytest.mark.usefixtures("way")
def test_only_what_the_filters_want_is_told_of(store: Storeroom, database: Database, looks: list[Any]) -> None:
    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher(filters={"key": "", "mime_type": ["video/mp4", "text/plain"]}))
            await triggerer.until(lambda: looks)
            await in_thread(store.upload, "film", key="thumbnail.jpg")
            await in_thread(store.upload, "film")
            await in_thread(store.rows, 1, prefix="image-", mime_type="image/png")
            await in_thread(store.rows, 1, prefix="text-", mime_type="text/plain")
            await triggerer.until(lambda: "text-0" in database.media)

    asyncio.run(watch())
    assert database.media == ["film", "text-0"]


@pytest.mark.usefixtures("way")
def test_at_its_first_start_it_can_begin_in_the_past(store: Storeroom, database: Database) -> None:
    store.rows(150, prefix="row-")

    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher(since="2020-01-01"))
            await triggerer.until(lambda: len(database.media) >= 150)

    asyncio.run(watch())
    assert len(set(database.media)) == len(database.media) == 150


@pytest.mark.usefixtures("way")
def test_a_service_that_is_away_is_waited_for(
    store: Storeroom, database: Database, looks: list[Any], logged: Callable[[], str]
) -> None:
    for fault in ("malformed", "500", "error status=403", "lost_answer", "expire_token"):
        store.admin.fault(f"{fault} on=media_storage.index_medias times=1")

    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher(poll_interval=0.01))
            await triggerer.until(lambda: looks)
            await in_thread(store.upload, "late")
            await triggerer.until(lambda: database.media)

    asyncio.run(watch())
    assert database.media == ["late"]
    assert "Cannot look for new media with connection media_storage_default, and goes on" in logged()
    assert store.secrets_in(logged()) == []


def test_a_connection_that_is_mended_is_taken_up(
    store: Storeroom, database: Database, connect: Connect, looks: list[Any]
) -> None:
    connect("media_storage", {"api_key": "IDAH_wrong-key"})

    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher(poll_interval=0.02))
            await triggerer.until(lambda: store.count("login") >= 2)
            connect("media_storage")
            await triggerer.until(lambda: looks)

    asyncio.run(watch())


# What it is made of


def test_it_travels_as_it_is_and_holds_no_secret(store: Storeroom) -> None:
    path, kwargs = watcher(filters={"key": ""}, since="2026-01-01").serialize()
    assert path == "airflow_media.media_storage.triggers.NewMediaTrigger"
    assert kwargs == {
        "media_storage_conn_id": "media_storage_default",
        "filters": {"key": ""},
        "poll_interval": 0.05,
        "since": "2026-01-01",
    }
    assert NewMediaTrigger(**kwargs, of_a_later_release=True).serialize() == (path, kwargs)
    assert NewMediaTrigger.hash(path, kwargs) == NewMediaTrigger.hash(path, dict(kwargs))


def test_watchers_share_what_looks_alike() -> None:
    key = watcher().shared_stream_key()
    assert key == watcher(filters={"key": ""}, since="2026-01-01").shared_stream_key()
    assert key != watcher(poll_interval=60).shared_stream_key()
    assert key != watcher(media_storage_conn_id="other").shared_stream_key()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"filters": {"kee": ""}}, "medias have no filter 'kee'"),
        ({"filters": {"created_at__gte": "2026-01-01"}}, "have no filter"),
        ({"filters": {"size": "big"}}, "whole number"),
        ({"since": "soon"}, "not a time in ISO 8601"),
    ],
)
def test_what_cannot_be_is_told_when_the_dag_is_read(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        watcher(**fields)
