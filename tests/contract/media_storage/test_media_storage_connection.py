"""The connection: what the button "Test" says, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.http.errors import InsecureUrlError
from airflow_media.media_storage.api import list_medias
from airflow_media.media_storage.hook import MediaStorageHook
from airflow_media.media_storage.service import StorageSettings, TokenRefusedError
from media_sandbox.media_storage import fixtures
from support.storeroom import Storeroom, header

pytestmark = pytest.mark.airflow

Connect = Callable[..., None]


def test_a_key_is_exchanged_once_and_the_test_is_one_cheap_call(store: Storeroom) -> None:
    assert MediaStorageHook().test_connection() == (
        True,
        "The media storage accepts the token; it shows no media",
    )
    assert store.count("login") == 1
    [request] = store.requests("index_medias")
    assert request["query"] == {"page[size]": "1"}


def test_a_token_as_password_does_without_a_key(store: Storeroom, connect: Connect) -> None:
    connect("media_storage", {"api_key": None, "token_url": None}, password=fixtures.PLAIN.token)
    store.rows(1)
    works, text = MediaStorageHook().test_connection()
    assert (works, "some media" in text) == (True, True)
    assert store.count("login") == 0


def test_the_key_goes_to_the_token_url_and_nowhere_else(store: Storeroom) -> None:
    store.hook.run(list_medias())
    everything = store.admin.requests()
    assert {entry["operation"] for entry in everything} == {"media_storage.login", "media_storage.index_medias"}
    listings = [entry for entry in everything if entry["operation"] != "media_storage.login"]
    assert str(fixtures.PLAIN.api_key) not in json.dumps(listings)
    assert header(store.requests("login")[0], "authorization") is None


@pytest.mark.parametrize(
    ("extra", "changes", "words"),
    [
        ({"api_key": "IDAH_wrong-key"}, {}, ("exchange the API key", "401", "api_key and token_url")),
        ({"api_key": None}, {"password": "wrong-token"}, ("list medias", "401", "token (password)")),
        ({"api_key": None}, {"password": ""}, ("password is empty", "api_key and token_url in extra")),
        ({"token_url": None}, {}, ("extra token_url is empty",)),
        ({"token_url": "iam/login"}, {}, ("extra token_url is 'iam/login'", "https://host[:port]/path")),
        ({"token_url": "http://iam.example/login"}, {}, ("https", "allow_http")),
        ({}, {"host": ""}, ("host is empty", "base URL of the service")),
        ({}, {"host": "http://storage.example"}, ("https", "allow_http")),
        ({"api_key": 7}, {}, ("extra api_key is not a text",)),
        ({"ids_per_request": 0}, {}, ("extra ids_per_request is 0",)),
        ({"upload_fields": ["p1"]}, {}, ("extra upload_fields is not an object",)),
        ({"success_statuses": "done,ready", "failure_statuses": "ready"}, {}, ("shares ready", "Name each status")),
        ({"timeout": "soon"}, {}, ("extra timeout is 'soon'",)),
    ],
)
def test_a_wrong_connection_is_told_by_its_field(
    store: Storeroom,
    connect: Connect,
    logged: Callable[[], str],
    extra: dict[str, Any],
    changes: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    connect("media_storage", extra, **changes)
    works, text = MediaStorageHook().test_connection()
    assert not works
    assert [word for word in words if word not in text] == [], text
    assert [secret for secret in ("wrong-key", "wrong-token") if secret in text + logged()] == []


def test_what_a_connection_can_set(store: Storeroom, connect: Connect) -> None:
    connect(
        "media_storage",
        {
            "upload_field": "file",
            "upload_fields": {"project_id": "p1"},
            "success_statuses": "ready, errored",
            "ids_per_request": "100",
            "empty_downloads": True,
        },
    )
    assert MediaStorageHook().reach.settings == StorageSettings(
        upload_field="file",
        upload_fields={"project_id": "p1"},
        success_statuses=frozenset({"ready", "errored"}),
        failure_statuses=frozenset({"failed", "error", "cancelled", "canceled"}),
        ids_per_request=100,
        empty_downloads=True,
    )
    connect("media_storage")
    assert MediaStorageHook().reach.settings == StorageSettings()


def test_a_token_that_has_died_is_renewed_once(store: Storeroom) -> None:
    store.hook.run(list_medias())
    store.admin.expire_tokens()
    store.hook.run(list_medias())
    assert store.count("login") == 2
    assert [entry["status"] for entry in store.requests("index_medias")] == [200, 401, 200]


def test_a_token_that_will_die_is_renewed_ahead(store: Storeroom) -> None:
    store.hook.run(list_medias())
    store.admin.advance_clock(3500)
    store.hook.client.exchange.monotonic = lambda: 1e9  # time passes here too
    store.hook.run(list_medias())
    assert [entry["status"] for entry in store.requests("index_medias")] == [200, 200]
    assert store.count("login") == 2


def test_a_password_token_is_not_sent_again_after_a_refusal(store: Storeroom, connect: Connect) -> None:
    connect("media_storage", {"api_key": None}, password=fixtures.PLAIN.token)
    store.admin.expire_tokens()
    with pytest.raises(TokenRefusedError):
        MediaStorageHook().run(list_medias())
    assert store.count("index_medias") == 1


def test_plain_http_stays_on_this_machine(store: Storeroom, connect: Connect) -> None:
    connect("media_storage", host="http://storage.example/api")
    with pytest.raises(InsecureUrlError, match="allow_http"):
        MediaStorageHook().run(list_medias())


def test_the_path_of_the_host_is_kept(store: Storeroom) -> None:
    store.hook.run(list_medias())
    assert store.requests("index_medias")[0]["path"] == "/media_storage/api/v1/media/medias"
    assert store.hook.job_url() == f"{store.host}/jobs"
    assert store.hook.media_url("a b", "k") == f"{store.host}/medias/files/a%20b/k"


def test_a_web_page_in_place_of_the_service_is_told(store: Storeroom) -> None:
    store.admin.fault("502 on=media_storage.index_medias")
    works, text = MediaStorageHook().test_connection()
    assert not works
    assert "502" in text
