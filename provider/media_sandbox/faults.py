"""Faults on demand: what networks and overloaded services do to clients, made to happen to chosen calls.

A fault is written ``KIND name=value ...``, on the command line, or as the same names in a JSON object for the admin
endpoint (with ``kind``). These kinds exist:

=================  ====================================================================================
``error``          answer ``status`` (default 500) at once, with ``retry_after`` seconds if given; ``exception``
                   and ``message`` fill the service's error body, 502 has a proxy's HTML page instead.
                   A bare status is short for it: ``429 retry_after=2`` is ``error status=429 retry_after=2``
``delay``          wait ``seconds`` (default 1), then work as usual
``refuse``         reset the connection before anything is done, and refuse new ones for ``seconds`` (default 1)
``reset``          reset the connection before anything is done
``reset_upload``   reset the connection when ``bytes`` of the request's body have arrived (default 0)
``lost_answer``    do the work, then reset the connection instead of answering
``truncate``       end the connection after ``bytes`` of the answer's body (default 0)
``stall``          fall silent until the client hangs up: before doing anything, or after ``bytes`` of the answer's body
``malformed``      send only the first half of the answer's body, as if that were all of it
``missing``        leave out of a JSON answer every member called ``field`` (default ``id``)
``expire_token``   make all tokens issued so far expired, then work as usual
=================  ====================================================================================

Every fault may say which calls it is for: ``on`` (operation name), ``path`` and ``method``, the first two with ``*``
wildcards; ``skip``, how many of these calls it lets pass first (default 0); and ``times``, how many it strikes before
it is gone (default: all until it is deleted).
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send

from media_sandbox.web import ApiError, Service, phrase

TRANSPORT: Final = "sandbox.transport"
"""Where the ASGI scope's extensions hold the connection's transport."""
REFUSE: Final = "sandbox.refuse"
"""Where they hold what makes the sandbox refuse connections for some seconds."""

BAD_GATEWAY_PAGE: Final = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"

KINDS: Final = (
    *("error", "delay", "refuse", "reset", "reset_upload", "lost_answer"),
    *("truncate", "stall", "malformed", "missing", "expire_token"),
)


class HungUp(Exception):
    """The connection was ended by a fault; there is nobody left to answer."""


@dataclass
class Fault:
    """One fault and the calls it is for; the module says what the fields mean."""

    kind: str
    on: str = "*"
    path: str = "*"
    method: str = "*"
    skip: int = 0
    times: int | None = None
    status: int = 500
    retry_after: int | None = None
    exception: str | None = None
    message: str | None = None
    seconds: float = 1.0
    bytes: int | None = None
    field: str = "id"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no fault {self.kind!r}; these exist: {', '.join(KINDS)}")

    def strikes(self, operation: str, method: str, path: str) -> bool:
        """Return whether the fault is meant for this call."""
        return (
            fnmatchcase(operation, self.on)
            and fnmatchcase(path, self.path)
            and self.method.upper() in ("*", method.upper())
        )


def parse_fault(text: str) -> Fault:
    """Read ``KIND name=value ...``.

    :raises ValueError: saying what is wrong with it.
    """
    kind, *settings = text.split() or [""]
    named = {"kind": "error", "status": int(kind)} if kind.isdigit() else {"kind": kind}
    return fault_from_json({**named, **dict(_setting(setting) for setting in settings)})


def fault_from_json(values: Mapping[str, Any]) -> Fault:
    """Build a fault from its fields.

    :raises ValueError: for a kind or a field that does not exist.
    """
    names = {field.name for field in dataclasses.fields(Fault)}
    if unknown := sorted(set(values) - names):
        raise ValueError(f"a fault has no {', '.join(unknown)}; it has {', '.join(sorted(names))}")
    if "kind" not in values:
        raise ValueError(f"a fault needs a kind: {', '.join(KINDS)}")
    return Fault(**values)


def _setting(text: str) -> tuple[str, int | float | str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not of the form name=value")
    for read in (int, float):
        try:
            return name, read(value)
        except ValueError:
            continue
    return name, value


class Faults:
    """The faults that are set, oldest first; a call is struck by the first that is meant for it."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def take(self, operation: str, method: str, path: str) -> Fault | None:
        """Return the fault for this call, counting it."""
        for fault in self.all:
            if fault.strikes(operation, method, path):
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.all.remove(fault)
                return fault
        return None


