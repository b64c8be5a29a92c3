"""The stand-in's own controls, under ``/_admin/media_storage/``.

======  ========================  =====================================================================================
method  path                      effect
======  ========================  =====================================================================================
GET     ``accounts``              the fixture accounts with their API keys and tokens
POST    ``tokens``                ``{"account", "life", "opaque", "claims"}``: a new token; claims that are null are
                                  left out
GET     ``jobs/{job_id}``         all that is known of a job
POST    ``jobs``                  make jobs: ``resource`` for one that really processes it; else any attributes, a
                                  ``script`` of :mod:`media_sandbox.media_storage.script`, and ``count`` for many at
                                  once, with ``scheduled_in`` seconds for one that is put off
POST    ``jobs/{job_id}``         set a job's status, progress, error, retry_count or priority
DELETE  ``jobs/{job_id}``         delete a job
GET     ``medias/{media_id}``     all that is known of a media
POST    ``medias``                make ``count`` media that share one file: ``prefix`` of the resource, ``key``,
                                  ``content``, ``mime_type``, ``project_id``
======  ========================  =====================================================================================

And those of :mod:`media_sandbox.controls`.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.controls import control, outcome_controls
from media_sandbox.media_storage import script
from media_sandbox.media_storage.fixtures import ACCOUNTS, PLAIN, PROJECT, Account
from media_sandbox.media_storage.incoming import CREATED_ROLE
from media_sandbox.media_storage.records import MICROSECONDS, Job
from media_sandbox.web import ApiError, Operation, json_object

if TYPE_CHECKING:
    from media_sandbox.media_storage.service import MediaStorage

NAME: Final = "media_storage"
MOST: Final = 100_000
"""How many records one call may make."""


def admin_operations(storage: MediaStorage) -> list[Operation]:
    """Return the controls of a stand-in."""
    records, workshop = storage.records, storage.workshop

    async def list_accounts(_: Request) -> Response:
        """Return the fixture accounts."""
        return JSONResponse([dataclasses.asdict(account) for account in ACCOUNTS.values()])

    async def mint_token(request: Request) -> Response:
        """Return a new token."""
        body = _Body(await json_object(request))
        account = _account(body.take("account", PLAIN.key))
        life, opaque = body.take("life", storage.options.token_life), body.take("opaque", False)
        claims = body.take("claims", {})
        body.check()
        return JSONResponse({"token": storage.tokens.issue(account, life, opaque=opaque, claims=claims)})

    async def inspect_job(request: Request) -> Response:
        """Return all that is known of a job."""
        return JSONResponse(dataclasses.asdict(_job(storage, request)))

    async def create_jobs(request: Request) -> Response:
        """Make jobs."""
        body = _Body(await json_object(request))
        resource, project_id = body.take("resource", None), body.take("project_id", PROJECT)
        if resource is not None:
            fields = body.take_all("priority", "retries", "unicity")
            body.check()
            jobs = [workshop.processing_job(resource, project_id, **fields)]
        else:
            jobs = _scripted_jobs(storage, body, project_id)
        try:
            records.jobs.add(*jobs)
        except sqlite3.IntegrityError as error:
            raise ApiError(409, "ConflictException", "there is a job of that unicity") from error
        workshop.tick()
        return JSONResponse({"ids": [job.id for job in jobs]})

    async def change_job(request: Request) -> Response:
        """Set attributes of a job."""
        job = _job(storage, request)
        try:
            changes = script.check_changes(await json_object(request))
        except ValueError as error:
            raise _bad(str(error)) from error
        changed = records.jobs.change(job.id, updated_at=workshop.now(), **changes)
        assert changed is not None
        return JSONResponse(dataclasses.asdict(changed))

    async def remove_job(request: Request) -> Response:
        """Delete a job."""
        records.jobs.delete(_job(storage, request).id)
        return Response(status_code=204)

    async def inspect_media(request: Request) -> Response:
        """Return all that is known of a media."""
        media = records.medias.get(request.path_params["media_id"])
        if media is None:
            raise ApiError(404, "NotFoundException", f"there is no media {request.path_params['media_id']}")
        return JSONResponse(dataclasses.asdict(media))

    async def create_medias(request: Request) -> Response:
        """Make media that share one file."""
        body = _Body(await json_object(request))
        count, prefix, key = body.count(), body.take("prefix", "resource-"), body.take("key", "")
        content = body.take("content", "content").encode()
        fields = {"mime_type": body.take("mime_type", "text/plain"), "project_id": body.take("project_id", PROJECT)}
        body.check()
        file = workshop.new_part().name
        (workshop.files / file).write_bytes(content)
        owner = {"created_by": PLAIN.user_id, "created_role": CREATED_ROLE}
        medias = [
            dataclasses.replace(
                workshop.new_media(f"{prefix}{number}", key, f"{prefix}{number}", size=len(content), **fields, **owner),
                file=file,
            )
            for number in range(count)
        ]
        try:
            records.medias.add(*medias)
        except sqlite3.IntegrityError as error:
            raise ApiError(409, "ConflictException", "there is a media of that resource and key") from error
        return JSONResponse({"ids": [media.id for media in medias]})

    return [
        control(NAME, "GET", "accounts", list_accounts),
        control(NAME, "POST", "tokens", mint_token),
        control(NAME, "GET", "jobs/{job_id}", inspect_job),
        control(NAME, "POST", "jobs", create_jobs),
        control(NAME, "POST", "jobs/{job_id}", change_job),
        control(NAME, "DELETE", "jobs/{job_id}", remove_job),
        control(NAME, "GET", "medias/{media_id}", inspect_media),
        control(NAME, "POST", "medias", create_medias),
        *outcome_controls(NAME, workshop.outcomes),
    ]


class _Body:
    """A control's JSON object, from which members are taken until none is left."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._left = dict(members)

    def take(self, name: str, default: Any) -> Any:
        """Take a member, whose type must be that of its default."""
        value = self._left.pop(name, default)
        expected = (int, float) if isinstance(default, float) else type(default)
        if default is not None and value is not None and not isinstance(value, expected):
            raise _bad(f"{name} cannot be {value!r}")
        return value

    def take_all(self, *names: str) -> dict[str, Any]:
        """Take the members of these names that are there."""
        return {name: self._left.pop(name) for name in names if name in self._left}

    def count(self) -> int:
        """Take how many records to make."""
        count: int = self.take("count", 1)
        if not 1 <= count <= MOST:
            raise _bad(f"count must be between 1 and {MOST}")
        return count

    def check(self) -> None:
        """Refuse what nobody took."""
        if self._left:
            raise _bad(f"there is no {', '.join(self._left)}")


