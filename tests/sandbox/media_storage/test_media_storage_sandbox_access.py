"""Access: the token exchange, tokens and their life, rights."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from media_storage_client import StorageClient, error, media_path

from media_sandbox.media_storage.fixtures import ADMIN, OTHER, PLAIN, VIEWER, Account
from media_sandbox.testing import RunningSandbox, running_sandbox

OPERATIONS = [
    ("GET", "/jobs"),
    ("GET", "/jobs/0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001"),
    ("DELETE", "/jobs/0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001"),
    ("GET", "/medias"),
    ("GET", "/medias/info/r1"),
    ("GET", "/medias/info/r1/k"),
    ("GET", "/medias/files/r1"),
    ("GET", "/medias/files/r1/k"),
    ("POST", "/medias/files/r1"),
    ("POST", "/medias/files/r1/k"),
]


def token(client: StorageClient, **body: Any) -> str:
    """Exchange the account's API key for a token."""
    answer = client.login({"api_key": client.account.api_key, **body})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["meta"]["token"])


def status(client: StorageClient, authorization: str | None, path: str = "/jobs") -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    return httpx.get(client.host + path, headers=headers, trust_env=False).status_code


def test_an_api_key_is_exchanged_for_a_token(storage: StorageClient) -> None:
    answer = storage.login({"api_key": PLAIN.api_key, "token_expiration": 60})
    assert (answer.status_code, set(answer.json())) == (200, {"meta"})
    assert answer.json()["meta"]["token"].count(".") == 2
    assert status(storage, f"Bearer {answer.json()['meta']['token']}") == 200
    assert status(storage, f"Bearer {PLAIN.api_key}") == 401


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"api_key": "SANDBOX_wrong"}, 401),
        ({"api_key": ""}, 401),
        ({}, 422),
        ({"api_key": None}, 422),
        ({"api_key": 5}, 422),
        ({"api_key": PLAIN.api_key, "token_expiration": "long"}, 422),
        ({"api_key": PLAIN.api_key, "token_expiration": 0}, 422),
        ({"api_key": PLAIN.api_key, "token_expiration": True}, 422),
        ([], 400),
        ("text", 400),
    ],
)
def test_faulty_exchanges_are_refused(shared_storage: StorageClient, body: Any, expected: int) -> None:
    answer = shared_storage.login(body)
    assert answer.status_code == expected
    assert error(answer)["status"] == str(expected)


@pytest.mark.parametrize("opaque", [False, True])
def test_tokens_have_a_life(storage: StorageClient, opaque: bool) -> None:
    storage.options(opaque_tokens=opaque, token_life=100.0)
    usual, short = token(storage), token(storage, token_expiration=10)
    assert (usual.count(".") == 2) is not opaque
    seen = []
    for seconds in (0, 11, 90):
        storage.sandbox.admin.advance_clock(seconds)
        seen.append([status(storage, f"Bearer {value}") for value in (usual, short)])
    assert seen == [[200, 200], [200, 401], [401, 401]]
    assert status(storage, f"Bearer {PLAIN.token}") == 200


@pytest.mark.parametrize("opaque", [False, True])
def test_all_tokens_can_be_made_to_expire(storage: StorageClient, opaque: bool) -> None:
    storage.options(opaque_tokens=opaque)
    old = token(storage)
    storage.sandbox.admin.expire_tokens()
    assert [status(storage, f"Bearer {value}") for value in (old, PLAIN.token)] == [401, 401]
    assert status(storage, f"Bearer {token(storage)}") == 200


