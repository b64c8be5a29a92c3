"""Both clients over real sockets: the same flows, the same requests, the same errors."""

from __future__ import annotations

import asyncio
import base64
import gzip
import itertools
import logging
import random
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_server import (
    Action,
    Gate,
    Request,
    Wire,
    WireServer,
    abandoned,
    answer,
    computed,
    cut,
    early,
    garbage,
    gathered,
    held,
    rendered,
    reset,
)

from airflow_media.http import aio
from airflow_media.http import client as client_module
from airflow_media.http.auth import Token, TokenCache
from airflow_media.http.bodies import Body
from airflow_media.http.call import Answer, Call, Flow, Pause
from airflow_media.http.client import CONCURRENCY, CONNECTIONS, AsyncClient, Client, Timeouts, ssl_context
from airflow_media.http.errors import (
    AuthenticationError,
    ConflictError,
    InsecureUrlError,
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
    TransferError,
    UnreadableAnswerError,
)
from airflow_media.http.exchange import Send
from airflow_media.http.redact import LIBRARY_LOGGERS
from airflow_media.http.retry import NO_RETRY, RetryPolicy
from airflow_media.http.service import Problem, Service

T = TypeVar("T")

QUICK = RetryPolicy(first=0.001, longest=0.001, budget=30.0)
IMPATIENT = Timeouts(connect=0.2, read=0.2, write=0.2, bulk_read=0.2)
MIB = 1024 * 1024


def problem(answer: Answer) -> Problem | None:
    document = answer.json()
    codes: dict[str, type[MediaError]] = {"BUSY": ConflictError}
    return Problem(document["message"], document["code"], codes.get(document["code"])) if "code" in document else None


SERVICE = Service(name="Pixop", problem=problem, headers={"": {"Accept": "application/json"}})


class Sync:
    """The sync client; many at once are threads."""

    def __init__(self, roots: dict[str, str], auth: Any = None, **options: Any) -> None:
        self.client = Client(SERVICE, roots, auth, **({"retry": QUICK} | options))

    def run(self, flow: Flow[T] | Call[T]) -> T:
        return self.client.run(flow)

    def run_all(self, flows: Sequence[Flow[T] | Call[T]]) -> list[T | BaseException]:
        def one(flow: Flow[T] | Call[T]) -> T | BaseException:
            try:
                return self.client.run(flow)
            except MediaError as error:
                return error

        with ThreadPoolExecutor(len(flows)) as pool:
            return list(pool.map(one, flows))

    def close(self) -> None:
        self.client.close()


