"""How the service words refusals, what a new token mends, and who we say we are."""

from __future__ import annotations

from typing import Any

import pytest
from media_storage_script import Script, refusal

from airflow_media.http.auth import Token
from airflow_media.http.call import Answer
from airflow_media.http.errors import (
    ConflictError,
    InvalidRequestError,
    MediaError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
)
from airflow_media.media_storage.api import list_jobs
from airflow_media.media_storage.service import (
    SERVICE,
    BrokenRequestError,
    FormRefusedError,
    KeyAuth,
    NotAllowedError,
    TokenAuth,
    TokenRefusedError,
    exists_already,
    read_problem,
)
from support.script import reply


def fault_of(answer: Answer) -> MediaError:
    fault = SERVICE.fault(list_jobs(), answer, 0.0)
    assert fault is not None
    return fault


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequestError),
        (401, TokenRefusedError),
        (403, NotAllowedError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, InvalidRequestError),
        (429, RateLimitedError),
        (500, BrokenRequestError),
        (502, ServerFaultError),
        (503, ServerFaultError),
    ],
)
@pytest.mark.parametrize("shape", ["document", "flat", "html", "empty"])
def test_refusals_become_the_errors_that_they_mean_in_whatever_shape(
    status: int, error: type[MediaError], shape: str
) -> None:
    answers = {
        "document": refusal(status, "the text"),
        "flat": reply({"status": str(status), "type": "Some::Error", "detail": "the text"}, status),
        "html": Answer(status, {}, b"<html>\n  the text</html>"),
        "empty": Answer(status, {}),
    }
    fault = fault_of(answers[shape])
    assert type(fault) is error
    assert fault.status == status
    assert "Media storage could not list jobs" in str(fault)
    assert ("the text" in fault.message) is (shape != "empty")


@pytest.mark.parametrize("status", ["422", 422])
def test_the_status_in_a_document_may_be_a_number(status: Any) -> None:
    body = {
        "errors": [
            {"status": status, "title": "A", "detail": "is wrong", "source": {"pointer": "/page/size"}},
            {"status": status, "title": "B", "source": {"parameter": "sort"}},
        ]
    }
    fault = fault_of(reply(body, 422))
    assert fault.message == "is wrong (at /page/size); B (at sort)"
    assert fault.code == "A"


@pytest.mark.parametrize("pointer", ["/file", "/file/type", "/project_id", "/media"])
def test_a_form_that_lacks_a_part_is_an_error_of_its_own(pointer: str) -> None:
    fault = fault_of(refusal(422, "is missing", pointer))
    assert type(fault) is FormRefusedError
    assert "upload_fields" in str(fault)


def test_what_else_a_document_holds_is_not_printed() -> None:
    error = {"status": "500", "title": "PG::Error", "detail": "bad", "meta": {"backtrace": ["/srv/app.rb:7"]}}
    fault = fault_of(reply({"errors": [error], "meta": {"backtrace": ["/srv/app.rb:7"]}}, 500))
    assert "app.rb" not in str(fault)
    assert "the service's own log" in str(fault)


def test_a_failure_inside_is_odd_and_worth_another_try_but_not_many() -> None:
    fault = fault_of(refusal(500))
    assert isinstance(fault, ProtocolError)
    assert fault.retryable


@pytest.mark.parametrize("body", [[], "x", None, {"errors": "x"}, {"errors": [7]}, {"errors": []}, {}])
def test_other_bodies_are_no_problem_documents(body: Any) -> None:
    assert type(fault_of(reply(body, 422))) is InvalidRequestError


@pytest.mark.parametrize("status", [200, 204, 206, 302])
def test_a_success_is_no_problem(status: int) -> None:
    assert read_problem(reply({"errors": [{"detail": "x"}]}, status)) is None


def test_a_duplicate_is_told_in_two_ways() -> None:
    assert exists_already(fault_of(refusal(409)))
    assert exists_already(fault_of(refusal(422)))
    assert not exists_already(fault_of(refusal(400)))
    assert not exists_already(fault_of(refusal(503)))


def test_a_token_is_carried_as_it_is() -> None:
    auth = TokenAuth("the-token")
    assert Script().run(auth.login()) == Token("the-token")
    assert auth.headers("the-token") == {"Authorization": "Bearer the-token"}
    assert auth.params("the-token") == {}
    assert auth.secrets() == ("the-token",)
    assert not auth.refused(reply(status=401)), "there is no other token"


def test_a_key_is_exchanged_for_tokens() -> None:
    auth = KeyAuth("the-key", "https://iam.example/login")
    script = Script(reply({"meta": {"token": "t"}}))
    assert script.run(auth.login()) == Token("t", 3600)
    assert script.calls[0].url == "https://iam.example/login"
    assert auth.headers("t") == {"Authorization": "Bearer t"}
    assert auth.secrets() == ("the-key",)
    assert auth.refused(reply(status=401))
    assert not auth.refused(reply(status=403))


def test_a_key_that_is_refused_is_told_by_its_settings() -> None:
    with pytest.raises(TokenRefusedError, match="api_key and token_url"):
        Script(refusal(401)).run(KeyAuth("the-key", "https://iam.example/login").login())


def test_no_request_says_what_type_it_has_not() -> None:
    names = {name.lower() for headers in SERVICE.headers.values() for name in headers}
    assert names == {"accept"}
