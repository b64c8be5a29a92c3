"""The cielo24 stand-in as a service: its operations, what each demands of a request, and its shared state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from media_sandbox.cielo24 import accounts, errors, jobs, media, results, transcription
from media_sandbox.cielo24.admin import admin_operations
from media_sandbox.cielo24.call import Call
from media_sandbox.cielo24.corruption import Corruptions
from media_sandbox.cielo24.errors import INVALID_OPTION, LAST_WORDS, missing, refusal
from media_sandbox.cielo24.fixtures import PLAIN, create_fixtures
from media_sandbox.cielo24.given import Given, read_given
from media_sandbox.cielo24.options import Cielo24Options
from media_sandbox.cielo24.records import Records
from media_sandbox.cielo24.work import Workshop
from media_sandbox.clock import Clock
from media_sandbox.jobs import JobQueue
from media_sandbox.store import Store
from media_sandbox.web import ApiError, Connection, Operation

PREFIX: Final = "/cielo24"
VERSION: Final = "1"

Handler = Callable[[Call], Awaitable[Response]]
OpenHandler = Callable[["Cielo24", Request, Given], Awaitable[Response]]


@dataclass(frozen=True)
class Rules:
    """What an operation demands of a request.

    :param form: whether a POST may carry its parameters in the body.
    :param json_body: whether that body may be JSON, too.
    :param version_in_body: whether ``v`` may be in it.
    :param media_body: whether the body is a media file.
    """

    form: bool = True
    json_body: bool = True
    version_in_body: bool = False
    media_body: bool = False


QUERY_OR_BODY: Final = Rules()
QUERY_OR_FORM: Final = Rules(json_body=False)
MODIFY: Final = Rules(json_body=False, version_in_body=True)
MEDIA: Final = Rules(form=False, media_body=True)

GET: Final = ("GET",)
POST: Final = ("POST",)
EITHER: Final = ("GET", "POST")

TABLE: Final[tuple[tuple[Handler, tuple[str, ...], str, Rules], ...]] = (
    (accounts.logout, EITHER, "/api/account/logout", QUERY_OR_BODY),
    (accounts.generate_api_key, EITHER, "/api/account/generate_api_key", QUERY_OR_BODY),
    (accounts.remove_api_key, EITHER, "/api/account/remove_api_key", QUERY_OR_BODY),
    (jobs.new_job, EITHER, "/api/job/new", QUERY_OR_BODY),
    (jobs.authorize, EITHER, "/api/job/authorize", QUERY_OR_BODY),
    (jobs.modify, POST, "/api/job/modify", MODIFY),
    (jobs.delete, GET, "/api/job/delete", QUERY_OR_BODY),
    (jobs.delete, GET, "/api/job/del", QUERY_OR_BODY),
    (jobs.info, GET, "/api/job/info", QUERY_OR_BODY),
    (jobs.list_jobs, GET, "/api/job/list", QUERY_OR_BODY),
    (jobs.task_status, GET, "/api/job/task_status", QUERY_OR_BODY),
    (jobs.update_metadata, EITHER, "/api/job/update_metadata", QUERY_OR_FORM),
    (media.add_media, GET, "/api/job/add_media", QUERY_OR_BODY),
    (media.add_media_file, POST, "/api/job/add_media", MEDIA),
    (media.add_media_url, GET, "/api/job/add_media_url", QUERY_OR_BODY),
    (media.get_media, GET, "/api/job/media", QUERY_OR_BODY),
    (transcription.perform_transcription, EITHER, "/api/job/perform_transcription", QUERY_OR_BODY),
    (results.get_transcript, GET, "/api/job/get_transcript", QUERY_OR_BODY),
    (results.get_caption, GET, "/api/job/get_caption", QUERY_OR_BODY),
    (results.get_elementlist, GET, "/api/job/get_elementlist", QUERY_OR_BODY),
    (results.list_elementlists, GET, "/api/job/list_elementlists", QUERY_OR_BODY),
)
"""The operations that need a token; they are called ``cielo24.<function>``."""


class Cielo24:
    """The stand-in of the cielo24 API."""

    name = "cielo24"

    def __init__(self, directory: Path, store: Store, jobs: JobQueue, clock: Clock) -> None:
        self.options = Cielo24Options()
        self.records = Records(store)
        self.corruptions = Corruptions()
        self.clock = clock
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.workshop = Workshop(directory, self.records, jobs, clock, self.options)

    @property
    def operations(self) -> list[Operation]:
        """All that it answers."""
        login = [
            Operation("cielo24.login", method, f"{PREFIX}/api/account/login", self._open(accounts.login))
            for method in EITHER
        ]
        download = self._open(results.download_caption, versioned=False)
        return [
            *login,
            Operation("cielo24.download_caption", "GET", f"{PREFIX}/captions/{{caption_id}}", download),
            *(
                Operation(f"cielo24.{handler.__name__}", method, PREFIX + path, self._endpoint(handler, rules))
                for handler, methods, path, rules in TABLE
                for method in methods
            ),
        ]

    @property
    def admin_operations(self) -> list[Operation]:
        """Its own controls."""
        return admin_operations(self)

    def start(self) -> None:
        """Fill an empty sandbox with the fixture accounts; take up the work of an earlier run."""
        if not self.records.accounts.count():
            create_fixtures(self.records)
        self.workshop.resume()

    def render_error(self, error: ApiError) -> Response:
        """Return the error as ``{"ErrorType", "ErrorComment"}``."""
        return errors.render(error)

    def expire_tokens(self) -> None:
        """Make all tokens issued so far expired."""
        for session in self.records.sessions.find():
            self.records.sessions.delete(session.id)

    def connection(self, base_url: str) -> Connection:
        """Return the address and the credentials of the plain account."""
        return Connection(base_url + PREFIX, PLAIN.username, PLAIN.password)

    def _open(self, handler: OpenHandler, *, versioned: bool = True) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of an operation that needs no token."""

        async def endpoint(request: Request) -> Response:
            given = await read_given(request, form=True, json_body=True)
            if versioned:
                _check_version(given.query.get("v", []))
            if given.fault:
                raise given.fault
            return await handler(self, request, given)

        return endpoint

    def _endpoint(self, handler: Handler, rules: Rules) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(await self._call(request, rules))
            except ApiError as error:
                if rules.media_body:
                    # Perhaps nothing of a large body was read, which would otherwise have to be waited for.
                    error.headers |= LAST_WORDS
                raise

        return endpoint

    async def _call(self, request: Request, rules: Rules) -> Call:
        given = await read_given(request, form=rules.form, json_body=rules.json_body)
        in_body = rules.version_in_body and self.options.version_in_body
        _check_version(given.all("v") if in_body else given.query.get("v", []))
        token = given.first("api_token")
        if not token:
            raise missing("api_token")
        life = self.options.token_life
        account, session = accounts.take_up(self.records, token, self.clock.now(), life)
        if given.fault:
            raise given.fault
        return Call(self, request, given, account, session)


def _check_version(values: list[str]) -> None:
    if not values or not values[0]:
        raise missing("v")
    if values[0] != VERSION:
        raise refusal(INVALID_OPTION, f"v must be {VERSION}, not {values[0]!r}")
