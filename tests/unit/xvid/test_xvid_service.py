"""The service as a client sees it: refusals, tokens, and who may see what."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from xvid_script import Script, refusal, reply, xml

from airflow_media.http.auth import Token
from airflow_media.http.call import Answer
from airflow_media.http.errors import (
    AuthenticationError,
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    PermissionDeniedError,
    ServerFaultError,
)
from airflow_media.xvid.api import get_job
from airflow_media.xvid.service import SERVICE, TokenRefusedError, XvidAuth, read_problem, same_code

SECRET = "c2VjcmV0+with/signs="
AUTH = XvidAuth("client", SECRET)


def test_the_token_is_asked_for_in_the_dialect_of_the_service() -> None:
    script = Script(reply({"access_token": "t0ken", "expires_in": "7200"}))
    assert script.run(AUTH.login()) == Token("t0ken", 7200.0)
    [call] = script.calls
    assert (call.method, call.url, call.authenticated) == ("POST", "/oauth2/token/", False)
    assert call.form == {"grant_type": "client_credential", "client_id": "client", "client_secret": SECRET}
    assert call.params == {"format": "json", "human": "false"}
    assert "Authorization" not in call.headers
    assert SECRET not in repr(call)


def test_the_secret_is_encoded_as_a_form_wants_it() -> None:
    from airflow_media.http.client import Client
    from airflow_media.http.exchange import GetToken, Send

    with Client(SERVICE, {"": "https://api.xvid.test/v1"}, AUTH) as client:
        step = next(client.exchange.token(GetToken(None, False), 0))
    assert isinstance(step, Send)
    assert isinstance(step.content, bytes)
    assert step.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(step.content.decode(), strict_parsing=True)["client_secret"] == [SECRET]


@pytest.mark.parametrize(
    ("scope", "sent"),
    [
        (None, None),
        ("", None),
        ("mediahub", "mediahub"),
        ("mediahub_read,mediahub_write", "mediahub_read,mediahub_write"),
        ("mediahub_read, mediahub_write me", "mediahub_read,mediahub_write,me"),
    ],
)
def test_scopes_are_separated_by_commas(scope: str | None, sent: str | None) -> None:
    script = Script(reply({"access_token": "t0ken"}))
    script.run(XvidAuth("client", SECRET, scope).login())
    assert (script.calls[0].form or {}).get("scope") == sent


def test_the_token_travels_in_a_header_only() -> None:
    assert AUTH.headers("t0ken") == {"Authorization": "Bearer t0ken"}
    assert AUTH.params("t0ken") == {}
    assert AUTH.secrets() == (SECRET,)


@pytest.mark.parametrize(("status", "refused"), [(403, True), (401, False), (404, False), (200, False)])
def test_a_token_that_is_no_longer_good_is_a_403(status: int, refused: bool) -> None:
    assert AUTH.refused(Answer(status, {})) is refused


@pytest.mark.parametrize(
    "answer",
    [
        refusal(403, "0x0000003", "Invalid access token"),
        refusal(403, "made-up", "no such client"),
        refusal(400),
        Answer(401, {}, b"who?"),
    ],
)
def test_any_refusal_of_a_login_means_the_credentials(answer: Answer) -> None:
    with pytest.raises(AuthenticationError, match=r"client id \(login\), client secret \(password\)") as raised:
        Script(answer).run(AUTH.login())
    assert raised.value.status == answer.status
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(refusal(500, "0x0000001", "Internal Error"), ServerFaultError), (NetworkFaultError("gone"), NetworkFaultError)],
)
def test_a_fault_of_the_service_is_no_matter_of_credentials(
    answer: Answer | MediaError, kind: type[MediaError]
) -> None:
    with pytest.raises(kind):
        Script(answer).run(AUTH.login())


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refusal(400), InvalidRequestError, "400 0x0230001: Invalid Input"),
        (refusal(403, "0x0000003", "Invalid access token"), TokenRefusedError, "scope"),
        (refusal(403, "0000003", "Invalid access token"), TokenRefusedError, "scope"),
        (refusal(403, "0x0000009", "Not yours"), PermissionDeniedError, "Not yours"),
        (refusal(404, "0x0050005", "Job does not exist"), NotFoundError, "404 0x0050005: Job does not exist"),
        (refusal(500, "0x0000001", "Internal Error"), ServerFaultError, "Internal Error"),
        (reply({"error": "flat"}, 404), NotFoundError, "flat"),
        (reply(["error"], 404), NotFoundError, "404"),
        (xml("<html>no</html>", 502), ServerFaultError, "502"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_service(answer: Answer, kind: type[MediaError], words: str) -> None:
    with pytest.raises(MediaError, match=words) as raised:
        Script(answer).run(get_job("1"))
    assert type(raised.value) is kind


def test_an_object_that_has_an_error_in_it_is_no_refusal() -> None:
    job = reply({"job": {"id": "1", "status": "FAILURE", "error_code": "7", "error_msg": "broken"}})
    assert Script(job).run(get_job("1")).error_msg == "broken"
    assert read_problem(job) is None


@pytest.mark.parametrize(
    ("one", "other"), [("0x0230001", "0230001"), ("0X0050005", "0x0050005"), (" 0060001", "0060001")]
)
def test_codes_are_compared_by_their_digits(one: str, other: str) -> None:
    assert same_code(one, other)
    assert not same_code(one, "0x0000001")
