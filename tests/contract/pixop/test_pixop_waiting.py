"""Many waits in one triggerer, against the sandbox: what they cost it and the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.jobs.states import Outcome, Status
from airflow_media.pixop import api
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.triggers import PixopTrigger
from support.killing import kill_while_waiting
from support.studio import SETTINGS, Studio
from support.tasks import travelled

pytestmark = pytest.mark.airflow

WAITS = 200


def waits_for(video_id: str, **fields: Any) -> PixopTrigger:
    fields = {"kind": "ingestion", "poll_interval": 0.05, **fields}
    trigger = travelled(PixopTrigger(pixop_conn_id="pixop_default", video_id=video_id, **fields))
    assert isinstance(trigger, PixopTrigger)
    return trigger


async def outcome(trigger: PixopTrigger) -> Outcome:
    [event] = [event.payload async for event in trigger.run()]
    return Outcome.from_event(event)


async def outcomes(*triggers: PixopTrigger) -> list[Outcome]:
    return list(await asyncio.gather(*map(outcome, triggers)))


def begun(studio: Studio) -> str:
    return studio.hook.run(api.process_video(studio.ingested(), ProcessSettings.parse(SETTINGS))).processed_video_id


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The connections that were fetched from Airflow."""
    from airflow_media.jobs import hub

    fetch = hub.aget_connection
    asked: list[str] = []

    async def count(conn_id: str) -> Any:
        asked.append(conn_id)
        return await fetch(conn_id)

    monkeypatch.setattr(hub, "aget_connection", count)
    return asked


def test_two_hundred_waits_log_in_once_and_fetch_their_connection_once(studio: Studio, fetched: list[str]) -> None:
    video_id = studio.ingested()
    logins = studio.count("get_token")
    assert (
        asyncio.run(outcomes(*(waits_for(video_id) for _ in range(WAITS)))) == [Outcome(Status.DONE, video_id)] * WAITS
    )
    assert studio.count("get_token") == logins + 1
    assert fetched == ["pixop_default"]


def test_a_token_that_expires_under_all_of_them_is_renewed_once(studio: Studio) -> None:
    studio.admin.outcome("ingest", "stuck")
    studio.come_to_its_middle(video_id := studio.uploaded())
    logins = studio.count("get_token")

    async def expire_in_the_middle() -> list[Outcome]:
        waiting = [asyncio.create_task(outcome(waits_for(video_id))) for _ in range(50)]
        while studio.count("check_ingest_progress") < 100:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(studio.admin.expire_tokens)
        await asyncio.to_thread(studio.admin.release)
        return await asyncio.gather(*waiting)

    assert {each.status for each in asyncio.run(expire_in_the_middle())} == {Status.DONE}
    assert studio.count("get_token") == logins + 2


def test_each_leg_in_a_loop_of_its_own_works(studio: Studio) -> None:
    video_id = studio.ingested()
    for _ in range(3):
        assert asyncio.run(outcome(waits_for(video_id))).status is Status.DONE


def test_a_wrong_password_ends_all_waits_with_few_attempts(studio: Studio, connect: Callable[..., None]) -> None:
    video_id = studio.ingested()
    connect("pixop", password="wrong-password")
    logins = studio.count("get_token")
    ended = asyncio.run(outcomes(*(waits_for(video_id) for _ in range(50))))
    assert {(each.status, each.retryable) for each in ended} == {(Status.ERROR, False)}
    assert "credentials of the connection" in ended[0].reason
    assert "wrong-password" not in str(ended)
    assert studio.count("get_token") - logins < 10, "one for each wait would lock the account"


@pytest.mark.parametrize("cancel_on_kill", [True, False])
def test_a_task_that_is_killed_while_deferred_takes_its_job_along_if_it_may(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str], cancel_on_kill: bool
) -> None:
    studio.admin.outcome("process", "stuck")
    video_id = begun(studio)
    trigger = waits_for(video_id, kind="processing", cancel_on_kill=cancel_on_kill)

    kill_while_waiting(
        trigger,
        looked=lambda: bool(studio.count("check_process_progress")),
        hold=lambda: studio.admin.fault("delay seconds=0.3 on=pixop.delete_video"),
        cancels=cancel_on_kill,
        monkeypatch=monkeypatch,
    )
    assert studio.processed == ([] if cancel_on_kill else [video_id])
    assert studio.secrets_in(logged()) == []
