"""What each operation sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from media_storage_script import JOB_ID, Script, document, job_document, media_document, parameters, single, values

from airflow_media.http.call import Answer, Call
from airflow_media.http.errors import InvalidRequestError, MediaError, ProtocolError
from airflow_media.media_storage import api
from support.script import reply


class Content:
    """A few bytes."""

    data = b"some video"
    size = len(data)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([self.data])


def upload(**changes: Any) -> Call[Any]:
    return api.upload_media("r", None, Content(), filename="clip.mov", media_type="video/quicktime", **changes)


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        (api.list_jobs(), "GET /jobs"),
        (api.get_job(JOB_ID), f"GET /jobs/{JOB_ID}"),
        (api.delete_job(JOB_ID), f"DELETE /jobs/{JOB_ID}"),
        (api.list_medias(), "GET /medias"),
        (api.media_info("r"), "GET /medias/info/r"),
        (api.media_info("r", "k"), "GET /medias/info/r/k"),
        (api.media_info("r", ""), "GET /medias/info/r"),
        (api.download_media("r"), "GET /medias/files/r"),
        (api.download_media("r", "k"), "GET /medias/files/r/k"),
        (upload(), "POST /medias/files/r"),
    ],
)
def test_each_operation_has_its_method_and_path(call: Call[Any], asked: str) -> None:
    assert f"{call.method} {call.url}" == asked
    assert "content-type" not in {name.lower() for name in call.headers}
    assert call.params == {}
    assert call.may_repeat is (call.method != "POST")


def test_a_listing_is_asked_for_with_everything() -> None:
    call = api.list_jobs(
        page_number=3,
        page_size=50,
        sort="-priority",
        count=True,
        fields=("status",),
        status__in=["pending", "running"],
        created_at__gte="2026-01-01T00:00:00Z",
        error=None,
    )
    assert sorted(parameters(call)) == sorted(
        [
            ("filter[status__in][]", "pending"),
            ("filter[status__in][]", "running"),
            ("filter[created_at__gte]", "2026-01-01T00:00:00Z"),
            ("filter[error]", ""),
            ("page[number]", "3"),
            ("page[size]", "50"),
            ("sort", "-priority"),
            ("count", "true"),
            ("fields[media:jobs][]", "status"),
        ]
    )
    assert "filter%5Berror%5D&" in call.url


def test_one_job_can_be_asked_for_sparsely() -> None:
    call = api.get_job(JOB_ID, fields=("status", "progress"), included=("owner",))
    assert values(call, "fields[media:jobs][]") == ["status", "progress"]
    assert values(call, "included[]") == ["owner"]


def test_a_deleted_job_may_be_gone_already() -> None:
    Script(reply(status=204)).run(api.delete_job(JOB_ID))
    Script(reply({"errors": []}, 404)).run(api.delete_job(JOB_ID))


# Segments of a path


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("a b+ü%.mp4", "a%20b%2B%C3%BC%25.mp4"),
        ("?#[]@!$&'()*,;=:", "%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3D%3A"),
        ("%2F", "%252F"),
        ("...", "..."),
        (".hidden", ".hidden"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("a~b_c-d.e", "a~b_c-d.e"),
        (" ", "%20"),
    ],
)
def test_a_name_is_one_segment_encoded_once(name: str, sent: str) -> None:
    assert api.media_info(name, name).url == f"/medias/info/{sent}/{sent}"
    assert api.get_job(name).url == f"/jobs/{sent}"


@pytest.mark.parametrize("name", [".", "..", "a/b", "/", "a\\b", "\0", "a\nb", "\x7f", "\x85", "\ud800", 7, b"x"])
def test_a_name_that_would_be_another_one_on_the_way_is_refused(name: Any) -> None:
    for make in (api.get_job, api.delete_job, api.media_info, api.download_media, lambda key: api.media_info("r", key)):
        with pytest.raises(InvalidRequestError, match="the ") as fault:
            make(name)
        assert "one segment of a path" in str(fault.value)


@pytest.mark.parametrize("name", ["", None])
def test_an_empty_resource_or_job_is_refused(name: Any) -> None:
    for make in (api.get_job, api.delete_job, api.media_info, api.download_media):
        with pytest.raises(InvalidRequestError, match="is empty"):
            make(name)


@given(st.text(min_size=1))
def test_any_name_comes_back_as_it_was_or_is_refused(name: str) -> None:
    try:
        url = api.media_info(name, name).url
    except MediaError:
        assume(False)
    segments = urlsplit(url).path.split("/")
    assert [unquote(segment) for segment in segments] == ["", "medias", "info", name, name]
    assert url.isascii()


# Info and download without content


def test_info_without_content_says_nothing_and_that_is_no_error() -> None:
    assert Script(reply(status=204)).run(api.media_info("r")) is None
    media = Script(single(media_document())).run(api.media_info("r"))
    assert media is not None
    assert media.filename == "clip.mov"


def test_a_download_without_content_is_an_error_unless_the_file_is_empty() -> None:
    nothing = Answer(204, {})
    assert Script(nothing).run(api.download_media("r", empty=True)) is nothing
    with pytest.raises(ProtocolError, match="empty_downloads") as fault:
        api.download_media("r").read(nothing)
    assert fault.value.status == 204


def test_a_download_takes_any_type() -> None:
    call = api.download_media("r")
    assert (call.headers, call.bulk) == ({"Accept": "*/*"}, True)


# Upload


def form_of(call: Call[Any]) -> list[Any]:
    assert call.body is not None
    with call.body.open() as pieces:
        sent = b"".join(pieces)
    assert len(sent) == call.body.length
    parts = message_from_bytes(f"Content-Type: {call.body.content_type}\r\n\r\n".encode() + sent).get_payload()
    assert isinstance(parts, list)
    return parts


def test_the_form_has_one_part_with_name_file_name_and_type() -> None:
    [part] = form_of(upload())
    assert part.get_param("name", header="content-disposition") == "media"
    assert (part.get_filename(), part.get_content_type()) == ("clip.mov", "video/quicktime")
    assert part.get_payload(decode=True) == Content.data


def test_the_part_can_have_another_name_and_others_before_it() -> None:
    first, second = form_of(upload(field_name="file", fields={"project_id": "p1"}))
    assert (first.get_param("name", header="content-disposition"), first.get_payload()) == ("project_id", "p1")
    assert second.get_param("name", header="content-disposition") == "file"


def test_an_upload_is_not_sent_twice_by_itself() -> None:
    assert (upload().may_repeat, upload().bulk) == (False, True)
    assert len(Script(single(media_document())).run(upload()).medias) == 1


# The key


def test_a_key_is_exchanged_without_a_token_at_another_address() -> None:
    call = api.exchange_key("https://iam.example/login", "the-key")
    assert (call.url, call.authenticated, call.may_repeat) == ("https://iam.example/login", False, True)
    assert call.json == {"api_key": "the-key", "token_expiration": 3600}
    assert "the-key" not in repr(call)
    assert Script(reply({"meta": {"token": "t"}})).run(call) == "t"


@pytest.mark.parametrize("body", [{}, {"meta": {}}, {"meta": {"token": ""}}, {"data": {"token": "t"}}, []])
def test_an_exchange_without_a_token_is_an_error(body: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        api.exchange_key("https://iam.example/login", "the-key").read(reply(body))


def test_a_listing_is_read_into_records() -> None:
    page = Script(document(job_document())).run(api.list_jobs())
    assert [job.id for job in page.items] == [JOB_ID]
    medias = Script(document(media_document())).run(api.list_medias(resource="46df.mov"))
    assert [media.resource for media in medias.items] == ["46df.mov"]
