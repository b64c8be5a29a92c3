"""One hub for all waits of a connection in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from airflow_media.http.call import Flow
from airflow_media.http.errors import (
    AuthenticationError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    ProtocolError,
    ServerFaultError,
)
from airflow_media.jobs import hub as hub_module
from airflow_media.jobs.hub import Hub
from airflow_media.jobs.states import JobKind, JobState, Phase
from support.bakery import CONN_ID, BakeryHook, Oven, connection

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("bakery_connection")]

SOON = 0.01


async def observe(
    kind: JobKind, *job_ids: str, conn_id: str = CONN_ID, within: float = SOON
) -> list[JobState | BaseException]:
    """Look at loaves all at once, each under a lease of its own, as triggers do."""

    async def one(job_id: str) -> JobState:
        async with Hub.of(BakeryHook, conn_id) as hub:
            return await hub.observe(kind, job_id, within)

    return await asyncio.gather(*(one(job_id) for job_id in job_ids), return_exceptions=True)


def test_a_connection_is_fetched_once_for_all_waits(bakery_connection: list[str]) -> None:
    oven = Oven()
    states = asyncio.run(observe(oven.kind(), *map(str, range(200))))
    assert states == [JobState(Phase.DONE)] * 200
    assert bakery_connection == ["baker"]


def test_a_thousand_looks_are_one_request_where_the_service_can_list(bakery_connection: list[str]) -> None:
    oven = Oven()
    states = asyncio.run(observe(oven.kind(many=True), *map(str, range(1_000)), within=1.0))
    assert states == [JobState(Phase.DONE)] * 1_000
    assert len(oven.asked) == 1
    assert set(oven.asked[0]) == set(map(str, range(1_000)))


def test_looks_that_ask_for_different_things_are_different_requests() -> None:
    asked: list[tuple[str, list[str]]] = []

    def observe_many(job_ids: Sequence[str], colour: str) -> Flow[Mapping[str, JobState]]:
        yield from ()
        asked.append((colour, list(job_ids)))
        return dict.fromkeys(job_ids, JobState(Phase.DONE))

    kind = replace(Oven().kind(), observe_many=observe_many)

    async def both() -> None:
        looks = (observe(kind.with_options({"colour": colour}), "1", "2") for colour in ("brown", "pale"))
        await asyncio.gather(*looks)

    asyncio.run(both())
    assert sorted(asked) == [("brown", ["1", "2"]), ("pale", ["1", "2"])]


def test_two_waits_for_one_job_share_its_look() -> None:
    oven = Oven()
    assert asyncio.run(observe(oven.kind(many=True), "7", "7")) == [JobState(Phase.DONE)] * 2
    assert oven.asked == [["7"]]


def test_each_moment_has_a_request_of_its_own() -> None:
    oven = Oven([JobState(Phase.RUNNING, 10.0), JobState(Phase.DONE)])

    async def twice() -> list[JobState]:
        async with Hub.of(BakeryHook, CONN_ID) as hub:
            return [await hub.observe(oven.kind(many=True), "7", within=0.0) for _ in range(2)]

    assert [state.phase for state in asyncio.run(twice())] == [Phase.RUNNING, Phase.DONE]


@pytest.mark.parametrize("error", [ServerFaultError("the oven is out", status=503), ZeroDivisionError("burnt")])
def test_what_goes_wrong_reaches_everybody_who_asked(error: Exception) -> None:
    oven = Oven([error])
    assert asyncio.run(observe(oven.kind(many=True), "1", "2", "3")) == [error] * 3


def test_a_job_that_the_listing_lacks_is_not_found() -> None:
    oven = Oven()
    state, fault = asyncio.run(observe(oven.kind(many=True), "7", "eaten"))
    assert state == JobState(Phase.DONE)
    assert isinstance(fault, NotFoundError)
    assert fault.subject == "eaten"


def test_who_gives_up_takes_nobody_along() -> None:
    oven = Oven()

    async def one_leaves() -> JobState:
        async with Hub.of(BakeryHook, CONN_ID) as hub:
            asked = [asyncio.create_task(hub.observe(oven.kind(many=True), each, SOON)) for each in ("1", "1", "2")]
            await asyncio.sleep(0)
            asked[0].cancel()
            _, same, other = await asyncio.gather(*asked, return_exceptions=True)
            assert same == other
            return other  # type: ignore[return-value]

    assert asyncio.run(one_leaves()) == JobState(Phase.DONE)


@pytest.mark.parametrize("many", [True, False])
def test_a_refused_login_fetches_the_connection_once_more(many: bool, bakery_connection: list[str]) -> None:
    refused: list[JobState | Exception] = [AuthenticationError("wrong password") for _ in range(1 if many else 50)]
    oven = Oven([*refused, JobState(Phase.DONE)])
    assert asyncio.run(observe(oven.kind(many=many), *map(str, range(50)))) == [JobState(Phase.DONE)] * 50
    assert bakery_connection == ["baker"] * 2


def test_a_login_that_stays_refused_is_an_error(bakery_connection: list[str]) -> None:
    oven = Oven([AuthenticationError("wrong password")])
    [fault] = asyncio.run(observe(oven.kind(), "7"))
    assert isinstance(fault, AuthenticationError)
    assert bakery_connection == ["baker"] * 2


def test_the_last_lease_closes_the_hub(bakery_connection: list[str]) -> None:
    oven = Oven()

    async def come_and_go() -> None:
        async with Hub.of(BakeryHook, CONN_ID) as first:
            async with Hub.of(BakeryHook, CONN_ID) as second:
                assert second is first
                await first.observe(oven.kind(), "7", SOON)
            await first.observe(oven.kind(), "7", SOON)
        assert len(bakery_connection) == 1
        async with Hub.of(BakeryHook, CONN_ID) as third:
            assert third is not first
            await third.observe(oven.kind(), "7", SOON)

    asyncio.run(come_and_go())
    assert len(bakery_connection) == 2


def test_another_connection_has_another_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", connection(login="other"))

    async def two() -> None:
        async with Hub.of(BakeryHook, CONN_ID) as mine, Hub.of(BakeryHook, "other") as other:
            assert mine is not other

    asyncio.run(two())


def test_a_fresh_loop_works_after_the_old_one_was_closed() -> None:
    oven = Oven()
    for _ in range(3):
        assert asyncio.run(observe(oven.kind(), "7")) == [JobState(Phase.DONE)]


def test_a_loop_that_ends_in_the_middle_leaves_nothing_to_the_next() -> None:
    oven = Oven([JobState(Phase.RUNNING)])

    async def left_open() -> None:
        lease = Hub.of(BakeryHook, CONN_ID)
        hub = await lease.__aenter__()
        await hub.observe(oven.kind(), "7", SOON)

    asyncio.run(left_open())
    assert asyncio.run(observe(oven.kind(), "7")) == [JobState(Phase.RUNNING)]


def fault_of(work: Coroutine[Any, Any, list[JobState | BaseException]]) -> MediaError:
    [fault] = asyncio.run(work)
    assert isinstance(fault, MediaError)
    return fault


def test_a_connection_that_is_not_found_is_told_by_its_name_and_may_come_back() -> None:
    fault = fault_of(observe(Oven().kind(), "7", conn_id="nowhere"))
    assert isinstance(fault, ProtocolError)
    assert fault.retryable
    assert "the connection 'nowhere'" in str(fault)
    assert "Admin, Connections" in str(fault)


def test_a_secrets_backend_that_fails_may_heal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(conn_id: str) -> None:
        raise TimeoutError("vault did not answer; its token is sourdough-secret")

    monkeypatch.setattr(hub_module, "aget_connection", fail)
    fault = fault_of(observe(Oven().kind(), "7"))
    assert isinstance(fault, NetworkFaultError)
    assert fault.retryable
    assert "sourdough-secret" not in str(fault)


def test_a_field_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_EMPTY", connection(login=""))
    fault = fault_of(observe(Oven().kind(), "7", conn_id="empty"))
    assert "connection 'empty', login is empty" in str(fault)
