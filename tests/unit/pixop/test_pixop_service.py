"""How Pixop words refusals, what a new token mends, and who we say we are."""

from __future__ import annotations

from base64 import b64encode

import pytest
from pixop_script import Script, refusal, reply

from airflow_media.http.auth import Token
from airflow_media.http.call import Answer
from airflow_media.http.errors import (
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    MediaError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerFaultError,
)
from airflow_media.pixop.api import get_video
from airflow_media.pixop.service import SERVICE, PixopAuth, default_roots, read_problem

AUTH = PixopAuth("ann@pixop.test", "pass:wörd", "t1")


@pytest.mark.parametrize(
    ("status", "exception", "error"),
    [
        (401, "NoJWTTokenFoundException", AuthenticationError),
        (401, "InvalidJWTTokenFoundException", AuthenticationError),
        (401, "EternalJWTTokenException", AuthenticationError),
        (401, "PrematureJWTTokenException", AuthenticationError),
        (401, "ExpiredJWTTokenException", AuthenticationError),
        (401, "InconsistentJWTClaimsException", AuthenticationError),
        (401, "UserBannedException", PermissionDeniedError),
        (401, "USERBANNEDEXCEPTION", PermissionDeniedError),
        (200, "UserBannedException", PermissionDeniedError),
        (401, "AuthException", AuthenticationError),
        (500, "AuthException", ServerFaultError),
        (400, "Whatever", InvalidRequestError),
        (403, "Whatever", PermissionDeniedError),
        (404, "Whatever", NotFoundError),
        (409, "Whatever", ConflictError),
        (429, "Whatever", RateLimitedError),
        (503, "Whatever", ServerFaultError),
    ],
)
def test_refusals_become_the_errors_that_they_mean(status: int, exception: str, error: type[MediaError]) -> None:
    fault = SERVICE.fault(get_video("v1"), refusal(status, exception, "the text"), 0.0)
    assert type(fault) is error
    assert (fault.code, fault.status, fault.message) == (exception, status, "the text")
    assert "Pixop could not get video (video v1)" in str(fault)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'["exception"]', b'{"exception": 5}', b'{"exception"', b'"exception"']
)
def test_other_bodies_are_no_problem_documents(content: bytes) -> None:
    assert read_problem(Answer(502, {}, content)) is None


def test_a_problem_without_a_text_is_told_by_its_name() -> None:
    problem = read_problem(reply({"exception": "X", "errorMessage": None}, 400))
    assert problem is not None
    assert problem.message == "X"


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (refusal(401, "ExpiredJWTTokenException"), True),
        (refusal(401, "InvalidJWTTokenFoundException"), True),
        (refusal(401, "PrematureJWTTokenException"), True),
        (refusal(401, "NoJWTTokenFoundException"), True),
        (Answer(401, {}), True),
        (Answer(401, {}, b"<html>"), True),
        (refusal(401, "UserBannedException"), False),
        (refusal(401, "EternalJWTTokenException"), False),
        (refusal(401, "InconsistentJWTClaimsException"), False),
        (refusal(401, "AuthException"), False),
        (refusal(403, "ExpiredJWTTokenException"), False),
        (reply({}), False),
    ],
)
def test_a_new_token_is_obtained_only_where_it_helps(answer: Answer, refused: bool) -> None:
    assert AUTH.refused(answer) is refused


def test_log_in_gives_a_token_of_a_quarter_of_an_hour() -> None:
    script = Script(reply({"userId": "u", "teamId": "t1", "jwtToken": "JWT"}))
    assert script.run(AUTH.login()) == Token("JWT", 900.0)
    (call,) = script.calls
    assert call.params == {"team-id": "t1"}
    assert call.authenticated is False
    assert AUTH.headers("JWT") == {"Authorization": "Bearer JWT"}
    assert AUTH.params("JWT") == {}


@pytest.mark.parametrize("team", [None, ""])
def test_without_a_team_the_default_one_applies(team: str | None) -> None:
    script = Script(reply({"jwtToken": "JWT"}))
    script.run(PixopAuth("e", "p", team).login())
    assert script.calls[0].params == {}


def test_secrets_are_those_that_are_sent() -> None:
    assert AUTH.secrets() == ("pass:wörd", b64encode("ann@pixop.test:pass:wörd".encode()).decode())
    script = Script(reply({"jwtToken": "JWT"}))
    script.run(AUTH.login())
    assert script.calls[0].headers["Authorization"] == f"Basic {AUTH.secrets()[1]}"


def test_roots_and_headers_of_the_three_services() -> None:
    assert default_roots() == {
        "accounts": "https://staging-api.pixop.com/accounts",
        "videos": "https://staging-api.pixop.com/videos",
        "media": "https://staging-api.pixop.com/media",
    }
    assert default_roots("http://127.0.0.1:8123/prefix/")["media"] == "http://127.0.0.1:8123/prefix/media"
    wanted = {"Accept": "application/json", "Content-Type": "application/json"}
    assert SERVICE.headers == {"accounts": wanted, "videos": wanted, "media": {}}
