"""The media storage stand-in as a service: its operations, what each demands of a request, and its shared state."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response

from media_sandbox.clock import Clock
from media_sandbox.jobs import JobQueue
from media_sandbox.media_storage.admin import admin_operations
from media_sandbox.media_storage.auth import Tokens, account_of_api_key, authenticate
from media_sandbox.media_storage.documents import answer, error_document, flat_error
from media_sandbox.media_storage.errors import bad_request, invalid_body, not_found
from media_sandbox.media_storage.fixtures import ADMINISTRATOR, PLAIN, Account
from media_sandbox.media_storage.incoming import upload
from media_sandbox.media_storage.jobs import delete_job, index_jobs, show_job
from media_sandbox.media_storage.medias import download, index_medias, info
from media_sandbox.media_storage.options import MediaStorageOptions
from media_sandbox.media_storage.query import Query, read_query
from media_sandbox.media_storage.records import Records
from media_sandbox.media_storage.table import Term
from media_sandbox.media_storage.work import Workshop
from media_sandbox.store import Store
from media_sandbox.web import ApiError, Connection, Operation, json_object

PREFIX: Final = "/media_storage"
API: Final = f"{PREFIX}/api/v1/media"
LOGIN: Final = f"{PREFIX}/api/v1/iam/auth/api/login"
BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")


@dataclass(frozen=True)
class Call:
    """One authenticated request and what its handler needs."""

    storage: MediaStorage
    request: Request
    account: Account

    @property
    def options(self) -> MediaStorageOptions:
        """The service's switches."""
        return self.storage.options

    def parameter(self, name: str) -> str:
        """Return a path parameter."""
        value: str = self.request.path_params[name]
        return value

    def query(self) -> Query:
        """Return what the query string asks for."""
        return read_query(self.request, bracket_fields_only=self.options.bracket_fields_only)

    @property
    def resource_and_key(self) -> tuple[str, str]:
        """The resource and key of the path; no key is the key ``""``, which is the original.

        :raises StorageError: 404 where the real service would find no route.
        """
        resource, key = self.parameter("resource"), self.request.path_params.get("key")
        if not self.options.misroute_slashes:
            return resource, key or ""
        # There, the path is decoded before it is taken apart.
        segments = [*resource.split("/"), *(key.split("/") if key else [])]
        if "/" in (key or "") or len(segments) > 2:
            raise not_found("there is no such path")
        resource, key = (segment.replace("\\", "") for segment in (*segments, "")[:2])
        return resource, key

    @property
    def visible(self) -> list[Term]:
        """What rows have to fulfil for the caller to see them."""
        if self.account.role == ADMINISTRATOR:
            return []
        return [Term("project_id = ?", [self.account.project_id])]

    @property
    def wants_minimal(self) -> bool:
        """Whether the client prefers an answer without content (RFC 7240)."""
        preferences = self.request.headers.get("prefer", "").lower().replace(" ", "").split(",")
        return "return=minimal" in preferences

    def no_content(self) -> Response:
        """Answer 204."""
        headers = {"Preference-Applied": "return=minimal"} if self.wants_minimal else {}
        return Response(status_code=204, headers=headers)


Handler = Callable[[Call], Awaitable[Response]]

TABLE: Final[tuple[tuple[Handler, str, str], ...]] = (
    (index_jobs, "GET", "/jobs"),
    (show_job, "GET", "/jobs/{resource_id}"),
    (delete_job, "DELETE", "/jobs/{resource_id}"),
    (index_medias, "GET", "/medias"),
    (info, "GET", "/medias/info/{resource}"),
    (info, "GET", "/medias/info/{resource}/{key}"),
    (download, "GET", "/medias/files/{resource}"),
    (download, "GET", "/medias/files/{resource}/{key}"),
    (download, "HEAD", "/medias/files/{resource}"),
    (download, "HEAD", "/medias/files/{resource}/{key}"),
    (upload, "POST", "/medias/files/{resource}"),
    (upload, "POST", "/medias/files/{resource}/{key}"),
)
"""Every operation of the reference page, and nothing else; operations are called ``media_storage.<function>``."""


class MediaStorage:
    """The stand-in of the JSON:API media storage."""

    name = "media_storage"

    def __init__(self, directory: Path, store: Store, jobs: JobQueue, clock: Clock) -> None:
        self.options = MediaStorageOptions()
        self.records = Records(store)
        self.tokens = Tokens(self.records, clock)
        self.workshop = Workshop(directory, self.records, jobs, clock, self.options)

    @property
    def operations(self) -> list[Operation]:
        """All that it answers."""
        login = Operation("media_storage.login", "POST", LOGIN, self._login)
        return [login] + [
            Operation(f"media_storage.{handler.__name__}", method, API + path, self._endpoint(handler))
            for handler, method, path in TABLE
        ]

    @property
    def admin_operations(self) -> list[Operation]:
        """Its own controls."""
        return admin_operations(self)

    def start(self) -> None:
        """Make the tokens of an empty sandbox; take up the work of an earlier run."""
        self.tokens.start()
        self.workshop.start()

    def render_error(self, error: ApiError) -> Response:
        """Return an error as a JSON:API document.

        A method that a path does not know is an unknown route here: there is no 405.
        """
        if error.status in (404, 405):
            error = not_found(error.message)
            if self.options.flat_errors:
                return flat_error(error)
        return error_document(error, self.options)

    def expire_tokens(self) -> None:
        """Make all tokens issued so far expired."""
        self.tokens.expire()

    def connection(self, base_url: str) -> Connection:
        """Return the address and the API key of the plain account."""
        return Connection(base_url + API, extra={"api_key": PLAIN.api_key, "token_url": base_url + LOGIN})

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.workshop.tick()
            try:
                _check_path(request)
                if self.options.refuse_content_type:
                    _check_content_type(request)
                return await handler(Call(self, request, authenticate(request, self.tokens)))
            except ApiError as error:
                if self.options.flat_errors and (handler is download or error.status == 400):
                    return flat_error(error)
                return error_document(error, self.options)

        return endpoint

    async def _login(self, request: Request) -> Response:
        """Exchange an API key for a token. The reference page leaves this to another service."""
        body = await json_object(request)
        api_key, life = body.get("api_key"), body.get("token_expiration", self.options.token_life)
        if not isinstance(api_key, str):
            raise invalid_body("/api_key", "must be a string")
        if isinstance(life, bool) or not isinstance(life, int | float) or life <= 0:
            raise invalid_body("/token_expiration", "must be a number of seconds")
        token = self.tokens.issue(account_of_api_key(api_key), life, opaque=self.options.opaque_tokens)
        return answer({"meta": {"token": token}}, self.options)


def _check_path(request: Request) -> None:
    """Refuse paths that name nothing: broken escapes, what is no UTF-8, NUL, and segments that mean other segments."""
    for segment in request.scope["raw_path"].decode("ascii").split("/"):
        try:
            decoded = unquote_to_bytes(segment).decode()
        except UnicodeDecodeError as error:
            raise bad_request("the path is not UTF-8") from error
        if BROKEN_ESCAPE.search(segment) or "\0" in decoded:
            raise bad_request("the path has a broken escape, or an escaped NUL")
        if decoded in (".", ".."):
            raise not_found("there is no such path")


def _check_content_type(request: Request) -> None:
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if request.method in ("GET", "DELETE") and "json" in request.headers.get("content-type", "") and not has_body:
        raise bad_request("the body declares JSON and is empty")
