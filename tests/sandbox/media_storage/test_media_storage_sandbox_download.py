"""Info and downloads: contents, headers, answers without content."""

from __future__ import annotations

import httpx
import pytest
from media_storage_client import StorageClient, error, media_path

FILE = media_path("files", "r1")
INFO = media_path("info", "r1")


def test_info_is_what_the_upload_answered(storage: StorageClient) -> None:
    for key in (None, "k"):
        uploaded = storage.upload(b"content", "r1", key).json()
        assert storage.get(media_path("info", "r1", key)).json() == uploaded


def test_a_download_is_the_file_and_no_more(storage: StorageClient) -> None:
    storage.stored(b"content", "r1", mime_type="video/quicktime")
    answer = storage.get(FILE, headers={"Range": "bytes=2-3"})
    assert (answer.status_code, answer.content) == (200, b"content")
    assert set(answer.headers) == {"content-type", "content-length", "date"}
    assert (answer.headers["content-type"], answer.headers["content-length"]) == ("video/quicktime", "7")


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("text/plain", "text/plain;charset=utf-8"),
        ("text/vtt; charset=latin-1", "text/vtt; charset=latin-1"),
        ("application/x-odd", "application/x-odd"),
    ],
)
def test_text_gains_a_charset(storage: StorageClient, stored: str, sent: str) -> None:
    assert storage.stored(b"x", "r1", mime_type=stored)["mime_type"] == stored
    assert storage.get(FILE).headers["content-type"] == sent


def test_head_tells_the_size(storage: StorageClient) -> None:
    storage.stored(b"content", "r1")
    answer = storage.call("HEAD", FILE)
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "7", b"")
    assert storage.call("HEAD", media_path("files", "r2")).status_code == 404


def test_what_is_not_there(shared_storage: StorageClient) -> None:
    for path in (FILE, INFO, media_path("files", "r1", "k"), media_path("info", "r1", "k")):
        answer = shared_storage.get(path)
        assert answer.status_code == 404
        assert set(error(answer)) == {"status", "title", "detail"}


def test_ranges_are_honoured_where_they_are_switched_on(storage: StorageClient) -> None:
    storage.options(ranges=True)
    storage.stored(b"content", "r1")
    whole = storage.get(FILE)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    rest = storage.get(FILE, headers={"Range": "bytes=2-", "If-Range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, b"ntent")
    assert (rest.headers["content-range"], rest.headers["content-type"]) == ("bytes 2-6/7", "video/mp4")
    assert storage.get(FILE, headers={"Range": "bytes=2-", "If-Range": '"other"'}).status_code == 200
    assert storage.get(FILE, headers={"Range": "bytes=9-"}).status_code == 416


@pytest.mark.parametrize("path", [INFO, FILE])
def test_a_client_may_prefer_no_content(storage: StorageClient, path: str) -> None:
    storage.stored(b"content", "r1")
    for preference in ("return=minimal", "respond-async, Return = Minimal"):
        answer = storage.get(path, headers={"Prefer": preference})
        assert_no_content(answer)
        assert answer.headers["preference-applied"] == "return=minimal"
    assert storage.get(path, headers={"Prefer": "return=representation"}).status_code == 200


@pytest.mark.parametrize(
    ("option", "silent", "speaking"), [("info_no_content", INFO, FILE), ("download_no_content", FILE, INFO)]
)
def test_answers_may_be_without_content_as_documented(
    storage: StorageClient, option: str, silent: str, speaking: str
) -> None:
    storage.stored(b"content", "r1")
    storage.options(**{option: True})
    assert_no_content(storage.get(silent))
    assert storage.get(speaking).status_code == 200
    assert storage.get(silent.replace("r1", "r2")).status_code == 404


def assert_no_content(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (204, b"")
    assert not {"content-type", "content-length"} & set(answer.headers)


@pytest.mark.parametrize("fault", ["truncate bytes=3", "stall bytes=3"])
def test_a_download_may_be_cut(storage: StorageClient, fault: str) -> None:
    storage.stored(b"content", "r1")
    storage.sandbox.admin.fault(f"{fault} on=media_storage.download times=1")
    with pytest.raises(httpx.TransportError):
        storage.get(FILE, timeout=0.3)
    assert storage.get(FILE).content == b"content"
