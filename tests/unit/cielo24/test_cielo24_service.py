"""How cielo24 words refusals, what a new token mends, and who we say we are."""

from __future__ import annotations

import pytest
from cielo24_script import JOB, Script, refusal, reply

from airflow_media.cielo24.api import get_job
from airflow_media.cielo24.service import SERVICE, Cielo24Auth, read_problem
from airflow_media.http.auth import Token
from airflow_media.http.call import Answer
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

AUTH = Cielo24Auth("ann", password="pass-word")


@pytest.mark.parametrize(
    ("status", "error_type", "error"),
    [
        (400, "LOGIN_INVALID", AuthenticationError),
        (400, "BAD_API_TOKEN", AuthenticationError),
        (400, "ACCOUNT_UNPRIVILEGED", PermissionDeniedError),
        (400, "NOT_PARENT_ACCOUNT", PermissionDeniedError),
        (400, "ITEM_NOT_FOUND", NotFoundError),
        (404, "ITEM_NOT_FOUND", NotFoundError),
        (400, "ACCOUNT_DOES_NOT_EXIST", NotFoundError),
        (400, "NO_CHILDREN_FOUND", NotFoundError),
        (400, "ACCOUNT_EXISTS", ConflictError),
        (400, "UNHANDLED_ERROR", ServerFaultError),
        (400, "INVALID_QUERY", InvalidRequestError),
        (400, "INVALID_OPTION", InvalidRequestError),
        (400, "MISSING_PARAMETER", InvalidRequestError),
        (400, "INVALID_URL", InvalidRequestError),
        (400, "NOT_IMPLEMENTED", InvalidRequestError),
        (400, "SOMETHING_NEW", InvalidRequestError),
        (422, "INVALID_QUERY", InvalidRequestError),
        (404, "INVALID_QUERY", ProtocolError),
        (405, "INVALID_QUERY", InvalidRequestError),
        (429, "INVALID_QUERY", RateLimitedError),
        (500, "UNHANDLED_ERROR", ServerFaultError),
        (503, "INVALID_QUERY", ServerFaultError),
        (503, "ITEM_NOT_FOUND", ServerFaultError),
        (200, "ITEM_NOT_FOUND", NotFoundError),
        (200, "BAD_API_TOKEN", AuthenticationError),
        (200, "INVALID_QUERY", InvalidRequestError),
        (200, "SOMETHING_NEW", InvalidRequestError),
    ],
)
def test_refusals_become_the_errors_that_they_mean(status: int, error_type: str, error: type[MediaError]) -> None:
    fault = SERVICE.fault(get_job(JOB), refusal(error_type, "the text", status), 0.0)
    assert type(fault) is error
    assert (fault.code, fault.status, fault.message) == (error_type, status, "the text")
    assert f"cielo24 could not get job (job {JOB})" in str(fault)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b'["ErrorType"]', b'{"ErrorType": 5}', b'{"ErrorType": ""}', b'{"ErrorType"', b"\xff{"],
)
def test_other_bodies_are_no_problem_documents(content: bytes) -> None:
    assert read_problem(Answer(502, {}, content)) is None
    assert not AUTH.refused(Answer(400, {}, content))


def test_a_problem_without_a_comment_is_told_by_its_type() -> None:
    problem = read_problem(reply({"ErrorType": "INVALID_URL", "ErrorComment": None}, 400))
    assert problem is not None
    assert problem.message == "INVALID_URL"


def test_a_web_page_with_502_is_a_fault_of_the_service_and_told_by_its_first_words() -> None:
    fault = SERVICE.fault(get_job(JOB), Answer(502, {}, b"<html><h1>Bad Gateway</h1></html>"), 0.0)
    assert isinstance(fault, ServerFaultError)
    assert fault.retryable
    assert "Bad Gateway" in str(fault)


@pytest.mark.parametrize("status", [404, 410])
def test_an_address_that_is_not_there_does_not_mean_that_a_job_is_gone(status: int) -> None:
    fault = SERVICE.fault(get_job(JOB), Answer(status, {}, b"<html>Not Found</html>"), 0.0)
    assert isinstance(fault, ProtocolError)
    assert "proxy" in str(fault)


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (refusal("BAD_API_TOKEN"), True),
        (refusal("BAD_API_TOKEN", status=200), True),
        (refusal("LOGIN_INVALID"), False),
        (refusal("ACCOUNT_UNPRIVILEGED"), False),
        (Answer(401, {}), False),
        (reply({"TaskId": "1"}), False),
    ],
)
def test_a_new_token_is_obtained_only_where_it_helps(answer: Answer, refused: bool) -> None:
    assert AUTH.refused(answer) is refused


def test_log_in_gives_a_token_that_dies_when_it_is_not_used_for_an_hour() -> None:
    script = Script(reply({"ApiToken": "7ca5dc5c"}))
    assert script.run(AUTH.login()) == Token("7ca5dc5c", idle=3600.0)
    (call,) = script.calls
    assert (call.method, call.url, call.params) == ("GET", "/api/account/login", {"v": "1"})
    assert call.headers == {"x-auth-user": "ann", "x-auth-password": "pass-word"}
    assert call.authenticated is False
    assert AUTH.params("7ca5dc5c") == {"api_token": "7ca5dc5c"}
    assert AUTH.headers("7ca5dc5c") == {}


def test_log_in_with_an_api_key_sends_no_password() -> None:
    auth = Cielo24Auth("ann", securekey="b7d1c5")
    script = Script(reply({"ApiToken": "7ca5dc5c"}))
    script.run(auth.login())
    assert script.calls[0].headers == {"x-auth-user": "ann", "x-auth-securekey": "b7d1c5"}
    assert auth.secrets() == ("b7d1c5",)


def test_secrets_are_those_that_are_sent() -> None:
    assert AUTH.secrets() == ("pass-word",)
    assert SERVICE.secret_params >= {"api_token", "media_url", "callback_url"}


def test_the_other_spelling_of_the_token_is_not_read() -> None:
    with pytest.raises(ValueError, match="ApiToken is missing"):
        Script(reply({"api_token": "7ca5dc5c"})).run(AUTH.login())
