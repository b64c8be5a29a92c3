"""Upload sessions: begun, finished and watched."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from xvid_client import XvidClient, refusal, wait_for

from media_sandbox.testing import RunningSandbox
from media_sandbox.xvid.fixtures import FOREIGN, MAIN, OTHER, VAULT
from media_sandbox.xvid.policy import read_policy

INVALID = (400, "0x0230001", "Invalid Input")
MISSING = (404, "0x0230002", "Requested file does not exist")
UNKNOWN = "000000000000000000000000"
WEEK = 7 * 86400


def start(client: XvidClient, **params: Any) -> tuple[int, str, str]:
    usual = {"object_key": "uploads/clip.mp4", "pipeline_id": MAIN.id}
    chosen = {name: value for name, value in {**usual, **params}.items() if value is not None}
    return refusal(client.call("POST", "/files/uploads/", params=chosen))


def test_a_session_has_the_documented_keys(shared_xvid: XvidClient) -> None:
    session = shared_xvid.session("uploads/a b/clip.mp4")
    form = session.pop("form_post_params")
    id_ = session["id"]
    assert re.fullmatch("[0-9a-f]{24}", id_)
    assert session == {
        "status": "UPLOADING",
        "object_key": "uploads/a b/clip.mp4",
        "nb_chunks": 0,
        "type": "S3",
        "form_post_url": f"{shared_xvid.origin}/xvid/s3/sandbox-mediahub-store/",
        "pipeline": {"id": MAIN.id},
        "file": {"id": id_},
        "id": id_,
    }
    policy, signature = form.pop("policy"), form.pop("signature")
    assert len(base64.b64decode(signature, validate=True)) == 20
    assert json.loads(base64.b64decode(policy))["conditions"][0] == {"bucket": "sandbox-mediahub-store"}
    assert form == {
        "name": "clip.mp4",
        "success_action_status": "201",
        "filename": "",
        "chunk": "0",
        "chunks": "1",
        "AWSAccessKeyId": "AKIASANDBOXMEDIAHUB0",
        "key": f"tmp/{MAIN.id}/uploads/a b/clip.mp4",
        "acl": "private",
    }


def test_the_policy_ends_half_an_hour_after_the_id_was_made(shared_xvid: XvidClient) -> None:
    session = shared_xvid.session()
    policy = read_policy(session["form_post_params"]["policy"])
    assert int(policy.expiration) - int(session["id"][:8], 16) == 1800


def test_a_session_begins_without_the_slash_as_well(shared_xvid: XvidClient) -> None:
    params = {"object_key": "a.mp4", "pipeline_id": MAIN.id}
    assert shared_xvid.call("POST", "/files/uploads", params=params).status_code == 200


@pytest.mark.parametrize("params", [{"ip": 0}, {"ip": 2**32 - 1}, {"expires_at": 0}, {"expires_at": 10**11}])
def test_limits_are_let_through(shared_xvid: XvidClient, params: dict[str, int]) -> None:
    assert shared_xvid.session(**params)["status"] == "UPLOADING"


@pytest.mark.parametrize(
    "params",
    [
        {"object_key": None},
        {"object_key": ""},
        {"object_key": "uploads/"},
        {"object_key": "x" * (1024 - len(f"tmp/{MAIN.id}/") + 1)},
        {"pipeline_id": None},
        {"pipeline_id": ""},
        {"pipeline_id": "main"},
        {"pipeline_id": MAIN.id.upper()},
        {"pipeline_id": [MAIN.id, MAIN.id]},
        {"ip": "192.0.2.1"},
        {"ip": -1},
        {"ip": 2**32},
        {"expires_at": -1},
        {"expires_at": "never"},
        {"expires_at": 1.5},
        {"expires_at": 10**11 + 1},
        {"expires_at": "9" * 5000},
        {"format": "yaml"},
        {"human": "yes"},
    ],
)
def test_parameters_that_are_wrong_are_refused(shared_xvid: XvidClient, params: dict[str, Any]) -> None:
    assert start(shared_xvid, **params) == INVALID


def test_parameters_in_the_body_do_not_count(shared_xvid: XvidClient) -> None:
    body = {"object_key": "a.mp4", "pipeline_id": MAIN.id}
    assert refusal(shared_xvid.call("POST", "/files/uploads/", data=body)) == INVALID


@pytest.mark.parametrize("pipeline_id", [UNKNOWN, FOREIGN.id])
def test_a_pipeline_of_one_s_own_is_needed(shared_xvid: XvidClient, pipeline_id: str) -> None:
    assert start(shared_xvid, pipeline_id=pipeline_id) == MISSING


def test_the_status_for_an_unknown_pipeline_can_be_chosen(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", unknown_pipeline_status=400)
    assert start(xvid, pipeline_id=UNKNOWN) == INVALID


def test_an_upload_goes_through_its_steps(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    content = b"not a film, but a file"
    session = xvid.session("uploads/note.txt")
    id_ = session["id"]
    assert xvid.one(f"/files/uploads/{id_}", "upload")["status"] == "UPLOADING"
    assert refusal(xvid.get(f"/files/{id_}")) == MISSING
    assert xvid.post_form(session, content).status_code == 201
    sandbox.admin.outcome("upload", "stuck", service="xvid", on=id_)
    shown = {
        "form_post_url": session["form_post_url"],
        "status": "COMPLETING",
        "nb_chunks": 1,
        "storage_type": "S3",
        "object_key": "uploads/note.txt",
        "pipeline": {"id": MAIN.id},
        "file": {"id": id_},
        "id": id_,
    }
    answer = xvid.finish(id_)
    assert (answer.status_code, answer.json()) == (200, {"upload": shown})
    again = xvid.finish(id_)
    assert (again.status_code, again.json()) == (200, {"upload": shown})
    sandbox.admin.release("xvid")
    assert xvid.wait_for_upload(id_) == "COMPLETED"
    assert xvid.one(f"/files/uploads/{id_}", "upload") == {**shown, "status": "COMPLETED"}
    file = xvid.one(f"/files/{id_}", "file")
    assert (file["name"], file["size"], file["mime_type"]) == ("note.txt", len(content), "text/plain")
    assert file["md5_checksum"] == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert xvid.content(id_) == content
    assert list((sandbox.data / "xvid" / "objects").iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"upload": 1},
        {"nb_chunks": 1},
        {"upload": {}},
        *({"upload": {"nb_chunks": number}} for number in (0, -1, 1.0, "1", True, None)),
    ],
)
def test_the_number_of_chunks_is_needed(shared_xvid: XvidClient, body: Any) -> None:
    id_ = shared_xvid.session()["id"]
    assert refusal(shared_xvid.call("PUT", f"/files/uploads/{id_}", json=body)) == INVALID
    assert shared_xvid.one(f"/files/uploads/{id_}", "upload")["status"] == "UPLOADING"


def test_the_finish_may_come_with_any_content_type(shared_xvid: XvidClient) -> None:
    session = shared_xvid.session()
    shared_xvid.post_form(session, b"x")
    answer = shared_xvid.call("PUT", f"/files/uploads/{session['id']}", content=b'{"upload": {"nb_chunks": 1}}')
    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", {"upload": {"nb_chunks": 1}})])
def test_an_upload_must_exist(
    shared_sandbox: RunningSandbox, shared_xvid: XvidClient, method: str, body: dict[str, Any] | None
) -> None:
    foreign = XvidClient(shared_sandbox, OTHER).session(pipeline_id=FOREIGN.id)["id"]
    for id_ in (UNKNOWN, foreign):
        assert refusal(shared_xvid.call(method, f"/files/uploads/{id_}", json=body)) == MISSING
    assert refusal(shared_xvid.call(method, "/files/uploads/latest", json=body)) == INVALID


@pytest.mark.parametrize(("posted", "nb_chunks"), [(False, 1), (True, 2)])
def test_a_finish_that_does_not_fit_fails_later(
    sandbox: RunningSandbox, xvid: XvidClient, posted: bool, nb_chunks: int
) -> None:
    session = xvid.session()
    if posted:
        xvid.post_form(session, b"x")
    assert xvid.finish(session["id"], nb_chunks).json()["upload"]["status"] == "COMPLETING"
    assert xvid.wait_for_upload(session["id"]) == "FAILED"
    assert sandbox.admin.get(f"xvid/uploads/{session['id']}")["reason"]
    assert refusal(xvid.get(f"/files/{session['id']}")) == MISSING


def test_a_finish_that_does_not_fit_can_be_refused(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", refuse_bad_finish=True, refuse_second_finish=True)
    session = xvid.session()
    assert refusal(xvid.finish(session["id"])) == INVALID
    xvid.post_form(session, b"x")
    assert refusal(xvid.finish(session["id"], 2)) == INVALID
    assert xvid.finish(session["id"]).status_code == 200
    assert refusal(xvid.finish(session["id"])) == INVALID


def test_the_words_for_the_states_can_be_chosen(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    words = {"uploading_word": "A", "completing_word": "B", "completed_word": "C", "failed_word": "D"}
    sandbox.admin.options("xvid", session_type_key="storage_type", **words)
    session = xvid.session()
    assert (session["status"], session["storage_type"]) == ("A", "S3")
    assert "type" not in session
    sandbox.admin.outcome("upload", "stuck", service="xvid")
    sandbox.admin.outcome("upload", "fail", service="xvid", reason="the disk is full")
    xvid.post_form(session, b"x")
    assert xvid.finish(session["id"]).json()["upload"]["status"] == "B"

    def status(id_: str) -> str:
        return str(xvid.one(f"/files/uploads/{id_}", "upload")["status"])

    failing = xvid.session("other")["id"]
    wait_for(lambda: sandbox.admin.get("xvid/outcomes"), lambda left: len(left) == 1)
    xvid.finish(failing)
    assert wait_for(lambda: status(failing), lambda word: word != "B") == "D"
    assert sandbox.admin.get(f"xvid/uploads/{failing}")["reason"] == "the disk is full"
    sandbox.admin.release("xvid")
    assert wait_for(lambda: status(session["id"]), lambda word: word != "B") == "C"


def test_two_sessions_may_have_the_same_key_and_the_later_finish_wins(xvid: XvidClient) -> None:
    first, second = xvid.session("twice"), xvid.session("twice")
    xvid.post_form(first, b"first")
    xvid.post_form(second, b"second")
    for session in (second, first):
        xvid.finish(session["id"])
        assert xvid.wait_for_upload(session["id"]) == "COMPLETED"
        found = xvid.http.get(xvid.location(object_key="twice", pipeline_id=MAIN.id))
        assert found.content == b"second"
        shown = xvid.get("/files/downloads/", object_key="twice", pipeline_id=MAIN.id).json()["download"]["uri"]
        assert f"/{session['id']}?" in shown


def test_a_second_session_for_a_key_can_be_refused(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", one_session_per_key=True)
    xvid.session("once")
    assert start(xvid, object_key="once") == INVALID


def test_what_no_job_uses_goes_after_its_time(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    usual, vault, kept = xvid.uploaded(b"1", "a"), xvid.uploaded(b"2", "b", pipeline_id=VAULT.id), ""
    kept = xvid.uploaded(b"3", "c", expires_at=0)
    assert "expires_at" not in xvid.one(f"/files/{kept}", "file")

    def left() -> set[str]:
        client = XvidClient(sandbox)
        return {file["id"] for file in client.get("/files/").json()["files"]}

    assert left() == {usual, vault, kept}
    sandbox.admin.advance_clock(86400)
    assert left() == {usual, kept}
    sandbox.admin.advance_clock(WEEK)
    assert left() == {kept}
    assert len(list((sandbox.data / "xvid" / "files").iterdir())) == 1


def test_what_a_job_has_used_stays(sandbox: RunningSandbox, xvid: XvidClient, clip: Path) -> None:
    id_ = xvid.uploaded(clip)
    xvid.done("MP3")
    sandbox.admin.advance_clock(2 * WEEK)
    assert XvidClient(sandbox).get(f"/files/{id_}").status_code == 200


def test_finishing_can_take_its_time(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", finish_seconds=3600.0)
    session = xvid.session()
    xvid.post_form(session, b"x")
    xvid.finish(session["id"])
    assert sandbox.admin.jobs() == [f"xvid:upload:{session['id']}"]
    assert xvid.one(f"/files/uploads/{session['id']}", "upload")["status"] == "COMPLETING"


def test_reasons_are_told_in_a_header(shared_xvid: XvidClient) -> None:
    params = {"object_key": "a\u2028b", "pipeline_id": "sch\u00f6n\n"}
    answer = shared_xvid.call("POST", "/files/uploads/", params=params)
    assert answer.headers["x-sandbox-reason"].startswith("the parameter pipeline_id must be 24 hexadecimal digits")
