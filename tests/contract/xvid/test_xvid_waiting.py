"""Many waits in one triggerer, against the sandbox: what they cost the service, and killing them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.jobs.states import Outcome, Status
from airflow_media.xvid.triggers import XvidJobTrigger
from support.killing import kill_while_waiting
from support.mediahub import MediaHub, output
from support.tasks import travelled

pytestmark = pytest.mark.airflow


def waits_for(job_id: str, **fields: Any) -> XvidJobTrigger:
    fields = {"kind": "job", "poll_interval": 0.2, **fields}
    trigger = travelled(XvidJobTrigger(xvid_conn_id="xvid_default", job_id=job_id, **fields))
    assert isinstance(trigger, XvidJobTrigger)
    return trigger


async def outcome(trigger: XvidJobTrigger) -> Outcome:
    [event] = [event.payload async for event in trigger.run()]
    return Outcome.from_event(event)


async def outcomes(*triggers: XvidJobTrigger) -> list[Outcome]:
    return list(await asyncio.gather(*map(outcome, triggers)))


def test_many_waits_are_answered_by_few_listings(hub: MediaHub) -> None:
    hub.uploaded()
    # They fail as soon as they begin, as the clip has no sound: it is the waits that are looked at.
    jobs = [hub.submitted(output(f"sound{number}", "MP3")) for number in range(12)]
    for job_id in jobs:
        hub.until(job_id, lambda job: not job.active)
    gone = "53a1ac4914eaa8ffa4fce91b"
    hub.admin.clear_requests()
    ended = asyncio.run(outcomes(*(waits_for(job_id) for job_id in [*jobs, gone] for _ in range(4))))
    assert {each.job_id: each.status for each in ended} == dict.fromkeys(jobs, Status.FAILED) | {gone: Status.GONE}
    assert hub.count("get_token") == 1
    listings = hub.admin.requests("xvid.list_jobs")
    assert {request["query"]["inprogress"] for request in listings} == {"true"}
    asked = [request["path"].rpartition("/")[2] for request in hub.admin.requests("xvid.get_job")]
    assert gone in asked, "what is in no listing is asked for by itself"
    assert len(listings) + len(asked) < len(ended) / 2, "52 waits, of which each looks at least once"


@pytest.mark.parametrize("cancel_on_kill", [True, False])
def test_a_task_that_is_killed_while_deferred_takes_its_job_along_if_it_may(
    hub: MediaHub, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str], cancel_on_kill: bool
) -> None:
    hub.uploaded()
    hub.admin.outcome("job", "stuck", service="xvid")
    job_id = hub.submitted()
    trigger = waits_for(job_id, poll_interval=0.02, cancel_on_kill=cancel_on_kill)

    kill_while_waiting(
        trigger,
        looked=lambda: bool(hub.count("get_job")),
        hold=lambda: hub.admin.fault("delay seconds=0.3 on=xvid.delete_job"),
        cancels=cancel_on_kill,
        monkeypatch=monkeypatch,
    )
    assert [job.id for job in hub.jobs] == ([] if cancel_on_kill else [job_id])
    assert hub.secrets_in(logged()) == []
    hub.admin.release("xvid")
