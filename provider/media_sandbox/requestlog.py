"""A log of the requests the sandbox got, for tests to read; secrets are masked as they come in."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Message, Receive, Send

KEEP: Final = 5000
BODY_LIMIT_BYTES: Final = 64 * 1024
MASK: Final = "***"
SECRET: Final = re.compile(r"authorization|cookie|token|secret|password|(api|auth|secure)[-_]?key", re.IGNORECASE)


@dataclass
class Entry:
    """One request and the head of its answer."""

    operation: str | None
    """The name of the operation; ``None`` when nothing answers to the path or method."""
    method: str
    path: str
    time: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    """The request's JSON body, when it has one of at most 64 KiB."""
    body_bytes: int = 0
    """How many bytes of the request's body were read."""
    status: int | None = None
    """The status sent; ``None`` when the connection was cut before."""
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer_bytes: int = 0
    """How many bytes of the answer's body were sent."""
    fault: str | None = None
    """The fault that was made, if any."""
    _json: bytearray = field(default_factory=bytearray, repr=False)

    def watch_receive(self, receive: Receive) -> Receive:
        """Return ``receive`` so that what passes is noted here."""
        is_json = "json" in self.headers.get("content-type", "")

        async def watched() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                chunk = message.get("body", b"")
                self.body_bytes += len(chunk)
                if is_json and self.body_bytes <= BODY_LIMIT_BYTES:
                    self._json += chunk
                    if not message.get("more_body", False):
                        self.body = _parse(self._json)
            return message

        return watched

    def watch_send(self, send: Send) -> Send:
        """Return ``send`` so that what passes is noted here."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"])
                self.answer_headers = _masked(dict(pairs))
            else:
                self.answer_bytes += len(message.get("body", b""))
            await send(message)

        return watched

    def as_json(self) -> dict[str, Any]:
        """Return the entry's public fields."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class RequestLog:
    """The last few thousand requests."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEEP)

    def begin(self, request: Request, operation: str | None, time: str) -> Entry:
        """Note a request whose head has arrived."""
        entry = Entry(
            operation=operation,
            method=request.method,
            path=request.scope["raw_path"].decode("ascii"),
            time=time,
            query=_masked(dict(request.query_params)),
            headers=_masked(dict(request.headers)),
        )
        self.entries.append(entry)
        return entry


def _masked(values: dict[str, Any]) -> dict[str, Any]:
    return {name: MASK if SECRET.search(name) else value for name, value in values.items()}


def _parse(body: bytearray) -> Any:
    if not body:
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return _masked(value) if isinstance(value, dict) else value
