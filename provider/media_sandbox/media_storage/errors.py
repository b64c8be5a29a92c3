"""Refusals, as JSON:API error objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from media_sandbox.web import ApiError

VALIDATION: Final = "Validation failed"


class StorageError(ApiError):
    """A refusal that may say which part of the request it is about.

    :param source: the error object's ``source``: a ``pointer``, and a ``parameter`` where a query parameter is meant.
    """

    def __init__(self, status: int, title: str, detail: str, source: Mapping[str, str] | None = None) -> None:
        super().__init__(status, title, detail)
        self.source = dict(source or {})


def invalid_parameter(parameter: str, detail: str) -> StorageError:
    """Return the refusal of a query parameter.

    :param parameter: its name as it is written in the URL, ``page[size]``.
    """
    pointer = "/" + parameter.replace("][", "/").replace("[", "/").rstrip("]")
    return StorageError(422, VALIDATION, detail, {"pointer": pointer.rstrip("/"), "parameter": parameter})


def invalid_body(pointer: str, detail: str) -> StorageError:
    """Return the refusal of a part of the body."""
    return StorageError(422, VALIDATION, detail, {"pointer": pointer})


def bad_request(detail: str) -> StorageError:
    """Return the refusal of a request that cannot be read."""
    return StorageError(400, "Bad request", detail)


def not_authenticated(detail: str) -> StorageError:
    """Return the refusal of a request without valid credentials."""
    return StorageError(401, "Not authenticated", detail)


def forbidden(detail: str) -> StorageError:
    """Return the refusal of what the account may not do."""
    return StorageError(403, "Forbidden", detail)


def not_found(detail: str) -> StorageError:
    """Return the refusal of what does not exist."""
    return StorageError(404, "Not found", detail)


def database_error(detail: str) -> StorageError:
    """Return the failure of a query that the real database would not run."""
    return StorageError(500, "Database error", detail)
