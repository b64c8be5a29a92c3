"""Errors of the cielo24 API: ``ErrorType`` says which, ``ErrorComment`` says it to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse, Response

from media_sandbox.web import ApiError

LOGIN_INVALID: Final = "LOGIN_INVALID"
ACCOUNT_UNPRIVILEGED: Final = "ACCOUNT_UNPRIVILEGED"
BAD_API_TOKEN: Final = "BAD_API_TOKEN"
INVALID_QUERY: Final = "INVALID_QUERY"
INVALID_OPTION: Final = "INVALID_OPTION"
MISSING_PARAMETER: Final = "MISSING_PARAMETER"
INVALID_URL: Final = "INVALID_URL"
ITEM_NOT_FOUND: Final = "ITEM_NOT_FOUND"
UNHANDLED_ERROR: Final = "UNHANDLED_ERROR"

LAST_WORDS: Final = {"Connection": "close"}
"""The header of an answer that comes before the request's body was read."""


def refusal(type_: str, comment: str, headers: Mapping[str, str] | None = None) -> ApiError:
    """Return the error for what a caller did wrong; the service answers 400 to all of that."""
    return ApiError(400, type_, comment, headers)


def missing(name: str) -> ApiError:
    """Return the error for a parameter that is required."""
    return refusal(MISSING_PARAMETER, f"the parameter {name} is required")


def render(error: ApiError) -> Response:
    """Return the error as ``{"ErrorType", "ErrorComment"}``, also those that the sandbox's shared parts raise."""
    type_ = error.name
    if type_.endswith("Exception"):
        type_ = UNHANDLED_ERROR if error.status >= 500 else INVALID_QUERY
    body = {"ErrorType": type_, "ErrorComment": error.message}
    return JSONResponse(body, status_code=error.status, headers=error.headers)
