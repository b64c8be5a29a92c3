"""Flows: listings, upload, finish once, submit once, find again, cancel, look at many, results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from xvid_script import FILE, JOB, PIPELINE, UPLOAD, Script, file, job, listing, refusal, reply, session, upload, xml

from airflow_media.http.call import Answer
from airflow_media.http.errors import (
    ConflictError,
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    PermissionDeniedError,
    ServerFaultError,
)
from airflow_media.xvid import flows
from airflow_media.xvid.form import LARGEST_FILE, PolicyExpiredError, StorageRefusedError
from airflow_media.xvid.service import XvidSettings

LOST = NetworkFaultError("connection lost")
TAKEN = xml("<PostResponse><Key>tmp/k</Key></PostResponse>", 201)
EXPIRED = xml(
    "<Error><Code>AccessDenied</Code><Message>Invalid according to Policy: Policy expired.</Message></Error>", 403
)
DENIED = xml("<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", 403)
DELETED = reply({"result": {"status": "SUCCESS"}})
KEY = "3f2a9c21-77e1a2c3d4e5f607"
BODY = {"input": {"input_name": "k"}, "outputs": [{"output_name": "x"}], "user_data": "reel 7"}
MARKED = f"reel 7 [airflow {KEY}]"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass
class Content:
    """A file of some size that nobody reads."""

    size: int = 10

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([b"x" * self.size])


def listed(
    job_id: str, status: str = "QUEUED", *, user_data: str | None = MARKED, at: datetime = NOW
) -> dict[str, Any]:
    return {"id": job_id, "status": status, "user_data": user_data, "created_at": int(at.timestamp() * 1000)}


def jobs(*items: dict[str, Any]) -> Answer:
    return listing("jobs", *items)


# Listings


def test_a_listing_is_read_to_its_total_also_where_less_comes_than_was_asked_for() -> None:
    script = Script(
        listing("files", {"id": "a"}, {"id": "b"}, total=3),
        listing("files", {"id": "c"}, total=3),
    )
    found = script.run(flows.all_files(job_id=JOB))
    assert [each.id for each in found] == ["a", "b", "c"]
    assert [(call.params["start"], call.params["job.id"]) for call in script.calls] == [("0", JOB), ("2", JOB)]


def test_without_a_total_a_part_that_is_not_full_is_the_last() -> None:
    full = [{"id": f"{number}"} for number in range(flows.PAGE_SIZE)]
    script = Script(reply({"presets": full}), reply({"presets": [{"id": "last"}]}))
    assert len(script.run(flows.all_presets("system"))) == flows.PAGE_SIZE + 1
    assert script.calls[1].params["start"] == str(flows.PAGE_SIZE)


def test_a_total_that_is_never_reached_ends_with_an_empty_part() -> None:
    script = Script(listing("pipelines", {"id": "a"}, total=9), listing("pipelines", total=9))
    assert [each.id for each in script.run(flows.all_pipelines())] == ["a"]


# The pipeline that is meant


def test_a_pipeline_that_is_named_counts_before_that_of_the_connection() -> None:
    settings = XvidSettings(PIPELINE)
    assert Script(settings=settings).run(flows.pipeline_or_default("other")) == "other"
    assert Script(settings=settings).run(flows.pipeline_or_default("")) == PIPELINE


def test_no_pipeline_at_all_is_told_with_what_to_do() -> None:
    with pytest.raises(InvalidRequestError, match="Give pipeline_id, or set it in the extra"):
        Script(settings=XvidSettings()).run(flows.pipeline_or_default(None))


# Upload


def test_a_file_is_sent_in_a_session() -> None:
    script = Script(session(), TAKEN, settings=XvidSettings(PIPELINE))
    sent = script.run(flows.send_file("uploads/test.mp4", Content(), media_type="video/mp4"))
    assert sent.id == UPLOAD
    assert script.asked == ["POST /files/uploads/", "POST https://s3.example/bucket/"]
    assert script.calls[0].params["pipeline_id"] == PIPELINE
    assert [call.authenticated for call in script.calls] == [True, False]


def test_a_session_that_has_expired_is_followed_by_another_with_all_of_the_file() -> None:
    second = "53a1ac4914eaa8ffa4fce999"
    script = Script(session(), EXPIRED, session(second), TAKEN)
    assert script.run(flows.send_file("k", Content(), pipeline_id=PIPELINE)).id == second
    assert script.asked == ["POST /files/uploads/", "POST https://s3.example/bucket/"] * 2


def test_sessions_that_expire_again_and_again_have_an_end() -> None:
    script = Script(*[session(), EXPIRED] * flows.SESSIONS)
    with pytest.raises(PolicyExpiredError):
        script.run(flows.send_file("k", Content(), pipeline_id=PIPELINE))


def test_another_refusal_of_the_storage_is_not_answered_by_another_session() -> None:
    with pytest.raises(StorageRefusedError):
        Script(session(), DENIED).run(flows.send_file("k", Content(), pipeline_id=PIPELINE))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"content": Content(LARGEST_FILE + 1)}, "5 GiB"),
        ({"key": ""}, "object key"),
        ({"pipeline_id": None}, "no pipeline"),
        ({"expires_at": 1_900_000_000_000}, "milliseconds"),
        ({"ip": "fe80::1"}, "IPv4"),
    ],
)
def test_what_cannot_be_uploaded_is_refused_before_anything_is_sent(fields: dict[str, Any], words: str) -> None:
    script = Script(settings=XvidSettings())
    with pytest.raises(InvalidRequestError, match=words):
        script.run(flows.send_file(**{"key": "k", "content": Content(), "pipeline_id": PIPELINE, **fields}))
    assert script.calls == []


FINISH = f"PUT /files/uploads/{UPLOAD}"
LOOK = f"GET /files/uploads/{UPLOAD}"


def test_an_upload_is_finished_once() -> None:
    script = Script(upload("UPLOADING"), upload("COMPLETING"))
    assert script.run(flows.finish_upload_once(UPLOAD)).status == "COMPLETING"
    assert script.asked == [LOOK, FINISH]


def test_an_upload_that_has_been_finished_is_not_finished_again() -> None:
    script = Script(upload("COMPLETING"))
    script.run(flows.finish_upload_once(UPLOAD))
    assert script.asked == [LOOK]


@pytest.mark.parametrize("status", ["COMPLETING", "COMPLETED", "FAILED"])
def test_a_finish_whose_answer_was_lost_is_looked_for_and_not_sent_again(status: str) -> None:
    script = Script(upload("UPLOADING"), LOST, upload(status))
    assert script.run(flows.finish_upload_once(UPLOAD)).status == status
    assert script.asked == [LOOK, FINISH, LOOK]


def test_a_finish_that_never_arrived_is_sent_again_after_a_look() -> None:
    script = Script(upload("UPLOADING"), refusal(503), upload("UPLOADING"), upload("COMPLETING"))
    script.run(flows.finish_upload_once(UPLOAD))
    assert script.asked == [LOOK, FINISH, LOOK, FINISH]
    assert len(script.pauses) == 1


def test_a_finish_that_is_refused_is_told() -> None:
    with pytest.raises(InvalidRequestError, match="could not finish upload"):
        Script(upload("UPLOADING"), refusal(400)).run(flows.finish_upload_once(UPLOAD))


# Submit once, find again


def test_a_job_is_submitted_with_a_mark() -> None:
    script = Script(jobs(), job())
    assert script.run(flows.submit_job_once(BODY, KEY)).id == JOB
    assert script.asked == ["GET /jobs/", "POST /jobs/"]
    assert script.calls[0].params["user_data"] == MARKED
    assert script.calls[1].json == {"job": {**BODY, "user_data": MARKED}}


def test_a_job_whose_answer_was_lost_is_found_and_not_submitted_twice() -> None:
    script = Script(jobs(), LOST, jobs(listed("made")))
    assert script.run(flows.submit_job_once(BODY, KEY)).id == "made"
    assert script.asked == ["GET /jobs/", "POST /jobs/", "GET /jobs/"]


def test_a_job_that_was_there_before_is_not_taken_for_the_new_one() -> None:
    script = Script(jobs(listed("old", "SUCCESS")), LOST, jobs(listed("old", "SUCCESS")), job(job_id="new"))
    assert script.run(flows.submit_job_once(BODY, KEY)).id == "new"


def test_jobs_of_others_do_not_count_whatever_the_filter_lets_through() -> None:
    others = (
        listed("1", user_data="reel 7"),
        listed("2", user_data=None),
        listed("3", user_data=f"reel 77 [airflow {KEY}]"),
        listed("4", user_data="reel 7 [airflow 3f2a9c21-0000000000000000]"),
    )
    assert Script(jobs(*others)).run(flows.find_job(BODY, KEY)) is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((), None),
        ((listed("a"),), "a"),
        ((listed("a", at=NOW), listed("b", at=NOW + timedelta(hours=1))), "b"),
        ((listed("a", "SUCCESS"), listed("b", "FAILURE", at=NOW + timedelta(hours=1))), "a"),
        ((listed("a", "FAILURE"),), "a"),
        ((listed("old", at=NOW - timedelta(hours=1)),), None),
        ((listed("skewed", at=NOW - timedelta(minutes=1)),), "skewed"),
        (({"id": "timeless", "status": "QUEUED", "user_data": MARKED},), "timeless"),
    ],
)
def test_the_job_of_an_earlier_try_is_found(found: tuple[dict[str, Any], ...], expected: str | None) -> None:
    job = Script(jobs(*found)).run(flows.find_job(BODY, KEY, since=NOW))
    assert (job.id if job else None) == expected


# Cancel


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING"])
def test_a_job_that_waits_or_runs_is_cancelled(status: str) -> None:
    script = Script(job(status), DELETED)
    script.run(flows.cancel_job(JOB))
    assert script.asked == [f"GET /jobs/{JOB}", f"DELETE /jobs/{JOB}"]


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE", "ARCHIVED"])
def test_a_job_that_may_have_ended_is_never_deleted(status: str) -> None:
    script = Script(job(status))
    script.run(flows.cancel_job(JOB))
    assert script.asked == [f"GET /jobs/{JOB}"]


def test_a_job_that_is_gone_counts_as_cancelled() -> None:
    Script(refusal(404, "0x0050005")).run(flows.cancel_job(JOB))
    Script(job("QUEUED"), refusal(404, "0x0050005")).run(flows.cancel_job(JOB))


def test_a_cancel_whose_answer_was_lost_looks_before_it_deletes() -> None:
    script = Script(job("PROCESSING"), LOST, job("SUCCESS"))
    script.run(flows.cancel_job(JOB))
    assert script.asked == [f"GET /jobs/{JOB}", f"DELETE /jobs/{JOB}", f"GET /jobs/{JOB}"], "it had ended: outputs stay"


# Many jobs


def test_a_few_jobs_are_looked_at_one_by_one() -> None:
    script = Script(job("QUEUED", "a"), refusal(404), job("SUCCESS", "c"))
    found = script.run(flows.jobs_in_progress(["a", "b", "c"]))
    assert {each.id: each.status for each in found.values()} == {"a": "QUEUED", "c": "SUCCESS"}
    assert script.asked == ["GET /jobs/a", "GET /jobs/b", "GET /jobs/c"]


def test_many_jobs_are_looked_at_by_one_listing_and_those_that_are_not_in_it_one_by_one() -> None:
    ids = [f"job{number}" for number in range(flows.MANY)]
    running = [listed(job_id, "PROCESSING") for job_id in ids[2:]]
    script = Script(jobs(listed("another"), *running), job("SUCCESS", ids[0]), refusal(404))
    found = script.run(flows.jobs_in_progress(ids))
    assert set(found) == {ids[0], *ids[2:]}
    assert script.asked == ["GET /jobs/", f"GET /jobs/{ids[0]}", f"GET /jobs/{ids[1]}"]
    assert (script.calls[0].params["inprogress"], script.calls[0].params["limit"]) == ("true", str(flows.WATCHED_PAGE))


def test_a_job_of_somebody_else_that_cannot_be_read_does_not_end_a_wait() -> None:
    ids = [f"job{number}" for number in range(flows.MANY)]
    script = Script(jobs({"id": "another", "outputs": "none"}, *(listed(job_id) for job_id in ids)))
    assert set(script.run(flows.jobs_in_progress(ids))) == set(ids)


def test_pages_without_a_job_that_is_asked_for_are_gone_through() -> None:
    ids = [f"job{number}" for number in range(flows.MANY)]
    listings = [["another", "and another"], *(ids[start : start + 2] for start in range(0, flows.MANY, 2))]
    script = Script(*(listing("jobs", *map(listed, each), total=flows.MANY + 2) for each in listings))
    assert set(script.run(flows.jobs_in_progress(ids))) == set(ids)
    assert [call.params["start"] for call in script.calls] == ["0", "2", "4", "6", "8"]


# Results


OUTPUTS = [
    {"output_name": "one", "file": {"id": "f1"}, "thumbnail_zip": {"file": {"id": "z1"}}},
    {"output_name": "two", "file": {"id": "f2"}},
]


def test_the_results_of_a_job_are_its_outputs_and_their_thumbnails() -> None:
    script = Script(
        job("SUCCESS", outputs=OUTPUTS),
        file("f1", name="one.mp4", size=7),
        file("z1"),
        file("f2"),
    )
    found = script.run(flows.results_of(JOB))
    assert [(result.name, result.file.id, result.file.size) for result in found] == [
        ("one.mp4", "f1", 7),
        ("one-thumbnails.zip", "z1", None),
        ("two", "f2", None),
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (job("PROCESSING", outputs=OUTPUTS), "its status is PROCESSING. Wait for it"),
        (job("FAILURE", outputs=OUTPUTS), "its status is FAILURE"),
        (job("SUCCESS"), "it has no outputs"),
        (job("SUCCESS", outputs=[{"output_name": "lost"}]), "its output 'lost' has no file"),
    ],
)
def test_a_job_without_results_is_told(answer: Answer, words: str) -> None:
    with pytest.raises(ConflictError, match=words):
        Script(answer).run(flows.results_of(JOB))


def test_an_output_whose_file_was_deleted_is_told() -> None:
    with pytest.raises(ConflictError, match="the file f1 of its output 'one' is not there any more"):
        Script(job("SUCCESS", outputs=OUTPUTS), refusal(404, "0x0230002")).run(flows.results_of(JOB))


def test_a_token_that_may_only_download_knows_nothing_of_a_file() -> None:
    assert Script(refusal(403, "0x0000003")).run(flows.known_file(FILE)) is None
    known = Script(file(size=7)).run(flows.known_file(FILE))
    assert known is not None
    assert known.size == 7


@pytest.mark.parametrize(("answer", "kind"), [(refusal(404), NotFoundError), (refusal(500), ServerFaultError)])
def test_other_refusals_of_a_file_are_told(answer: Answer, kind: type[MediaError]) -> None:
    with pytest.raises(kind) as raised:
        Script(answer).run(flows.known_file(FILE))
    assert not isinstance(raised.value, PermissionDeniedError)
