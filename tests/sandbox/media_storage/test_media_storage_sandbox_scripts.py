"""The stand-in's own controls: jobs with scripts, many records at once, states set by hand."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from media_storage_client import StorageClient, media_path

from media_sandbox.media_storage import script
from media_sandbox.media_storage.fixtures import ACCOUNTS, OTHER
from media_sandbox.testing import RunningSandbox

LIFE = [
    {"after": 5, "status": "running"},
    {"after": 5, "progress": 0.5},
    {"after": 5, "status": "pending", "progress": 0.0, "retry_count": 1, "error": "first"},
    {"after": 10, "status": "running", "progress": 1.0},
    {"after": 5, "status": "completed"},
    {"after": 60, "delete": True},
]


def state(job: dict[str, Any]) -> tuple[Any, ...]:
    return job["status"], job["progress"], job["retry_count"], job["error"]


def test_a_script_is_played_on_the_sandbox_clock(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs(script=LIFE)
    seen = []
    for seconds in (0, 6, 5, 5, 10, 5):
        storage.sandbox.admin.advance_clock(seconds)
        seen.append(state(storage.job(id_)))
    assert seen == [
        ("pending", 0.0, 0, None),
        ("running", 0.0, 0, None),
        ("running", 0.5, 0, None),
        ("pending", 0.0, 1, "first"),
        ("running", 1.0, 1, "first"),
        ("completed", 1.0, 1, "first"),
    ]
    storage.sandbox.admin.advance_clock(60)
    assert storage.get(f"/jobs/{id_}").status_code == 404
    assert storage.jobs() == []


def test_steps_that_passed_meanwhile_are_all_made(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs(script=LIFE[:-1], priority=4, unicity="u")
    created = storage.job(id_)["created_at"]
    storage.sandbox.admin.advance_clock(3600)
    job = storage.job(id_)
    assert state(job) == ("completed", 1.0, 1, "first")
    # The last change was when the script says, not when somebody looked.
    assert created < job["updated_at"] < storage.job(storage.make_jobs()[0])["created_at"]
    assert storage.sandbox.admin.get(f"media_storage/jobs/{id_}")["script"] == []


def test_a_thousand_jobs_at_once(storage: StorageClient) -> None:
    ids = storage.make_jobs(count=1000, script=[{"after": 1, "status": "running"}, {"after": 9, "status": "done"}])
    assert len(set(ids)) == 1000
    for seconds, status in ((0, "pending"), (2, "running"), (9, "done")):
        storage.sandbox.admin.advance_clock(seconds)
        assert len(storage.jobs({"filter[status]": status})) == 1000


def test_a_job_without_a_script_stays_as_it_is(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs(status="odd", progress=0.3, error="text", scheduled_in=60.0, project_id="p1")
    before = storage.job(id_)
    storage.sandbox.admin.advance_clock(3600)
    assert storage.job(id_) == before
    assert before["scheduled_at"] > before["created_at"]
    assert storage.sandbox.admin.jobs() == []


def test_a_job_may_be_set_by_hand(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs()
    storage.sandbox.admin.advance_clock(60)
    before = storage.job(id_)
    storage.sandbox.admin.post(f"media_storage/jobs/{id_}", {"status": "running", "progress": 1, "error": None})
    after = storage.job(id_)
    assert state(after) == ("running", 1.0, 0, None)
    assert after["updated_at"] > before["updated_at"]
    storage.sandbox.admin.post(f"media_storage/jobs/{id_}", {"status": "never heard of"})
    assert storage.job(id_)["status"] == "never heard of"


def test_a_job_may_be_deleted_by_hand(sandbox: RunningSandbox, storage: StorageClient) -> None:
    (id_,) = storage.make_jobs()
    url = f"{sandbox.base_url}/_admin/media_storage/jobs/{id_}"
    assert [httpx.delete(url).status_code for _ in range(2)] == [204, 404]
    assert storage.jobs() == []


def test_unicity_blocks_a_second_job(storage: StorageClient) -> None:
    storage.make_jobs(unicity="once")
    with pytest.raises(ValueError, match="unicity"):
        storage.make_jobs(unicity="once")
    assert len(storage.jobs()) == 1
    storage.make_jobs(count=2)
    assert len(storage.jobs()) == 3


def test_many_media_share_a_file(sandbox: RunningSandbox, storage: StorageClient) -> None:
    ids = storage.make_medias(count=2345, prefix="row-", key="k", content="text", mime_type="text/vtt")
    assert len(set(ids)) == 2345
    (media,) = storage.medias({"filter[resource]": "row-2344"})
    assert (media["id"], media["key"], media["size"], media["mime_type"]) == (ids[-1], "k", 4, "text/vtt")
    assert storage.get(media_path("files", "row-7", "k")).text == "text"
    assert len(list((sandbox.data / "media_storage" / "files").iterdir())) == 1
    with pytest.raises(ValueError, match="resource and key"):
        storage.make_medias(prefix="row-", key="k")
    storage.make_medias(prefix="elsewhere-", project_id="p2")
    assert [item["resource"] for item in StorageClient(sandbox, OTHER).medias()] == ["elsewhere-0"]


def test_everything_known_can_be_inspected(storage: StorageClient) -> None:
    (job_id,), (media_id,) = storage.make_jobs(), storage.make_medias()
    assert storage.sandbox.admin.get(f"media_storage/jobs/{job_id}")["project_id"] == "p1"
    assert storage.sandbox.admin.get(f"media_storage/medias/{media_id}")["resource"] == "resource-0"
    keys = [account["key"] for account in storage.sandbox.admin.get("media_storage/accounts")]
    assert keys == list(ACCOUNTS)
    for path in ("jobs/nothing", "medias/nothing"):
        with pytest.raises(ValueError, match="there is no"):
            storage.sandbox.admin.get(f"media_storage/{path}")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("jobs", {"count": 0}),
        ("jobs", {"count": "two"}),
        ("jobs", {"nothing": 1}),
        ("jobs", {"resource": "r1", "script": []}),
        ("jobs", {"script": "later"}),
        ("jobs", {"script": ["later"]}),
        ("jobs", {"script": [{"after": "noon"}]}),
        ("jobs", {"script": [{"after": -1}]}),
        ("jobs", {"script": [{"delete": 1}]}),
        ("jobs", {"script": [{"id": "x"}]}),
        ("jobs", {"progress": 2}),
        ("jobs", {"progress": True}),
        ("jobs", {"status": 5}),
        ("medias", {"count": -1}),
        ("medias", {"size": 5}),
        ("medias", {"content": 5}),
        ("tokens", {"account": "nobody"}),
        ("tokens", {"life": "long"}),
        ("outcomes", {"stage": "nothing", "kind": "fail"}),
    ],
)
def test_faulty_controls_are_refused(shared_storage: StorageClient, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="POST"):
        shared_storage.sandbox.admin.post(f"media_storage/{path}", body)
    assert shared_storage.jobs() == []


def test_a_set_value_must_be_of_its_type(shared_storage: StorageClient) -> None:
    with pytest.raises(ValueError, match="arguments cannot be set"):
        script.check_changes({"arguments": {}})
    assert script.check_changes({"error": None, "progress": 1}) == {"error": None, "progress": 1}
