"""The headers that the API reference calls required."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from media_sandbox.web import ApiError

JSON_RANGES: Final = ("application/json", "application/*", "*/*")


def check_accept(request: Request) -> None:
    """Demand that the client accepts JSON.

    :raises ApiError: 406 when it does not say so.
    """
    accept = ",".join(request.headers.getlist("accept"))
    if not any(_accepts_json(item) for item in accept.split(",")):
        raise ApiError(406, "NotAcceptableException", "the header Accept must allow application/json")


def check_content_type(request: Request, expected: str) -> None:
    """Demand a media type, whatever its parameters.

    :raises ApiError: 415 when the request has another or none.
    """
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != expected:
        message = f"the header Content-Type must be {expected}, not {given or 'absent'}"
        raise ApiError(415, "UnsupportedMediaTypeException", message)


def _accepts_json(item: str) -> bool:
    media_range, *parameters = (part.strip().lower() for part in item.split(";"))
    refused = any(parameter.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters)
    return media_range in JSON_RANGES and not refused
