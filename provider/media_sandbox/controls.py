"""Controls that services have in common, for the admin endpoint.

======  =============  =====================================================================
method  path           effect
======  =============  =====================================================================
GET     ``outcomes``   the outcomes that are set
POST    ``outcomes``   set one: the fields of :class:`media_sandbox.outcomes.Outcome`
DELETE  ``outcomes``   remove all
POST    ``release``    let the work go on that is stuck
======  =============  =====================================================================
"""

from __future__ import annotations

import dataclasses

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from media_sandbox.outcomes import Outcome, Outcomes
from media_sandbox.web import ApiError, Handler, Operation, json_object


def control(service: str, method: str, path: str, handler: Handler) -> Operation:
    """Return an operation of the admin endpoint.

    :param service: the service's name.
    :param path: relative to ``/_admin/<service>/``.
    """
    return Operation(f"admin.{service}.{handler.__name__}", method, path, handler)


def outcome_controls(service: str, outcomes: Outcomes) -> list[Operation]:
    """Return the controls of what becomes of a service's work."""

    async def list_outcomes(_: Request) -> Response:
        """Return the outcomes that are set."""
        return JSONResponse([dataclasses.asdict(outcome) for outcome in outcomes.all])

    async def add_outcome(request: Request) -> Response:
        """Set an outcome."""
        try:
            outcome = Outcome(**await json_object(request))
            outcomes.add(outcome)
        except (TypeError, ValueError) as error:
            raise ApiError(400, "BadRequestException", str(error)) from error
        return JSONResponse(dataclasses.asdict(outcome))

    async def clear_outcomes(_: Request) -> Response:
        """Remove all outcomes."""
        outcomes.all.clear()
        return Response(status_code=204)

    async def release(_: Request) -> Response:
        """Let the work go on that is stuck."""
        outcomes.release()
        return Response(status_code=204)

    return [
        control(service, "GET", "outcomes", list_outcomes),
        control(service, "POST", "outcomes", add_outcome),
        control(service, "DELETE", "outcomes", clear_outcomes),
        control(service, "POST", "release", release),
    ]
