"""The form post: what is sent, to the byte, and what the storage's XML answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes

import pytest
from xvid_script import Script, session, xml

from airflow_media.http.call import Call
from airflow_media.http.document import Document
from airflow_media.http.downloads import ELSEWHERE
from airflow_media.http.errors import (
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
)
from airflow_media.http.redact import REDACTOR
from airflow_media.xvid.form import (
    LARGEST_DOCUMENT,
    LARGEST_FILE,
    FormReceipt,
    PolicyExpiredError,
    StorageRefusedError,
    check_size,
    post_form,
)
from airflow_media.xvid.models import UploadSession
from airflow_media.xvid.service import SERVICE


class Content:
    """A few bytes."""

    data = b"some video"
    size = len(data)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([self.data])


SESSION = UploadSession.read(Document(session().json()["upload"]))


def post() -> Call[FormReceipt]:
    """Make the call. Not once for all tests: its secrets are known from then on, and forgotten after many others."""
    return post_form(SESSION, Content(), media_type="video/mp4")


def error(code: str, message: str, more: str = "") -> str:
    return f'<?xml version="1.0"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>'


def refused(text: str, status: int) -> MediaError:
    with pytest.raises(MediaError) as raised:
        Script(xml(text, status)).run(post())
    return raised.value


def test_the_form_has_each_field_unchanged_then_the_file_and_nothing_else() -> None:
    call = post()
    assert call.body is not None
    with call.body.open() as pieces:
        sent = b"".join(pieces)
    assert len(sent) == call.body.length
    head = f"Content-Type: {call.body.content_type}\r\n\r\n".encode()
    parts = message_from_bytes(head + sent).get_payload()
    assert isinstance(parts, list)
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names == [*SESSION.form_post_params, "file"]
    values = [part.get_payload() for part in parts]
    assert values == [*SESSION.form_post_params.values(), "some video"]
    assert [list(part.keys()) for part in parts[:-1]] == [["Content-Disposition"]] * len(SESSION.form_post_params)
    assert parts[-1].get_filename() == "test.mp4"
    assert parts[-1].get_content_type() == "video/mp4"


def test_the_storage_is_told_nothing_about_us() -> None:
    call = post()
    assert (call.url, call.root, call.authenticated) == ("https://s3.example/bucket/", ELSEWHERE, False)
    assert SERVICE.headers.get(ELSEWHERE) is None
    assert (call.params, call.headers) == ({}, {})
    assert (call.may_repeat, call.bulk) == (True, True)


def test_the_form_is_never_printed() -> None:
    call = post()
    for name in ("policy", "signature"):
        value = SESSION.form_post_params[name]
        assert value not in repr(call)
        assert value not in REDACTOR.clean(f"the storage repeats {value}")


def test_what_the_storage_has_taken() -> None:
    text = (
        "<PostResponse><Location>https://s3.example/bucket/tmp%2Fk</Location><Bucket>bucket</Bucket>"
        '<Key>tmp/k</Key><ETag>"abc"</ETag></PostResponse>'
    )
    assert Script(xml(text, 201)).run(post()) == FormReceipt("tmp/k", '"abc"')
    named = text.replace("<PostResponse>", '<PostResponse xmlns="http://s3.amazonaws.com/doc/2006-03-01/">')
    assert Script(xml(named, 201)).run(post()) == FormReceipt("tmp/k", '"abc"')


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_answer_is_a_success_too(status: int) -> None:
    assert Script(xml("", status)).run(post()) == FormReceipt()


def test_a_policy_that_has_expired_is_an_error_of_its_own() -> None:
    fault = refused(error("AccessDenied", "Invalid according to Policy: Policy expired."), 403)
    assert isinstance(fault, PolicyExpiredError)
    assert "403 AccessDenied: Invalid according to Policy: Policy expired." in str(fault)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", "Access Denied"),
        ("AccessDenied", "Invalid according to Policy: Extra input fields: chunk"),
        ("InvalidAccessKeyId", "The key id you provided does not exist in our records."),
    ],
)
def test_a_form_that_is_refused_is_told_in_the_words_of_the_storage(code: str, message: str) -> None:
    fault = refused(error(code, message), 403)
    assert type(fault) is StorageRefusedError
    assert f"403 {code}: {message}" in str(fault)
    assert "object 'uploads/test.mp4'" in str(fault)
    assert "ask Xvid" in str(fault)


def test_of_a_wrong_signature_nothing_is_repeated() -> None:
    more = (
        f"<AWSAccessKeyId>AKIAEXAMPLE</AWSAccessKeyId><StringToSign>{SESSION.form_post_params['policy']}</StringToSign>"
        f"<SignatureProvided>{SESSION.form_post_params['signature']}</SignatureProvided>"
    )
    text = str(refused(error("SignatureDoesNotMatch", "It does not match.", more), 403))
    assert "SignatureDoesNotMatch: It does not match" in text
    assert not [value for value in SESSION.form_post_params.values() if len(value) > 12 and value in text]
    assert "AKIA" not in text


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("<ArgumentName>key</ArgumentName><ArgumentValue>x</ArgumentValue>", "Wrong. (key)"),
        ("<Condition>enclosure-type</Condition>", "Wrong. (enclosure-type)"),
        ("", "Wrong."),
    ],
)
def test_which_argument_is_meant_is_told(more: str, told: str) -> None:
    fault = refused(error("InvalidArgument", "Wrong.", more), 400)
    assert type(fault) is InvalidRequestError
    assert fault.message == told


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("RequestTimeout", 400, NetworkFaultError),
        ("SlowDown", 503, RateLimitedError),
        ("ServiceUnavailable", 503, ServerFaultError),
        ("InternalError", 500, ServerFaultError),
    ],
)
def test_what_may_pass_may_be_tried_again(code: str, status: int, kind: type[MediaError]) -> None:
    fault = refused(error(code, "Later."), status)
    assert type(fault) is kind
    assert fault.retryable


@pytest.mark.parametrize(
    "text",
    [
        "<html><body>502 Bad Gateway</body></html>",
        "<Error><Code>Half",
        "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]><Error><Code>&a;</Code></Error>",
        f"<Error><Code>Big</Code><Message>{'x' * LARGEST_DOCUMENT}</Message></Error>",
        "no document at all",
    ],
)
def test_what_is_no_answer_of_a_storage_is_told_by_its_status(text: str) -> None:
    fault = refused(text, 502)
    assert type(fault) is ServerFaultError
    assert fault.code == ""


def test_an_error_document_that_is_cut_shows_no_key() -> None:
    signature = SESSION.form_post_params["signature"]
    assert signature not in str(refused(f"<Error><SignatureProvided>{signature}</SignaturePro", 403))


def test_a_redirect_is_not_followed_blindly() -> None:
    assert isinstance(refused("<Error><Code>TemporaryRedirect</Code></Error>", 307), ProtocolError)


def test_a_file_that_is_too_large_is_refused() -> None:
    check_size(LARGEST_FILE)
    with pytest.raises(InvalidRequestError, match="5 GiB"):
        check_size(LARGEST_FILE + 1)
