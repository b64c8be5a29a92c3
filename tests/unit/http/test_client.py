"""Both clients over real sockets: the same flows, the same requests, the same errors."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import random
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clients import IMPATIENT, MIB, QUICK, SERVICE, Async, KeyAuth, Keys, Made, Repeated, Sync, create, get, upload
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_server import (
    Action,
    Request,
    Wire,
    WireServer,
    answer,
    computed,
    cut,
    garbage,
    gathered,
    held,
    rendered,
    reset,
)

from airflow_media.http import client as client_module
from airflow_media.http.call import Flow, Pause
from airflow_media.http.client import CONCURRENCY, CONNECTIONS, AsyncClient, Client, Timeouts, ssl_context
from airflow_media.http.errors import (
    ConflictError,
    InsecureUrlError,
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
    UnreadableAnswerError,
)
from airflow_media.http.exchange import Send
from airflow_media.http.retry import NO_RETRY, RetryPolicy

# One flow, two clients


def test_a_flow_gives_the_same_result_by_the_same_requests(server: WireServer, make: Made) -> None:
    keys = Keys()
    server.on("POST", "/token", computed(keys.issue))
    server.on("GET", "/videos", *(keys.guarded(answer(document=page)) for page in (["a", "b"], ["c"], [])))
    server.on("GET", "/videos/c", keys.guarded(answer(404)))
    server.on("POST", "/videos", keys.guarded(computed(lambda request: rendered(201, document=request.json["name"]))))

    def find_or_create() -> Flow[tuple[list[str], str]]:
        found: list[str] = []
        for number in itertools.count(1):
            listing = yield from get("/videos", params={"page": str(number)})
            if not listing:
                break
            found += listing
            yield from Pause(0.0)
        try:
            yield from get("/videos/c")
        except NotFoundError:
            created = yield from create(json={"name": "Zoë"}, headers={"X-Team": "7"})
        return found, created

    assert make(KeyAuth()).run(find_or_create()) == (["a", "b", "c"], "Zoë")
    token = "t0ken%2B%2F%3D000001"
    assert [(request.method, request.target, bytes(request.body)) for request in server.requests] == [
        ("POST", "/token", b""),
        ("GET", f"/videos?page=1&v={token}", b""),
        ("GET", f"/videos?page=2&v={token}", b""),
        ("GET", f"/videos?page=3&v={token}", b""),
        ("GET", f"/videos/c?v={token}", b""),
        ("POST", f"/videos?v={token}", '{"name":"Zoë"}'.encode()),
    ]
    last = server.requests[-1].headers
    assert last["accept"] == "application/json"
    assert last["content-type"] == "application/json"
    assert last["x-team"] == "7"
    assert last["user-agent"].startswith("airflow-provider-media/")


def test_answers_come_through_whole_and_unpacked(server: WireServer, make: Made) -> None:
    content = bytes(range(256)) * 4096
    packed = gzip.compress(content)
    server.on("GET", "/plain", answer(200, content, headers={"X-One": "1"}))
    server.on("GET", "/packed", answer(200, packed, headers={"Content-Encoding": "gzip"}))
    client = make()
    plain = client.run(get("/plain", read=lambda answer: answer))
    assert (plain.status, plain.content, plain.headers["x-one"]) == (200, content, "1")
    assert client.run(get("/packed", read=lambda answer: answer.content)) == content


def test_connections_are_reused(server: WireServer, make: Made) -> None:
    server.on("GET", "/videos/7", answer(document=1), answer(404), answer(500, b"x" * MIB), answer(document=1))
    client = make()
    for _ in range(20):
        client.run_all([get()])
    assert len(server.requests) == 20
    assert server.connections == 1


def test_there_is_one_ssl_context_per_process(make: Made) -> None:
    make()
    misses = ssl_context.cache_info().misses
    make()
    make()
    assert ssl_context.cache_info().misses == misses == 1
    assert make().client._options["verify"] is ssl_context(None)


def test_no_more_than_the_gate_lets_through_are_sent_at_once(server: WireServer) -> None:
    server.on("GET", "/videos/7", gathered(CONCURRENCY, answer(document=1)))
    client = Async({"": server.url})
    assert client.run_all([get() for _ in range(200)]) == [1] * 200
    client.close()
    assert server.most_at_once == CONCURRENCY
    assert server.connections <= CONCURRENCY


def test_a_cancelled_wait_gives_its_place_back(server: WireServer) -> None:
    gate = server.gate()
    server.on("GET", "/held", held(gate, answer(document=1)))
    server.on("GET", "/videos/7", answer(document=1))

    async def main() -> Any:
        async with AsyncClient(SERVICE, {"": server.url}, retry=QUICK) as client:
            tasks = [asyncio.create_task(client.run(get("/held"))) for _ in range(CONCURRENCY)]
            await asyncio.to_thread(server.wait, lambda: len(server.seen("GET", "/held")) == CONCURRENCY)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends)
            return await client.run(get())

    assert asyncio.run(main()) == 1
    gate.open()


def test_a_cancelled_flow_tidies_up_at_once(server: WireServer) -> None:
    gate = server.gate()
    server.on("GET", "/held", held(gate, answer(document=1)))
    ended = []

    def flow() -> Flow[Any]:
        try:
            return (yield from get("/held"))
        finally:
            ended.append(True)

    async def main() -> None:
        async with AsyncClient(SERVICE, {"": server.url}) as client:
            task = asyncio.create_task(client.run(flow()))
            await asyncio.to_thread(server.wait, lambda: bool(server.requests))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ended == [True]

    asyncio.run(main())
    gate.open()


def test_local_requests_pass_by_the_proxy(server: WireServer, make: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on("GET", "/videos/7", answer(document=1))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert make().run(get()) == 1


# When again


@pytest.mark.parametrize(
    "fault",
    [
        reset(),
        garbage(b""),
        garbage(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
        answer(429),
        answer(502),
        answer(503),
        answer(504),
    ],
)
def test_a_repeatable_call_is_sent_until_it_is_answered(server: WireServer, make: Made, fault: Action) -> None:
    server.on("GET", "/videos/7", fault, fault, answer(document=1))
    assert make().run(get()) == 1
    assert len(server.requests) == 3


def test_half_an_answer_is_none(server: WireServer, make: Made) -> None:
    server.on("GET", "/videos/7", cut(200, b'{"id": ', 6), answer(document=1))
    assert make().run(get()) == 1


@pytest.mark.parametrize("fault", [reset(), garbage(b""), cut(200, b"{", 1), answer(429), answer(503)])
def test_a_create_arrives_exactly_once(server: WireServer, make: Made, fault: Action) -> None:
    server.on("POST", "/videos", fault)
    with pytest.raises(MediaError) as caught:
        make().run(create())
    assert caught.value.retryable
    assert len(server.requests) == 1


def test_retry_after_is_waited_for(server: WireServer, make: Made) -> None:
    for value in ("0", "Wed, 01 Jan 2020 00:00:00 GMT"):
        server.on("GET", "/videos/7", answer(429, headers={"Retry-After": value}), answer(document=1))
        assert make().run(get()) == 1


def test_a_retry_after_beyond_the_budget_is_told(server: WireServer, make: Made) -> None:
    server.on("GET", "/videos/7", answer(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitedError) as caught:
        make().run(get())
    assert caught.value.retry_after == 3600.0
    assert len(server.requests) == 1


def test_a_server_that_is_gone_is_asked_until_the_budget_ends(make: Made, server: WireServer) -> None:
    tries: list[float] = []

    def jitter(low: float, high: float) -> float:
        tries.append(high)
        return 0.0 if len(tries) < 4 else 1000.0

    client = make(retry=RetryPolicy(budget=100.0, jitter=jitter))
    gone = get("http://127.0.0.1:1/", authenticated=False)
    with pytest.raises(NetworkFaultError, match=r"^Pixop could not get video \(video 7\): .*\(ConnectError\)"):
        client.run(gone)
    assert tries == [0.5, 1.0, 2.0, 4.0]


# Time-outs


def test_an_answer_that_does_not_come(server: WireServer, make: Made) -> None:
    server.on("GET", "/videos/7", held(server.gate(), answer()))
    with pytest.raises(NetworkFaultError, match=r"no answer in time \(ReadTimeout; .*read=0.2"):
        make(retry=NO_RETRY, timeouts=IMPATIENT).run(get())


def test_an_answer_that_stops_in_the_middle(server: WireServer, make: Made) -> None:
    gate = server.gate()

    async def half(request: Request, wire: Wire) -> None:
        await wire.send(rendered(200, b"{", headers={"content-length": "100"}))
        await gate.wait()

    server.on("GET", "/videos/7", half)
    with pytest.raises(NetworkFaultError, match=r"no answer in time \(ReadTimeout"):
        make(retry=NO_RETRY, timeouts=IMPATIENT).run(get())


def test_a_slow_answer_that_keeps_coming_is_waited_for(server: WireServer, make: Made) -> None:
    async def piecemeal(request: Request, wire: Wire) -> None:
        for byte in rendered(200, b"[1, 2]"):
            await wire.send(bytes([byte]))

    server.on("GET", "/videos/7", piecemeal)
    assert make().run(get()) == [1, 2]


def test_a_server_that_takes_no_more(server: WireServer, sync: Callable[..., Client]) -> None:
    server.on("PUT", "/file", held(server.gate(), answer()))
    body = Repeated(pieces=1024)
    with pytest.raises(NetworkFaultError, match=r"it took no more data in time \(WriteTimeout"):
        sync(retry=NO_RETRY, timeouts=IMPATIENT).run(upload(body))
    assert body.closed == 1


def test_a_server_that_does_not_accept_the_connection(make: Made) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        with socket.create_connection(listening.getsockname()):  # the only place in its queue
            url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
            with pytest.raises(NetworkFaultError, match=r"no connection in time \(ConnectTimeout"):
                make(retry=NO_RETRY, timeouts=IMPATIENT).run(get(url, authenticated=False))


def test_each_phase_has_its_own_time_out() -> None:
    timeouts = Timeouts(connect=1.0, read=2.0, write=3.0, bulk_read=4.0)
    seen = {}
    for name, bulk, content in (("poll", False, None), ("download", True, None), ("upload", True, b"x")):
        send = Send("GET", "http://127.0.0.1/", {}, {}, content, bulk)
        of = timeouts.of(send)
        seen[name] = (of.connect, of.read, of.write, of.pool)
    assert seen == {"poll": (1.0, 2.0, 3.0, 4.0), "download": (1.0, 2.0, 3.0, 4.0), "upload": (1.0, 4.0, 3.0, 4.0)}


# Answers that are not what was promised


@pytest.mark.parametrize(
    ("action", "cls", "text"),
    [
        (answer(400, document={"code": "X", "message": "no name"}), InvalidRequestError, "400 X: no name"),
        (answer(400, document={"code": "BUSY", "message": "in use"}), ConflictError, "400 BUSY: in use"),
        (answer(404), NotFoundError, "404: an answer without a body"),
        (answer(500, b"<html><h1>Oops</h1></html>"), ServerFaultError, "500: <html><h1>Oops</h1></html>"),
        (
            answer(302, headers={"Location": "/login"}),
            ProtocolError,
            "302: redirected to /login, which is not followed",
        ),
        (
            answer(200, b"<html>Sign in</html>"),
            UnreadableAnswerError,
            "200: the answer is not .*not JSON.*<html>Sign in",
        ),
        (answer(200, b"not so", headers={"Content-Encoding": "gzip"}), ProtocolError, "DecodingError"),
        (garbage(b"HTTP/1.1 abc\r\n\r\n"), NetworkFaultError, "RemoteProtocolError"),
        (garbage(b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"), NetworkFaultError, "RemoteProtocolError"),
    ],
)
def test_each_kind_of_answer_has_its_error(
    server: WireServer, make: Made, action: Action, cls: type[MediaError], text: str
) -> None:
    server.on("GET", "/videos/7", action)
    with pytest.raises(cls, match=rf"(?s)^Pixop could not get video \(video 7\): .*{text}") as caught:
        make(retry=NO_RETRY).run(get())
    assert type(caught.value) is cls


def test_an_answer_that_is_too_large(server: WireServer, make: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST_ANSWER", MIB)
    bomb = gzip.compress(bytes(64 * MIB))
    server.on("GET", "/large", answer(200, bytes(MIB + 1)))
    server.on("GET", "/bomb", answer(200, bomb, headers={"Content-Encoding": "gzip"}))
    server.on("GET", "/just", answer(200, bytes(MIB)))
    client = make()
    for path in ("/large", "/bomb"):
        with pytest.raises(
            ProtocolError, match=r"^Pixop could not get video \(video 7\): an answer of more than 1048576"
        ):
            client.run(get(path))
    assert client.run(get("/just", read=lambda answer: len(answer.content))) == MIB
    assert len(server.requests) == 3


def test_an_answer_that_is_not_read_to_its_end_gives_its_connection_back(
    server: WireServer, make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "LARGEST_ANSWER", 10)
    server.on("GET", "/large", answer(200, bytes(MIB)))
    server.on("GET", "/videos/7", answer(document=1))
    client = make(retry=NO_RETRY, timeouts=Timeouts(bulk_read=0.5))
    for _ in range(CONNECTIONS):
        with pytest.raises(ProtocolError):
            client.run(get("/large"))
    assert client.run(get()) == 1


@settings(deadline=None)
@given(data=st.binary(max_size=200), seed=st.integers(0, 2**32))
def test_no_bytes_on_the_wire_break_it(data: bytes, seed: int, fuzzed: tuple[WireServer, Sync]) -> None:
    server, client = fuzzed
    raw = bytearray(rendered(200, b'{"id": 7}', headers={"retry-after": "1"}))
    chance = random.Random(seed)
    for byte in data:
        raw[chance.randrange(len(raw))] = byte
    server.on("GET", "/videos/7", garbage(bytes(raw)))
    call = get(read=lambda answer: answer.json()["id"] + 1)
    (end,) = client.run_all([call])
    assert isinstance(end, int | float) or str(end).startswith("Pixop could not get video (video 7): ")


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[tuple[WireServer, Sync]]:
    with WireServer() as running:
        client = Sync({"": running.url}, retry=NO_RETRY, timeouts=IMPATIENT)
        yield running, client
        client.close()


# Where it may go


def test_a_signed_url_arrives_as_it_was_given_and_without_the_token(server: WireServer, make: Made) -> None:
    target = (
        "/bucket/a%20b.mp4?X-Amz-Credential=AKIA%2F20250601%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20250601T120000Z"
        "&response-content-disposition=attachment%3B%20filename%3D%22a%2Bb.mp4%22&X-Amz-Signature=0a1b2c3d"
    )
    server.on("GET", "/bucket/a%20b.mp4", answer(document=1))
    assert make(KeyAuth()).run(get(server.url + target, authenticated=False)) == 1
    assert server.requests[0].target == target
    assert "authorization" not in server.requests[0].headers


def test_the_token_joins_the_query_of_a_url_that_the_service_gave(server: WireServer, make: Made) -> None:
    keys = Keys()
    server.on("POST", "/token", computed(keys.issue))
    server.on("GET", "/videos", keys.guarded(answer(document=1)))
    assert make(KeyAuth()).run(get(f"{server.url}/videos?cursor=a%2Fb&page=2")) == 1
    assert server.requests[-1].query == {"cursor": "a/b", "page": "2", "v": "t0ken+/=000001"}


def test_the_token_goes_to_no_other_server(server: WireServer, make: Made) -> None:
    keys = Keys()
    server.on("POST", "/token", computed(keys.issue))
    with WireServer() as other, pytest.raises(ProtocolError, match="no token was sent there"):
        make(KeyAuth()).run(get(f"{other.url}/videos"))
    assert server.requests == other.requests == []


def test_plain_http_does_not_leave_this_machine(make: Made) -> None:
    with pytest.raises(InsecureUrlError, match="Pixop could not get video"):
        make(retry=NO_RETRY).run(get("http://host.invalid/", authenticated=False))
    with pytest.raises(NetworkFaultError):
        make(retry=NO_RETRY, allow_http=True).run(get("http://host.invalid/", authenticated=False))


@pytest.mark.parametrize("header", ["caf\N{LATIN SMALL LETTER E WITH ACUTE}", "two\nlines"])
def test_a_header_that_cannot_be_sent(server: WireServer, make: Made, header: str) -> None:
    with pytest.raises(InvalidRequestError, match="Pixop could not get video"):
        make().run(get(headers={"X-Name": header}))
    assert server.requests == []
