"""What an answer means: a success, or which error in whose words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_media.http.call import Answer, Call
from airflow_media.http.errors import (
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    MediaError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
)
from airflow_media.http.redact import REDACTOR
from airflow_media.http.service import EXCERPT, Problem, Service, error_class

CODES: dict[str, type[MediaError]] = {"BUSY": ConflictError, "SLOW": RateLimitedError}


def problem(answer: Answer) -> Problem | None:
    """Trusts its input, as a reader of error documents may."""
    document = answer.json()
    if "code" not in document:
        return None
    return Problem(document["message"].strip(), document["code"], CODES.get(document["code"]))


SERVICE = Service(name="Pixop", problem=problem)
CALL: Call[None] = Call(
    operation="get video", subject="video 7", method="GET", url="/", read=lambda answer: None, accept=frozenset({304})
)


def fault(status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> MediaError | None:
    return SERVICE.fault(CALL, Answer(status, headers or {}, content), now=0.0)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299, 304])
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"<html>", b"\xff"])
def test_a_success_or_an_accepted_status_is_no_fault(status: int, content: bytes) -> None:
    assert fault(status, content) is None


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (302, ProtocolError),
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, ServerFaultError),
        (409, ConflictError),
        (410, NotFoundError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, RateLimitedError),
        (500, ServerFaultError),
        (503, ServerFaultError),
        (599, ServerFaultError),
    ],
)
def test_a_status_means_a_class_of_errors(status: int, cls: type[MediaError]) -> None:
    assert error_class(status) is cls
    error = fault(status)
    assert type(error) is cls
    assert (error.service, error.operation, error.subject) == ("Pixop", "get video", "video 7")
    assert (error.status, error.code) == (status, "")
    assert "an answer without a body" in error.message


def test_the_code_of_the_service_wins_over_the_status() -> None:
    error = fault(400, b'{"code": "BUSY", "message": "It is being processed. "}')
    assert type(error) is ConflictError
    assert str(error) == "Pixop could not get video (video 7): 400 BUSY: It is being processed."


def test_an_unknown_code_leaves_the_class_to_the_status() -> None:
    error = fault(404, b'{"code": "NEW", "message": "what is this"}')
    assert type(error) is NotFoundError
    assert (error.code, error.message) == ("NEW", "what is this")


def test_an_error_inside_a_200_is_an_error_where_its_code_is_known() -> None:
    error = fault(200, b'{"code": "SLOW", "message": "later"}', {"retry-after": "9"})
    assert type(error) is RateLimitedError
    assert (error.status, error.retry_after) == (200, 9.0)
    assert fault(200, b'{"code": "READY", "message": "a document of another kind"}') is None


def test_retry_after_is_kept_on_the_error() -> None:
    answer = Answer(503, {"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"})
    error = SERVICE.fault(CALL, answer, now=40.0)
    assert error is not None
    assert error.retry_after == 60.0


def test_a_page_of_html_is_told_by_its_beginning() -> None:
    page = b"<html>\r\n  <head><title>502 Bad Gateway</title></head>\n" + b"<p>padding</p>\n" * 1000
    error = fault(502, page)
    assert error is not None
    assert error.message.startswith("<html> <head><title>502 Bad Gateway</title></head> <p>padding</p>")
    assert len(error.message) == EXCERPT + 1


def test_an_excerpt_holds_no_secret_and_no_half_of_one() -> None:
    secret = "s3cr3t-" * 8
    REDACTOR.add([secret])
    for before in range(EXCERPT - len(secret), EXCERPT + 1, 7):
        error = fault(500, b"x" * before + secret.encode())
        assert error is not None
        assert "s3cr3t" not in str(error)


def test_a_redirect_says_where_to() -> None:
    error = fault(301, headers={"location": "https://login.example.com/?token=abcdef"})
    assert type(error) is ProtocolError
    assert error.message == "redirected to https://login.example.com/?token=***, which is not followed"


def test_a_body_that_is_still_to_be_read_is_not_looked_into() -> None:
    pieces = iter([b'{"code": "BUSY", "message": "no"}'])
    assert SERVICE.fault(CALL, Answer(200, {}, chunks=pieces), now=0.0) is None
    assert next(pieces)


def test_a_service_without_an_error_format() -> None:
    error = Service(name="Plain").fault(CALL, Answer(404, {}, b"nothing here"), now=0.0)
    assert str(error).startswith("Plain could not get video (video 7): 404: nothing here. Check the id")


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(st.integers(100, 999), st.binary(), st.dictionaries(st.sampled_from(["retry-after", "location"]), st.text()))
def test_no_bytes_break_it(status: int, content: bytes, headers: dict[str, str]) -> None:
    error = fault(status, content, headers)
    assert (error is None) == (200 <= status < 300 or status == 304)
    assert error is None or str(error).startswith("Pixop could not get video")


@settings(deadline=None)
@given(st.integers(300, 999), json_values, json_values)
def test_no_error_document_breaks_it(status: int, code: Any, message: Any) -> None:
    for document in (code, {"code": code, "message": message}, {"code": "BUSY", "message": message}):
        error = fault(status, json.dumps(document).encode())
        assert (error is None) == (status == 304)
        assert error is None or str(error).startswith("Pixop could not get video")
