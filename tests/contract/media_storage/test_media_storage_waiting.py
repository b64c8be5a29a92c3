"""Many waits in one triggerer, against the sandbox: what they cost it and the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import pytest

from airflow_media.jobs.states import JobKind, Outcome, Status
from airflow_media.media_storage.triggers import MediaStorageJobTrigger, MediaStorageMediaTrigger
from media_sandbox.media_storage import fixtures
from support.storeroom import Storeroom
from support.tasks import travelled

pytestmark = pytest.mark.airflow

T = TypeVar("T")
Connect = Callable[..., None]
WAITS = 1000
PATIENCE = 60.0
NOBODY = "00000000-0000-7000-8000-000000000000"


def waits_for(job_id: str, **fields: Any) -> MediaStorageJobTrigger:
    fields = {"kind": "job", "poll_interval": 2.0, **fields}
    trigger = travelled(MediaStorageJobTrigger(media_storage_conn_id="media_storage_default", job_id=job_id, **fields))
    assert isinstance(trigger, MediaStorageJobTrigger)
    return trigger


async def outcome(trigger: MediaStorageJobTrigger | MediaStorageMediaTrigger) -> Outcome:
    [event] = [event.payload async for event in trigger.run()]
    return Outcome.from_event(event)


async def outcomes(*triggers: MediaStorageJobTrigger) -> list[Outcome]:
    return list(await asyncio.gather(*map(outcome, triggers)))


def soon(work: Coroutine[Any, Any, T]) -> T:
    """Do it in an event loop, and not for ever."""
    return asyncio.run(asyncio.wait_for(work, PATIENCE))


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many waits were answered together, each time that some were."""
    answered: list[int] = []
    look_at_all = JobKind.look_at_all

    def count(self: JobKind, job_ids: Sequence[str]) -> Any:
        answered.append(len(job_ids))
        return look_at_all(self, job_ids)

    monkeypatch.setattr(JobKind, "look_at_all", count)
    return answered