class Async:
    """The async client; many at once are tasks of one loop."""

    def __init__(self, roots: dict[str, str], auth: Any = None, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self.client = self._runner.run(self._made(roots, auth, {"retry": QUICK} | options))

    async def _made(self, roots: dict[str, str], auth: Any, options: dict[str, Any]) -> AsyncClient:
        return AsyncClient(SERVICE, roots, auth, **options)

    def run(self, flow: Flow[T] | Call[T]) -> T:
        return self._runner.run(self.client.run(flow))

    def run_all(self, flows: Sequence[Flow[T] | Call[T]]) -> list[T | BaseException]:
        async def together() -> list[T | BaseException]:
            return await asyncio.gather(*(self.client.run(flow) for flow in flows), return_exceptions=True)

        return self._runner.run(together())

    def close(self) -> None:
        self._runner.run(self.client.aclose())
        self._runner.close()


Made = Callable[..., "Sync | Async"]


@pytest.fixture
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def make(request: pytest.FixtureRequest, server: WireServer) -> Iterator[Made]:
    """Makes a client of either kind for the server."""
    made: list[Sync | Async] = []

    def new(auth: Any = None, **options: Any) -> Sync | Async:
        made.append(request.param({"": server.url}, auth, **options))
        return made[-1]

    yield new
    for client in made:
        client.close()


@pytest.fixture
def sync(server: WireServer) -> Iterator[Callable[..., Client]]:
    """Makes a sync client for the server: for what only that one can do."""
    made: list[Client] = []

    def new(auth: Any = None, **options: Any) -> Client:
        made.append(Client(SERVICE, {"": server.url}, auth, **({"retry": QUICK} | options)))
        return made[-1]

    yield new
    for client in made:
        client.close()


def get(path: str = "/videos/7", **options: Any) -> Call[Any]:
    settings: dict[str, Any] = {"operation": "get video", "subject": "video 7", "method": "GET", "url": path}
    return Call(**({"read": lambda answer: answer.json()} | settings | options))


def create(**options: Any) -> Call[Any]:
    return get("/videos", **({"operation": "create video", "subject": "", "method": "POST", "json": {}} | options))


def upload(body: Body, **options: Any) -> Call[Any]:
    settings = {"operation": "upload file", "method": "PUT", "body": body, "bulk": True}
    return get("/file", **(settings | {"repeatable": False} | options))


@dataclass
class Repeated:
    """A body of one piece over and over, that counts how often it is opened and closed."""

    piece: bytes = b"v" * 65536
    pieces: int = 4
    content_type: str | None = "video/mp4"
    announced: int | None = None
    opened: int = 0
    closed: int = 0

    @property
    def length(self) -> int:
        return len(self.piece) * self.pieces if self.announced is None else self.announced

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        self.opened += 1
        try:
            yield itertools.repeat(self.piece, self.pieces)
        finally:
            self.closed += 1


# Tokens, on both sides


class Keys:
    """The server's side of tokens: gives them out, and knows which are good."""

    def __init__(self, life: float = 3600.0) -> None:
        self.life = life
        self.issued = 0
        self.good: set[str] = set()

    def issue(self, request: Request) -> bytes:
        self.issued += 1
        token = f"t0ken+/={self.issued:06d}"
        self.good.add(token)
        return rendered(200, document={"token": token, "life": self.life})

    def guarded(self, then: Action) -> Action:
        """Refuse what comes without a good token, in header and query."""

        async def act(request: Request, wire: Wire) -> None:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            good = token in self.good and request.query.get("v") == token
            await (then if good else answer(401, document={"code": "EXPIRED", "message": "token expired"}))(
                request, wire
            )

        return act


@dataclass
class KeyAuth:
    """The client's side: a login by Basic credentials, a token in the header and in the query."""

    user: str = "ann@example.com"
    password: str = 'p&ss"wörd 1'
    repeatable: bool = True

    @property
    def basic(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def login(self) -> Flow[Token]:
        value, life = yield from Call(
            operation="log in",
            method="POST",
            url="/token",
            authenticated=False,
            repeatable=self.repeatable,
            headers={"Authorization": f"Basic {self.basic}"},
            read=lambda answer: (str(answer.json()["token"]), float(answer.json()["life"])),
        )
        return Token(value, life)

    def headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    def params(self, token: str) -> dict[str, str]:
        return {"v": token}

    def refused(self, answer: Answer) -> bool:
        return answer.status == 401

    def secrets(self) -> tuple[str, ...]:
        return (self.password, self.basic)


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
    assert make().client._options["verify"] is ssl_context()


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


# Tokens


class Awaited(TokenCache):
    """Opens a gate when a token has been asked for so many times: all who asked wait for the same login."""

    def __init__(self, many: int, gate: Gate) -> None:
        super().__init__()
        self._missing = threading.Semaphore(many - 1)
        self._gate = gate

    @property
    def logins(self) -> int:
        seen = super().logins
        if not self._missing.acquire(blocking=False):
            self._gate.open()
        return seen


def test_fifty_at_once_log_in_once(server: WireServer, make: Made) -> None:
    keys, gate = Keys(), server.gate()
    server.on("POST", "/token", held(gate, computed(keys.issue)))
    server.on("GET", "/videos/7", keys.guarded(answer(document=1)))
    client = make(KeyAuth())
    client.client.exchange.tokens = Awaited(50, gate)
    assert client.run_all([get() for _ in range(50)]) == [1] * 50
    assert keys.issued == 1
    assert server.seen("POST", "/token")[0].headers["authorization"].startswith("Basic ")


def test_all_that_are_refused_at_once_log_in_once_more(server: WireServer, make: Made) -> None:
    keys, gate = Keys(), server.gate()
    work = keys.guarded(answer(document=1))
    server.on("POST", "/token", computed(keys.issue), held(gate, computed(keys.issue)))
    server.on("GET", "/videos/7", work, gathered(CONCURRENCY, work))
    client = make(KeyAuth())
    client.client.exchange.tokens = Awaited(1 + 2 * CONCURRENCY, gate)  # each asks first, and again when refused
    assert client.run(get()) == 1
    keys.good.clear()
    assert client.run_all([get() for _ in range(CONCURRENCY)]) == [1] * CONCURRENCY
    assert keys.issued == 2
    assert len(server.seen("GET", "/videos/7")) == 1 + 2 * CONCURRENCY


def test_a_token_that_is_void_costs_fifty_callers_one_login(server: WireServer, make: Made) -> None:
    keys = Keys()
    server.on("POST", "/token", computed(keys.issue))
    server.on("GET", "/videos/7", keys.guarded(answer(document=1)))
    client = make(KeyAuth())
    assert client.run(get()) == 1
    keys.good.clear()
    assert client.run_all([get() for _ in range(50)]) == [1] * 50
    assert keys.issued == 2


def test_a_token_refused_again_is_the_answer_after_one_more_login(server: WireServer, make: Made) -> None:
    keys = Keys()
    server.on("POST", "/token", computed(keys.issue))
    server.on("GET", "/videos/7", answer(401, document={"code": "EXPIRED", "message": "token expired"}))
    with pytest.raises(AuthenticationError) as caught:
        make(KeyAuth()).run(get())
    assert str(caught.value) == (
        "Pixop could not get video (video 7): 401 EXPIRED: token expired. Check the credentials of the connection."
    )
    assert keys.issued == 2
    assert len(server.seen("GET", "/videos/7")) == 2


def test_a_token_is_renewed_ahead_of_its_end(server: WireServer, make: Made) -> None:
    keys = Keys(life=3600.0)
    server.on("POST", "/token", computed(keys.issue))
    server.on("GET", "/videos/7", keys.guarded(answer(document=1)))
    client = make(KeyAuth())
    now = 5000.0
    client.client.exchange.monotonic = lambda: now
    logins = []
    for now, bulk in ((5000.0, False), (8479.0, False), (8480.0, False), (10_279.0, True), (10_280.0, True)):  # noqa: B007
        client.run(get(bulk=bulk))
        logins.append(keys.issued)
    assert logins == [1, 1, 2, 2, 3]
    assert server.seen("GET", "/videos/7")[-1].query["v"].endswith("3")


def test_one_wrong_password_is_one_attempt_and_reaches_all(server: WireServer, make: Made) -> None:
    gate = server.gate()
    refusal = answer(403, document={"code": "LOCKED", "message": "wrong password"})
    server.on("POST", "/token", held(gate, refusal), refusal)
    client = make(KeyAuth())
    client.client.exchange.tokens = Awaited(20, gate)
    ends = client.run_all([get() for _ in range(20)])
    assert [str(end) for end in ends] == [
        "Pixop could not log in: 403 LOCKED: wrong password. Check what the account of the connection may do."
    ] * 20
    assert len(server.seen("POST", "/token")) == 1
    assert server.seen("GET", "/videos/7") == []


def test_a_login_is_tried_again_by_the_next_who_comes(server: WireServer, make: Made) -> None:
    keys = Keys()
    server.on("POST", "/token", answer(403), computed(keys.issue))
    server.on("GET", "/videos/7", keys.guarded(answer(document=1)))
    client = make(KeyAuth())
    with pytest.raises(MediaError, match="could not log in"):
        client.run(get())
    assert client.run(get()) == 1


def test_the_next_in_line_logs_in_when_the_first_is_cancelled(server: WireServer) -> None:
    keys = Keys()
    gate = server.gate()
    server.on("POST", "/token", held(gate, answer(500)), computed(keys.issue))
    server.on("GET", "/videos/7", keys.guarded(answer(document=1)))

    async def main() -> Any:
        async with AsyncClient(SERVICE, {"": server.url}, KeyAuth(), retry=QUICK) as client:
            first = asyncio.create_task(client.run(get()))
            second = asyncio.create_task(client.run(get()))
            await asyncio.to_thread(server.wait, lambda: bool(server.requests))
            first.cancel()
            return await asyncio.gather(first, second, return_exceptions=True)

    first, second = asyncio.run(main())
    gate.open()
    assert isinstance(first, asyncio.CancelledError)
    assert second == 1


def test_a_login_survives_passing_faults(server: WireServer, make: Made) -> None:
    keys = Keys()
    server.on("POST", "/token", reset(), answer(503), computed(keys.issue))
    server.on("GET", "/videos/7", keys.guarded(answer(document=1)))
    assert make(KeyAuth()).run(get()) == 1
    assert keys.issued == 1


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


# Secrets


def log_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Have the HTTP library log all it can, whatever levels somebody (Airflow, for one) has set for its loggers."""
    caplog.set_level(logging.DEBUG)
    for name in LIBRARY_LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)


def faults(gate: Gate) -> list[Action]:
    echo = computed(lambda request: rendered(400, f"{request.target} {dict(request.headers)}".encode()))
    told = computed(
        lambda request: rendered(404, document={"code": "X", "message": f"{request.target} {request.headers}"})
    )
    unread = computed(lambda request: rendered(200, f"{request.target} {request.headers}".encode()))
    moved = computed(lambda request: rendered(302, headers={"location": request.target, "set-cookie": request.target}))
    broken = computed(lambda request: f"HTTP/1.1 what? {request.target}\r\n\r\n".encode())
    return [
        echo,
        told,
        unread,
        moved,
        broken,
        reset(),
        garbage(b""),
        answer(401),
        cut(200, b"{", 1),
        held(gate, answer()),
    ]


def test_secrets_are_in_no_error_and_no_log(server: WireServer, make: Made, caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)
    auth = KeyAuth()
    signature = "Zm9v%2Bsigned%2Fby%2Bhand%3D"
    keys = Keys()
    told: list[str] = []
    client = make(auth, retry=NO_RETRY, timeouts=IMPATIENT)
    for fault in faults(server.gate()):
        server.on("POST", "/token", computed(keys.issue))
        server.on("GET", "/videos/7", fault)
        server.on("POST", "/videos", fault)
        for call in (
            get(),
            create(json={"password": auth.password}),
            get(f"{server.url}/videos/7?X-Odd-Proof={signature}&expires=1", authenticated=False),
        ):
            told += failing(client, call)
        server.on("POST", "/token", fault)
        told += failing(make(auth, retry=NO_RETRY, timeouts=IMPATIENT), get())
    assert keys.issued > 1
    secrets = [
        "t0ken+/=",
        "t0ken%2B%2F%3D",
        auth.password,
        "wörd",
        "w%C3%B6rd",
        auth.basic,
        signature,
        "Zm9v+signed/by+hand=",
    ]
    assert len(told) > 40
    loggers = {record.name for record in caplog.records}
    assert (aio.__name__ if isinstance(client, Async) else "httpcore.http11") in loggers
    for text in [*told, *caplog.messages, caplog.text]:
        assert not [secret for secret in secrets if secret in text], text


def test_a_cookie_is_in_no_log(server: WireServer, make: Made, caplog: pytest.LogCaptureFixture) -> None:
    log_everything(caplog)
    server.on("GET", "/videos/7", answer(document=1, headers={"Set-Cookie": "session=0a1b2c3d; HttpOnly"}))
    assert make().run(get()) == 1
    assert "Set-Cookie" in caplog.text
    assert "0a1b2c3d" not in caplog.text


def failing(client: Sync | Async, call: Call[Any]) -> list[str]:
    """Give all that could be printed of the error that a call ends in."""
    with pytest.raises(MediaError) as caught:
        client.run(call)
    texts = []
    waiting: list[BaseException | None] = [caught.value]
    while waiting:
        link = waiting.pop()
        if link is not None:
            texts += [str(link), repr(link), repr(link.args), repr(vars(link))]
            waiting += [link.__cause__, link.__context__]
    # Without the source lines: those are the text of this test.
    return [*texts, "".join(traceback.TracebackException.from_exception(caught.value).format_exception_only())]
