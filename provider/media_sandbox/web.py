"""What the services share on the wire: operations, exact routing, errors, JSON bodies."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any, NoReturn, Protocol
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Handler = Callable[[Request], Awaitable[Response]]


class ApiError(Exception):
    """An answer that refuses the request; each service renders it in its own shape.

    :param status: the HTTP status.
    :param name: the service's word for this kind of error.
    :param message: what is wrong and, where that helps, what would be right.
    :param headers: headers of the answer.
    """

    request: Request | None = None
    """What is refused, set before the service renders the error: some render it as the request wants."""

    def __init__(self, status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Operation:
    """One method on one path.

    :param name: ``service.verb_noun``; faults and the request log call it so.
    :param path: the path with ``{parameters}``, each of which stands for one whole segment.
    """

    name: str
    method: str
    path: str
    handler: Handler


@dataclass(frozen=True)
class Connection:
    """What a client needs to log in to a service, in the words of an Airflow connection.

    :param host: the base URL.
    :param extra: the service's own fields.
    """

    host: str
    login: str = ""
    password: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self, service: str) -> dict[str, Any]:
        """Return it in the form of Airflow's JSON.

        :param service: the service's name, which is the type of the connection.
        """
        return {"conn_type": service, **asdict(self)}


class Service(Protocol):
    """One stand-in, with all its operations under ``/<name>/``."""

    name: str
    options: Any
    """A dataclass of switches that may change while it runs."""

    @property
    def operations(self) -> list[Operation]:
        """All that it answers."""

    @property
    def admin_operations(self) -> list[Operation]:
        """Its own controls, on paths relative to ``/_admin/<name>``."""

    def start(self) -> None:
        """Take up the state of an earlier run; called in the event loop before the server listens."""

    def render_error(self, error: ApiError) -> Response:
        """Return the error in the service's shape."""

    def expire_tokens(self) -> None:
        """Make all tokens issued so far expired."""

    def connection(self, base_url: str) -> Connection:
        """Return what a client needs to log in.

        :param base_url: the address of the sandbox, without a path.
        """


@dataclass
class Router:
    """Finds the operation of a request by its undecoded path, so that an encoded slash stays inside its segment."""

    _routes: dict[int, list[tuple[list[str], Operation]]] = field(default_factory=dict)

    def add(self, operations: Iterable[Operation]) -> None:
        """Add operations; where two fit a path, the one added first is taken."""
        for operation in operations:
            segments = operation.path.split("/")
            self._routes.setdefault(len(segments), []).append((segments, operation))

    def match(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]]:
        """Return the operation and its path parameters.

        :raises ApiError: 404 for an unknown path, 405 with ``Allow`` for a known one.
        """
        segments = [unquote(segment) for segment in raw_path.split("/")]
        allowed = set()
        for pattern, operation in self._routes.get(len(segments), []):
            parameters = _fit(pattern, segments)
            if parameters is None:
                continue
            if operation.method == method:
                return operation, parameters
            allowed.add(operation.method)
        if not allowed:
            raise ApiError(404, "NotFoundException", f"there is no {raw_path} here")
        allow = ", ".join(sorted(allowed))
        message = f"{raw_path} takes {allow}, not {method}"
        raise ApiError(405, "MethodNotAllowedException", message, {"Allow": allow})


def _fit(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    parameters = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not segment:
                return None
            parameters[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return parameters


async def json_object(request: Request) -> dict[str, Any]:
    """Return the request's body, which must be a JSON object.

    :raises ApiError: 400 when it is absent, no JSON or something else than an object.
    """
    body = await request.body()
    if not body:
        raise ApiError(400, "BadRequestException", "the request needs a JSON object as its body")
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except ValueError as error:
        raise ApiError(400, "BadRequestException", f"the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise ApiError(400, "BadRequestException", "the body must be a JSON object")
    return value


def json_error(error: ApiError) -> Response:
    """Return an error as ``{"exception", "errorMessage"}``, the shape used where no service has a say."""
    body = {"exception": error.name, "errorMessage": error.message}
    return JSONResponse(body, status_code=error.status, headers=error.headers)


def phrase(status: int) -> str:
    """Return the standard words for a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown Status"


def _refuse_constant(name: str) -> NoReturn:
    # Python's reader takes NaN and Infinity, JSON does not.
    raise ValueError(f"{name} is not a JSON value")
