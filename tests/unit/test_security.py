"""What SECURITY.md promises and no other test of a single module shows: where a service may send us, and how much of
its answers is taken. The answers are made up; all else is what runs."""

from __future__ import annotations

import asyncio
import functools
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import astuple, replace

from airflow_media.http import client as client_module
from airflow_media.http.call import Answer, Call
from airflow_media.http.client import Client
from airflow_media.http.downloads import download, follow
from airflow_media.http.errors import InsecureUrlError, MediaError, NetworkFaultError, ProtocolError
from airflow_media.http.exchange import Send
from airflow_media.http.retry import NO_RETRY
from airflow_media.jobs.connection import ConnectionFieldError, Reader
from airflow_media.media_storage.service import TokenAuth
from airflow_media.storage import open_target
from airflow_media.xvid import service as xvid
from airflow_media.xvid.flows import send_file
from support.certificates import self_signed, serving

PUBLIC = "https://api.example.com/v1"
TOKEN = "t0ken-canary"
INSIDE = (
    *("https://10.0.0.5/x", "https://192.168.1.1/x", "https://[fd00::1]/x", "https://nas.local/x", "https://nas/x"),
    *("https://127.0.0.1/x", "https://localhost/x", "https://2130706433/x", "https://[::ffff:127.0.0.1]/x"),
    *("https://169.254.169.254/latest/meta-data", "https://0.0.0.0/x"),
)


JOB: Call[Any] = Call(operation="get job", method="GET", url="/jobs/1", read=lambda answer: answer.json())


@dataclass
class Few:
    """A small file."""

    size: int = 4

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([b"film"])


class Scripted(Client):
    """A client at whose other end stands a script instead of a network."""

    def __init__(self, *answers: httpx.Response, service: Any = xvid.SERVICE, root: str = PUBLIC) -> None:
        super().__init__(service, {"": root}, TokenAuth(TOKEN), retry=NO_RETRY, settings=xvid.XvidSettings("p1"))
        self.answers = list(answers)
        self.sent: list[Send] = []

    def _open(self, step: Send, http: httpx.Client) -> httpx.Response:
        self.sent.append(step)
        answer = self.answers.pop(0)
        answer.request = httpx.Request(step.method, step.url)
        return answer


def connection(**extra: Any) -> Reader:
    """Give the reader of a connection."""

    class Fields:
        conn_id = "own"
        host = port = schema = login = password = None
        extra_dejson = extra

    return Reader(Fields())


@dataclass
class Film:
    """The call for a file."""

    call: Call[Answer] = field(
        default_factory=lambda: Call(
            operation="download file", method="GET", url="/file", read=lambda answer: answer, bulk=True
        )
    )


def session(url: str) -> httpx.Response:
    form = {"id": "u1", "object_key": "k", "form_post_url": url, "form_post_params": {"policy": "p"}}
    return httpx.Response(200, json={"upload": form})


