"""The Xvid MediaHub stand-in as a service: its operations, what each demands of a request, and its shared state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from media_sandbox.clock import Clock
from media_sandbox.jobs import JobQueue
from media_sandbox.outcomes import Outcomes
from media_sandbox.store import Store
from media_sandbox.web import ApiError, Connection, Operation, json_object
from media_sandbox.xvid import auth, catalogue, downloads, errors, files, jobs, s3, uploads
from media_sandbox.xvid.admin import admin_operations
from media_sandbox.xvid.answers import (
    MIME_TYPES,
    Presentation,
    Reference,
    preferred_format,
    presentation,
    rendered,
    resolved,
)
from media_sandbox.xvid.auth import READ, SUBMIT, WRITE, Identity, authenticate
from media_sandbox.xvid.errors import Area, error_body
from media_sandbox.xvid.fixtures import MAIN, PLAIN
from media_sandbox.xvid.library import Library
from media_sandbox.xvid.options import XvidOptions
from media_sandbox.xvid.presets import BY_ID
from media_sandbox.xvid.query import OBJECT_ID, Query
from media_sandbox.xvid.records import Records
from media_sandbox.xvid.work import JOB, UPLOAD, Workshop

PREFIX: Final = "/xvid"
VERSION: Final = "/v1"


@dataclass(frozen=True)
class Call:
    """One request to the API and what its handler needs.

    :param area: refuses it.
    :param wanted: how it wants its answer.
    :param identity: who makes it, once that is known.
    """

    xvid: Xvid
    request: Request
    area: Area
    query: Query
    wanted: Presentation
    identity: Identity | None = None

    @property
    def user_id(self) -> str:
        """The account of the caller."""
        return self._known.client.user_id

    @property
    def application_id(self) -> str:
        """The client of the caller, as an object of the API."""
        return self._known.client.application_id

    @property
    def origin(self) -> str:
        """The address by which the client came, without a path."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    @property
    def base_url(self) -> str:
        """The base URL of the API."""
        return f"{self.origin}{PREFIX}{VERSION}"

    def identify(self, permission: str) -> Call:
        """Return the call with its caller known.

        :raises ApiError: 403 when the caller may not make it.
        """
        return self.as_identity(authenticate(self.xvid, self.request, permission))

    def as_identity(self, identity: Identity) -> Call:
        """Return the call as made by somebody."""
        return replace(self, identity=identity)

    def object_id(self, name: str) -> str:
        """Return the id in the path.

        :raises ApiError: 400 when it is none.
        """
        id_: str = self.request.path_params[name]
        if not OBJECT_ID.fullmatch(id_):
            raise self.area.refuse(f"an id has 24 hexadecimal digits, unlike {id_!r}")
        return id_

    async def json(self, envelope: str) -> dict[str, Any]:
        """Return the object within the envelope of the request's body."""
        try:
            body = await json_object(self.request)
        except ApiError as error:
            raise self.area.refuse(error.message) from error
        value = body.get(envelope)
        if not isinstance(value, dict):
            raise self.area.refuse(f'the body must be {{"{envelope}": {{...}}}}')
        return value

    def answer(self, body: Mapping[str, Any], status: int = 200) -> Response:
        """Answer with a body, whose first key is the envelope."""
        shown = resolved(body, self.wanted, self._link, self._object, frozenset())
        return rendered(shown, self.wanted, status)

    def success(self) -> Response:
        """Answer that something was deleted."""
        return self.answer({"result": {"status": "SUCCESS"}})

    @property
    def _known(self) -> Identity:
        assert self.identity is not None
        return self.identity

    def _link(self, reference: Reference) -> str:
        return f"{self.base_url}/{reference.kind}s/{reference.id}"

    def _object(self, reference: Reference) -> dict[str, Any] | None:
        """Return the object of a reference, ``None`` when it is gone or of a kind that the stand-in does not show."""
        kind, id_ = reference.kind, reference.id
        if kind == "preset":
            return catalogue.show_preset(BY_ID[id_])
        if kind == "pipeline" and (pipeline := catalogue.find_pipeline(self.user_id, id_)):
            return catalogue.show_pipeline(pipeline)
        if kind == "file" and (file := self.xvid.library.get(id_)):
            return files.show_file(self, file)
        if kind == "job" and (job := self.xvid.records.jobs.get(id_)):
            return jobs.show_job(job, self.xvid.options)
        return None


Handler = Callable[[Call], Awaitable[Response]]
BucketHandler = Callable[["Xvid", Request], Awaitable[Response]]


@dataclass(frozen=True)
class Rules:
    """What an operation demands of a request.

    :param permission: what the token must be good for; ``None`` where the handler looks itself.
    :param slash: whether a path that ends with a slash is demanded with it.
    """

    area: Area
    permission: str | None
    slash: bool = True


