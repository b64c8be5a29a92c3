"""Below the async client: proxies, addresses, header fields, and nothing that is sent again unasked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from servers import FileServer
from wire_server import WireServer, answer, computed, garbage, rendered, reset

from airflow_media.http.call import Answer, Call
from airflow_media.http.client import AsyncClient
from airflow_media.http.errors import InvalidRequestError, MediaError, NetworkFaultError
from airflow_media.http.retry import NO_RETRY
from airflow_media.http.service import Service

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def call(method: str = "GET", url: str = "/1", **fields: Any) -> Call[Answer]:
    return Call(operation="look", method=method, url=url, read=lambda answer: answer, authenticated=False, **fields)


def asked(root: str, *calls: Call[Answer]) -> list[Answer]:
    """Give the answers to calls that are sent one after the other by one client."""

    async def main() -> list[Answer]:
        async with AsyncClient(Service(name="Store"), {"": root}, retry=NO_RETRY, allow_http=True) as client:
            return [await client.run(each) for each in calls]

    return asyncio.run(main())


def refused(root: str, *calls: Call[Answer]) -> MediaError:
    with pytest.raises(MediaError) as caught:
        asked(root, *calls)
    return caught.value


def proxied(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_a_proxy_is_asked_with_its_own_login(monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer(b"{}") as proxy:
        proxied(monkeypatch, HTTP_PROXY=proxy.root.replace("://", "://me:the%20word@"))
        (answered,) = asked("http://films.example.com", call())
    assert answered.content == b"{}"
    (seen,) = proxy.seen
    assert (seen.path, seen.headers["host"]) == ("http://films.example.com/1", "films.example.com")
    assert seen.headers["proxy-authorization"] == "Basic bWU6dGhlIHdvcmQ="


def test_a_proxy_that_is_not_there_is_a_fault_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    proxied(monkeypatch, HTTP_PROXY="http://me:word@127.0.0.1:9")
    fault = refused("http://films.example.com", call())
    assert isinstance(fault, NetworkFaultError)
    assert "ProxyError" in str(fault)
    assert "word" not in str(fault)


def test_a_proxy_of_another_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    proxied(monkeypatch, ALL_PROXY="socks5://me:word@127.0.0.1:9")
    fault = refused("http://films.example.com", call())
    assert isinstance(fault, InvalidRequestError)
    assert "socks5" in str(fault)
    assert "word" not in str(fault)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET"])
@pytest.mark.parametrize("fault", [reset(), garbage(b"")])
def test_what_is_lost_on_a_connection_that_was_open_is_sent_once(server: WireServer, method: str, fault: Any) -> None:
    server.on("GET", "/warm", answer())
    server.on(method, "/1", fault)
    assert isinstance(refused(server.url, call(url="/warm"), call(method)), NetworkFaultError)
    assert len(server.seen(method, "/1")) == 1


def test_an_address_is_encoded_where_it_is_not(server: WireServer) -> None:
    server.on("GET", "/%C3%A4%20b", answer())
    asked(server.url, call(url="/ä b"), call(url="/%C3%A4%20b"))
    assert [request.target for request in server.requests] == ["/%C3%A4%20b"] * 2


def test_parameters_join_those_of_the_address(server: WireServer) -> None:
    server.on("GET", "/1", answer())
    asked(server.url, call(url="/1?a=%2Fb", params={"c": "d e&f"}))
    assert server.requests[0].target == "/1?a=%2Fb&c=d+e%26f"


def test_fields_of_one_name_are_joined(server: WireServer) -> None:
    head = rendered(200, b"", headers={"X-One": "1"}).replace(b"X-One: 1", b"X-One: 1\r\nx-one: \xe9")
    server.on("GET", "/1", computed(lambda request: head))
    (answered,) = asked(server.url, call())
    assert answered.headers["x-one"] == "1, é"


def test_a_host_that_there_is_not(server: WireServer) -> None:
    assert "ConnectError" in str(refused("http://films.invalid", call()))
