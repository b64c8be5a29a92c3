"""The ASGI application: routes a request to its service, logs it, and lets faults happen on the way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from email.utils import formatdate

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from media_sandbox.clock import Clock
from media_sandbox.faults import Faults, HungUp, Wire, inflict
from media_sandbox.requestlog import RequestLog
from media_sandbox.web import ApiError, Operation, Router, Service, json_error

log = logging.getLogger(__name__)


class Application:
    """Answers for all services, each under its own prefix, and for the admin endpoint under ``/_admin``."""

    def __init__(
        self,
        services: Sequence[Service],
        admin: Sequence[Operation],
        faults: Faults,
        requests: RequestLog,
        clock: Clock,
    ) -> None:
        self._faults = faults
        self._requests = requests
        self._services = {service.name: service for service in services}
        self._clock = clock
        self._router = Router()
        for service in services:
            self._router.add(service.operations)
        self._admin = Router()
        self._admin.add(admin)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        send = _dated(send)
        prefix = scope["raw_path"].decode("ascii").lstrip("/").partition("/")[0]
        if prefix == "_admin":
            await self._answer(Wire(scope, receive, send), self._admin, None)
        else:
            await self._serve(Wire(scope, receive, send), self._services.get(prefix))

    async def _serve(self, wire: Wire, service: Service | None) -> None:
        request = Request(wire.scope)
        path = wire.scope["raw_path"].decode("ascii")
        try:
            name = self._router.match(request.method, path)[0].name
        except ApiError:
            name = None
        entry = self._requests.begin(request, name, self._clock.stamp())
        wire = Wire(wire.scope, entry.watch_receive(wire.receive), entry.watch_send(wire.send))
        fault = self._faults.take(name, request.method, path) if name else None
        if fault is None or service is None:
            await self._answer(wire, self._router, service)
            return
        entry.fault = fault.kind
        try:
            wire, response = await inflict(fault, wire, service)
            if response is None:
                await self._answer(wire, self._router, service)
            else:
                await response(wire.scope, wire.receive, wire.send)
        except ApiError as error:
            error.request = request
            await service.render_error(error)(wire.scope, wire.receive, wire.send)
        except HungUp:
            log.info("%s %s: the connection was ended by the fault %s", request.method, path, fault.kind)

    async def _answer(self, wire: Wire, router: Router, service: Service | None) -> None:
        request = Request(wire.scope, wire.receive)
        try:
            response = await self._work(request, router, service)
        except ClientDisconnect:
            log.info("%s %s: the client went away", request.method, request.url.path)
            return
        await response(wire.scope, wire.receive, wire.send)

    async def _work(self, request: Request, router: Router, service: Service | None) -> Response:
        render = service.render_error if service else json_error
        try:
            operation, parameters = router.match(request.method, request.scope["raw_path"].decode("ascii"))
            request.scope["path_params"] = parameters
            return await operation.handler(request)
        except ApiError as error:
            error.request = request
            return render(error)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("%s %s failed", request.method, request.url.path)
            failure = ApiError(500, "ServiceException", "the sandbox failed; its log says why")
            failure.request = request
            return render(failure)


def _dated(send: Send) -> Send:
    async def dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"date", formatdate(usegmt=True).encode("ascii"))]
        await send(message)

    return dated