def test_a_thousand_waits_make_at_most_two_requests_each_time(store: Storeroom, ticks: list[int]) -> None:
    job_ids = store.jobs(WAITS, status="running")

    async def wait_for_all() -> list[Outcome]:
        waiting = [asyncio.create_task(outcome(waits_for(job_id))) for job_id in job_ids]
        while len(ticks) < 2:
            await asyncio.sleep(0.05)
        for job_id in job_ids[: WAITS // 2]:
            await asyncio.to_thread(store.change, job_id, status="completed")
        done, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        return [task.result() for task in done]

    ended = soon(wait_for_all())
    assert {each.status for each in ended} == {Status.DONE}
    assert {each.job_id for each in ended} <= set(job_ids[: WAITS // 2])
    assert max(ticks) > WAITS // 4, "they are answered together"
    assert store.count("index_jobs") <= 2 * (len(ticks) + 1), "one answer may be on its way when the test ends"
    assert store.count("show_job") == 0
    assert store.count("login") == 1
    for request in store.requests("index_jobs"):
        assert int(request["query"]["page[size]"]) <= 500
        assert request["answer_bytes"] < 200 * 500


def test_a_thousand_waits_that_begin_together_are_answered_by_two_requests(store: Storeroom, ticks: list[int]) -> None:
    job_ids = store.jobs(WAITS, status="completed")
    # They look at a random moment of the first interval, and a look gathers others for half of it.
    ended = soon(outcomes(*(waits_for(job_id, poll_interval=4.0) for job_id in job_ids)))
    assert {each.status for each in ended} == {Status.DONE}
    assert sum(ticks) == WAITS
    assert store.count("index_jobs") <= 2 * len(ticks)
    assert len(ticks) <= 3


def test_a_proxy_that_refuses_long_urls_costs_more_requests_and_nothing_else(store: Storeroom) -> None:
    job_ids = store.jobs(60, status="completed")
    store.admin.fault("error status=414 on=media_storage.index_jobs times=2")
    waits = (waits_for(job_id, poll_interval=0.05) for job_id in job_ids)
    assert {each.status for each in soon(outcomes(*waits))} == {Status.DONE}


def test_each_wait_ends_as_its_own_job_does(store: Storeroom) -> None:
    done, failed = store.job(status="completed"), store.job(status="errored", error="it broke")
    strange = store.job(status="ready")
    ended = soon(
        outcomes(
            waits_for(done, poll_interval=0.05),
            waits_for(failed, poll_interval=0.05),
            waits_for(NOBODY, poll_interval=0.05),
            waits_for("no uuid", poll_interval=0.05),
            waits_for(strange, poll_interval=0.05, options={"success_statuses": ["ready"]}),
            waits_for(strange, poll_interval=0.05, options={"fail_on_unknown": True}),
        )
    )
    assert [each.status for each in ended] == [
        Status.DONE,
        Status.FAILED,
        Status.GONE,
        Status.GONE,
        Status.DONE,
        Status.FAILED,
    ]
    assert ended[1].reason == "its status is errored: it broke"
    assert "not among the jobs" in ended[2].reason


def test_a_job_that_is_deleted_ends_its_wait_and_no_other(store: Storeroom) -> None:
    kept, deleted = store.job(status="running"), store.job(status="running")

    async def both() -> list[Outcome]:
        waiting = [asyncio.create_task(outcome(waits_for(job_id, poll_interval=0.05))) for job_id in (kept, deleted)]
        while not store.count("index_jobs"):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(store.admin._call, "DELETE", f"media_storage/jobs/{deleted}")
        gone = await waiting[1]
        assert not waiting[0].done()
        await asyncio.to_thread(store.change, kept, status="completed")
        return [await waiting[0], gone]

    assert [each.status for each in soon(both())] == [Status.DONE, Status.GONE]


def test_a_token_that_expires_under_all_of_them_is_renewed_once(store: Storeroom) -> None:
    job_ids = store.jobs(50, status="running")

    async def expire_in_the_middle() -> list[Outcome]:
        waiting = [asyncio.create_task(outcome(waits_for(job_id, poll_interval=0.05))) for job_id in job_ids]
        while not store.count("index_jobs"):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(store.admin.expire_tokens)
        for job_id in job_ids:
            await asyncio.to_thread(store.change, job_id, status="completed")
        return await asyncio.gather(*waiting)

    assert {each.status for each in soon(expire_in_the_middle())} == {Status.DONE}
    assert store.count("login") == 2


def test_a_token_that_somebody_renews_in_the_connection_is_taken_up(store: Storeroom, connect: Connect) -> None:
    connect("media_storage", {"api_key": None}, password=store.token())
    job_id = store.job(status="running")

    async def renew_in_the_middle() -> Outcome:
        waiting = asyncio.create_task(outcome(waits_for(job_id, poll_interval=0.05)))
        while not store.count("index_jobs"):
            await asyncio.sleep(0.01)
        connect("media_storage", {"api_key": fixtures.PLAIN.api_key})
        await asyncio.to_thread(store.admin.expire_tokens)
        await asyncio.to_thread(store.change, job_id, status="completed")
        return await waiting

    assert soon(renew_in_the_middle()).status is Status.DONE


def test_a_wrong_token_ends_all_waits_with_few_attempts(store: Storeroom, connect: Connect) -> None:
    job_ids = store.jobs(50, status="running")
    connect("media_storage", {"api_key": "IDAH_wrong-key"})
    ended = soon(outcomes(*(waits_for(job_id, poll_interval=0.05) for job_id in job_ids)))
    assert {(each.status, each.retryable) for each in ended} == {(Status.ERROR, False)}
    assert "api_key and token_url" in ended[0].reason
    assert "wrong-key" not in str(ended)
    assert store.count("login") < 10


def test_a_wait_for_a_file_and_one_for_its_jobs_share_a_client(store: Storeroom) -> None:
    store.options(jobs_from_uploads=True)
    file = MediaStorageMediaTrigger(
        media_storage_conn_id="media_storage_default",
        resource="r",
        kind="media",
        poll_interval=0.05,
        options={"key": "master.m3u8"},
    )
    jobs = waits_for("all", kind="matching", poll_interval=0.05, options={"filters": {}, "resource": "r"})

    async def both() -> list[Outcome]:
        waiting = [asyncio.create_task(outcome(travelled(file))), asyncio.create_task(outcome(jobs))]  # type: ignore[arg-type]
        while not (store.count("info") and store.count("index_jobs")):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(store.upload, "r")
        return await asyncio.gather(*waiting)

    assert {each.status for each in soon(both())} == {Status.DONE}
    assert store.count("login") == 2, "that of the waits, and that of the upload"


def test_each_leg_in_a_loop_of_its_own_works(store: Storeroom) -> None:
    job_id = store.job(status="completed")
    for _ in range(3):
        assert soon(outcome(waits_for(job_id, poll_interval=0.05))).status is Status.DONE
