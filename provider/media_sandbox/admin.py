"""The admin endpoint: faults, the request log, options, the clock and the jobs.

======  ==================================  ==========================================================
method  path                                effect
======  ==================================  ==========================================================
GET     ``/_admin/``                        where the services are and how to log in to them
GET     ``/_admin/faults``                  the faults that are set
POST    ``/_admin/faults``                  set a fault (:mod:`media_sandbox.faults` says which there are)
DELETE  ``/_admin/faults``                  remove all faults
GET     ``/_admin/requests``                the request log, oldest first; ``?operation=`` selects
DELETE  ``/_admin/requests``                empty the request log
GET     ``/_admin/options``                 the switches of every service
PATCH   ``/_admin/options``                 change some: ``{"pixop": {"token_life": 5}}``
POST    ``/_admin/clock``                   ``{"advance": seconds}``
POST    ``/_admin/tokens/expire``           make all tokens issued so far expired
GET     ``/_admin/jobs``                    the keys of the jobs that run or wait
======  ==================================  ==========================================================

A service adds its own controls under ``/_admin/<service>/``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.clock import Clock
from media_sandbox.faults import Faults, fault_from_json
from media_sandbox.jobs import JobQueue
from media_sandbox.requestlog import RequestLog
from media_sandbox.web import ApiError, Operation, Service, json_object


class Admin:
    """The controls that all services share."""

    def __init__(
        self, services: Sequence[Service], faults: Faults, requests: RequestLog, clock: Clock, jobs: JobQueue
    ) -> None:
        self._services = services
        self._faults = faults
        self._requests = requests
        self._clock = clock
        self._jobs = jobs

    @property
    def operations(self) -> list[Operation]:
        """The admin endpoint's operations, the services' own ones among them."""
        shared = [
            ("GET", "", self.index),
            ("GET", "faults", self.list_faults),
            ("POST", "faults", self.add_fault),
            ("DELETE", "faults", self.clear_faults),
            ("GET", "requests", self.list_requests),
            ("DELETE", "requests", self.clear_requests),
            ("GET", "options", self.list_options),
            ("PATCH", "options", self.change_options),
            ("POST", "clock", self.advance_clock),
            ("POST", "tokens/expire", self.expire_tokens),
            ("GET", "jobs", self.list_jobs),
        ]
        own = [
            dataclasses.replace(operation, path=f"/_admin/{service.name}/{operation.path}")
            for service in self._services
            for operation in service.admin_operations
        ]
        return [Operation(f"admin.{do.__name__}", method, f"/_admin/{path}", do) for method, path, do in shared] + own

    async def index(self, request: Request) -> Response:
        """Return where the services are."""
        base_url = f"{request.url.scheme}://{request.url.netloc}"
        return JSONResponse(
            {service.name: service.connection(base_url).as_json(service.name) for service in self._services}
        )

    async def list_faults(self, _: Request) -> Response:
        """Return the faults that are set."""
        return JSONResponse([dataclasses.asdict(fault) for fault in self._faults.all])

    async def add_fault(self, request: Request) -> Response:
        """Set a fault."""
        try:
            fault = fault_from_json(await json_object(request))
        except (TypeError, ValueError) as error:
            raise _bad(str(error)) from error
        self._faults.all.append(fault)
        return JSONResponse(dataclasses.asdict(fault))

    async def clear_faults(self, _: Request) -> Response:
        """Remove all faults."""
        self._faults.all.clear()
        return Response(status_code=204)

    async def list_requests(self, request: Request) -> Response:
        """Return the request log."""
        wanted = request.query_params.get("operation")
        entries = self._requests.entries
        return JSONResponse([entry.as_json() for entry in entries if wanted in (None, entry.operation)])

    async def clear_requests(self, _: Request) -> Response:
        """Empty the request log."""
        self._requests.entries.clear()
        return Response(status_code=204)

    async def list_options(self, _: Request) -> Response:
        """Return the switches of every service."""
        return JSONResponse({service.name: dataclasses.asdict(service.options) for service in self._services})

    async def change_options(self, request: Request) -> Response:
        """Change some switches."""
        try:
            set_options(self._services, await json_object(request))
        except ValueError as error:
            raise _bad(str(error)) from error
        return await self.list_options(request)

    async def advance_clock(self, request: Request) -> Response:
        """Move the clock."""
        seconds = (await json_object(request)).get("advance")
        if not isinstance(seconds, int | float):
            raise _bad('the clock takes {"advance": seconds}')
        self._clock.advance(seconds)
        return JSONResponse({"now": self._clock.stamp()})

    async def expire_tokens(self, _: Request) -> Response:
        """Make all tokens issued so far expired."""
        for service in self._services:
            service.expire_tokens()
        return Response(status_code=204)

    async def list_jobs(self, _: Request) -> Response:
        """Return the keys of the jobs that run or wait."""
        return JSONResponse(self._jobs.keys)


def set_options(services: Sequence[Service], changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Change switches of services.

    :param changes: new values by service and name.
    :raises ValueError: for a service, name or type that does not fit; nothing is changed then.
    """
    by_name = {service.name: service for service in services}
    for name, values in changes.items():
        if name not in by_name:
            raise ValueError(f"there is no service {name!r}; these exist: {', '.join(by_name)}")
        _check_options(by_name[name].options, values)
    for name, values in changes.items():
        for option, value in values.items():
            setattr(by_name[name].options, option, value)


def _check_options(options: Any, values: Mapping[str, Any]) -> None:
    present = dataclasses.asdict(options)
    for name, value in values.items():
        if name not in present:
            raise ValueError(f"there is no option {name!r}; these exist: {', '.join(present)}")
        expected = type(present[name])
        fits = isinstance(value, int | float) if expected is float else type(value) is expected
        if not fits:
            raise ValueError(f"the option {name} takes a {expected.__name__}, not {value!r}")


def _bad(message: str) -> ApiError:
    return ApiError(400, "BadRequestException", message)
