"""Tokens: the service's own dialect of OAuth, and what each scope allows."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from xvid_client import XvidClient, refusal

from media_sandbox.testing import RunningSandbox
from media_sandbox.xvid.fixtures import CLIENTS, MAIN, NARROW, PLAIN

INVALID = (400, "0x0010001", "Invalid Input")
FORBIDDEN = (403, "0x0000003", "Invalid access token")
UNKNOWN = "000000000000000000000000"

CALLS = {
    "read": ("GET", "/files/"),
    "write": ("DELETE", f"/files/{UNKNOWN}"),
    "submit": ("POST", "/jobs/"),
    "download": ("GET", f"/files/downloads/?file_id={UNKNOWN}"),
}
"""A call for each thing that a token can be good for; none of them succeeds by itself."""


def test_secrets_have_what_a_form_must_encode() -> None:
    for client in CLIENTS:
        base64.b64decode(client.secret, validate=True)
        assert "+" in client.secret
        assert "/" in client.secret
        assert client.secret.endswith("=")


def test_a_token_comes_without_envelope(shared_xvid: XvidClient) -> None:
    answer = shared_xvid.token()
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "expires_in", "token_type"}
    assert (body["expires_in"], body["token_type"]) == (3600, "Bearer")


def test_the_answer_can_be_that_of_the_older_example(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", expires_in_as_string=True, token_type="", token_life=7200.0)
    body = xvid.token().json()
    assert set(body) == {"access_token", "expires_in"}
    assert body["expires_in"] == "7200"


def test_a_token_is_told_in_xml_too(shared_xvid: XvidClient) -> None:
    text = shared_xvid.token(query="?format=xml").text
    assert "<token><access_token>" in text
    assert "<expires_in>3600</expires_in>" in text


def test_the_life_may_be_asked_for_in_body_and_query(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    assert xvid.token(expires_in="60").json()["expires_in"] == 60
    assert xvid.token(query="?expires_in=61").json()["expires_in"] == 61
    short = XvidClient(sandbox, expires_in="60")
    assert short.get("/files/").status_code == 200
    sandbox.admin.advance_clock(61)
    assert refusal(short.get("/files/")) == FORBIDDEN
    assert xvid.get("/files/").status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "client_credentials"},
        {"grant_type": "password"},
        {"grant_type": ""},
        {"client_id": ""},
        {"client_secret": ""},
        {"expires_in": "0"},
        {"expires_in": "soon"},
        {"scope": "mediahub me"},
        {"scope": "everything"},
    ],
)
def test_a_request_that_is_wrong_in_itself_is_refused(shared_xvid: XvidClient, form: dict[str, str]) -> None:
    assert refusal(shared_xvid.token(**form)) == INVALID


@pytest.mark.parametrize("missing", ["grant_type", "client_id", "client_secret"])
def test_nothing_may_be_missing(shared_xvid: XvidClient, missing: str) -> None:
    assert refusal(shared_xvid.token(without=(missing,))) == INVALID


def test_the_grant_type_of_the_standard_can_be_let_through(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", plural_grant_type=True)
    assert xvid.token(grant_type="client_credentials").status_code == 200


def test_credentials_are_taken_from_the_body_only(shared_xvid: XvidClient) -> None:
    url = f"{shared_xvid.base}/oauth2/token/"
    form = {"grant_type": "client_credential"}
    basic = shared_xvid.http.post(url, data=form, auth=(PLAIN.id, PLAIN.secret))
    query = shared_xvid.http.post(url, data=form, params={"client_id": PLAIN.id, "client_secret": PLAIN.secret})
    whole = {**form, "client_id": PLAIN.id, "client_secret": PLAIN.secret}
    json = shared_xvid.http.post(url, json=whole)
    assert [refusal(answer) for answer in (basic, query, json)] == [INVALID] * 3
    assert shared_xvid.http.get(url, params=whole).status_code == 405


@pytest.mark.parametrize("form", [{"client_id": "nobody"}, {"client_secret": "wrong"}])
def test_wrong_credentials_are_forbidden(shared_xvid: XvidClient, form: dict[str, str]) -> None:
    assert refusal(shared_xvid.token(**form)) == (403, "0x0000002", "Invalid client credentials")


def test_a_secret_that_was_not_encoded_is_wrong(shared_xvid: XvidClient) -> None:
    body = f"grant_type=client_credential&client_id={PLAIN.id}&client_secret={PLAIN.secret}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = shared_xvid.http.post(f"{shared_xvid.base}/oauth2/token/", content=body, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer unknown", "Basic dTpw", "{token}"])
def test_a_call_needs_a_bearer_token(shared_xvid: XvidClient, authorization: str | None) -> None:
    token = shared_xvid.headers["Authorization"].removeprefix("Bearer ")
    headers = {} if authorization is None else {"Authorization": authorization.format(token=token)}
    assert refusal(shared_xvid.http.get(f"{shared_xvid.base}/files/", headers=headers)) == FORBIDDEN


def test_a_token_in_the_query_is_not_taken(shared_xvid: XvidClient) -> None:
    token = shared_xvid.headers["Authorization"].removeprefix("Bearer ")
    answer = shared_xvid.http.get(f"{shared_xvid.base}/files/", params={"access_token": token})
    assert refusal(answer) == FORBIDDEN


def test_all_tokens_can_be_made_to_expire(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    assert xvid.get("/files/").status_code == 200
    sandbox.admin.expire_tokens()
    assert refusal(xvid.get("/files/")) == FORBIDDEN
    assert XvidClient(sandbox).get("/files/").status_code == 200


def allowed(client: XvidClient) -> set[str]:
    def answer(call: tuple[str, str]) -> httpx.Response:
        return client.call(*call)

    return {what for what, call in CALLS.items() if answer(call).status_code != 403}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, {"read", "write", "submit", "download"}),
        ("mediahub", {"read", "write", "submit", "download"}),
        ("mediahub_read", {"read", "download"}),
        ("mediahub_write", {"write", "submit"}),
        ("mediahub_submit_jobs", {"submit"}),
        ("mediahub_download_files", {"download"}),
        ("mediahub_submit_jobs,mediahub_download_files", {"submit", "download"}),
        ("me", set()),
        ("autograph,me", set()),
    ],
)
def test_a_scope_allows_what_it_is_for(shared_sandbox: RunningSandbox, scope: str | None, expected: set[str]) -> None:
    form: dict[str, Any] = {} if scope is None else {"scope": scope}
    assert allowed(XvidClient(shared_sandbox, **form)) == expected


def test_a_client_has_its_own_scopes_when_it_asks_for_none(shared_sandbox: RunningSandbox) -> None:
    assert allowed(XvidClient(shared_sandbox, NARROW)) == {"read", "download"}


@pytest.mark.parametrize("scope", ["mediahub", "mediahub_write", "mediahub_read,autograph"])
def test_a_client_cannot_have_the_scopes_of_others(shared_sandbox: RunningSandbox, scope: str) -> None:
    client = XvidClient(shared_sandbox, NARROW)
    assert refusal(client.token(scope=scope)) == FORBIDDEN
    assert client.token(scope="mediahub_read,mediahub_download_files").status_code == 200


def test_the_code_of_a_scope_that_is_too_small_can_be_chosen(sandbox: RunningSandbox) -> None:
    sandbox.admin.options("xvid", scope_code="0x0000009", wrong_client_code="0x0000008")
    narrow = XvidClient(sandbox, NARROW)
    assert refusal(narrow.call("POST", "/files/uploads/", params={"object_key": "a", "pipeline_id": MAIN.id})) == (
        403,
        "0x0000009",
        "Invalid access token",
    )
    assert refusal(narrow.token(client_secret="wrong"))[1] == "0x0000008"


def test_no_secret_reaches_the_request_log(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    xvid.get("/files/")
    log = str(sandbox.admin.requests())
    assert PLAIN.secret not in log
    assert xvid.headers["Authorization"].removeprefix("Bearer ") not in log
