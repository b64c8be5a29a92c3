"""The trigger that tells of new media, under each fault: it never ends, and tells of each medium once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from chaos_faults import Case
from chaos_report import watched
from chaos_scenario import Scenario, World
from chaos_scenarios import WATCHERS

from airflow_media.media_storage.triggers import NewMediaTrigger
from support.storeroom import Storeroom
from support.triggerer import Database, Triggerer, in_thread

pytestmark = pytest.mark.airflow

Open = Callable[[Scenario], World]
Outcome = Callable[[str, Case, str], None]
STRUCK = 6
"""How often a fault strikes that stays: more often than one call is sent."""
RESOURCE = "row-0"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--chaos", default=False)
        chosen = watched(whole=whole, unlike=not whole and "stays" in metafunc.function.__name__)
        metafunc.parametrize("case", chosen, ids=[case.name for case in chosen])


@dataclass
class Watch:
    """A watcher in a triggerer, and what it was heard to say.

    :param world: The sandbox.
    :param database: What Airflow keeps.
    :param looks: The looks that succeeded.
    """

    world: World
    database: Database
    looks: list[Any]

    def arrive(self) -> None:
        """Have a medium arrive."""
        Storeroom(self.world.sandbox, self.world.clip).rows(1, prefix="row-")

    async def until_told(self, triggerer: Triggerer) -> None:
        """Wait until the medium is told of, and for two looks more, which must not tell of it again."""
        await triggerer.until(lambda: self.database.media)
        seen = len(self.looks)
        await triggerer.until(lambda: len(self.looks) > seen + 1)
        assert self.database.media == [RESOURCE]


@pytest.fixture
def watch(arena: Open, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """A sandbox and a database in which nothing is yet; pauses are short."""
    from airflow_media.jobs import hub
    from airflow_media.media_storage import feed, triggers

    looks: list[Any] = []

    class Counted(feed.Look):
        def __post_init__(self) -> None:
            looks.append(self.snapshot)

    monkeypatch.setattr(feed, "Look", Counted)
    monkeypatch.setattr(feed, "LONGEST_PAUSE", 0.1)
    monkeypatch.setattr(triggers, "STORE_RETRY", 0.02)
    monkeypatch.setattr(hub, "REFUSAL", 0.02)
    database = Database()
    database.install(monkeypatch)
    return Watch(arena(WATCHERS[0]), database, looks)


def watcher() -> NewMediaTrigger:
    return NewMediaTrigger(poll_interval=0.02)


def test_a_clean_watch_asks_for_what_the_matrix_says(watch: Watch) -> None:
    async def run() -> None:
        async with Triggerer(watch.database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: watch.looks)

    asyncio.run(run())
    [scenario] = WATCHERS
    assert type(watcher()).__name__ == scenario.task
    asked = watch.world.requests()
    assert tuple(asked[: len(scenario.requests)]) == scenario.requests
    assert set(asked) == set(scenario.requests)


def test_a_passing_fault_makes_it_miss_nothing(
    watch: Watch, untold: Callable[..., None], outcome: Outcome, case: Case
) -> None:
    line = watch.world.line

    async def run() -> None:
        async with Triggerer(watch.database) as triggerer:
            if case.kind == "login":  # which is not asked for again soon
                line.fault(f"{case.spec} times=1")
            triggerer.watch(watcher())
            await triggerer.until(lambda: watch.looks)
            if case.kind != "login":
                await in_thread(line.fault, f"{case.spec} times=1")
            await in_thread(watch.arrive)
            await watch.until_told(triggerer)

    asyncio.run(run())
    assert line.faults() == [], "the fault did not strike"
    untold(watch.world, None, str(watch.database))
    outcome("passes", case, "done")


def test_a_fault_that_stays_is_waited_out(
    watch: Watch, untold: Callable[..., None], outcome: Outcome, case: Case
) -> None:
    line = watch.world.line

    async def run() -> None:
        async with Triggerer(watch.database) as triggerer:
            triggerer.watch(watcher())
            await triggerer.until(lambda: watch.looks)
            await in_thread(line.fault, f"{case.spec} times={STRUCK}")
            if case.kind == "login":
                await in_thread(watch.world.admin.expire_tokens)
            await in_thread(watch.arrive)
            await watch.until_told(triggerer)

    asyncio.run(run())
    assert line.faults() == [], "the fault struck fewer times"
    untold(watch.world, None, str(watch.database))
    outcome("stays", case, "waits")