TABLE: Final[tuple[tuple[Handler, str, str, Rules], ...]] = (
    (auth.get_token, "POST", "/oauth2/token/", Rules(errors.TOKENS, None)),
    (uploads.start_upload, "POST", "/files/uploads/", Rules(errors.FILES, WRITE, slash=False)),
    (uploads.finish_upload, "PUT", "/files/uploads/{upload_id}", Rules(errors.FILES, WRITE)),
    (uploads.get_upload, "GET", "/files/uploads/{upload_id}", Rules(errors.FILES, READ)),
    (downloads.get_download, "GET", "/files/downloads/", Rules(errors.FILES, None)),
    (files.list_files, "GET", "/files/", Rules(errors.FILES, READ)),
    (files.get_file, "GET", "/files/{file_id}", Rules(errors.FILES, READ)),
    (files.delete_file, "DELETE", "/files/{file_id}", Rules(errors.FILES, WRITE)),
    (jobs.create_job, "POST", "/jobs/", Rules(errors.JOBS, SUBMIT)),
    (jobs.list_jobs, "GET", "/jobs/", Rules(errors.JOBS, READ)),
    (jobs.get_job, "GET", "/jobs/{job_id}", Rules(errors.JOBS, READ)),
    (jobs.delete_job, "DELETE", "/jobs/{job_id}", Rules(errors.JOB_DELETION, WRITE)),
    (catalogue.list_pipelines, "GET", "/pipelines/", Rules(errors.PIPELINES, READ)),
    (catalogue.get_pipeline, "GET", "/pipelines/{pipeline_id}", Rules(errors.PIPELINES, READ)),
    (catalogue.list_presets, "GET", "/presets/", Rules(errors.PRESETS, None)),
    (catalogue.get_preset, "GET", "/presets/{preset_id}", Rules(errors.PRESETS, None)),
)
"""The calls of the API that the stand-in has; operations are called ``xvid.<function>``."""

BUCKET_TABLE: Final[tuple[tuple[BucketHandler, str, str], ...]] = (
    (s3.post_object, "POST", s3.PATH + "{bucket}/"),
    (s3.post_object, "POST", s3.PATH + "{bucket}"),
    (s3.get_object, "GET", s3.PATH + "{bucket}/{key}"),
    (s3.get_object, "HEAD", s3.PATH + "{bucket}/{key}"),
)
"""What the bucket answers."""


class Xvid:
    """The stand-in of the Xvid MediaHub API."""

    name = "xvid"
    prefix = PREFIX

    def __init__(self, directory: Path, store: Store, jobs: JobQueue, clock: Clock) -> None:
        self.options = XvidOptions()
        self.records = Records(store)
        self.clock = clock
        self.library = Library(directory, self.records, clock)
        self.workshop = Workshop(self.records, self.library, jobs, clock, self.options, Outcomes((UPLOAD, JOB)))

    @property
    def operations(self) -> list[Operation]:
        """All that it answers."""
        found = []
        for handler, method, path, rules in TABLE:
            name = f"xvid.{handler.__name__}"
            found.append(Operation(name, method, PREFIX + VERSION + path, self._endpoint(handler, rules)))
            if path.endswith("/"):
                bare = self._without_slash(handler, rules)
                found.append(Operation(name, method, PREFIX + VERSION + path.removesuffix("/"), bare))
        for bucket_handler, method, path in BUCKET_TABLE:
            found.append(Operation(f"xvid.{bucket_handler.__name__}", method, path, self._bucket(bucket_handler)))
        return found

    @property
    def admin_operations(self) -> list[Operation]:
        """Its own controls."""
        return admin_operations(self)

    def start(self) -> None:
        """Take up the work of an earlier run."""
        self.workshop.resume()

    def render_error(self, error: ApiError) -> Response:
        """Return the error as the API or, below its path, as the bucket shows it."""
        request = error.request
        if request is not None and request.url.path.startswith(s3.PATH):
            return s3.render_s3_error(error)
        wanted = Presentation() if request is None else _presentation_of_error(request)
        return rendered(error_body(error, bare=self.options.bare_codes), wanted, error.status, error.headers)

    def expire_tokens(self) -> None:
        """Make all tokens issued so far expired."""
        for token in self.records.tokens.find():
            self.records.tokens.change(token.id, expires=0.0)

    def connection(self, base_url: str) -> Connection:
        """Return the address and the credentials of the plain client, and its usual pipeline."""
        return Connection(base_url + PREFIX + VERSION, PLAIN.id, PLAIN.secret, {"pipeline_id": MAIN.id})

    def _endpoint(self, handler: Handler, rules: Rules) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            identity = authenticate(self, request, rules.permission) if rules.permission else None
            query = Query(request.query_params.multi_items(), rules.area)
            wanted = presentation(query, request.headers)
            return await handler(Call(self, request, rules.area, query, wanted, identity))

        return endpoint

    def _without_slash(self, handler: Handler, rules: Rules) -> Callable[[Request], Awaitable[Response]]:
        endpoint = self._endpoint(handler, rules)

        async def bare(request: Request) -> Response:
            if rules.slash and self.options.strict_slashes:
                code, message = errors.NO_SUCH_PATH
                raise ApiError(404, code, message, errors.because("the path of a collection ends with a slash"))
            return await endpoint(request)

        return bare

    def _bucket(self, handler: BucketHandler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await handler(self, request)

        return endpoint


def _presentation_of_error(request: Request) -> Presentation:
    chosen = request.query_params.get("format")
    format_ = chosen if chosen in MIME_TYPES else preferred_format(request.headers.get("accept", ""))
    return Presentation(format_, human=request.query_params.get("human") == "true")
