"""Uploads and downloads."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sandbox_client import PixopClient, wait_until

from media_sandbox.testing import RunningSandbox

BOUNDARY = "boundary-of-the-parts"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def send(client: PixopClient, body: bytes) -> httpx.Response:
    return client.media("POST", f"/media/v1/upload/light/{client.new_video()}", content=body, headers=MULTIPART)


@pytest.mark.parametrize("name", ["file", "media", "whatever.mp4"])
def test_the_file_part_may_have_any_name(shared_client: PixopClient, name: str) -> None:
    body = part("note", b"hello") + part(name, b"0123456789", "reel.mov") + END
    answer = send(shared_client, body)
    assert answer.status_code == 200, answer.text
    video_id = answer.json()["videoId"]
    upload = shared_client.video(video_id)["upload"]
    assert (upload["fileName"], upload["fileSize"], upload["fileType"]) == ("reel.mov", 10, "video/quicktime")
    assert shared_client.media("GET", f"/media/v1/download/original/{video_id}").content == b"0123456789"


@pytest.mark.parametrize(
    "body",
    [
        part("file", b"data") + END,
        part("a", b"data", "a.mp4") + part("b", b"data", "b.mp4") + END,
        part("file", b"data", "a.mp4"),
        b"no multipart at all",
        b"",
        END,
    ],
    ids=["no filename", "two files", "no end", "no multipart", "empty", "no parts"],
)
def test_a_faulty_upload_is_refused_and_leaves_nothing(
    sandbox: RunningSandbox, client: PixopClient, body: bytes
) -> None:
    answer = send(client, body)
    assert (answer.status_code, answer.json()["exception"]) == (400, "BadRequestException")
    video_id = sandbox.admin.requests("pixop.upload_light")[0]["path"].rpartition("/")[2]
    upload = client.video(video_id)["upload"]
    assert upload["uploadState"]["uploadStatus"] == "ERROR"
    assert "fileName" not in upload
    assert list((sandbox.data / "pixop" / video_id).iterdir()) == []


def test_a_boundary_is_needed(shared_client: PixopClient) -> None:
    url = f"/media/v1/upload/{shared_client.new_video()}"
    headers = {"Content-Type": "multipart/form-data"}
    assert shared_client.media("POST", url, content=END, headers=headers).status_code == 400


def test_an_upload_must_tell_its_length(shared_client: PixopClient) -> None:
    url = f"/media/v1/upload/light/{shared_client.new_video()}"
    answer = shared_client.media("POST", url, content=iter([part("file", b"x", "a.mp4"), END]), headers=MULTIPART)
    assert (answer.status_code, answer.json()["exception"]) == (411, "LengthRequiredException")


@pytest.mark.parametrize(("sent", "kept"), [("../../etc/passwd", "passwd"), ("C:\\films\\a.mp4", "a.mp4")])
def test_only_the_last_part_of_a_file_name_is_kept(shared_client: PixopClient, sent: str, kept: str) -> None:
    answer = send(shared_client, part("file", b"x", sent) + END)
    assert shared_client.video(answer.json()["videoId"])["upload"]["fileName"] == kept


def test_an_upload_to_an_unknown_video_is_not_found(shared_client: PixopClient, clip: Path) -> None:
    assert shared_client.upload("bogus", clip).status_code == 404


def raw_upload_head(client: PixopClient, video_id: str, length: int, extra: str = "") -> bytes:
    target = urlsplit(str(client.http.base_url))
    return (
        f"POST {target.path}media/v1/upload/light/{video_id} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        f"Authorization: {client.authorization}\r\nContent-Type: {MULTIPART['Content-Type']}\r\n"
        f"Content-Length: {length}\r\n{extra}\r\n"
    ).encode()


def connect(client: PixopClient) -> socket.socket:
    target = urlsplit(str(client.http.base_url))
    assert target.hostname
    assert target.port
    return socket.create_connection((target.hostname, target.port), timeout=10)


def test_an_upload_cut_short_is_an_error_and_leaves_no_half_file(sandbox: RunningSandbox, client: PixopClient) -> None:
    video_id = client.new_video()
    with connect(client) as connection:
        connection.sendall(raw_upload_head(client, video_id, 1_000_000) + part("file", b"x" * 5000, "a.mp4"))
        wait_until(lambda: client.video(video_id)["upload"]["uploadState"]["uploadStatus"] == "IN_PROGRESS")
    wait_until(lambda: client.video(video_id)["upload"]["uploadState"]["uploadStatus"] == "ERROR")
    assert list((sandbox.data / "pixop" / video_id).iterdir()) == []
    assert client.media("GET", f"/media/v1/download/original/{video_id}").status_code == 404


def test_a_second_upload_cut_short_leaves_the_first_file_but_no_processing(client: PixopClient, clip: Path) -> None:
    video_id = client.ingested_video(clip)
    with connect(client) as connection:
        connection.sendall(raw_upload_head(client, video_id, 1_000_000) + part("file", b"x" * 5000, "a.mp4"))
        wait_until(lambda: client.video(video_id)["upload"]["uploadState"]["uploadStatus"] == "IN_PROGRESS")
    wait_until(lambda: client.video(video_id)["upload"]["uploadState"]["uploadStatus"] == "ERROR")
    assert client.media("GET", f"/media/v1/download/original/{video_id}").content == clip.read_bytes()
    assert client.process(video_id, {}).status_code == 409


def test_one_upload_at_a_time(client: PixopClient, clip: Path) -> None:
    video_id = client.new_video()
    with connect(client) as connection:
        connection.sendall(raw_upload_head(client, video_id, 1_000_000))
        wait_until(lambda: client.video(video_id)["upload"]["uploadState"]["uploadStatus"] == "IN_PROGRESS")
        assert client.upload(video_id, clip).status_code == 409


def test_a_client_that_expects_100_gets_it(client: PixopClient) -> None:
    body = part("file", b"0123456789", "a.mp4") + END
    with connect(client) as connection:
        connection.sendall(raw_upload_head(client, client.new_video(), len(body), "Expect: 100-continue\r\n"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_a_refused_client_that_expects_100_does_not_get_it(client: PixopClient) -> None:
    with connect(client) as connection:
        connection.sendall(raw_upload_head(client, "bogus", 10**9, "Expect: 100-continue\r\n"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 404 ")


def test_another_upload_replaces_the_file(client: PixopClient, clip: Path, pal_clip: Path) -> None:
    video_id = client.ingested_video(clip)
    url = f"/media/v1/download/original/{video_id}"
    before = client.media("HEAD", url).headers["ETag"]
    client.upload(video_id, pal_clip)
    assert client.wait_for_ingestion(video_id) == "DONE"
    after = client.media("GET", url)
    assert after.headers["ETag"] != before
    assert after.content == pal_clip.read_bytes()
    assert client.video(video_id)["ingestion"]["metadata"]["frameWidth"] == 720


def test_a_video_being_processed_is_not_replaced(sandbox: RunningSandbox, client: PixopClient, clip: Path) -> None:
    sandbox.admin.outcome("process", "stuck", percent=0)
    video_id = client.ingested_video(clip)
    processed = client.process(video_id, {}).json()["processedVideoId"]
    assert client.upload(video_id, clip).status_code == 409
    client.wait_for_processing(processed, "IN_PROGRESS")
    sandbox.admin.release()
    assert client.wait_for_processing(processed) == "DONE"
    assert client.upload(video_id, clip).status_code == 200


def test_a_video_deleted_during_its_upload_is_gone(sandbox: RunningSandbox, client: PixopClient) -> None:
    video_id = client.new_video()
    body = part("file", b"x" * 1000, "a.mp4") + END
    with connect(client) as connection:
        connection.sendall(raw_upload_head(client, video_id, len(body)) + body[:500])
        wait_until(lambda: client.video(video_id)["upload"]["uploadState"]["uploadStatus"] == "IN_PROGRESS")
        assert client.call("DELETE", f"/videos/v1/video/{video_id}").status_code == 200
        connection.sendall(body[500:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 404 ")
    assert not (sandbox.data / "pixop" / video_id).exists()


@pytest.fixture(scope="module")
def stored(shared_client: PixopClient) -> str:
    """The URL of a stored file of ten bytes."""
    answer = send(shared_client, part("file", b"0123456789", "reel.mov") + END)
    return f"/media/v1/download/original/{answer.json()['videoId']}"


def test_a_download_is_the_file_and_says_all_about_it(shared_client: PixopClient, stored: str) -> None:
    answer = shared_client.media("GET", stored)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["Content-Length"] == "10"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="reel.mov"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{hashlib.sha1(b"0123456789").hexdigest()}"'
    assert "Content-Range" not in answer.headers
    assert "Content-Encoding" not in answer.headers


def test_head_says_the_same_and_ignores_ranges(shared_client: PixopClient, stored: str) -> None:
    head = shared_client.media("HEAD", stored, headers={"Range": "bytes=2-4"})
    get = shared_client.media("GET", stored)
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


@pytest.mark.parametrize(
    ("asked", "content", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-30", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("Bytes=9-9", b"9", "bytes 9-9/10"),
    ],
)
def test_a_range_is_a_part_of_the_file(
    shared_client: PixopClient, stored: str, asked: str, content: bytes, told: str
) -> None:
    answer = shared_client.media("GET", stored, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, content)
    assert (answer.headers["Content-Range"], answer.headers["Content-Length"]) == (told, str(len(content)))


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "items=0-3", "bytes=5-2", "bytes=", "bytes=a-b", "bytes=-"])
def test_other_ranges_are_ignored(shared_client: PixopClient, stored: str, asked: str) -> None:
    answer = shared_client.media("GET", stored, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(shared_client: PixopClient, stored: str, asked: str) -> None:
    answer = shared_client.media("GET", stored, headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */10")


def test_what_the_client_has_is_not_sent_again(shared_client: PixopClient, stored: str) -> None:
    etag = shared_client.media("HEAD", stored).headers["ETag"]
    for known in (etag, etag.strip('"'), f"W/{etag}", f'"other", {etag}', "*"):
        answer = shared_client.media("GET", stored, headers={"If-None-Match": known, "Range": "bytes=99-"})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    changed = shared_client.media("GET", stored, headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


def test_a_range_of_another_version_is_the_whole_file(shared_client: PixopClient, stored: str) -> None:
    etag = shared_client.media("HEAD", stored).headers["ETag"]
    same = shared_client.media("GET", stored, headers={"Range": "bytes=4-", "If-Range": etag})
    other = shared_client.media("GET", stored, headers={"Range": "bytes=4-", "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)


def test_the_entity_tag_can_be_changed(sandbox: RunningSandbox, client: PixopClient) -> None:
    video_id = send(client, part("file", b"x", "a.mp4") + END).json()["videoId"]
    url = f"/media/v1/download/original/{video_id}"
    before = client.media("HEAD", url).headers["ETag"]
    sandbox.admin.change_etag(video_id)
    assert client.media("HEAD", url).headers["ETag"] != before


def test_a_name_beyond_ascii_is_sent_in_both_ways(client: PixopClient, clip: Path) -> None:
    video_id = client.new_video()
    client.upload(video_id, clip, name='Düne "1".mp4')
    disposition = client.media("HEAD", f"/media/v1/download/original/{video_id}").headers["Content-Disposition"]
    name = client.video(video_id)["upload"]["fileName"]
    assert name.startswith("Düne")
    assert disposition.startswith('attachment; filename="D_ne ')
    assert "filename*=UTF-8''D%C3%BCne%20" in disposition


def test_nothing_is_downloaded_before_an_upload(shared_client: PixopClient) -> None:
    url = f"/media/v1/download/original/{shared_client.new_video()}"
    assert shared_client.media("GET", url).status_code == 404
    assert shared_client.media("HEAD", url).status_code == 404


def test_the_original_can_be_downloaded_whether_ingested_or_not(client: PixopClient, garbage: Path) -> None:
    video_id = client.new_video()
    client.upload(video_id, garbage)
    assert client.wait_for_ingestion(video_id) == "ERROR"
    assert client.media("GET", f"/media/v1/download/original/{video_id}").content == garbage.read_bytes()
