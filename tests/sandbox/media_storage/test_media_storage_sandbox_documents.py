"""Documents: JSON:API in every answer, and how real deployments deviate from it."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from jsonschema import ValidationError
from media_storage_client import MEDIA_TYPE, StorageClient, error, jsonapi, media_path

from media_sandbox.testing import RunningSandbox

UNKNOWN = "/jobs/6d195042-5930-4abb-bbfb-5740fd9b359a"
JOB_ATTRIBUTES = {
    "job_class",
    "arguments",
    "priority",
    "status",
    "progress",
    "retry_count",
    "error",
    "unicity",
    "scheduled_at",
    "created_at",
    "updated_at",
}


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"type": "media:jobs", "id": 5}},
        {"data": {"type": "media:jobs", "id": "5", "attributes": {"id": "5"}}},
        {"data": {"type": "media:jobs", "id": "5"}, "more": 1},
        {"errors": [{"status": 422}]},
        {"status": "404", "type": "x", "detail": "y"},
        {},
    ],
)
def test_the_validator_that_these_tests_use_refuses_bad_documents(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        jsonapi().validate(document)


@pytest.fixture
def answers(storage: StorageClient) -> list[httpx.Response]:
    """One answer of each kind that has a document; the client validated each of them."""
    storage.stored(b"x", "r1")
    (id_,) = storage.make_jobs(arguments={"resource": "r1"}, error="broke")
    return [
        storage.get("/jobs"),
        storage.get("/jobs", {"count": "true"}),
        storage.get("/jobs", {"page[number]": "9"}),
        storage.get(f"/jobs/{id_}"),
        storage.get("/medias"),
        storage.get(media_path("info", "r1")),
        storage.upload(b"x", "r2"),
        storage.login({"api_key": storage.account.api_key}),
        storage.get(UNKNOWN),
        storage.get("/jobs", {"page[size]": "0"}),
        storage.get("/jobs", headers={"Authorization": ""}),
        storage.call("DELETE", f"/jobs/{id_}"),
        storage.upload(b"x", "r1"),
        storage.get("/medias/info/%ff"),
        storage.get("/nothing"),
        storage.get(media_path("files", "r3")),
    ]


def test_every_answer_is_a_document(answers: list[httpx.Response]) -> None:
    assert {answer.headers["content-type"] for answer in answers} == {MEDIA_TYPE}
    assert [answer.status_code for answer in answers] == [200] * 8 + [404, 422, 401, 403, 422, 400, 404, 404]
    for answer in answers:
        jsonapi().validate(answer.json())
        if answer.is_error:
            assert error(answer)["status"] == str(answer.status_code)
            assert {"status", "title", "detail"} <= set(error(answer)) <= {"status", "title", "detail", "source"}


def test_a_job_has_all_its_attributes(storage: StorageClient) -> None:
    storage.make_jobs()
    (item,) = storage.get("/jobs").json()["data"]
    assert (set(item), item["type"]) == ({"type", "id", "attributes"}, "media:jobs")
    assert set(item["attributes"]) == JOB_ATTRIBUTES
    assert (item["attributes"]["error"], item["attributes"]["unicity"]) == (None, None)


TIME_FORMS = [
    ({}, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    ({"fractional_times": True}, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    ({"spaced_times": True}, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000"),
    ({"named_zone": True}, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"),
]


@pytest.mark.parametrize(("options", "form"), TIME_FORMS)
def test_times(storage: StorageClient, options: dict[str, bool], form: str) -> None:
    storage.options(**options)
    storage.make_jobs()
    storage.make_medias()
    (job,), (media,) = storage.jobs(), storage.medias()
    for time in (job["scheduled_at"], job["created_at"], job["updated_at"], media["created_at"]):
        assert re.fullmatch(form, time)
    # What is shown can be asked for.
    assert storage.jobs({"filter[created_at__gte]": job["created_at"]}) == [job]


def test_real_deployments_name_the_media_type_seldom(storage: StorageClient) -> None:
    storage.options(plain_json=True)
    assert storage.upload(b"x", "r1").headers["content-type"] == MEDIA_TYPE
    for path in ("/jobs", media_path("info", "r1"), UNKNOWN):
        answer = storage.get(path)
        assert answer.headers["content-type"] == "application/json"
        jsonapi().validate(answer.json())
    assert storage.upload(b"x", "r1").headers["content-type"] == "application/json"


def test_real_deployments_number_a_422(storage: StorageClient) -> None:
    storage.options(number_status=True, plain_json=True)
    answer = storage.get("/jobs", {"page[size]": "0"})
    assert error(answer)["status"] == 422
    with pytest.raises(ValidationError):
        jsonapi().validate(answer.json())
    assert error(storage.get(UNKNOWN))["status"] == "404"


def test_real_deployments_have_flat_errors_too(storage: StorageClient) -> None:
    storage.options(flat_errors=True)
    storage.stored(b"x", "r1")
    flat_ones = [
        storage.get("/nothing"),
        storage.call("PUT", "/jobs"),
        storage.get(media_path("files", "r2")),
        storage.get(media_path("files", "r1"), headers={"Authorization": ""}),
        storage.get("/medias/info/%ff"),
    ]
    for answer, status in zip(flat_ones, (404, 404, 404, 401, 400), strict=True):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
        assert set(answer.json()) == {"status", "type", "detail"}
        assert answer.json()["status"] == str(status)
    for answer in (storage.get(UNKNOWN), storage.get(media_path("info", "r2")), storage.upload(b"x", "r1")):
        assert "errors" in answer.json()


def test_real_deployments_tell_where_they_failed(storage: StorageClient) -> None:
    storage.options(backtraces=True)
    assert error(storage.get(UNKNOWN))["meta"]["backtrace"]


@pytest.mark.parametrize("content_type", ["application/json", MEDIA_TYPE])
def test_real_deployments_refuse_a_declared_body_that_is_empty(storage: StorageClient, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    calls = [("GET", "/jobs"), ("DELETE", UNKNOWN), ("GET", media_path("files", "r1"))]
    assert [storage.call(method, path, headers=headers).status_code for method, path in calls] == [200, 403, 404]
    storage.options(refuse_content_type=True)
    assert [storage.call(method, path, headers=headers).status_code for method, path in calls] == [400, 400, 400]
    assert storage.call("GET", "/jobs", headers=headers, content=b"{}").status_code == 200
    assert storage.get("/jobs").status_code == 200


@pytest.mark.parametrize("fault", ["500", "503 retry_after=3", "429 retry_after=3", "404"])
def test_faults_have_the_shape_of_the_service(storage: StorageClient, fault: str) -> None:
    storage.sandbox.admin.fault(f"{fault} on=media_storage.index_jobs times=1")
    answer = storage.get("/jobs")
    assert (str(answer.status_code), answer.headers["content-type"]) == (fault[:3], MEDIA_TYPE)
    assert error(answer)["status"] == fault[:3]
    assert answer.headers.get("retry-after") == ("3" if "retry_after" in fault else None)
    assert storage.get("/jobs").status_code == 200


def test_an_answer_may_be_malformed(storage: StorageClient) -> None:
    storage.sandbox.admin.fault("malformed on=media_storage.show_job times=1")
    (id_,) = storage.make_jobs()
    with pytest.raises(json.JSONDecodeError):
        storage.get(f"/jobs/{id_}")


def test_every_quirk_is_off_until_it_is_chosen(sandbox: RunningSandbox) -> None:
    options = sandbox.admin.options("media_storage")
    chosen = {name: value for name, value in options.items() if value}
    assert chosen == {
        "token_life": 3600.0,
        "jobs_from_uploads": True,
        "completed_word": "completed",
        "errored_word": "errored",
        "duplicate_status": 422,
        "upload_field": "media",
    }