def redirect(url: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": url})


# Where a service sends us


@pytest.mark.parametrize("url", INSIDE)
def test_a_file_is_not_posted_into_our_network_for_a_service_outside(url: str) -> None:
    client = Scripted(session(url))
    with pytest.raises(ProtocolError, match="nothing was sent there"):
        client.run(send_file("k", Few()))
    assert len(client.sent) == 1


def test_a_file_is_posted_to_a_store_outside_and_the_token_is_not() -> None:
    client = Scripted(session("https://store.example.net/bucket/"), httpx.Response(204))
    client.run(send_file("k", Few()))
    assert client.sent[1].url == "https://store.example.net/bucket/"
    assert TOKEN not in str(astuple(client.sent[1]))


@pytest.mark.parametrize("url", ["http://store.example.net/", "http://api.example.com/v1/x", "http://127.0.0.1/"])
def test_a_file_is_not_posted_over_plain_http_for_a_service_at_https(url: str) -> None:
    client = Scripted(session(url))
    with pytest.raises(InsecureUrlError, match="plain http"):
        client.run(send_file("k", Few()))
    assert len(client.sent) == 1


@pytest.mark.parametrize("url", [*INSIDE, "http://api.example.com/v1/other", "//127.0.0.1/x"])
def test_a_redirect_into_our_network_or_to_plain_http_is_not_followed(url: str) -> None:
    client = Scripted(redirect(url))
    with pytest.raises(MediaError, match="nothing was sent there"), follow(client, Film().call):
        pass
    assert len(client.sent) == 1


def test_a_redirect_to_a_store_is_followed_without_the_token_however_often() -> None:
    store = "https://store.example.net/x"
    client = Scripted(redirect(store), redirect(f"{PUBLIC}/back"), httpx.Response(200, content=iter([b"film"])))
    with follow(client, Film().call) as answer:
        assert b"".join(answer.chunks or ()) == b"film"
    with_token = [TOKEN in str(astuple(send)) for send in client.sent]
    assert with_token == [True, False, False], "who was sent away has lost it"


@pytest.mark.parametrize("url", ["gopher://x/", "file:///etc/passwd", "https://ann:pw@store.example.net/"])
def test_a_redirect_to_what_is_no_address_is_not_followed(url: str) -> None:
    client = Scripted(redirect(url))
    with pytest.raises(MediaError), follow(client, Film().call):
        pass
    assert len(client.sent) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_call_of_the_api_follows_no_redirect_at_all(status: int) -> None:
    client = Scripted(httpx.Response(status, headers={"location": f"{PUBLIC}/elsewhere"}))
    with pytest.raises(ProtocolError, match="not followed"):
        client.run(JOB)
    assert len(client.sent) == 1


# Whom we talk to


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    return self_signed(tmp_path_factory.mktemp("tls") / "certificate.pem")


@pytest.fixture
def secure(certificate: Path) -> Iterator[str]:
    """Address of an API behind this certificate."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Tell nobody."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        server.socket = serving(certificate).wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def fresh_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """No context of another test, nor for another test."""
    monkeypatch.setattr(client_module, "ssl_context", functools.cache(client_module.ssl_context.__wrapped__))


@pytest.mark.usefixtures("fresh_context")
def test_who_cannot_prove_who_it_is_is_told_nothing(secure: str) -> None:
    with (
        Client(xvid.SERVICE, {"": secure}, TokenAuth(TOKEN), retry=NO_RETRY, allow_http=True) as client,
        pytest.raises(NetworkFaultError, match=r"CERTIFICATE_VERIFY_FAILED.*name it as ca_file"),
    ):
        client.run(JOB)


@pytest.mark.usefixtures("fresh_context")
def test_an_authority_of_ones_own_is_named_in_the_environment(
    secure: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Client(xvid.SERVICE, {"": secure}, TokenAuth(TOKEN), retry=NO_RETRY) as client:
        assert client.run(JOB) == {}


def test_an_authority_of_ones_own_is_named_by_the_connection(secure: str, certificate: Path, tmp_path: Path) -> None:
    access = connection(ca_file=str(certificate)).access(xvid.SERVICE, {"": secure}, TokenAuth(TOKEN))
    with access.client() as client:
        assert client.run(JOB) == {}
        done = download(client, Film().call, open_target(f"{tmp_path}/"), name="film.mp4")
        assert Path(done.uri).read_bytes() == b"{}"

    async def looked() -> Any:
        async with access.async_client() as client:
            return await client.run(JOB)

    assert asyncio.run(looked()) == {}


def test_the_authority_of_one_connection_is_none_of_another(secure: str, certificate: Path) -> None:
    connection(ca_file=str(certificate)).access(xvid.SERVICE, {"": secure}, TokenAuth(TOKEN)).client().close()
    other = replace(connection().access(xvid.SERVICE, {"": secure}, TokenAuth(TOKEN)), retry=NO_RETRY)
    with other.client() as client, pytest.raises(NetworkFaultError, match="CERTIFICATE_VERIFY_FAILED"):
        client.run(JOB)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_without_an_authority_is_told_when_the_connection_is_read(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConnectionFieldError, match=rf"extra ca_file is '{path}', which cannot be used: .*PEM file"):
        connection(ca_file=str(path)).ca_file()


# What it sends us


def test_a_document_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST_ANSWER", 1000)
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 100

    client = Scripted(httpx.Response(200, content=endless()))
    with pytest.raises(ProtocolError, match="more than 1000 bytes"):
        client.run(JOB)
    assert len(taken) < 20


def test_a_packed_document_is_measured_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST_ANSWER", 100_000)
    packed = gzip.compress(b"[" + b"0," * 10**6 + b"0]")
    client = Scripted(httpx.Response(200, headers={"content-encoding": "gzip"}, content=packed))
    with pytest.raises(ProtocolError, match="more than 100000 bytes"):
        client.run(JOB)


@pytest.mark.parametrize("name", ["../../evil.mp4", "/etc/cron.d/evil", "..\\evil.mp4", "%2e%2e%2fevil", "\x00evil"])
def test_a_file_is_written_where_it_was_meant_to_whatever_the_service_calls_it(tmp_path: Path, name: str) -> None:
    told = {"content-disposition": f'attachment; filename="{name}"', "content-length": "4"}
    client = Scripted(httpx.Response(200, headers=told, content=iter([b"film"])))
    done = download(client, Film().call, open_target(f"{tmp_path}/folder/"), name="film.mp4")
    [written] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written.parent == tmp_path / "folder"
    assert done.uri == str(written)


def test_nothing_that_was_downloaded_is_ever_unpacked() -> None:
    sources = [path.read_text() for path in Path(client_module.__file__).parents[1].rglob("*.py")]
    assert not [text for text in sources if any(f"import {name}" in text for name in ("zipfile", "tarfile", "pickle"))]
