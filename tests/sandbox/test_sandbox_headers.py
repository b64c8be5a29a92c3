"""The heads of requests: required headers, authentication, paths and methods."""

from __future__ import annotations

import httpx
import pytest
from sandbox_client import PixopClient, basic

from media_sandbox.pixop.fixtures import FULL, OTHER, PLAIN
from media_sandbox.testing import RunningSandbox

ACCOUNT = "/accounts/v1/account"


def exception(answer: httpx.Response) -> str:
    """Return the name of the refusal, whose shape is checked on the way."""
    body = answer.json()
    assert set(body) == {"exception", "errorMessage"}
    assert body["errorMessage"]
    return str(body["exception"])


@pytest.mark.parametrize("path", [ACCOUNT, "/videos/v1/projects"])
@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*", "text/html, application/json;q=0.5"])
def test_an_accept_header_that_allows_json_will_do(shared_client: PixopClient, path: str, accept: str) -> None:
    assert shared_client.call("GET", path, headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0"])
def test_an_accept_header_without_json_is_refused(shared_client: PixopClient, accept: str) -> None:
    answer = shared_client.call("GET", ACCOUNT, headers={"Accept": accept})
    assert (answer.status_code, exception(answer)) == (406, "NotAcceptableException")


def test_an_absent_accept_header_is_refused(shared_client: PixopClient) -> None:
    assert shared_client.call("GET", ACCOUNT, without=("Accept",)).status_code == 406


@pytest.mark.parametrize("path", [ACCOUNT, "/videos/v1/projects"])
def test_the_content_type_is_demanded_without_a_body_too(shared_client: PixopClient, path: str) -> None:
    answer = shared_client.call("GET", path, without=("Content-Type",))
    assert (answer.status_code, exception(answer)) == (415, "UnsupportedMediaTypeException")


def test_a_content_type_with_a_charset_is_json(shared_client: PixopClient) -> None:
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    assert shared_client.call("GET", ACCOUNT, headers=headers).status_code == 200


def test_lax_headers_are_a_switch(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.options(strict_headers=False)
    assert client.call("GET", ACCOUNT, without=("Accept", "Content-Type")).status_code == 200


def test_an_upload_must_be_multipart(shared_client: PixopClient) -> None:
    video_id = shared_client.new_video()
    assert shared_client.call("POST", f"/media/v1/upload/{video_id}", content=b"{}").status_code == 415


def test_the_media_service_wants_a_token_only(shared_client: PixopClient) -> None:
    assert shared_client.media("GET", "/media/v1/download/original/none").status_code == 404


@pytest.mark.parametrize("path", [ACCOUNT, "/videos/v1/projects", "/media/v1/download/original/none"])
def test_basic_credentials_are_no_token(shared_client: PixopClient, path: str) -> None:
    answer = shared_client.call("GET", path, headers={"Authorization": basic(PLAIN.email, PLAIN.password)})
    assert (answer.status_code, exception(answer)) == (401, "NoJWTTokenFoundException")


@pytest.mark.parametrize("path", ["token", "generate-auth-secret", "generate-signature-secret"], ids=["A1", "A4", "A5"])
def test_some_account_calls_take_basic_credentials(client: PixopClient, path: str) -> None:
    headers = {"Authorization": basic(PLAIN.email, PLAIN.password)}
    assert client.call("GET", f"/accounts/v1/{path}", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [basic(PLAIN.email, "wrong"), basic("nobody@sandbox.example", "x"), "Basic !!!", "Basic /w=="],
    ids=["password", "email", "base64", "utf-8"],
)
def test_wrong_basic_credentials_are_refused(shared_client: PixopClient, authorization: str) -> None:
    answer = shared_client.call("GET", "/accounts/v1/token", headers={"Authorization": authorization})
    assert (answer.status_code, exception(answer)) == (401, "AuthException")


@pytest.mark.parametrize("path", ["/nothing", "/accounts/v1/token/", "/videos/v1/video/", "/videos/v2/projects", "/"])
def test_unknown_paths_are_not_found(shared_client: PixopClient, path: str) -> None:
    answer = shared_client.call("GET", path)
    assert (answer.status_code, exception(answer)) == (404, "NotFoundException")


def test_a_path_outside_of_all_services_is_not_found(shared_sandbox: RunningSandbox) -> None:
    answer = httpx.get(f"{shared_sandbox.base_url}/elsewhere")
    assert (answer.status_code, exception(answer)) == (404, "NotFoundException")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/accounts/v1/token", "GET, POST"),
        ("HEAD", "/videos/v1/projects", "GET"),
        ("PATCH", "/videos/v1/project/x", "DELETE, GET, POST"),
        ("POST", "/videos/v1/video", "PUT"),
        ("PUT", "/media/v1/upload/light/x", "POST"),
        ("POST", "/media/v1/download/original/x", "GET, HEAD"),
    ],
)
def test_other_methods_are_not_allowed(shared_client: PixopClient, method: str, path: str, allow: str) -> None:
    answer = shared_client.call(method, path)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == allow


def test_an_encoded_slash_stays_inside_its_segment(shared_client: PixopClient) -> None:
    answer = shared_client.call("GET", "/videos/v1/project/a%2Fb")
    assert answer.status_code == 404
    assert "no project a/b" in answer.json()["errorMessage"]


def test_ids_of_another_team_are_not_found(sandbox: RunningSandbox, client: PixopClient) -> None:
    other = PixopClient(sandbox, OTHER)
    video_id = other.new_video()
    project_id = other.video(video_id)["projectId"]
    assert client.call("GET", f"/videos/v1/video/{video_id}").status_code == 404
    assert client.call("DELETE", f"/videos/v1/video/{video_id}").status_code == 404
    assert client.call("GET", f"/videos/v1/project/{project_id}").status_code == 404
    assert client.call("PUT", "/videos/v1/video", json={"projectId": project_id}).status_code == 404
    assert client.process(video_id, {}).status_code == 404


def test_the_team_of_the_token_governs_its_calls(sandbox: RunningSandbox) -> None:
    first, second = PixopClient(sandbox, FULL), PixopClient(sandbox, FULL, **{"team-id": FULL.team_ids[1]})
    video_id = second.new_video()
    assert second.video(video_id)["teamId"] == FULL.team_ids[1]
    assert first.call("GET", f"/videos/v1/video/{video_id}").status_code == 404
    assert first.get_token(**{"team-id": PLAIN.team_ids[0]}).status_code == 403
