"""No error and no log of either client has a secret in it."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest
from clients import IMPATIENT, Async, KeyAuth, Keys, Made, Sync, create, get
from wire_server import Action, Gate, WireServer, answer, computed, cut, garbage, held, rendered, reset

from airflow_media.http import aio
from airflow_media.http.call import Call
from airflow_media.http.errors import MediaError
from airflow_media.http.redact import LIBRARY_LOGGERS
from airflow_media.http.retry import NO_RETRY


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