def _scripted_jobs(storage: MediaStorage, body: _Body, project_id: str | None) -> list[Job]:
    workshop, count = storage.workshop, body.count()
    now = workshop.now()
    try:
        steps = script.read_steps(body.take("script", []))
        changes = script.check_changes(body.take_all(*script.SETTABLE))
    except ValueError as error:
        raise _bad(str(error)) from error
    fields = {
        "job_class": body.take("job_class", "Sandbox::Job"),
        "arguments": body.take("arguments", {}),
        "unicity": body.take("unicity", None),
        "scheduled_at": now + int(body.take("scheduled_in", 0.0) * MICROSECONDS),
        "project_id": project_id,
        "script": steps,
        "due_at": script.due(steps, now),
        **changes,
    }
    body.check()
    return [workshop.new_job(**fields) for _ in range(count)]


def _job(storage: MediaStorage, request: Request) -> Job:
    storage.workshop.tick()
    id_ = request.path_params["job_id"]
    job = storage.records.jobs.get(id_)
    if job is None:
        raise ApiError(404, "NotFoundException", f"there is no job {id_}")
    return job


def _account(key: str) -> Account:
    if key not in ACCOUNTS:
        raise ApiError(404, "NotFoundException", f"there is no account {key}")
    return ACCOUNTS[key]


def _bad(message: str) -> ApiError:
    return ApiError(400, "BadRequestException", message)
