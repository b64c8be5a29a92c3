"""Refusals: the documented answers, each with its reason in a header, since the body has no place for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from media_sandbox.web import ApiError

REASON_HEADER: Final = "X-Sandbox-Reason"
CODE: Final = re.compile(r"(0x)?[0-9a-f]{7}", re.ASCII)

INVALID_TOKEN: Final = ("0x0000003", "Invalid access token")
INTERNAL: Final = ("0x0000001", "Internal Error")
NO_SUCH_PATH: Final = ("0x0000004", "Requested resource does not exist")
"""Not in the documentation."""
WRONG_METHOD: Final = ("0x0000005", "Method not allowed")
"""Not in the documentation."""

BY_STATUS: Final = {403: INVALID_TOKEN, 404: NO_SUCH_PATH, 405: WRONG_METHOD, 500: INTERNAL}
"""The code and message where the sandbox itself answers, in place of an operation."""


@dataclass(frozen=True)
class Area:
    """A part of the API with error codes of its own.

    :param invalid: the code of a 400.
    :param missing: the code of a 404.
    :param message: what a 404 says.
    """

    invalid: str
    missing: str
    message: str

    def refuse(self, reason: str) -> ApiError:
        """Return the 400 for a request that is wrong in itself."""
        return ApiError(400, self.invalid, "Invalid Input", because(reason))

    def absent(self, reason: str) -> ApiError:
        """Return the 404 for an object that is not there."""
        return ApiError(404, self.missing, self.message, because(reason))


FILES: Final = Area("0x0230001", "0x0230002", "Requested file does not exist")
JOBS: Final = Area("0x0050001", "0x0050005", "Job does not exist")
JOB_DELETION: Final = Area("0050001", "0x0050005", "Job does not exist")
"""The manual prints the first of these without its prefix, in this place only."""
TOKENS: Final = Area("0x0010001", "0x0010002", "Requested client does not exist")
"""The codes are not in the documentation, as are those below."""
PIPELINES: Final = Area("0x0070001", "0x0070002", "Requested pipeline does not exist")
PRESETS: Final = Area("0x0080001", "0x0080002", "Requested preset does not exist")


def because(reason: str) -> dict[str, str]:
    """Return the header that tells people why."""
    return {REASON_HEADER: reason.encode("unicode_escape").decode("ascii")}


def forbidden(reason: str) -> ApiError:
    """Return the 403 for a token that is absent, wrong, expired or not enough."""
    code, message = INVALID_TOKEN
    return ApiError(403, code, message, because(reason))


def error_body(error: ApiError, *, bare: bool) -> dict[str, Any]:
    """Return the body of an answer that refuses the request.

    :param bare: whether the code comes without its prefix.
    """
    if CODE.fullmatch(error.name):
        code, message = error.name, error.message
    else:
        code, message = BY_STATUS.get(error.status, (INTERNAL[0], error.message))
    return {"error": {"error_code": code.removeprefix("0x") if bare else code, "error_message": message}}


class S3Error(ApiError):
    """A refusal by the bucket.

    :param details: further elements of the answer, in order.
    """

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(status, code, message)
        self.details = dict(details or {})
