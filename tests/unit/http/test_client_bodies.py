"""The client sends files and receives them, over real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from clients import MIB, Async, KeyAuth, Keys, Repeated, get, upload
from wire_server import Request, Wire, WireServer, abandoned, answer, computed, cut, early, rendered, reset

from airflow_media.http.call import Answer, Call
from airflow_media.http.client import CONNECTIONS, Client, Timeouts
from airflow_media.http.errors import ConflictError, InvalidRequestError, NetworkFaultError, TransferError
from airflow_media.http.retry import NO_RETRY

# Uploads


def test_an_upload_is_sent_with_its_length(server: WireServer, sync: Callable[..., Client]) -> None:
    server.on("PUT", "/file", answer(document="taken"))
    body = Repeated(pieces=64)
    assert sync().run(upload(body)) == "taken"
    assert server.requests[0].body == b"v" * (4 * MIB)
    assert server.requests[0].headers["content-type"] == "video/mp4"
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert (body.opened, body.closed) == (1, 1)


def test_a_refused_upload_is_opened_again_and_sent_whole(server: WireServer, sync: Callable[..., Client]) -> None:
    keys = Keys()
    server.on("POST", "/token", computed(keys.issue))
    server.on("GET", "/videos/7", keys.guarded(answer(document=1)))
    server.on("PUT", "/file", keys.guarded(answer(document="taken")))
    client, body = sync(KeyAuth()), Repeated()
    client.run(get())
    keys.good.clear()
    assert client.run(upload(body)) == "taken"
    first, second = server.seen("PUT", "/file")
    assert first.body == second.body == b"v" * body.length
    assert (body.opened, body.closed) == (2, 2)


@pytest.mark.parametrize("after", [1, 65536, 4 * MIB])
def test_an_upload_refused_on_the_way_is_opened_again_and_sent_whole(
    server: WireServer, sync: Callable[..., Client], after: int
) -> None:
    keys = Keys()
    server.on("POST", "/token", computed(keys.issue))
    server.on(
        "PUT", "/file", early(401, b'{"code": "EXPIRED", "message": "token expired"}', after=after), answer(document=1)
    )
    body = Repeated(pieces=256)
    assert sync(KeyAuth()).run(upload(body)) == 1
    assert len(server.seen("PUT", "/file")[1].body) == body.length
    assert (body.opened, keys.issued) == (2, 2)


@pytest.mark.parametrize("after", [1, 65536, 4 * MIB])
def test_an_answer_on_the_way_is_told_and_no_broken_pipe(
    server: WireServer, sync: Callable[..., Client], after: int
) -> None:
    server.on("PUT", "/file", early(413, b'{"code": "TOO_LARGE", "message": "at most 1 GB"}', after=after))
    body = Repeated(pieces=256)
    with pytest.raises(InvalidRequestError, match="413 TOO_LARGE: at most 1 GB"):
        sync().run(upload(body))
    assert (body.opened, body.closed) == (1, 1)


def test_an_upload_that_breaks_without_an_answer(server: WireServer, sync: Callable[..., Client]) -> None:
    async def act(request: Request, wire: Wire) -> None:
        await wire.read_until(65536)
        wire.reset()

    server.on("PUT", "/file", act, act, answer(document=1))
    body = Repeated(pieces=256)
    with pytest.raises(NetworkFaultError, match="could not upload file"):
        sync().run(upload(body))
    assert body.opened == 1
    body = Repeated(pieces=256)
    assert sync().run(upload(body, repeatable=True)) == 1
    assert body.opened == 2


@pytest.mark.parametrize(
    ("announced", "text"), [(10, "gives more than the 10 bytes"), (262_145, "ended after 262144 of the 262145 bytes")]
)
def test_a_body_of_another_length_than_announced(
    server: WireServer, sync: Callable[..., Client], announced: int, text: str
) -> None:
    server.on("PUT", "/file", abandoned())
    body = Repeated(announced=announced)
    with pytest.raises(TransferError, match=rf"^Pixop could not upload file \(video 7\): the source {text}"):
        sync().run(upload(body, repeatable=True))
    assert (body.opened, body.closed) == (1, 1)


def test_a_source_that_breaks_is_closed_and_its_error_comes_through(
    server: WireServer, sync: Callable[..., Client]
) -> None:
    class Broken(Repeated):
        @contextmanager
        def open(self) -> Iterator[Iterator[bytes]]:
            with super().open() as pieces:
                yield self._breaking(pieces)

        def _breaking(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
            yield next(pieces)
            raise TransferError("the disk is gone")

    server.on("PUT", "/file", abandoned())
    server.on("GET", "/videos/7", answer(document=1))
    client, body = sync(), Broken()
    with pytest.raises(TransferError, match=r"Pixop could not upload file \(video 7\): the disk is gone"):
        client.run(upload(body, repeatable=True))
    assert (body.opened, body.closed) == (1, 1)
    assert client.run(get()) == 1


def test_the_async_client_moves_no_files(server: WireServer) -> None:
    client = Async({"": server.url})
    with pytest.raises(TypeError, match="worker"):
        client.run(upload(Repeated()))
    client.close()
    assert server.requests == []


# Streams


def test_a_stream_gives_the_body_piece_by_piece(server: WireServer, sync: Callable[..., Client]) -> None:
    keys = Keys()
    server.on("POST", "/token", computed(keys.issue))
    server.on("GET", "/file", reset(), answer(401), answer(503), keys.guarded(answer(200, b"v" * MIB)))
    client = sync(KeyAuth())
    for _ in range(2):
        with client.stream(get("/file", bulk=True, read=lambda answer: answer)) as opened:
            assert opened.status == 200
            assert opened.headers["content-length"] == str(MIB)
            assert opened.content == b""
            assert opened.chunks is not None
            assert sum(map(len, opened.chunks)) == MIB
    assert keys.issued == 2


def test_a_stream_of_an_accepted_status_is_given_and_of_another_raised(
    server: WireServer, sync: Callable[..., Client]
) -> None:
    server.on("GET", "/file", answer(416, b'{"code": "BUSY", "message": "no such range"}'))
    client = sync()
    call: Call[Answer] = get("/file", bulk=True, read=lambda answer: answer)
    with pytest.raises(ConflictError, match="416 BUSY: no such range"), client.stream(call):
        pass
    with client.stream(get("/file", read=lambda answer: answer, accept=frozenset({416}))) as opened:
        assert opened.status == 416
    assert client.run(get("/file", read=lambda answer: answer.status, accept=frozenset({416}))) == 416


def test_a_stream_that_breaks_says_of_what(server: WireServer, sync: Callable[..., Client]) -> None:
    server.on("GET", "/file", cut(200, b"v" * 1000, 1))
    client = sync()
    with client.stream(get("/file", bulk=True, read=lambda answer: answer)) as opened:
        assert opened.chunks is not None
        with pytest.raises(NetworkFaultError, match=r"\(video 7\): the connection was closed") as caught:
            list(opened.chunks)
    assert str(caught.value).startswith("Pixop could not get video (video 7): ")
    assert caught.value.__context__ is None
    assert len(server.requests) == 1


def test_a_stream_left_early_harms_nobody(server: WireServer, sync: Callable[..., Client]) -> None:
    async def endless(request: Request, wire: Wire) -> None:
        await wire.send(rendered(200, headers={"content-length": str(1024 * MIB)}))
        while True:
            await wire.send(b"v" * 65536)

    server.on("GET", "/file", endless)
    server.on("GET", "/videos/7", answer(document=1))
    client = sync(retry=NO_RETRY, timeouts=Timeouts(bulk_read=0.5))
    left = []
    for _ in range(CONNECTIONS):
        with client.stream(get("/file", bulk=True, read=lambda answer: answer)) as opened:
            assert opened.chunks is not None
            assert next(opened.chunks)
            left.append(opened)
    assert client.run(get()) == 1
