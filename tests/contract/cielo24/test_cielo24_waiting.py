"""Many waits in one triggerer, against the sandbox: what they cost it and the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.cielo24.triggers import Cielo24Trigger
from airflow_media.jobs.hub import Hub
from airflow_media.jobs.states import Outcome, Phase, Status
from support.captioning import CaptionHouse
from support.killing import kill_while_waiting
from support.tasks import travelled

pytestmark = pytest.mark.airflow

WAITS = 100


def waits_for(job_id: str, **fields: Any) -> Cielo24Trigger:
    fields = {"kind": "transcription", "poll_interval": 0.05, **fields}
    trigger = travelled(Cielo24Trigger(cielo24_conn_id="cielo24_default", job_id=job_id, **fields))
    assert isinstance(trigger, Cielo24Trigger)
    return trigger


async def outcome(trigger: Cielo24Trigger) -> Outcome:
    [event] = [event.payload async for event in trigger.run()]
    return Outcome.from_event(event)


async def outcomes(*triggers: Cielo24Trigger) -> list[Outcome]:
    return list(await asyncio.gather(*map(outcome, triggers)))


def test_a_hundred_waits_log_in_once(house: CaptionHouse, logged: Callable[[], str]) -> None:
    job_id = house.completed()
    logins = house.count("login")
    ended = asyncio.run(outcomes(*(waits_for(job_id) for _ in range(WAITS))))
    assert ended == [Outcome(Status.DONE, job_id)] * WAITS
    assert house.count("login") == logins + 1
    assert house.secrets_in(logged()) == []


def test_a_token_that_was_idle_for_too_long_under_all_of_them_is_renewed_once(house: CaptionHouse) -> None:
    house.stick()
    job_id = house.ordered()
    logins = house.count("login")

    async def lapse_in_the_middle() -> list[Outcome]:
        waiting = [asyncio.create_task(outcome(waits_for(job_id))) for _ in range(20)]
        while house.count("info") < 40:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(house.admin.expire_tokens)
        await asyncio.to_thread(house.set_status, job_id, "Complete")
        return await asyncio.gather(*waiting)

    assert {each.status for each in asyncio.run(lapse_in_the_middle())} == {Status.DONE}
    assert house.count("login") == logins + 2


def test_wrong_credentials_end_all_waits_with_few_attempts(house: CaptionHouse, connect: Callable[..., None]) -> None:
    job_id = house.completed()
    connect("cielo24", password="wrong-password")
    logins = house.count("login")
    ended = asyncio.run(outcomes(*(waits_for(job_id) for _ in range(50))))
    assert {(each.status, each.retryable) for each in ended} == {(Status.ERROR, False)}
    assert "Check the credentials of the connection" in ended[0].reason
    assert "wrong-password" not in str(ended)
    assert house.count("login") - logins < 10, "one for each wait would lock the account"


@pytest.mark.parametrize(("zone", "due"), [("UTC", True), ("America/Los_Angeles", True), (None, False)])
def test_the_due_date_is_used_where_the_zone_of_the_service_is_told(
    house: CaptionHouse, connect: Callable[..., None], zone: str | None, due: bool
) -> None:
    house.options(turnaround_hour_seconds=3600.0, zone=zone or "UTC")
    connect("cielo24", {"timezone": zone} if zone else {})
    order = TranscriptionOrder(transcription_fidelity="PREMIUM", priority="STANDARD", turnaround_hours=72)
    job_id = house.ordered(order)
    house.until(job_id, "In Process")

    async def look() -> Any:
        async with Hub.of(Cielo24Trigger.hook, "cielo24_default") as hub:
            return await hub.observe(Cielo24Trigger.kinds["transcription"], job_id, within=0.01)

    state = asyncio.run(look())
    assert state.phase is Phase.RUNNING
    assert state.due_in == (pytest.approx(72 * 3600, abs=60) if due else None)
    house.admin.advance_clock(72 * 3600)
    house.until(job_id, "Complete")
    assert asyncio.run(look()).phase is Phase.DONE


@pytest.mark.parametrize("cancel_on_kill", [True, False])
def test_a_task_that_is_killed_while_deferred_takes_its_job_along_if_it_may(
    house: CaptionHouse, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str], cancel_on_kill: bool
) -> None:
    house.stick()
    job_id = house.ordered()
    trigger = waits_for(job_id, cancel_on_kill=cancel_on_kill)

    kill_while_waiting(
        trigger,
        looked=lambda: bool(house.count("info")),
        hold=lambda: house.admin.fault("delay seconds=0.3 on=cielo24.delete"),
        cancels=cancel_on_kill,
        monkeypatch=monkeypatch,
    )
    assert house.jobs == ([] if cancel_on_kill else [job_id])
    assert house.secrets_in(logged()) == []
