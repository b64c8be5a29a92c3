"""Every secret that is told to the stand-ins of the services or by them, as it goes over the wire."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.requests import Request
from starlette.types import Message, Send

from media_sandbox import requestlog

TELLING = re.compile(
    r"authorization|cookie|token|secret|password|signature|policy|credential|(api|auth|secure)[-_]?key", re.IGNORECASE
)
"""Names of fields with a secret."""
SHORTEST = 8
"""Characters of a value that can be looked for."""
DOCUMENT = 64 * 1024
"""Bytes of an answer that is looked into."""


class Overheard:
    """What was told, with the names of the fields that it stood in.

    :param patch: Puts the ear to the wire.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.secrets: dict[str, set[str]] = defaultdict(set)
        begin, watch_send = requestlog.RequestLog.begin, requestlog.Entry.watch_send

        def heard_begin(log: requestlog.RequestLog, request: Request, operation: str | None, time: str) -> Any:
            self._hear(request.headers)
            self._hear(request.query_params)
            return begin(log, request, operation, time)

        def heard_send(entry: requestlog.Entry, send: Send) -> Send:
            return watch_send(entry, self._listening(send))

        patch.setattr(requestlog.RequestLog, "begin", heard_begin)
        patch.setattr(requestlog.Entry, "watch_send", heard_send)

    def _listening(self, send: Send) -> Send:
        body = bytearray()

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
                self._hear(headers)
                self._hear(dict(parse_qsl(urlsplit(headers.get("location", "")).query)))
            elif len(body) < DOCUMENT:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    self._hear_document(bytes(body))
            await send(message)

        return heard

    def _hear_document(self, body: bytes) -> None:
        try:
            document = json.loads(body)
        except ValueError:
            return
        for fields in _objects(document):
            self._hear(fields)
            for value in fields.values():
                if isinstance(value, str) and value.startswith("http"):
                    self._hear(dict(parse_qsl(urlsplit(value).query)))

    def _hear(self, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            if TELLING.search(name) and isinstance(value, str):
                for secret in _parts(value):
                    if len(secret) >= SHORTEST:
                        self.secrets[secret].add(name)


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(each)


def _parts(value: str) -> Iterator[str]:
    """Give a value; of a header for a login, what stands behind the kind, and the password in it."""
    kind, _, told = value.partition(" ")
    yield told or value
    if kind == "Basic":
        yield b64decode(told).decode().partition(":")[2]
