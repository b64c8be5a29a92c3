"""Errors: their shape, and which of several faults is told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from cielo24_client import ORDER, UNKNOWN_ID, Cielo24Client, refusal

BOGUS = "no-id"

ORDERED: list[tuple[str, dict[str, Any], str]] = [
    ("job/info", {"v": None, "api_token": None}, "MISSING_PARAMETER"),
    ("job/info", {"v": "", "api_token": BOGUS}, "MISSING_PARAMETER"),
    ("job/info", {"v": "2", "api_token": BOGUS}, "INVALID_OPTION"),
    ("job/info", {"api_token": None, "job_id": BOGUS}, "MISSING_PARAMETER"),
    ("job/info", {"api_token": "", "job_id": BOGUS}, "MISSING_PARAMETER"),
    ("job/info", {"api_token": BOGUS}, "BAD_API_TOKEN"),
    ("job/info", {}, "MISSING_PARAMETER"),
    ("job/info", {"job_id": ""}, "MISSING_PARAMETER"),
    ("job/info", {"job_id": BOGUS}, "INVALID_QUERY"),
    ("job/info", {"job_id": UNKNOWN_ID.upper().replace("0", "A")}, "INVALID_QUERY"),
    ("job/info", {"job_id": UNKNOWN_ID}, "ITEM_NOT_FOUND"),
    ("job/task_status", {}, "MISSING_PARAMETER"),
    ("job/task_status", {"task_id": BOGUS}, "INVALID_QUERY"),
    ("job/task_status", {"task_id": UNKNOWN_ID}, "ITEM_NOT_FOUND"),
    ("job/add_media", {"job_id": BOGUS}, "MISSING_PARAMETER"),
    ("job/add_media", {"job_id": BOGUS, "media_url": "nowhere"}, "INVALID_QUERY"),
    ("job/add_media", {"job_id": UNKNOWN_ID, "media_url": "nowhere"}, "ITEM_NOT_FOUND"),
    ("job/add_media", {"job_id": "JOB", "media_url": "nowhere", "is_duplicate": "perhaps"}, "INVALID_OPTION"),
    ("job/add_media", {"job_id": "JOB", "media_url": "nowhere"}, "INVALID_URL"),
    ("job/add_media", {"job_id": "JOB", "media_url": "ftp://127.0.0.1/a.mp4"}, "INVALID_URL"),
    ("job/add_media", {"job_id": "JOB", "media_url": "http://127.0.0.1:port/a"}, "INVALID_URL"),
    ("job/add_media", {"job_id": "JOB", "media_url": "http:///a.mp4"}, "INVALID_URL"),
    ("job/add_media_url", {"job_id": "JOB"}, "MISSING_PARAMETER"),
    ("job/update_metadata", {"job_id": BOGUS, "reference_id": "a"}, "MISSING_PARAMETER"),
    ("job/update_metadata", {"job_id": BOGUS, "reference_id": "a", "requestor_id": ""}, "MISSING_PARAMETER"),
    ("job/perform_transcription", {"job_id": BOGUS, "priority": "STANDARD"}, "MISSING_PARAMETER"),
    ("job/perform_transcription", {**ORDER, "job_id": UNKNOWN_ID, "priority": "SLOW"}, "ITEM_NOT_FOUND"),
    (
        "job/perform_transcription",
        {**ORDER, "job_id": "JOB", "turnaround_hours": "x", "options": '{"speaker_id": "maybe"}'},
        "INVALID_OPTION",
    ),
    (
        "job/perform_transcription",
        {**ORDER, "job_id": "JOB", "turnaround_hours": "x", "target_language": "xx", "callback_url": "x"},
        "INVALID_QUERY",
    ),
    ("job/perform_transcription", {**ORDER, "job_id": "JOB", "target_language": "xx", "callback_url": "x"},
     "INVALID_OPTION"),
    ("job/perform_transcription", {**ORDER, "job_id": "JOB", "callback_url": "x"}, "INVALID_URL"),
    ("job/perform_transcription", {**ORDER, "job_id": "JOB"}, "INVALID_QUERY"),
    ("job/new", {"language": "xx", "expected_speakers": "many"}, "INVALID_QUERY"),
    ("job/new", {"language": "xx", "is_duplicate": "no"}, "INVALID_OPTION"),
    ("job/get_caption", {"job_id": "JOB"}, "MISSING_PARAMETER"),
    ("job/get_caption", {"job_id": "JOB", "caption_format": "PDF", "lines_per_caption": "x"}, "INVALID_OPTION"),
    ("job/get_caption", {"job_id": "JOB", "caption_format": "srt"}, "INVALID_OPTION"),
    ("job/get_caption", {"job_id": "JOB", "caption_format": "SRT", "lines_per_caption": "x"}, "INVALID_QUERY"),
    ("job/get_caption", {"job_id": "JOB", "caption_format": "SRT"}, "INVALID_QUERY"),
    ("job/get_transcript", {"job_id": "JOB", "file_format": "pdf"}, "INVALID_OPTION"),
    ("job/media", {"job_id": "JOB"}, "ITEM_NOT_FOUND"),
]  # fmt: skip


@pytest.fixture(scope="module")
def job(shared_cielo24: Cielo24Client) -> str:
    return shared_cielo24.new_job()


@pytest.mark.parametrize(("path", "parameters", "type_"), ORDERED)
def test_the_first_fault_is_told(
    shared_cielo24: Cielo24Client, job: str, path: str, parameters: dict[str, Any], type_: str
) -> None:
    sent = {name: job if value == "JOB" else value for name, value in parameters.items()}
    assert shared_cielo24.refused(path, **sent) == type_


def test_a_missing_parameter_is_named(shared_cielo24: Cielo24Client, job: str) -> None:
    answer = shared_cielo24.get("job/update_metadata", job_id=job, reference_id="a")
    assert "requestor_id" in answer.json()["ErrorComment"]


def test_an_unknown_path_is_not_found(shared_cielo24: Cielo24Client) -> None:
    for path in ("/api/job/nothing", "/api", "/", "/captions/" + UNKNOWN_ID + "/more"):
        assert refusal(shared_cielo24.http.get(path), 404) == "INVALID_QUERY"
    assert refusal(shared_cielo24.http.get("/captions/" + UNKNOWN_ID), 404) == "ITEM_NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/job/new", "GET, POST"),
        ("DELETE", "/api/job/delete", "GET"),
        ("POST", "/api/job/info", "GET"),
        ("GET", "/api/job/modify", "POST"),
        ("PATCH", "/api/job/add_media", "GET, POST"),
        ("PUT", "/api/account/login", "GET, POST"),
    ],
)
def test_another_method_is_not_allowed(shared_cielo24: Cielo24Client, method: str, path: str, allowed: str) -> None:
    answer = shared_cielo24.http.request(method, path)
    assert refusal(answer, 405) == "INVALID_QUERY"
    assert answer.headers["Allow"] == allowed


def test_a_mistake_of_the_sandbox_has_the_same_shape(cielo24: Cielo24Client) -> None:
    cielo24.sandbox.admin.options("cielo24", zone="Nowhere/At_All")
    assert refusal(cielo24.get("job/list"), 500) == "UNHANDLED_ERROR"


@pytest.mark.parametrize(
    ("fault", "status", "type_"),
    [
        ("error status=400 exception=SOMETHING_NEW", 400, "SOMETHING_NEW"),
        ("error status=200 exception=ITEM_NOT_FOUND", 200, "ITEM_NOT_FOUND"),
        ("503 retry_after=1", 503, "UNHANDLED_ERROR"),
        ("429", 429, "INVALID_QUERY"),
    ],
)
def test_faults_have_the_same_shape(cielo24: Cielo24Client, fault: str, status: int, type_: str) -> None:
    cielo24.sandbox.admin.fault(f"{fault} on=cielo24.list_jobs times=1")
    assert refusal(cielo24.get("job/list"), status) == type_
    assert cielo24.get("job/list").status_code == 200


def test_a_parameter_has_one_value(shared_cielo24: Cielo24Client, job: str) -> None:
    def call(*pairs: tuple[str, str]) -> httpx.Response:
        query = [("v", "1"), ("api_token", shared_cielo24.token), ("job_id", job), *pairs]
        return shared_cielo24.http.get("/api/job/info", params=query)

    assert call(("job_id", job)).status_code == 200
    assert refusal(call(("job_id", UNKNOWN_ID))) == "INVALID_QUERY"
    assert refusal(call(("v", "2"))) == "INVALID_QUERY"
    assert refusal(call(("api_token", UNKNOWN_ID))) == "INVALID_QUERY"


def test_a_value_in_query_and_body_is_one_value(shared_cielo24: Cielo24Client, job: str) -> None:
    path, query = "job/update_metadata", {"job_id": job, "reference_id": "a"}
    same = shared_cielo24.post(path, query, data={"reference_id": "a", "requestor_id": "b"})
    assert same.status_code == 200
    other = shared_cielo24.post(path, query, data={"reference_id": "c", "requestor_id": "b"})
    assert refusal(other) == "INVALID_QUERY"


def test_what_is_unknown_or_empty_is_ignored(shared_cielo24: Cielo24Client, job: str) -> None:
    token = shared_cielo24.token
    answer = shared_cielo24.http.get(f"/api/job/info?&v=1&&api_token={token}&flag&x=1&x=2&job_id={job}")
    assert answer.status_code == 200


def test_a_query_string_is_urlencoded_text(shared_cielo24: Cielo24Client) -> None:
    assert refusal(shared_cielo24.http.get("/api/job/list?v=1&api_token=%FF")) == "INVALID_QUERY"


def test_an_empty_value_may_count_as_one(cielo24: Cielo24Client) -> None:
    parameters = {"job_id": cielo24.new_job(), "reference_id": "", "requestor_id": ""}
    assert cielo24.refused("job/update_metadata", **parameters) == "MISSING_PARAMETER"
    cielo24.sandbox.admin.options("cielo24", empty_is_missing=False)
    assert cielo24.get("job/update_metadata", **parameters).status_code == 200


def test_a_body_may_not_be_endless(shared_cielo24: Cielo24Client) -> None:
    answer = shared_cielo24.post("job/new", content=b"job_name=" + b"x" * (1024 * 1024 + 1))
    assert refusal(answer) == "INVALID_QUERY"
    assert answer.headers["Connection"] == "close"