@dataclass
class Wire:
    """One exchange: where its request comes from and its answer goes to, which a fault may bend."""

    scope: Scope
    receive: Receive
    send: Send

    async def reset(self) -> None:
        """Send a TCP reset; never returns.

        :raises HungUp: always.
        """
        transport = self._transport
        connection: socket.socket = transport.get_extra_info("socket")
        # Lingering for zero seconds makes the kernel answer with RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await self.silence()

    async def hang_up(self) -> None:
        """Send what is buffered, then end the connection; never returns.

        :raises HungUp: always.
        """
        self._transport.close()
        await self.silence()

    async def silence(self) -> None:
        """Wait until the connection is gone; never returns.

        :raises HungUp: always.
        """
        while (await self.receive())["type"] != "http.disconnect":
            pass
        raise HungUp

    @property
    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self.scope["extensions"][TRANSPORT]
        return transport


async def inflict(fault: Fault, wire: Wire, service: Service) -> tuple[Wire, Response | None]:
    """Do what a fault does before the work, and bend the wire for what it does later.

    :return: the wire to work on, and an answer if there is to be no work.
    :raises HungUp: when the connection was ended.
    :raises ApiError: when the fault is an error of the service.
    """
    if fault.kind == "error":
        return wire, _error(fault)
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
    elif fault.kind == "refuse":
        wire.scope["extensions"][REFUSE](fault.seconds)
        await wire.reset()
    elif fault.kind == "reset":
        await wire.reset()
    elif fault.kind == "stall" and fault.bytes is None:
        await wire.silence()
    elif fault.kind == "expire_token":
        service.expire_tokens()
    bend = BENDS.get(fault.kind)
    return (bend(wire, fault) if bend else wire), None


def _error(fault: Fault) -> Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.status == 502:
        return HTMLResponse(BAD_GATEWAY_PAGE, 502, headers)
    name = fault.exception or phrase(fault.status).replace(" ", "") + "Exception"
    message = fault.message or f"a fault set in the sandbox: {phrase(fault.status)}"
    raise ApiError(fault.status, name, message, headers)


def _reset_upload(wire: Wire, fault: Fault) -> Wire:
    arrived, limit = 0, fault.bytes or 0

    async def receive() -> Message:
        nonlocal arrived
        message = await wire.receive()
        arrived += len(message.get("body", b""))
        if arrived >= limit:
            try:
                await wire.reset()
            except HungUp:
                # The handler is to see what it sees when a client goes away.
                return {"type": "http.disconnect"}
        return message

    return dataclasses.replace(wire, receive=receive)


def _lost_answer(wire: Wire, _: Fault) -> Wire:
    async def send(_: Message) -> None:
        await wire.reset()

    return dataclasses.replace(wire, send=send)


def _ended(wire: Wire, fault: Fault, end: Callable[[Wire], Any]) -> Wire:
    """Bend the wire to ``end`` after so many bytes of the answer's body."""
    left = fault.bytes or 0

    async def send(message: Message) -> None:
        nonlocal left
        if message["type"] != "http.response.body":
            await wire.send(message)
            return
        body = message.get("body", b"")
        if len(body) < left:
            left -= len(body)
            await wire.send(message)
            return
        await wire.send({"type": "http.response.body", "body": bytes(body[:left]), "more_body": True})
        await end(wire)

    return dataclasses.replace(wire, send=send)


def _rewritten(wire: Wire, change: Callable[[bytes], bytes]) -> Wire:
    """Bend the wire to send another body, which has the length that the answer says."""
    start: Message = {}
    body = bytearray()

    async def send(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            start = message
            return
        body += message.get("body", b"")
        if message.get("more_body", False):
            return
        changed = change(bytes(body))
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await wire.send({**start, "headers": [*headers, (b"content-length", b"%d" % len(changed))]})
        await wire.send({"type": "http.response.body", "body": changed})

    return dataclasses.replace(wire, send=send)


def _without(body: bytes, field: str) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return json.dumps(_pruned(value, field)).encode()


def _pruned(value: Any, field: str) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(each, field) for name, each in value.items() if name != field}
    return [_pruned(each, field) for each in value] if isinstance(value, list) else value


BENDS: Final[Mapping[str, Callable[[Wire, Fault], Wire]]] = {
    "reset_upload": _reset_upload,
    "lost_answer": _lost_answer,
    "truncate": lambda wire, fault: _ended(wire, fault, Wire.hang_up),
    "stall": lambda wire, fault: _ended(wire, fault, Wire.silence),
    "malformed": lambda wire, _: _rewritten(wire, lambda body: body[: len(body) // 2]),
    "missing": lambda wire, fault: _rewritten(wire, lambda body: _without(body, fault.field)),
}
