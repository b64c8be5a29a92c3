"""NewMediaTrigger over restarts, and in numbers: where Airflow has an asset state store and lets triggers share looks.

Where it has not, this module is not collected: there a restart begins with what comes after it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from airflow_media.media_storage.triggers import NewMediaTrigger
from support.storeroom import Storeroom
from support.triggerer import Database, Triggerer, in_thread

pytestmark = pytest.mark.airflow

WATCHERS = 10


def watcher(**fields: Any) -> NewMediaTrigger:
    return NewMediaTrigger(**{"poll_interval": 0.05, **fields})


def test_any_number_of_watchers_cost_one_look(store: Storeroom, database: Database, looks: list[Any]) -> None:
    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            for number in range(WATCHERS):
                triggerer.watch(watcher(filters={"resource": f"film {number}"}), f"asset {number}")
            await triggerer.until(lambda: len(looks) > 1)
            for number in range(WATCHERS):
                await in_thread(store.upload, f"film {number}")
            await triggerer.until(lambda: len(database.media) == WATCHERS)

    asyncio.run(watch())
    assert sorted(database.media) == [f"film {number}" for number in range(WATCHERS)]
    assert store.count("index_medias") in (len(looks), len(looks) + 1), "one may be on its way at the end"
    assert store.count("login") == 2, "that of the feed, and that of the uploads"
    assert {asset for asset, _ in database.states} == {f"asset {number}" for number in range(WATCHERS)}


@pytest.mark.parametrize("restarts", [1, 3])
@pytest.mark.usefixtures("way")
def test_a_restart_loses_nothing_and_doubles_nothing(
    store: Storeroom, database: Database, looks: list[Any], restarts: int
) -> None:
    """All within the same second or two, so that times alone tell nothing apart."""

    async def watch(number: int) -> None:
        looks.clear()
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: looks)
            await in_thread(store.upload, f"while it runs {number}")
            await triggerer.until(lambda: f"while it runs {number}" in database.media)
            seen = len(looks)
            await triggerer.until(lambda: len(looks) > seen + 1)
        await in_thread(store.upload, f"while none runs {number}")

    for number in range(restarts + 1):
        asyncio.run(watch(number))
    wanted = [f"{when} {number}" for number in range(restarts + 1) for when in ("while it runs", "while none runs")]
    assert database.media == wanted[:-1], "the last one waits for another start"


def test_what_came_during_a_long_outage_is_told_of_whole(
    store: Storeroom, database: Database, looks: list[Any]
) -> None:
    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: database.states)
        await in_thread(store.rows, 2345, prefix="row-")
        await in_thread(store.admin.advance_clock, 86400.0)
        await in_thread(store.upload, "a day later")
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: len(database.media) >= 2346)

    asyncio.run(watch())
    assert len(set(database.media)) == len(database.media) == 2346
    assert database.media[-1] == "a day later"


def test_a_triggerer_that_dies_before_its_events_are_stored_loses_none(
    store: Storeroom, database: Database, looks: list[Any]
) -> None:
    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: database.states)
            triggerer.stores_events = False
            await in_thread(store.upload, "unlucky")
            seen = len(looks)
            await triggerer.until(lambda: len(looks) > seen + 3)
        assert database.events == []
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: database.media)

    asyncio.run(watch())
    assert database.media == ["unlucky"]


def test_a_watcher_that_joins_others_begins_where_it_left_off(
    store: Storeroom, database: Database, looks: list[Any]
) -> None:
    late = watcher(filters={"key": ""})

    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(late, "late")
            await triggerer.until(lambda: database.states)
        await in_thread(store.upload, "missed")
        await in_thread(store.admin.advance_clock, 3600.0)
        looks.clear()
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher(filters={"resource": "other"}), "other")
            await triggerer.until(lambda: len(looks) > 1)
            await in_thread(store.rows, 120, prefix="row-", key="k")
            seen = len(looks)
            await triggerer.until(lambda: len(looks) > seen + 1)
            triggerer.watch(late, "late")
            await triggerer.until(lambda: database.media)

    asyncio.run(watch())
    assert database.media == ["missed"]


@pytest.mark.usefixtures("way")
def test_a_state_store_that_is_away_loses_nothing(store: Storeroom, database: Database, looks: list[Any]) -> None:
    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: database.states)
            database.broken = True
            await in_thread(store.upload, "while it is away")
            await triggerer.until(lambda: database.media)
            database.broken = False
            kept = dict(database.states)
            await triggerer.until(lambda: database.states != kept)
        database.broken = True
        await in_thread(store.upload, "while none runs")
        looks.clear()
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher())
            refusals = database.refusals
            await triggerer.until(lambda: database.refusals > refusals + 1)
            assert database.media == ["while it is away"]
            database.broken = False
            await triggerer.until(lambda: len(database.media) > 1)

    asyncio.run(watch())
    assert database.media == ["while it is away", "while none runs"]


def test_a_trigger_of_several_assets_keeps_one_cursor_at_each(
    store: Storeroom, database: Database, looks: list[Any]
) -> None:
    async def watch() -> None:
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher(), "one", "two")
            await triggerer.until(lambda: len(database.states) == 2)
        del database.states[next(key for key in database.states if key[0] == "one")]
        await in_thread(store.upload, "later")
        async with Triggerer(database) as triggerer:
            triggerer.watch(watcher(), "one", "two")
            await triggerer.until(lambda: database.media and len(database.states) == 2)

    asyncio.run(watch())
    assert database.media == ["later"]
