"""Uploads: what a form must have, what becomes of it, and the ways of other deployments and versions."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from media_storage_client import StorageClient, error, flat, media_path, wait_until

from media_sandbox.media_storage.fixtures import OTHER
from media_sandbox.testing import RunningSandbox

URL = media_path("files", "r1")
END = b"--limit--\r\n"


def part(disposition: str, content: bytes = b"content", content_type: str | None = "video/mp4") -> bytes:
    """Return one part of a form whose boundary is ``limit``."""
    type_line = f"Content-Type: {content_type}\r\n" if content_type else ""
    head = f"--limit\r\nContent-Disposition: form-data; {disposition}\r\n{type_line}\r\n"
    return head.encode() + content + b"\r\n"


def send(client: StorageClient, body: bytes | Iterator[bytes], path: str = URL) -> tuple[int, dict[str, object]]:
    """Send a form as it stands; return the status and the error's source, or the media's attributes."""
    headers = {"Content-Type": "multipart/form-data; boundary=limit"}
    answer = client.call("POST", path, content=body, headers=headers)
    if answer.is_success:
        return answer.status_code, flat(answer.json()["data"])
    return answer.status_code, error(answer).get("source", {})


def test_an_upload_makes_a_media(storage: StorageClient) -> None:
    answer = storage.upload(b"content", "46df.mov", filename="clip.mov", mime_type="video/quicktime")
    assert answer.status_code == 200
    assert set(answer.json()) == {"data"}
    media = answer.json()["data"]
    assert set(media) == {"type", "id", "attributes"}
    assert media["type"] == "media:medias"
    assert media["id"].endswith(".mov")
    assert media["attributes"].pop("created_at").endswith("Z")
    assert media["attributes"] == {
        "resource": "46df.mov",
        "key": "",
        "filename": "clip.mov",
        "size": 7,
        "mime_type": "video/quicktime",
        "created_by": 7,
        "created_role": "user",
        "public": False,
        "updated_at": None,
        "project_id": "p1",
    }


def test_an_empty_file_is_a_file(storage: StorageClient) -> None:
    assert storage.stored(b"", "r1")["size"] == 0
    answer = storage.get(URL)
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "0", b"")


def test_a_file_of_many_chunks_arrives_whole(storage: StorageClient) -> None:
    content = hashlib.shake_256(b"seed").digest(5_000_000)
    assert storage.stored(content, "sized")["size"] == len(content)
    assert storage.get(media_path("files", "sized")).content == content
    pieces = (content[start : start + 70_001] for start in range(0, len(content), 70_001))

    def body() -> Iterator[bytes]:
        yield part('name="media"; filename="a.mp4"', b"")[:-2]
        yield from pieces
        yield b"\r\n" + END

    status, media = send(storage, body(), media_path("files", "chunked"))
    assert (status, media["size"]) == (200, len(content))
    assert storage.sandbox.admin.requests("media_storage.upload")[-1]["headers"]["transfer-encoding"] == "chunked"
    assert storage.get(media_path("files", "chunked")).content == content


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('name="media"; filename="a b.mp4"', "a b.mp4"),
        ('name="media"; filename="ü日.mp4"', "ü日.mp4"),
        ("name=\"media\"; filename*=UTF-8''%C3%BC%20x.mp4", "ü x.mp4"),
        ('name="media"; filename="u.mp4"; filename*=utf-8\'de\'%C3%BC.mp4', "ü.mp4"),
        ('name="media"; filename="/etc/passwd"', "passwd"),
        ('name="media"; filename="..\\\\..\\\\c.mp4"', "c.mp4"),
        ("name=\"media\"; filename*=UTF-8''..%2F..%2Fd.mp4", "d.mp4"),
        ('filename="e.mp4"; name=media', "e.mp4"),
        ('name="media"; filename="quoted \\"f\\".mp4"', 'quoted "f".mp4'),
    ],
)
def test_filenames(storage: StorageClient, disposition: str, filename: str) -> None:
    status, media = send(storage, part(disposition) + END)
    assert (status, media["filename"], media["size"]) == (200, filename, 7)


def test_other_parts_are_ignored(storage: StorageClient) -> None:
    others = part('name="file"; filename="other.mp4"', b"not this") + part('name="note"', b"text", None)
    wanted = part('name="media"; filename="clip.mp4"', b"this") + part('name="last"; filename="l"', b"nor this")
    status, media = send(storage, others + wanted + END)
    assert (status, media["filename"], media["size"]) == (200, "clip.mp4", 4)
    assert storage.get(URL).content == b"this"


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        (part('name="file"; filename="clip.mp4"'), "/media"),
        (part('name="Media"; filename="clip.mp4"'), "/media"),
        (part('filename="clip.mp4"'), "/media"),
        (part('name="media"'), "/media"),
        (part('name="media"', content_type=None), "/media"),
        (part('name="media"; filename="clip.mp4"', content_type=None), "/media/type"),
        (part('name="media"; filename="a"') + part('name="media"; filename="b"'), "/media"),
        (b"", "/media"),
    ],
)
def test_forms_without_a_proper_file_are_refused(storage: StorageClient, parts: bytes, pointer: str) -> None:
    assert send(storage, parts + END) == (422, {"pointer": pointer})
    assert storage.medias() == []


@pytest.mark.parametrize("request_", [{"content": b"bytes"}, {"json": {}}, {"data": {"media": "text"}}, {}])
def test_what_is_no_form_is_refused(storage: StorageClient, request_: dict[str, object]) -> None:
    answer = storage.call("POST", URL, **request_)
    assert (answer.status_code, error(answer)["source"]) == (422, {"pointer": "/media"})


BROKEN = [
    part('name="media"; filename="clip.mp4"'),
    b"",
    b"no form at all",
    b"--limit\r\nno header\r\n\r\ncontent\r\n--limit--\r\n",
]


@pytest.mark.parametrize("body", BROKEN)
def test_broken_forms_are_refused(sandbox: RunningSandbox, storage: StorageClient, body: bytes) -> None:
    assert send(storage, body)[0] == 400
    assert storage.call("POST", URL, content=b"x", headers={"Content-Type": "multipart/form-data"}).status_code == 400
    assert storage.medias() == []
    assert list((sandbox.data / "media_storage" / "parts").iterdir()) == []


def test_real_deployments_answer_broken_forms_in_html(storage: StorageClient) -> None:
    storage.options(html_bad_multipart=True)
    headers = {"Content-Type": "multipart/form-data; boundary=limit"}
    answer = storage.call("POST", URL, content=BROKEN[0], headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


def test_what_is_taken_is_not_replaced(sandbox: RunningSandbox, storage: StorageClient) -> None:
    storage.stored(b"first", "r1")
    for client in (storage, StorageClient(sandbox, OTHER)):
        answer = client.upload(b"second", "r1")
        assert (answer.status_code, "source" in error(answer)) == (422, False)
    assert storage.get(URL).content == b"first"
    assert storage.upload(b"second", "r1", "k").status_code == 200
    assert storage.upload(b"third", "r1", "k").status_code == 422
    assert len(list((sandbox.data / "media_storage" / "files").iterdir())) == 2
    storage.options(duplicate_status=409)
    assert storage.upload(b"second", "r1").status_code == 409


def test_a_client_that_goes_away_leaves_nothing(sandbox: RunningSandbox, storage: StorageClient) -> None:
    address = urlsplit(storage.host)
    assert address.port
    head = (
        f"POST {address.path}{URL} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 1000000\r\n"
        f"Authorization: Bearer {storage.account.token}\r\n"
        "Content-Type: multipart/form-data; boundary=limit\r\n\r\n"
    )
    parts = sandbox.data / "media_storage" / "parts"
    with socket.create_connection(("127.0.0.1", address.port)) as connection:
        connection.sendall(head.encode() + part('name="media"; filename="a"')[:-2])
        wait_until(lambda: list(parts.iterdir()) != [])
    wait_until(lambda: list(parts.iterdir()) == [])
    assert storage.medias() == []


def test_a_lost_answer_leaves_the_media(storage: StorageClient) -> None:
    storage.sandbox.admin.fault("lost_answer on=media_storage.upload times=1")
    with pytest.raises(Exception, match="reset"):
        storage.upload(b"content", "r1")
    assert storage.get(media_path("info", "r1")).json()["data"]["attributes"]["size"] == 7
    assert storage.upload(b"content", "r1").status_code == 422


def test_deployments_with_another_field_name(storage: StorageClient) -> None:
    storage.options(upload_field="file", require_project_id=True)
    answer = storage.upload(b"x", "r1")
    assert (answer.status_code, error(answer)["source"]) == (422, {"pointer": "/file"})
    for data, source in (({}, "/project_id"), ({"project_id": ""}, "/project_id")):
        answer = storage.upload(b"x", "r1", name="file", data=data)
        assert (answer.status_code, error(answer)["source"]) == (422, {"pointer": source})
    in_the_query = storage.call("POST", URL + "?project_id=p1", files={"file": ("a", b"x", "a/b")})
    assert in_the_query.status_code == 422
    assert storage.upload(b"x", "r1", name="file", data={"project_id": "p2"}).status_code == 403
    untyped = part('name="file"; filename="a"', content_type=None)
    assert send(storage, untyped + END) == (422, {"pointer": "/file/type"})
    assert storage.upload(b"x", "r1", name="file", data={"project_id": "p1"}).status_code == 200


def test_later_versions_answer_with_a_collection(storage: StorageClient) -> None:
    storage.options(collection_answers=True, media_meta=True)
    document = storage.upload(b"x", "r1").json()
    (media,) = document["data"]
    assert (media["attributes"]["resource"], media["attributes"]["meta"], document["meta"]) == ("r1", {}, {})


@pytest.mark.parametrize(
    ("options", "member"), [({"skip_over_bytes": 5}, "skipped"), ({"errored_uploads": True}, "errored")]
)
def test_later_versions_refuse_with_200(storage: StorageClient, options: dict[str, object], member: str) -> None:
    storage.options(**options)
    answer = storage.upload(b"six bytes and more", "r1", filename="big.mp4")
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    (report,) = answer.json()["meta"][member]
    assert set(report) == {"filename", "message"}
    assert report["filename"] == "big.mp4"
    assert storage.medias() == []
    if member == "skipped":
        assert storage.upload(b"five!", "r1").status_code == 200


def test_a_large_file(storage: StorageClient, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with path.open("rb") as file:
        answer = storage.call("POST", URL, files={"media": ("large.bin", file, "application/octet-stream")})
    assert answer.json()["data"]["attributes"]["size"] == 50_000_000
