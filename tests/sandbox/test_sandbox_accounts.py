"""Tokens and their faults, account details, secrets and the password."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from sandbox_client import PixopClient

from media_sandbox.pixop.fixtures import BANNED, FULL, PLAIN
from media_sandbox.testing import RunningSandbox

NOW = time.time()
DAY = 86_400


def check(client: PixopClient, token: str) -> tuple[int, str]:
    """Have a token checked and return the status and the exception."""
    answer = client.call("POST", "/accounts/v1/token", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("exception", "")


def test_a_token_has_the_documented_shape(client: PixopClient) -> None:
    body = client.get_token().json()
    assert set(body) == {"userId", "teamId", "jwtToken"}
    assert body["teamId"] == PLAIN.team_ids[0]
    head = jwt.get_unverified_header(body["jwtToken"])
    claims = jwt.decode(body["jwtToken"], options={"verify_signature": False})
    assert set(head) >= {"kid", "alg"}
    assert claims["exp"] - claims["iat"] == 900
    assert (claims["iss"], claims["sub"], claims["user_id"]) == ("Pixop", "API-Access-Credentials", body["userId"])


@pytest.mark.parametrize(
    ("claims", "exception"),
    [
        ({"exp": None}, "EternalJWTTokenException"),
        ({"nbf": NOW + DAY}, "PrematureJWTTokenException"),
        ({"exp": NOW - 1}, "ExpiredJWTTokenException"),
        ({"iss": "Somebody"}, "InconsistentJWTClaimsException"),
        ({"sub": "Something"}, "InconsistentJWTClaimsException"),
        ({"user_id": "somebody"}, "InconsistentJWTClaimsException"),
        ({"team_id": "some-team"}, "InconsistentJWTClaimsException"),
        ({"exp": "soon"}, "InvalidJWTTokenFoundException"),
        ({"exp": None, "nbf": NOW + DAY}, "EternalJWTTokenException"),
        ({"exp": NOW - 1, "nbf": NOW + DAY}, "PrematureJWTTokenException"),
        ({"exp": NOW - 1, "iss": "Somebody"}, "ExpiredJWTTokenException"),
    ],
)
def test_a_faulty_token_is_refused_for_its_first_fault(
    shared_sandbox: RunningSandbox, shared_client: PixopClient, claims: dict[str, Any], exception: str
) -> None:
    assert check(shared_client, shared_sandbox.admin.token(**claims)) == (401, exception)


def test_an_expired_token_of_an_unknown_key_is_invalid_first(shared_client: PixopClient) -> None:
    token = jwt.encode({"exp": NOW - 1}, "x" * 40, headers={"kid": "rotated"})
    assert check(shared_client, token) == (401, "InvalidJWTTokenFoundException")


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "e30.e30.e30"])
def test_a_garbled_token_is_invalid(shared_client: PixopClient, token: str) -> None:
    assert check(shared_client, token) == (401, "InvalidJWTTokenFoundException")


def test_a_tampered_token_is_invalid(shared_sandbox: RunningSandbox, shared_client: PixopClient) -> None:
    head, claims, _ = shared_sandbox.admin.token().split(".")
    signature = shared_sandbox.admin.token(iss="Somebody").split(".")[2]
    assert check(shared_client, f"{head}.{claims}.{signature}") == (401, "InvalidJWTTokenFoundException")


@pytest.mark.parametrize("header", ["Bearer", "Token abc"])
def test_no_token_is_told_so(shared_client: PixopClient, header: str) -> None:
    answer = shared_client.call("POST", "/accounts/v1/token", headers={"Authorization": header})
    assert answer.json()["exception"] == "NoJWTTokenFoundException"
    absent = shared_client.call("POST", "/accounts/v1/token", without=("Authorization",))
    assert (absent.status_code, absent.json()["exception"]) == (401, "NoJWTTokenFoundException")


def test_a_banned_user_gets_no_token_and_may_use_none(sandbox: RunningSandbox) -> None:
    banned = PixopClient(sandbox, BANNED)
    refused = banned.get_token()
    assert (refused.status_code, refused.json()["exception"]) == (401, "UserBannedException")
    assert check(banned, sandbox.admin.token(BANNED.email)) == (401, "UserBannedException")
    assert check(banned, sandbox.admin.token(BANNED.email, iss="x")) == (401, "InconsistentJWTClaimsException")


def test_tokens_age(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.advance_clock(890)
    assert client.call("GET", "/accounts/v1/account").status_code == 200
    sandbox.admin.advance_clock(20)
    answer = client.call("GET", "/accounts/v1/account")
    assert (answer.status_code, answer.json()["exception"]) == (401, "ExpiredJWTTokenException")


def test_all_tokens_can_be_made_to_expire(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.expire_tokens()
    assert client.call("GET", "/accounts/v1/account").json()["exception"] == "ExpiredJWTTokenException"
    assert PixopClient(sandbox).call("GET", "/accounts/v1/account").status_code == 200


def test_the_plain_account_shows_only_what_it_has(client: PixopClient) -> None:
    body = client.call("POST", "/accounts/v1/token").json()
    assert set(body) == {"user", "team"}
    assert set(body["user"]) == {
        *("id", "name", "email", "emailConfirmed", "banned", "dateCreated", "timeLastUpdated"),
        *("authSignatureMethod", "authSignaturePublicKey", "authSignaturePublicKeyId"),
    }
    assert set(body["team"]) == {"id", "name", "dateCreated", "timeLastUpdated"}


def test_the_full_account_shows_every_key(sandbox: RunningSandbox) -> None:
    full = PixopClient(sandbox, FULL)
    checked = full.call("POST", "/accounts/v1/token").json()
    assert [team["id"] for team in checked["otherTeams"]] == FULL.team_ids[1:]
    assert {"apiRequestSignatureSecret", "apiRequestSignatureSethod"} <= set(checked["user"])
    account = full.call("GET", "/accounts/v1/account").json()
    assert set(account) == {"user", "team"}
    assert {"apiRequestSignatureSecret", "apiRequestSignatureMethod"} <= set(account["user"])


def test_a_token_buys_another_token(client: PixopClient) -> None:
    assert client.call("GET", "/accounts/v1/token").json()["teamId"] == PLAIN.team_ids[0]


def test_nulls_and_the_token_are_sent_by_switches(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.options(send_nulls=True, token_in_identity=True)
    body = client.call("POST", "/accounts/v1/token").json()
    assert body["otherTeams"] is None
    assert body["user"]["bannedDate"] is None
    assert client.authorization == f"Bearer {body['jwtToken']}"


def test_a_new_auth_secret_voids_the_old_tokens(client: PixopClient) -> None:
    before = client.call("GET", "/accounts/v1/account").json()["user"]
    after = client.call("GET", "/accounts/v1/generate-auth-secret").json()["user"]
    assert after["authSignaturePublicKeyId"] != before["authSignaturePublicKeyId"]
    assert after["authSignaturePublicKey"] != before["authSignaturePublicKey"]
    answer = client.call("GET", "/accounts/v1/account")
    assert (answer.status_code, answer.json()["exception"]) == (401, "InvalidJWTTokenFoundException")
    assert client.get_token().status_code == 200


def test_a_signature_secret_is_new_each_time(client: PixopClient) -> None:
    secrets = [
        client.call("GET", "/accounts/v1/generate-signature-secret").json()["user"]["apiRequestSignatureSecret"]
        for _ in range(2)
    ]
    assert secrets[0] != secrets[1]
    assert client.call("GET", "/accounts/v1/account").json()["user"]["apiRequestSignatureSecret"] == secrets[1]


def test_a_new_password_replaces_the_old_one_and_leaves_tokens_alone(client: PixopClient) -> None:
    answer = client.call("POST", "/accounts/v1/update-password", json={"newPassword": "pässword:2"})
    assert answer.json()["user"]["id"]
    assert client.get_token().status_code == 401
    assert client.get_token("pässword:2").status_code == 200
    assert client.call("GET", "/accounts/v1/account").status_code == 200


@pytest.mark.parametrize("body", [{}, {"newPassword": ""}, {"newPassword": 5}, {"newPassword": "x", "more": 1}])
def test_a_faulty_new_password_is_refused(shared_client: PixopClient, body: dict[str, Any]) -> None:
    assert shared_client.call("POST", "/accounts/v1/update-password", json=body).status_code == 400
