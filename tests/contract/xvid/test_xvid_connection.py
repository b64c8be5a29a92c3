"""The connection: what the button "Test" says, how it is read, and that pipelines keep their secrets to themselves."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import to_builtins

from airflow_media.http.errors import InsecureUrlError, PermissionDeniedError
from airflow_media.jobs.connection import ConnectionFieldError
from airflow_media.xvid.api import get_pipeline, get_preset, list_jobs, list_pipelines, list_presets
from airflow_media.xvid.flows import all_pipelines, all_presets
from airflow_media.xvid.hook import XvidHook
from media_sandbox.xvid import fixtures
from support.mediahub import MediaHub, login, preset

pytestmark = pytest.mark.airflow


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_good_connection_names_the_pipeline(hub: MediaHub) -> None:
    assert XvidHook().test_connection() == (True, "Logged in to Xvid MediaHub; the default pipeline is Main")
    assert hub.asked() == ["get_token", "get_pipeline"]


def test_a_connection_without_a_pipeline_is_good_too(hub: MediaHub, connect: Callable[..., None]) -> None:
    connect("xvid", {"pipeline_id": None})
    works, text = XvidHook().test_connection()
    assert works, text
    assert "names no default pipeline" in text
    assert hub.asked() == ["get_token", "list_pipelines"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "d3JvbmcrL3NlY3JldA=="}, ("log in", "403", "client id (login), client secret (password)")),
        ({"login": "nobody"}, ("log in", "403", "client id (login)")),
        ({"login": None}, ("login is empty", "Fill in the client id")),
        ({"password": ""}, ("password is empty", "Fill in the client secret")),
        ({"host": "ftp://xvid.example"}, ("host is 'ftp://xvid.example'", "https://host[:port]/path")),
        ({"host": "http://xvid.example"}, ("https", "allow_http")),
        ({"extra": {"timeout": "soon"}}, ("extra timeout is 'soon'", "number of seconds")),
        ({"extra": {"pipeline_id": 7}}, ("extra pipeline_id is 7",)),
        ({"extra": {"pipeline_id": "53a1ac4914eaa8ffa4fce91b"}}, ("get pipeline", "404", "53a1ac49")),
        ({"extra": {"scope": "everything"}}, ("log in", "scope of the connection")),
        ({"extra": {"scope": "mediahub_submit_jobs"}}, ("403", "scope")),
    ],
)
def test_a_wrong_connection_is_told_by_its_field(
    hub: MediaHub,
    connect: Callable[..., None],
    logged: Callable[[], str],
    changes: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    connect("xvid", **changes)
    works, text = XvidHook().test_connection()
    assert not works
    assert [word for word in words if word not in text] == [], text
    assert "d3JvbmcrL3NlY3JldA" not in text + logged()
    assert hub.secrets_in(text + logged()) == []


def test_a_wrong_secret_is_tried_once(hub: MediaHub, connect: Callable[..., None]) -> None:
    connect("xvid", password="d3JvbmcrL3NlY3JldA==")
    XvidHook().test_connection()
    assert hub.count("get_token") == 1


def test_a_service_that_is_not_there_is_told_soon(hub: MediaHub, connect: Callable[..., None]) -> None:
    connect("xvid", host=f"http://127.0.0.1:{closed_port()}")
    works, text = XvidHook().test_connection()
    assert not works
    assert "can be reached from here" in text


@pytest.mark.parametrize(
    ("fields", "root"),
    [
        ({"host": None}, "https://api.xvid.com/v1"),
        ({"host": "api.xvid.com"}, "https://api.xvid.com/v1"),
        ({"host": "https://hub.example/"}, "https://hub.example/v1"),
        ({"host": "https://hub.example/media/v2/"}, "https://hub.example/media/v2"),
        ({"host": "127.0.0.1", "port": 8123, "schema": "http"}, "http://127.0.0.1:8123/v1"),
    ],
)
def test_a_host_without_a_path_means_version_one(
    hub: MediaHub, connect: Callable[..., None], fields: dict[str, Any], root: str
) -> None:
    connect("xvid", **fields)
    assert XvidHook().reach.roots == {"": root}


def test_plain_http_stays_on_this_machine(hub: MediaHub, connect: Callable[..., None]) -> None:
    connect("xvid", host="http://xvid.example/v1")
    with pytest.raises(InsecureUrlError, match="allow_http"):
        XvidHook().run(list_pipelines())


def test_a_connection_that_is_wrong_is_an_error_of_its_own(hub: MediaHub, connect: Callable[..., None]) -> None:
    connect("xvid", login="")
    with pytest.raises(ConnectionFieldError):
        XvidHook().get_conn()


def test_the_keys_of_a_storage_do_not_leave_the_hook(hub: MediaHub, logged: Callable[[], str]) -> None:
    vault = hub.run(get_pipeline(fixtures.VAULT.id))
    listed = hub.run(all_pipelines())
    assert vault in listed
    assert (vault.name, vault.default_object_timeout) == ("Vault", 86400)
    text = str([to_builtins(pipeline) for pipeline in listed]) + repr(listed) + logged()
    assert "vault-" not in text
    assert "AKIA" not in text


def test_an_answer_with_pipelines_that_is_cut_is_not_quoted(hub: MediaHub) -> None:
    hub.admin.fault("malformed on=xvid.get_pipeline")
    works, text = XvidHook().test_connection()
    assert not works
    assert "not what its documentation promises" in text
    assert "dir" not in text


def test_presets(hub: MediaHub) -> None:
    presets = {each.name: each for each in hub.run(all_presets("system"))}
    assert presets["H.264 MP4"] == hub.run(get_preset(preset("H.264 MP4")))
    assert presets["H.264 MP4"].extension == "mp4"
    assert [each.name for each in hub.run(list_presets(type="custom")).items] == ["Half size H.264 MP4"]


def test_what_belongs_to_another_account_is_not_seen(hub: MediaHub, connect: Callable[..., None]) -> None:
    hub.uploaded()
    hub.submitted()
    connect("xvid", {"pipeline_id": None}, **login(fixtures.OTHER))
    other = XvidHook()
    assert other.run(list_jobs()).items == ()
    assert [each.name for each in other.run(all_pipelines())] == ["Foreign"]


def test_a_scope_is_asked_for(hub: MediaHub, connect: Callable[..., None]) -> None:
    connect("xvid", {"scope": "me mediahub_submit_jobs"})
    with pytest.raises(PermissionDeniedError, match="scope"):
        XvidHook().run(list_jobs())


def test_long_listings_are_read_to_their_end(hub: MediaHub) -> None:
    for number in range(3):
        hub.uploaded(key=f"uploads/{number}.mp4")
    from airflow_media.xvid.api import list_files
    from airflow_media.xvid.flows import every

    assert len(hub.run(every(list_files(sort="created_at", direction=-1), 2))) == 3
    assert hub.count("list_files") == 2


def test_a_hook_has_one_client(hub: MediaHub) -> None:
    hook = XvidHook()
    assert hook.get_conn() is hook.client
    hook.run(list_pipelines())
    hook.run(list_pipelines())
    assert hub.count("get_token") == 1