def test_a_token_may_expire_in_the_middle(storage: StorageClient) -> None:
    value = token(storage)
    storage.sandbox.admin.fault("expire_token on=media_storage.index_medias times=1")
    assert [status(storage, f"Bearer {value}", path) for path in ("/jobs", "/medias", "/jobs")] == [200, 401, 401]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_wants_a_token(shared_storage: StorageClient, method: str, path: str) -> None:
    answer = shared_storage.call(method, path, headers={"Authorization": ""})
    assert answer.status_code == 401
    assert "www-authenticate" not in answer.headers
    assert error(answer)["status"] == "401"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer",
        f"bearer {PLAIN.token}",
        f"BEARER {PLAIN.token}",
        f"Token {PLAIN.token}",
        PLAIN.token,
        "Bearer nobody",
        "Bearer a.b.c",
        "Bearer ..",
        f"Bearer {PLAIN.token}x",
        "Basic cGxhaW46cGxhaW4=",
    ],
)
def test_faulty_credentials_are_refused(shared_storage: StorageClient, authorization: str | None) -> None:
    assert status(shared_storage, authorization) == 401


def test_a_cookie_stands_in_for_the_header(shared_storage: StorageClient) -> None:
    with httpx.Client(trust_env=False, cookies={"auth-token": PLAIN.token}) as client:
        assert client.get(shared_storage.host + "/jobs").status_code == 200
    with httpx.Client(trust_env=False, cookies={"auth-token": "nobody"}) as client:
        assert client.get(shared_storage.host + "/jobs").status_code == 401


@pytest.mark.parametrize("claims", [{"exp": None}, {"exp": 1}, {"exp": "soon"}, {"jti": None}, {"jti": "unknown"}])
def test_tokens_with_odd_claims_are_refused(shared_storage: StorageClient, claims: dict[str, Any]) -> None:
    minted = shared_storage.sandbox.admin.post("media_storage/tokens", {"claims": claims})["token"]
    assert status(shared_storage, f"Bearer {minted}") == 401


def test_tokens_of_another_sandbox_are_refused(shared_storage: StorageClient) -> None:
    with running_sandbox() as elsewhere:
        foreign = token(StorageClient(elsewhere))
    assert status(shared_storage, f"Bearer {foreign}") == 401


def test_tokens_can_be_minted_for_each_account(shared_storage: StorageClient) -> None:
    for account in (PLAIN, ADMIN):
        for opaque in (False, True):
            body = {"account": account.key, "life": 60.0, "opaque": opaque}
            minted = shared_storage.sandbox.admin.post("media_storage/tokens", body)["token"]
            assert status(shared_storage, f"Bearer {minted}") == 200


@pytest.mark.parametrize(
    ("account", "uploads", "deletes"), [(PLAIN, 200, 403), (OTHER, 200, 403), (VIEWER, 403, 403), (ADMIN, 200, 204)]
)
def test_rights(sandbox: RunningSandbox, storage: StorageClient, account: Account, uploads: int, deletes: int) -> None:
    (id_,) = storage.make_jobs()
    client = StorageClient(sandbox, account)
    assert [client.get(path).status_code for path in ("/jobs", "/medias")] == [200, 200]
    assert client.upload(b"x", "r1").status_code == uploads
    assert client.call("DELETE", f"/jobs/{id_}").status_code == deletes
    if uploads == 200:
        attributes = client.get(media_path("info", "r1")).json()["data"]["attributes"]
        assert (attributes["created_by"], attributes["project_id"]) == (account.user_id, account.project_id)
    assert len(storage.jobs()) == (0 if deletes == 204 else 1)


def test_api_keys_do_not_delete_jobs(storage: StorageClient) -> None:
    (id_,) = storage.make_jobs()
    answer = storage.call("DELETE", f"/jobs/{id_}", headers={"Authorization": f"Bearer {token(storage)}"})
    assert (answer.status_code, error(answer)["status"]) == (403, "403")


def test_the_request_log_keeps_no_secret(storage: StorageClient) -> None:
    value = token(storage)
    status(storage, f"Bearer {value}")
    assert PLAIN.api_key
    for entry in storage.sandbox.admin.requests():
        assert value not in str(entry)
        assert PLAIN.api_key not in str(entry)
