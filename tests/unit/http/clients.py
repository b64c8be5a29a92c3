"""Both clients with what the tests of them share: calls, bodies, and tokens at both ends."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from wire_server import Action, Request, Wire, answer, rendered

from airflow_media.http.auth import Token
from airflow_media.http.bodies import Body
from airflow_media.http.call import Answer, Call, Flow
from airflow_media.http.client import AsyncClient, Client, Timeouts
from airflow_media.http.errors import ConflictError, MediaError
from airflow_media.http.retry import RetryPolicy
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
"""Makes a client of either kind."""


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
