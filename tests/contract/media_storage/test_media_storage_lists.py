"""MediaStorageListOperator and MediaStorageDeleteJobOperator against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.jobs.compat import AirflowSkipException
from airflow_media.jobs.failures import MediaFailError
from airflow_media.media_storage.operators import MediaStorageDeleteJobOperator, MediaStorageListOperator
from media_sandbox.media_storage import fixtures
from support.storeroom import Storeroom
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
NOBODY = "00000000-0000-7000-8000-000000000000"


def listing(**fields: Any) -> TaskRun:
    return TaskRun(MediaStorageListOperator(task_id="list", **fields))


def delete(job_id: Any) -> TaskRun:
    return TaskRun(MediaStorageDeleteJobOperator(task_id="delete", job_id=job_id))


def test_media_are_listed_as_small_records_that_an_xcom_can_hold(store: Storeroom) -> None:
    store.options(media_meta=True)
    media = store.upload("a b.mp4")
    store.upload("a b.mp4", key="copy")
    [record] = listing(filters={"key": ""}).execute()
    assert record == json.loads(json.dumps(record))
    assert record == media.plain()
    assert (record["resource"], record["key"], record["size"]) == ("a b.mp4", "", store.clip.stat().st_size)


def test_jobs_are_listed_by_filters_sorted_and_limited(store: Storeroom) -> None:
    for priority in (1, 3, 2):
        store.job(priority=priority, status="errored")
    store.job(status="running")
    run = listing(collection="jobs", filters={"status__in": ["errored"]}, sort="-priority", limit="2")
    assert [record["priority"] for record in run.execute()] == [3, 2]


def test_fewer_attributes_make_a_smaller_record(store: Storeroom) -> None:
    [media_id] = store.rows(1, prefix="r")
    assert listing(fields=["resource", "created_at"]).execute() == [
        {"id": media_id, "resource": "r0", "created_at": store.all_media[0].plain()["created_at"]}
    ]


def test_all_pages_are_listed_and_nothing_is_an_empty_list(store: Storeroom) -> None:
    store.rows(1001)
    assert len(listing(fields=["key"]).execute()) == 1001
    assert listing(filters={"resource": "nobody"}).execute() == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"collection": "films"}, ("collection='films'", "Use medias or jobs")),
        ({"filters": {"statuz": "x"}}, ("medias have no filter 'statuz'",)),
        ({"collection": "jobs", "filters": {"statuz": "x"}}, ("Did you mean 'status'?",)),
        ({"filters": {"limit": 5}}, ("medias have no filter 'limit'",)),
        ({"filters": {"size": "big"}}, ("filter[size] is 'big' and not a whole number",)),
        ({"filters": "status=x"}, ("filters are 'status=x'",)),
        ({"sort": "name"}, ("cannot be sorted by 'name'",)),
        ({"limit": "few"}, ("limit='few' is not a whole number",)),
        ({"limit": 0}, ("limit is 0",)),
        ({"fields": ["name"]}, ("medias have no attribute 'name'",)),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is(
    store: Storeroom, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(listing(**fields).execute, MediaFailError, *words)
    assert store.admin.requests() == []


def test_passing_faults_are_met_by_asking_again(store: Storeroom, logged: Callable[[], str]) -> None:
    store.rows(3)
    for fault in ("503", "lost_answer", "expire_token", "reset"):
        store.admin.fault(f"{fault} on=media_storage.index_medias times=1")
    assert len(listing().execute()) == 3
    assert store.secrets_in(logged()) == []


# Delete


@pytest.fixture
def admin(store: Storeroom, connect: Callable[..., None]) -> Storeroom:
    """The storage, seen by its administrator."""
    connect("media_storage", {"api_key": None}, password=fixtures.ADMIN.token)
    return store


def test_jobs_are_deleted_once_or_several_times(admin: Storeroom) -> None:
    first, second = admin.job(), admin.job()
    assert delete(first).execute() is None
    assert [job.id for job in admin.all_jobs] == [second]
    delete([first, "", second, NOBODY]).execute()
    assert admin.all_jobs == []


def test_a_delete_whose_answer_was_lost_is_sent_again(admin: Storeroom, logged: Callable[[], str]) -> None:
    job_id = admin.job()
    admin.admin.fault("lost_answer on=media_storage.delete_job times=1")
    delete(job_id).execute()
    assert admin.all_jobs == []
    assert admin.secrets_in(logged()) == []


@pytest.mark.parametrize("nothing", ["", [], [""], None])
def test_nothing_to_delete_skips_the_task(store: Storeroom, nothing: Any) -> None:
    with pytest.raises(AirflowSkipException, match="no job to delete"):
        delete(nothing).execute()
    assert store.admin.requests() == []


def test_whoever_may_not_delete_is_told(store: Storeroom, refused: Refused) -> None:
    job_id = store.job()
    refused(delete(job_id).execute, MediaFailError, "delete job", job_id, "403", "only administrators")
    assert len(store.all_jobs) == 1


@pytest.mark.parametrize("job_id", ["..", "a/b"])
def test_an_id_that_is_none_never_leaves(store: Storeroom, refused: Refused, job_id: str) -> None:
    refused(delete(job_id).execute, MediaFailError, f"the job {job_id!r}")
    assert store.admin.requests() == []
