"""The connection: what the button "Test" says, and how it is read."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.http.errors import InsecureUrlError, MediaError
from airflow_media.jobs.connection import ConnectionFieldError
from airflow_media.pixop.api import get_account
from airflow_media.pixop.hook import PixopHook
from media_sandbox.pixop import fixtures
from media_sandbox.testing import RunningSandbox
from support.studio import Studio, login

pytestmark = pytest.mark.airflow


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_good_connection_tells_whom_the_service_takes_us_for(studio: Studio) -> None:
    assert PixopHook().test_connection() == (True, "Logged in to Pixop as Plain User, team Plain Team")
    assert studio.count("get_token") == studio.count("get_account") == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong-password"}, ("log in", "401", "credentials of the connection")),
        ({"login": "nobody@sandbox.example"}, ("log in", "401", "credentials of the connection")),
        ({"login": None}, ("login is empty", "Fill in the e-mail")),
        ({"password": ""}, ("password is empty", "Fill in the password")),
        ({"host": "ftp://pixop.example"}, ("host is 'ftp://pixop.example'", "https://host[:port]/path")),
        ({"host": "http://pixop.example"}, ("https", "allow_http")),
        ({"extra": {"timeout": "soon"}}, ("extra timeout is 'soon'", "number of seconds")),
        ({"extra": {"allow_http": "perhaps"}}, ("extra allow_http", "true or false")),
        ({"extra": {"team_id": 7}}, ("extra team_id is 7",)),
    ],
)
def test_a_wrong_connection_is_told_by_its_field(
    studio: Studio,
    connect: Callable[..., None],
    logged: Callable[[], str],
    changes: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    connect("pixop", **changes)
    works, text = PixopHook().test_connection()
    assert not works
    assert [word for word in words if word not in text] == [], text
    assert "wrong-password" not in text + logged()


def test_a_wrong_password_is_tried_once(studio: Studio, connect: Callable[..., None]) -> None:
    connect("pixop", password="wrong-password")
    PixopHook().test_connection()
    assert studio.count("get_token") == 1, "more of it may lock the account"


def test_a_suspended_account_is_told(sandbox: RunningSandbox, connect: Callable[..., None]) -> None:
    connect("pixop", **login(fixtures.BANNED))
    works, text = PixopHook().test_connection()
    assert not works
    assert "UserBannedException" in text


def test_a_service_that_is_not_there_is_told_soon(sandbox: RunningSandbox, connect: Callable[..., None]) -> None:
    connect("pixop", host=f"http://127.0.0.1:{closed_port()}")
    works, text = PixopHook().test_connection()
    assert not works
    assert "can be reached from here" in text


def test_a_web_page_in_place_of_the_service_is_told(studio: Studio) -> None:
    studio.admin.fault("502 on=pixop.get_token")
    works, text = PixopHook().test_connection()
    assert not works
    assert "502" in text


def test_a_host_can_be_given_in_pieces(sandbox: RunningSandbox, connect: Callable[..., None]) -> None:
    port = int(sandbox.base_url.rpartition(":")[2])
    roots = {f"{root}_url": f"{sandbox.pixop.host}/{root}" for root in ("accounts", "videos", "media")}
    connect("pixop", roots, host="127.0.0.1", port=port, schema="http")
    works, text = PixopHook().test_connection()
    assert works, text


def test_plain_http_stays_on_this_machine(sandbox: RunningSandbox, connect: Callable[..., None]) -> None:
    connect("pixop", host="http://pixop.example")
    with pytest.raises(InsecureUrlError, match="allow_http"):
        PixopHook().run(get_account())


def test_a_connection_that_is_wrong_is_an_error_of_its_own(
    sandbox: RunningSandbox, connect: Callable[..., None]
) -> None:
    connect("pixop", login="")
    with pytest.raises(ConnectionFieldError) as fault:
        PixopHook().get_conn()
    assert isinstance(fault.value, MediaError)


def test_a_hook_has_one_client(studio: Studio) -> None:
    hook = PixopHook()
    assert hook.get_conn() is hook.client
    hook.run(get_account())
    hook.run(get_account())
    assert studio.count("get_token") == 1
