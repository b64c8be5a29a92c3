"""Receiving files below the HTTP library: connections, proxies, TLS, and faults that say what the library's own say."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from servers import FileServer, Plan
from wire_server import WireServer, answer, garbage, held, rendered, reset

from airflow_media.http.bulk import PIECE, BulkTransport, proxy_for
from airflow_media.http.call import Answer, Call
from airflow_media.http.client import Client, Timeouts
from airflow_media.http.errors import InvalidRequestError, MediaError, NetworkFaultError
from airflow_media.http.retry import NO_RETRY
from airflow_media.http.service import Service
from support.certificates import self_signed, serving

CONTENT = bytes(range(256)) * 4000
IMPATIENT = Timeouts(connect=0.2, read=0.2, write=0.2, bulk_read=0.2)

GET: Call[Answer] = Call(
    operation="download video", method="GET", url="/1", read=lambda answer: answer, authenticated=False, bulk=True
)


def client(root: str, *, timeouts: Timeouts | None = None, allow_http: bool = False) -> Client:
    return Client(Service(name="Store"), {"": root}, retry=NO_RETRY, timeouts=timeouts, allow_http=allow_http)


def fetch(store: Client) -> bytes:
    with store.stream(GET) as opened:
        assert opened.chunks is not None
        return b"".join(opened.chunks)


def refused(root: str, **options: bool | Timeouts | None) -> MediaError:
    with client(root, **options) as store, pytest.raises(MediaError) as caught:  # type: ignore[arg-type]
        fetch(store)
    return caught.value


def test_a_file_comes_in_pieces() -> None:
    with FileServer(CONTENT) as server, client(server.root) as store, store.stream(GET) as opened:
        assert opened.chunks is not None
        pieces = list(opened.chunks)
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= PIECE


def test_connections_are_used_again() -> None:
    with FileServer(CONTENT) as server, client(server.root) as store:
        assert [fetch(store), fetch(store)] == [CONTENT, CONTENT]
        assert server.connections == 1


def test_a_connection_whose_answer_was_not_read_to_its_end_is_not_used_again() -> None:
    with FileServer(CONTENT) as server, client(server.root) as store:
        with store.stream(GET) as opened:
            assert opened.chunks is not None
            next(opened.chunks)
        assert fetch(store) == CONTENT
        assert server.connections == 2


def test_an_answer_without_a_body_keeps_its_connection() -> None:
    with FileServer(CONTENT) as server, client(server.root) as store:
        with store.stream(replace(GET, method="HEAD")) as opened:
            assert opened.headers["content-length"] == str(len(CONTENT))
        assert fetch(store) == CONTENT
        assert server.connections == 1


def test_what_is_asked_is_what_the_library_would_ask() -> None:
    """Both ways send the same fields; only how they are spelled differs, which means nothing in HTTP."""
    with FileServer(CONTENT) as server, client(server.root) as store:
        fetch(store)
        store.run(GET)
    streamed, plain = server.seen
    assert streamed == plain


def test_a_header_field_that_comes_twice_or_in_another_alphabet_is_given() -> None:
    fields = 'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Disposition: attachment; filename="Zo\xeb.mp4"\r\n'
    raw = f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{fields}\r\n".encode("latin-1")
    with WireServer() as server:
        server.on("GET", "/1", garbage(raw))
        with httpx.Client(transport=BulkTransport(ssl.create_default_context(), 1)) as library:
            got = library.get(f"{server.url}/1")
    assert got.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert got.headers["content-disposition"] == 'attachment; filename="Zoë.mp4"'


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        root = f"http://127.0.0.1:{gone.getsockname()[1]}"
    error = refused(root)
    assert isinstance(error, NetworkFaultError)
    assert "Connection refused" in str(error)
    assert "(ConnectError)" in str(error)
    assert " object at " not in str(error)


def test_no_answer_in_time() -> None:
    with WireServer() as server:
        gate = server.gate()
        server.on("GET", "/1", held(gate, answer()))
        error = refused(server.url, timeouts=IMPATIENT)
        gate.open()
    assert isinstance(error, NetworkFaultError)
    assert "no answer in time (ReadTimeout" in str(error)


@pytest.mark.parametrize(
    "action",
    [reset(), garbage(b""), garbage(b"no HTTP\r\n\r\n"), garbage(rendered(200, b"x" * 9)[:-1])],
    ids=["torn down", "closed", "something else", "closed in the body"],
)
def test_a_connection_that_breaks(action: object) -> None:
    with WireServer() as server:
        server.on("GET", "/1", action)  # type: ignore[arg-type]
        error = refused(server.url)
    assert isinstance(error, NetworkFaultError)


def test_the_bytes_before_a_break_are_given() -> None:
    came: list[bytes] = []
    with (
        FileServer(CONTENT, Plan(cut=PIECE + 1000)) as server,
        client(server.root) as store,
        store.stream(GET) as opened,
    ):
        assert opened.chunks is not None
        with pytest.raises(NetworkFaultError, match="closed before the end"):
            came.extend(opened.chunks)
    assert b"".join(came) == CONTENT[: PIECE + 1000]


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    return self_signed(tmp_path_factory.mktemp("tls") / "certificate.pem")


@pytest.fixture
def secure(certificate: Path) -> Iterator[FileServer]:
    with FileServer(CONTENT, context=serving(certificate)) as server:
        yield server


def test_a_server_that_nobody_vouches_for_is_not_talked_to(secure: FileServer) -> None:
    error = refused(secure.root)
    assert isinstance(error, NetworkFaultError)
    assert "certificate" in str(error)
    assert not secure.seen


def test_a_server_that_is_trusted_is_talked_to(secure: FileServer, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(transport=BulkTransport(trusting, 1)) as library:
        assert library.get(f"{secure.root}/1").content == CONTENT


def test_a_certificate_of_another_host_is_refused(secure: FileServer, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with (
        httpx.Client(transport=BulkTransport(trusting, 1)) as library,
        pytest.raises(httpx.ConnectError, match="Hostname mismatch"),
    ):
        library.get(secure.root.replace("127.0.0.1", "localhost"))


# Proxies


def proxied(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "scheme", "host", "proxy"),
    [
        ({}, "https", "films.example.com", ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https", "films.example.com", "http://proxy:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, "https", "films.example.com", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http", "films.example.com", ""),
        ({"ALL_PROXY": "http://proxy:3128"}, "http", "films.example.com", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "example.com"}, "https", "films.example.com", ""),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, "https", "films.example.com", ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https", "localhost", ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https", "127.0.0.1", ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https", "::1", ""),
    ],
)
def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], scheme: str, host: str, proxy: str
) -> None:
    proxied(monkeypatch, **variables)
    assert proxy_for(scheme, host) == proxy


def test_a_proxy_is_asked_with_its_own_login(monkeypatch: pytest.MonkeyPatch) -> None:
    with FileServer(CONTENT) as proxy:
        proxied(monkeypatch, HTTP_PROXY=proxy.root.replace("://", "://me:the%20word@"))
        with client("http://films.example.com", allow_http=True) as store:
            assert fetch(store) == CONTENT
    (seen,) = proxy.seen
    assert (seen.path, seen.headers["host"]) == ("http://films.example.com/1", "films.example.com")
    assert seen.headers["proxy-authorization"] == "Basic bWU6dGhlIHdvcmQ="


@contextmanager
def connecting_proxy(reply: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Answer whoever wants to be connected through, and keep what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}", asked
        thread.join()


def test_a_proxy_that_refuses_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with connecting_proxy(b"HTTP/1.1 407 Who are you\r\n\r\n") as (address, asked):
        proxied(monkeypatch, HTTPS_PROXY=f"http://me:the-password@{address}")
        error = refused("https://films.example.com")
    assert isinstance(error, NetworkFaultError)
    assert "407 Who are you" in str(error)
    assert asked[0].startswith(b"CONNECT films.example.com:443 HTTP/1.")
    assert "the-password" not in str(error) + caplog.text


def test_a_kind_of_proxy_that_files_cannot_come_through_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with WireServer() as server:
        proxied(monkeypatch)
        store = client("https://films.example.com")
        proxied(monkeypatch, HTTPS_PROXY=f"socks5://127.0.0.1:{server.port}")
        with store, pytest.raises(InvalidRequestError, match="socks5"):
            fetch(store)
