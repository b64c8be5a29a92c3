"""What a request brings: the parameters of its query string and, where the call takes one, of its body."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

from starlette.requests import Request

from media_sandbox.cielo24.errors import INVALID_QUERY, LAST_WORDS, refusal
from media_sandbox.cielo24.parameters import as_text
from media_sandbox.web import ApiError

LARGEST_BODY: Final = 1024 * 1024
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"

Values = dict[str, list[str]]


@dataclass
class Given:
    """The parameters of a request, by name all different values in the order in which they came."""

    query: Values
    body: Values = field(default_factory=dict)
    fault: ApiError | None = None
    """What is wrong with the body; told once it is known who is calling."""

    def all(self, name: str) -> list[str]:
        """Return the different values of a parameter."""
        return list(dict.fromkeys(self.query.get(name, []) + self.body.get(name, [])))

    def first(self, name: str) -> str | None:
        """Return the first value of a parameter, or ``None``."""
        return next(iter(self.all(name)), None)


async def read_given(request: Request, *, form: bool, json_body: bool) -> Given:
    """Read the parameters of a request.

    :param form: whether the call may have a urlencoded body.
    :param json_body: whether it may be a JSON object as well.
    :raises ApiError: 400 for a query string that is no text.
    """
    given = Given(_pairs(request.scope["query_string"], bare_names=True))
    if form and request.method == "POST":
        try:
            given.body = await _read_body(request, json_body=json_body)
        except ApiError as error:
            given.fault = refusal(INVALID_QUERY, error.message, error.headers)
    return given


async def _read_body(request: Request, *, json_body: bool) -> Values:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Old clients send no type or one without a slash, which says nothing.
    if "/" in content_type and content_type != FORM and not (json_body and content_type == JSON):
        raise refusal(INVALID_QUERY, f"the body of this call cannot be {content_type}", LAST_WORDS)
    if int(request.headers.get("content-length", 0)) > LARGEST_BODY:
        raise refusal(INVALID_QUERY, f"the body is longer than {LARGEST_BODY} bytes", LAST_WORDS)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise refusal(INVALID_QUERY, f"the body is longer than {LARGEST_BODY} bytes", LAST_WORDS)
    if json_body and body and (content_type == JSON or body.lstrip().startswith(b"{")):
        return _json_values(body)
    return _pairs(body)


def _json_values(body: bytes) -> Values:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise refusal(INVALID_QUERY, f"the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise refusal(INVALID_QUERY, "the body must be a JSON object")
    return {name: [as_text(item)] for name, item in value.items()}


def _pairs(text: bytes, *, bare_names: bool = False) -> Values:
    values: Values = {}
    try:
        for item in filter(None, text.decode("ascii").split("&")):
            name, equals, value = item.partition("=")
            if not (equals or bare_names):
                raise ValueError(f"{name[:40]!r} has no value")
            values.setdefault(_unquoted(name), []).append(_unquoted(value))
    except ValueError as error:
        raise refusal(INVALID_QUERY, f"the parameters are not urlencoded: {error}") from error
    return values


def _unquoted(text: str) -> str:
    return unquote_plus(text, errors="strict")
