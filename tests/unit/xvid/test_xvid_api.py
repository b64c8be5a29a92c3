"""Endpoints: what each of them sends, and to where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from xvid_script import FILE, JOB, PIPELINE, UPLOAD, Script, file, job, listing, refusal, reply, session, upload, xml

from airflow_media.http.call import Answer, Call
from airflow_media.http.errors import InvalidRequestError, MediaError, NotFoundError, ProtocolError
from airflow_media.xvid import api

PINNED = {"format": "json", "human": "false"}
LATER = 4_000_000_000
DELETED = reply({"result": {"status": "SUCCESS"}})


@pytest.mark.parametrize(
    ("call", "method", "url", "params"),
    [
        (
            api.start_upload("uploads/test.mp4", PIPELINE),
            "POST",
            "/files/uploads/",
            {"object_key": "uploads/test.mp4", "pipeline_id": PIPELINE},
        ),
        (
            api.start_upload("k", PIPELINE, ip="203.0.113.7", expires_at=LATER),
            "POST",
            "/files/uploads/",
            {"object_key": "k", "pipeline_id": PIPELINE, "ip": "3405803783", "expires_at": str(LATER)},
        ),
        (
            api.start_upload("k", PIPELINE, expires_at="never"),
            "POST",
            "/files/uploads/",
            {"object_key": "k", "pipeline_id": PIPELINE, "expires_at": "0"},
        ),
        (api.finish_upload(UPLOAD), "PUT", f"/files/uploads/{UPLOAD}", {}),
        (api.get_upload(UPLOAD), "GET", f"/files/uploads/{UPLOAD}", {}),
        (api.get_file(FILE), "GET", f"/files/{FILE}", {}),
        (
            api.list_files(types="file,archive", pipeline_id=PIPELINE, job_id=JOB, start=5, limit=10),
            "GET",
            "/files/",
            {"type": "file,archive", "pipeline.id": PIPELINE, "job.id": JOB, "start": "5", "limit": "10"},
        ),
        (api.delete_file(FILE), "DELETE", f"/files/{FILE}", {}),
        (api.download_file(file_id=FILE), "GET", "/files/downloads/", {"file_id": FILE, "redirect": "true"}),
        (
            api.download_file(key="out/a b.mp4", pipeline_id=PIPELINE),
            "GET",
            "/files/downloads/",
            {"object_key": "out/a b.mp4", "pipeline_id": PIPELINE, "redirect": "true"},
        ),
        (api.create_job({"outputs": []}), "POST", "/jobs/", {}),
        (api.get_job(JOB), "GET", f"/jobs/{JOB}", {}),
        (
            api.list_jobs(
                user_data="reel 7",
                inprogress=True,
                status="QUEUED",
                autograph=False,
                pipeline_id=PIPELINE,
                input_file_name="test",
                sort="created_at",
                direction=-1,
            ),
            "GET",
            "/jobs/",
            {
                "user_data": "reel 7",
                "inprogress": "true",
                "status": "QUEUED",
                "autograph": "false",
                "pipeline.id": PIPELINE,
                "input.file.name": "test",
                "sort": "created_at",
                "direction": "-1",
            },
        ),
        (api.delete_job(JOB), "DELETE", f"/jobs/{JOB}", {}),
        (api.get_pipeline(PIPELINE), "GET", f"/pipelines/{PIPELINE}", {}),
        (api.list_pipelines(limit=1), "GET", "/pipelines/", {"limit": "1"}),
        (api.get_preset("p1"), "GET", "/presets/p1", {}),
        (api.list_presets(type="system"), "GET", "/presets/", {"type": "system"}),
    ],
    ids=lambda value: value.operation if isinstance(value, Call) else None,
)
def test_where_a_call_goes(call: Call[Any], method: str, url: str, params: dict[str, str]) -> None:
    assert (call.method, call.url, call.params) == (method, url, {**params, **PINNED})
    assert call.authenticated
    assert call.root == ""


def test_the_beginning_of_an_upload_has_no_body() -> None:
    call = api.start_upload("k", PIPELINE)
    assert call.json is call.form is call.body is None


def test_bodies() -> None:
    assert api.finish_upload(UPLOAD).json == {"upload": {"nb_chunks": 1}}
    assert api.create_job({"outputs": []}).json == {"job": {"outputs": []}}


@pytest.mark.parametrize(
    ("call", "repeatable"),
    [
        (api.start_upload("k", PIPELINE), True),
        (api.finish_upload(UPLOAD), False),
        (api.create_job({}), False),
        (api.delete_job(JOB), False),
        (api.delete_file(FILE), True),
        (api.get_job(JOB), True),
    ],
    ids=lambda value: value.operation if isinstance(value, Call) else None,
)
def test_what_may_be_sent_again_blindly(call: Call[Any], repeatable: bool) -> None:
    assert call.may_repeat is repeatable


@pytest.mark.parametrize(
    ("call", "answer", "found"),
    [
        (api.start_upload("k", PIPELINE), session(), lambda read: read.id == UPLOAD),
        (api.finish_upload(UPLOAD), upload("COMPLETING"), lambda read: read.active),
        (api.get_file(FILE), file(name="a.mp4"), lambda read: read.name == "a.mp4"),
        (api.list_files(), listing("files", {"id": FILE}), lambda read: read.items[0].id == FILE),
        (api.create_job({}), job(), lambda read: read.id == JOB),
        (api.create_job({}), Answer(201, {}, job().content), lambda read: read.id == JOB),
        (api.get_pipeline(PIPELINE), reply({"pipeline": {"id": PIPELINE}}), lambda read: read.id == PIPELINE),
        (api.list_pipelines(), listing("pipelines"), lambda read: read.items == ()),
        (api.get_preset("p1"), reply({"preset": {"id": "p1"}}), lambda read: read.id == "p1"),
        (api.list_presets(), listing("presets", {"id": "p1"}), lambda read: read.items[0].id == "p1"),
    ],
    ids=lambda value: value.operation if isinstance(value, Call) else None,
)
def test_what_a_call_gives(call: Call[Any], answer: Answer, found: Callable[[Any], bool]) -> None:
    assert found(Script(answer).run(call))


@pytest.mark.parametrize("make", [api.delete_file, api.delete_job])
def test_deleting_what_is_not_there(make: Callable[..., Call[bool]]) -> None:
    assert Script(DELETED).run(make("1")) is True
    assert Script(refusal(404)).run(make("1", missing_ok=True)) is False
    with pytest.raises(NotFoundError):
        Script(refusal(404)).run(make("1"))


@pytest.mark.parametrize("value", ["", " ", "..", "a/b", "a?b", "ü", None, 7])
@pytest.mark.parametrize("make", [api.get_job, api.get_file, api.get_upload, api.delete_job, api.delete_file])
def test_what_is_no_id_is_refused(make: Callable[[Any], Call[Any]], value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="is not the id of a"):
        make(value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: api.start_upload("", PIPELINE),
        lambda: api.start_upload("k", ""),
        lambda: api.start_upload("k", PIPELINE, expires_at=LATER * 1000),
        lambda: api.start_upload("k", PIPELINE, ip="::1"),
        lambda: api.download_file(),
        lambda: api.download_file(key="k"),
        lambda: api.download_file(file_id="../jobs"),
    ],
)
def test_values_that_cannot_be_right_are_refused_before_anything_is_sent(make: Callable[[], Call[Any]]) -> None:
    with pytest.raises(InvalidRequestError):
        make()


@pytest.mark.parametrize("call", [api.get_pipeline(PIPELINE), api.list_pipelines()])
def test_an_answer_with_pipelines_is_not_quoted(call: Call[Any]) -> None:
    text = reply({"odd": [{"input_download_dir": "s3://AKIA:s3cr3t/k3y@eu-west-1/bucket/"}]})
    with pytest.raises(ProtocolError) as raised:
        Script(text).run(call)
    assert "s3cr3t" not in str(raised.value)


def test_xml_in_place_of_json_is_not_what_was_asked_for() -> None:
    with pytest.raises((MediaError, ValueError)):
        Script(xml("<job><id>1</id></job>", 200)).run(api.get_job(JOB))
