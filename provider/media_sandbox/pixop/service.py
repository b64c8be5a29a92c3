"""The Pixop stand-in as a service: its operations, what each demands of a request, and its shared state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.clock import Clock
from media_sandbox.jobs import JobQueue
from media_sandbox.pixop import accounts, media, process, projects, videos
from media_sandbox.pixop.admin import admin_operations
from media_sandbox.pixop.auth import Identity, Tokens, authenticate
from media_sandbox.pixop.fixtures import PLAIN, create_fixtures
from media_sandbox.pixop.headers import check_accept, check_content_type
from media_sandbox.pixop.options import PixopOptions
from media_sandbox.pixop.records import ERROR, Records
from media_sandbox.pixop.work import Workshop
from media_sandbox.store import Store
from media_sandbox.web import ApiError, Connection, Operation, json_object

PREFIX: Final = "/pixop"


@dataclass(frozen=True)
class Call:
    """One authenticated request and what its handler needs."""

    pixop: Pixop
    request: Request
    identity: Identity

    def parameter(self, name: str) -> str:
        """Return a path parameter."""
        value: str = self.request.path_params[name]
        return value

    async def json(self) -> dict[str, Any]:
        """Return the request's JSON object, keys that are null left out."""
        body: dict[str, Any] = _without_nulls(await json_object(self.request))
        return body

    def url(self, root: str, *segments: str) -> str:
        """Return the absolute URL of ``/<root>/v1/<segments>``, on the address by which the client came."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}{PREFIX}/{'/'.join((root, 'v1', *segments))}"

    def answer(self, body: dict[str, Any]) -> Response:
        """Answer 200 with a JSON body, without the keys that have no value."""
        options = self.pixop.options
        if not options.send_nulls:
            body = _without_nulls(body)
        return JSONResponse(body)

    def word(self, status: str) -> str:
        """Return the word by which a status is told."""
        return self.pixop.options.failure_word if status == ERROR else status


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Rules:
    """What an operation demands of the head of a request."""

    basic: bool = False
    """Whether Basic credentials will do instead of a token."""
    accept_json: bool = True
    content_type: str | None = "application/json"


ACCOUNTS: Final = Rules()
ACCOUNTS_OR_BASIC: Final = Rules(basic=True)
VIDEOS: Final = Rules()
UPLOAD: Final = Rules(accept_json=False, content_type="multipart/form-data")
DOWNLOAD: Final = Rules(accept_json=False, content_type=None)

TABLE: Final[tuple[tuple[Handler, str, str, Rules], ...]] = (
    (accounts.get_token, "GET", "/accounts/v1/token", ACCOUNTS_OR_BASIC),
    (accounts.check_token, "POST", "/accounts/v1/token", ACCOUNTS),
    (accounts.get_account, "GET", "/accounts/v1/account", ACCOUNTS),
    (accounts.generate_auth_secret, "GET", "/accounts/v1/generate-auth-secret", ACCOUNTS_OR_BASIC),
    (accounts.generate_signature_secret, "GET", "/accounts/v1/generate-signature-secret", ACCOUNTS_OR_BASIC),
    (accounts.update_password, "POST", "/accounts/v1/update-password", ACCOUNTS_OR_BASIC),
    (projects.get_project, "GET", "/videos/v1/project/{project_id}", VIDEOS),
    (projects.list_projects, "GET", "/videos/v1/projects", VIDEOS),
    (projects.create_project, "PUT", "/videos/v1/project", VIDEOS),
    (projects.update_project, "POST", "/videos/v1/project/{project_id}", VIDEOS),
    (projects.delete_project, "DELETE", "/videos/v1/project/{project_id}", VIDEOS),
    (videos.get_video, "GET", "/videos/v1/video/{video_id}", VIDEOS),
    (videos.list_videos, "GET", "/videos/v1/videos", VIDEOS),
    (videos.create_video, "PUT", "/videos/v1/video", VIDEOS),
    (process.process_video, "POST", "/videos/v1/process-video/{video_id}", VIDEOS),
    (videos.check_process_progress, "GET", "/videos/v1/check-process-video-progress/{video_id}", VIDEOS),
    (videos.check_ingest_progress, "GET", "/videos/v1/check-ingest-video-progress/{video_id}", VIDEOS),
    (videos.delete_video, "DELETE", "/videos/v1/video/{video_id}", VIDEOS),
    (media.upload_light, "POST", "/media/v1/upload/light/{video_id}", UPLOAD),
    (media.upload, "POST", "/media/v1/upload/{video_id}", UPLOAD),
    (media.download_original, "GET", "/media/v1/download/original/{video_id}", DOWNLOAD),
    (media.download_original, "HEAD", "/media/v1/download/original/{video_id}", DOWNLOAD),
    (media.download_processed, "GET", "/media/v1/download/processed/{video_id}", DOWNLOAD),
    (media.download_processed, "HEAD", "/media/v1/download/processed/{video_id}", DOWNLOAD),
)
"""Every operation of the API reference, and nothing else; operations are called ``pixop.<function>``."""


class Pixop:
    """The stand-in of the Pixop API."""

    name = "pixop"

    def __init__(self, directory: Path, store: Store, jobs: JobQueue, clock: Clock) -> None:
        self.options = PixopOptions()
        self.records = Records(store)
        self.tokens = Tokens()
        self.clock = clock
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.workshop = Workshop(directory, self.records, jobs, clock)

    @property
    def operations(self) -> list[Operation]:
        """All that it answers."""
        return [
            Operation(f"pixop.{handler.__name__}", method, PREFIX + path, self._endpoint(handler, rules))
            for handler, method, path, rules in TABLE
        ]

    @property
    def admin_operations(self) -> list[Operation]:
        """Its own controls."""
        return admin_operations(self)

    def start(self) -> None:
        """Fill an empty sandbox with the fixture accounts; take up the work of an earlier run."""
        if not self.records.users.count():
            create_fixtures(self.records, self.clock)
        self.workshop.resume()

    def render_error(self, error: ApiError) -> Response:
        """Return the error as ``{"exception", "errorMessage"}``."""
        body = {"exception": error.name, "errorMessage": error.message}
        return JSONResponse(body, status_code=error.status, headers=error.headers)

    def expire_tokens(self) -> None:
        """Make all tokens issued so far expired."""
        self.tokens.expire()

    def connection(self, base_url: str) -> Connection:
        """Return the address and the credentials of the plain account."""
        return Connection(base_url + PREFIX, PLAIN.email, PLAIN.password)

    def _endpoint(self, handler: Handler, rules: Rules) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if self.options.strict_headers and rules.accept_json:
                check_accept(request)
            # An upload cannot be read without its boundary, so its type is demanded even from lax clients.
            if rules.content_type and (self.options.strict_headers or rules is UPLOAD):
                check_content_type(request, rules.content_type)
            header = request.headers.get("authorization")
            identity = authenticate(header, self.records, self.tokens, self.clock.now(), basic=rules.basic)
            return await handler(Call(self, request, identity))

        return endpoint


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
