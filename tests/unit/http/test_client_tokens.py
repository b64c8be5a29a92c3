"""Both clients log in: once for all who wait, again when a token is refused, and ahead of its end."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from clients import QUICK, SERVICE, KeyAuth, Keys, Made, get
from wire_server import Gate, WireServer, answer, computed, gathered, held, reset

from airflow_media.http.auth import TokenCache
from airflow_media.http.client import CONCURRENCY, AsyncClient
from airflow_media.http.errors import AuthenticationError, MediaError


class Awaited(TokenCache):
    """Opens a gate when a login has been wanted so many times: all who wanted one wait for the same."""

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
    client.client.exchange.tokens = Awaited(1 + CONCURRENCY, gate)  # the first call, and each that is refused
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
