"""Logging in and out, the life of tokens, secure keys and who sees whose jobs."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from cielo24_client import UNKNOWN_ID, Cielo24Client, refusal

from media_sandbox.cielo24.fixtures import OTHER, PLAIN, TEAM
from media_sandbox.testing import RunningSandbox

USER, PASSWORD, KEY = PLAIN.username, PLAIN.password, PLAIN.secure_key

LEGAL: list[tuple[str, dict[str, Any]]] = [
    ("GET", {"params": {"username": USER, "password": PASSWORD}}),
    ("GET", {"params": {"username": USER, "securekey": KEY}}),
    ("GET", {"headers": {"x-auth-user": USER, "x-auth-password": PASSWORD}}),
    ("GET", {"headers": {"x-auth-user": USER, "x-auth-securekey": KEY}}),
    ("POST", {"headers": {"x-auth-user": USER, "x-auth-password": PASSWORD}}),
    ("POST", {"json": {"username": USER, "securekey": KEY}}),
    ("POST", {"data": {"username": USER, "password": PASSWORD}}),
    ("POST", {"content": f"username={USER}&password={PASSWORD}"}),
    ("POST", {"content": f"username={USER}&password={PASSWORD}", "headers": {"Content-Type": "password"}}),
    ("GET", {"params": {"username": USER, "password": PASSWORD, "api_token": UNKNOWN_ID}}),
]

ILLEGAL: list[tuple[dict[str, Any], str]] = [
    ({"params": {"username": USER, "password": "wrong"}}, "LOGIN_INVALID"),
    ({"params": {"username": USER, "securekey": UNKNOWN_ID}}, "LOGIN_INVALID"),
    ({"params": {"username": USER, "securekey": "no key"}}, "LOGIN_INVALID"),
    ({"params": {"username": USER, "securekey": PASSWORD}}, "LOGIN_INVALID"),
    ({"params": {"username": "nobody", "password": PASSWORD}}, "LOGIN_INVALID"),
    ({"params": {"username": USER}}, "MISSING_PARAMETER"),
    ({"params": {"username": USER, "password": ""}}, "MISSING_PARAMETER"),
    ({"params": {"password": PASSWORD}}, "MISSING_PARAMETER"),
    ({}, "MISSING_PARAMETER"),
    ({"params": {"username": USER, "password": PASSWORD, "securekey": KEY}}, "INVALID_QUERY"),
    ({"headers": {"x-auth-user": USER, "x-auth-password": PASSWORD, "x-auth-securekey": KEY}}, "INVALID_QUERY"),
    ({"headers": {"x-auth-user": USER, "x-auth-key": PASSWORD}}, "MISSING_PARAMETER"),
    ({"headers": {"x-auth-user": USER}, "params": {"password": PASSWORD}}, "INVALID_QUERY"),
    ({"params": [("username", USER), ("password", PASSWORD), ("password", "other")]}, "INVALID_QUERY"),
]


def login(client: Cielo24Client, method: str = "GET", **request: Any) -> httpx.Response:
    parameters = httpx.QueryParams(request.pop("params", {})).set("v", "1")
    return client.http.request(method, "/api/account/login", params=parameters, **request)


@pytest.mark.parametrize(("method", "request_"), LEGAL)
def test_a_login_gives_a_token(shared_cielo24: Cielo24Client, method: str, request_: dict[str, Any]) -> None:
    answer = login(shared_cielo24, method, **request_)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"ApiToken"}
    assert re.fullmatch("[0-9a-f]{32}", answer.json()["ApiToken"])
    assert shared_cielo24.get("job/list", api_token=answer.json()["ApiToken"]).status_code == 200


@pytest.mark.parametrize(("request_", "type_"), ILLEGAL)
def test_other_logins_are_refused(shared_cielo24: Cielo24Client, request_: dict[str, Any], type_: str) -> None:
    assert refusal(login(shared_cielo24, **request_)) == type_


def test_the_version_of_a_login_stands_in_the_query_string(shared_cielo24: Cielo24Client) -> None:
    credentials = {"username": USER, "password": PASSWORD}
    path = "/api/account/login"
    assert refusal(shared_cielo24.http.get(path, params=credentials)) == "MISSING_PARAMETER"
    assert refusal(shared_cielo24.http.post(path, json={**credentials, "v": "1"})) == "MISSING_PARAMETER"
    assert refusal(shared_cielo24.http.get(path, params={**credentials, "v": "2"})) == "INVALID_OPTION"


def test_what_is_wrong_with_a_body_is_told(shared_cielo24: Cielo24Client) -> None:
    for body, type_ in (("[1]", "application/json"), ("{", "application/json"), ("--b", "multipart/form-data")):
        answer = login(shared_cielo24, "POST", content=body, headers={"Content-Type": type_})
        assert refusal(answer) == "INVALID_QUERY"


def test_a_token_lives_as_long_as_it_is_used(cielo24: Cielo24Client) -> None:
    for _ in range(3):
        cielo24.sandbox.admin.advance_clock(3000)
        assert cielo24.get("job/list").status_code == 200
    cielo24.sandbox.admin.advance_clock(3601)
    assert cielo24.refused("job/list") == "BAD_API_TOKEN"
    assert cielo24.refused("job/list") == "BAD_API_TOKEN"


def test_the_life_of_tokens_is_an_option(cielo24: Cielo24Client) -> None:
    cielo24.sandbox.admin.options("cielo24", token_life=10.0)
    cielo24.sandbox.admin.advance_clock(11)
    assert cielo24.refused("job/list") == "BAD_API_TOKEN"


def test_all_tokens_can_be_made_to_expire(cielo24: Cielo24Client) -> None:
    cielo24.sandbox.admin.expire_tokens()
    assert cielo24.refused("job/list") == "BAD_API_TOKEN"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_logout_ends_one_session(cielo24: Cielo24Client, method: str) -> None:
    other = Cielo24Client(cielo24.sandbox)
    answer = cielo24.http.request(method, "/api/account/logout", params=cielo24.query())
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert cielo24.refused("job/list") == "BAD_API_TOKEN"
    assert other.get("job/list").status_code == 200


@pytest.mark.parametrize("token", [KEY, UNKNOWN_ID, "no token", USER])
def test_anything_else_is_no_token(shared_cielo24: Cielo24Client, token: str) -> None:
    assert shared_cielo24.refused("job/list", api_token=token) == "BAD_API_TOKEN"


def test_the_token_may_be_in_the_body(shared_cielo24: Cielo24Client) -> None:
    answer = shared_cielo24.http.post("/api/job/new?v=1", json={"api_token": shared_cielo24.token, "job_name": "a"})
    assert answer.status_code == 200


def test_a_secure_key_is_given_again_until_a_new_one_is_forced(cielo24: Cielo24Client) -> None:
    first = cielo24.get("account/generate_api_key").json()
    assert first == {"ApiKey": KEY}
    forced = cielo24.get("account/generate_api_key", force_new="True").json()["ApiKey"]
    assert re.fullmatch("[0-9a-f]{32}", forced)
    assert cielo24.get("account/generate_api_key", force_new="f").json() == {"ApiKey": forced}
    assert login(cielo24, params={"username": USER, "securekey": forced}).status_code == 200
    assert login(cielo24, params={"username": USER, "securekey": KEY}).status_code == 200


def test_a_removed_key_is_no_use(cielo24: Cielo24Client) -> None:
    answer = cielo24.get("account/remove_api_key", api_securekey=KEY)
    assert (answer.status_code, answer.content) == (204, b"")
    assert refusal(login(cielo24, params={"username": USER, "securekey": KEY})) == "LOGIN_INVALID"
    assert cielo24.refused("account/remove_api_key", api_securekey=KEY) == "ITEM_NOT_FOUND"
    assert cielo24.get("account/generate_api_key").json()["ApiKey"] != KEY


def test_keys_of_accounts_below_can_be_managed_and_no_others(cielo24: Cielo24Client) -> None:
    given = cielo24.get("account/generate_api_key", account_id=TEAM.username).json()
    assert given == {"ApiKey": TEAM.secure_key}
    assert cielo24.get("account/remove_api_key", api_securekey=TEAM.secure_key).status_code == 204
    assert cielo24.refused("account/generate_api_key", account_id=OTHER.username) == "ACCOUNT_UNPRIVILEGED"
    assert cielo24.refused("account/remove_api_key", api_securekey=OTHER.secure_key) == "ITEM_NOT_FOUND"
    assert cielo24.refused("account/remove_api_key", api_securekey="no key") == "INVALID_QUERY"
    assert cielo24.refused("account/remove_api_key") == "MISSING_PARAMETER"
    assert cielo24.refused("account/generate_api_key", force_new="maybe") == "INVALID_OPTION"


def test_an_account_sees_its_own_jobs_and_those_below_it(cielo24: Cielo24Client) -> None:
    team, other = Cielo24Client(cielo24.sandbox, TEAM), Cielo24Client(cielo24.sandbox, OTHER)
    above, below, ordered = cielo24.new_job(), team.new_job(), cielo24.new_job(username=TEAM.username)
    assert [cielo24.info(job)["JobId"] for job in (above, below, ordered)] == [above, below, ordered]
    assert team.info(ordered)["JobId"] == ordered
    for client in (team, other):
        assert client.refused("job/info", job_id=above) == "ITEM_NOT_FOUND"
    assert other.refused("job/delete", job_id=below) == "ITEM_NOT_FOUND"
    task = cielo24.get("job/update_metadata", job_id=above, reference_id="a", requestor_id="b").json()["TaskId"]
    assert team.refused("job/task_status", task_id=task) == "ITEM_NOT_FOUND"


def test_jobs_are_made_only_for_accounts_below(cielo24: Cielo24Client) -> None:
    assert Cielo24Client(cielo24.sandbox, TEAM).refused("job/new", username=USER) == "ACCOUNT_UNPRIVILEGED"
    assert cielo24.refused("job/new", username=OTHER.username) == "ACCOUNT_UNPRIVILEGED"
    assert cielo24.refused("job/new", username="nobody") == "ACCOUNT_UNPRIVILEGED"


def test_the_log_of_requests_has_no_credentials(cielo24: Cielo24Client) -> None:
    login(cielo24, params={"username": USER, "securekey": KEY})
    login(cielo24, headers={"x-auth-user": USER, "x-auth-securekey": KEY})
    cielo24.get("account/remove_api_key", api_securekey=KEY)
    logged = str(cielo24.sandbox.admin.requests())
    assert not [secret for secret in (PASSWORD, KEY, cielo24.token) if secret in logged]


def test_the_accounts_are_told(sandbox: RunningSandbox) -> None:
    shown = {item["username"]: item for item in sandbox.admin.get("cielo24/accounts")}
    assert shown["plain"]["secure_key"] == KEY
    assert shown["careful"]["authorization"]
    connection = sandbox.connection("cielo24")
    assert (connection.login, connection.password) == (USER, PASSWORD)
