"""The connection: what the button "Test" says, and how it is read."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.cielo24.api import get_job, list_jobs
from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.http.errors import InsecureUrlError
from media_sandbox.cielo24.fixtures import CAREFUL, PLAIN
from media_sandbox.testing import RunningSandbox
from support.captioning import CaptionHouse, login

pytestmark = pytest.mark.airflow


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_good_connection_tells_whom_the_service_takes_us_for(house: CaptionHouse) -> None:
    house.created()
    house.admin.clear_requests()
    assert Cielo24Hook().test_connection() == (True, "Logged in to cielo24 as plain")
    assert house.count("login") == house.count("list_jobs") == 1
    [asked] = house.requests("list_jobs")
    assert asked["answer_bytes"] < 100, "not all jobs of the account"


def test_an_api_key_takes_the_place_of_the_password(house: CaptionHouse, connect: Callable[..., None]) -> None:
    connect("cielo24", {"api_key": PLAIN.secure_key}, password=None)
    assert Cielo24Hook().test_connection() == (True, "Logged in to cielo24 as plain")
    connect("cielo24", {"api_key": PLAIN.secure_key})
    assert Cielo24Hook().test_connection() == (True, "Logged in to cielo24 as plain")
    assert all("x-auth-password" not in asked["headers"] for asked in house.requests("login"))


def test_nothing_secret_stands_in_the_url_of_a_login(house: CaptionHouse) -> None:
    house.run(list_jobs())
    [asked] = house.requests("login")
    assert asked["query"] == {"v": "1"}
    assert asked["headers"]["x-auth-user"] == "plain"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong-password"}, ("log in", "LOGIN_INVALID", "Check the credentials of the connection")),
        ({"login": "nobody"}, ("log in", "LOGIN_INVALID", "Check the credentials of the connection")),
        ({"extra": {"api_key": "0123456789wrong-password"}}, ("log in", "LOGIN_INVALID")),
        ({"extra": {"api_key": 12345678}}, ("extra api_key is not a text",)),
        ({"login": None}, ("login is empty", "Fill in the user name")),
        ({"password": ""}, ("password is empty", "or api_key in extra")),
        ({"password": "wrong-passwörd"}, ("password has other than ASCII characters", "An API key")),
        ({"host": "ftp://cielo24.example"}, ("host is 'ftp://cielo24.example'", "https://host[:port]/path")),
        ({"host": "http://cielo24.example"}, ("https", "allow_http")),
        ({"extra": {"timezone": "Mars/Olympus"}}, ("extra timezone is 'Mars/Olympus'", "America/Los_Angeles")),
        ({"extra": {"timezone": 2}}, ("extra timezone is 2",)),
        ({"extra": {"timeout": "soon"}}, ("extra timeout is 'soon'", "number of seconds")),
        ({"extra": {"allow_http": "perhaps"}}, ("extra allow_http", "true or false")),
    ],
)
def test_a_wrong_connection_is_told_by_its_field(
    house: CaptionHouse,
    connect: Callable[..., None],
    logged: Callable[[], str],
    changes: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    connect("cielo24", **changes)
    works, text = Cielo24Hook().test_connection()
    assert not works
    assert [word for word in words if word not in text] == [], text
    assert [secret for secret in ("wrong-pass", "12345678") if secret in text + logged()] == []


def test_a_wrong_password_is_tried_once(house: CaptionHouse, connect: Callable[..., None]) -> None:
    connect("cielo24", password="wrong-password")
    Cielo24Hook().test_connection()
    assert house.count("login") == 1, "more of it may lock the account"


def test_a_service_that_is_not_there_is_told_soon(house: CaptionHouse, connect: Callable[..., None]) -> None:
    connect("cielo24", host=f"http://127.0.0.1:{closed_port()}")
    works, text = Cielo24Hook().test_connection()
    assert not works
    assert "can be reached from here" in text


def test_a_web_page_in_place_of_the_service_is_told(house: CaptionHouse) -> None:
    house.admin.fault("502 on=cielo24.login")
    works, text = Cielo24Hook().test_connection()
    assert not works
    assert "502" in text


def test_a_host_with_too_much_in_it_is_told(house: CaptionHouse, connect: Callable[..., None]) -> None:
    connect("cielo24", host=f"{house.host}/api")
    works, text = Cielo24Hook().test_connection()
    assert not works
    assert "Check that the host of the connection" in text


def test_a_host_can_be_given_in_pieces(house: CaptionHouse, connect: Callable[..., None]) -> None:
    port = int(house.sandbox.base_url.rpartition(":")[2])
    connect("cielo24", host="127.0.0.1", port=port, schema="http")
    assert Cielo24Hook().reach.roots == {"": f"http://127.0.0.1:{port}"}


def test_plain_http_stays_on_this_machine(house: CaptionHouse, connect: Callable[..., None]) -> None:
    connect("cielo24", host="http://cielo24.example")
    with pytest.raises(InsecureUrlError, match="allow_http"):
        Cielo24Hook().run(list_jobs())


def test_without_a_host_it_is_the_one_of_the_vendor(house: CaptionHouse, connect: Callable[..., None]) -> None:
    connect("cielo24", host=None)
    assert Cielo24Hook().job_url("64be") == "https://api.cielo24.com/api/job/info?v=1&job_id=64be"


def test_the_time_zone_of_the_service_is_known_only_where_it_is_told(
    house: CaptionHouse, connect: Callable[..., None]
) -> None:
    assert Cielo24Hook().reach.settings.zone is None
    connect("cielo24", {"timezone": "America/Los_Angeles"})
    assert str(Cielo24Hook().reach.settings.zone) == "America/Los_Angeles"


def test_each_account_sees_its_own_jobs(house: CaptionHouse, connect: Callable[..., None]) -> None:
    house.created()
    connect("cielo24", **login(CAREFUL))
    assert Cielo24Hook().run(list_jobs()).jobs == ()


def test_a_hook_has_one_client(house: CaptionHouse) -> None:
    hook = Cielo24Hook()
    assert hook.get_conn() is hook.client
    job_id = house.created()
    logins = house.count("login")
    hook.run(get_job(job_id))
    hook.run(get_job(job_id))
    assert house.count("login") == logins + 1


def test_it_is_no_secret_that_is_printed_of_a_client(sandbox: RunningSandbox, house: CaptionHouse) -> None:
    house.run(list_jobs())
    assert house.secrets_in(repr(house.hook.reach) + repr(house.hook.client.exchange)) == []
