"""Media: uploads by the rules of add_media, watched on the wire, and media that are fetched by URL."""

from __future__ import annotations

import re
import socket
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import pytest
from cielo24_client import UNKNOWN_ID, Cielo24Client, refusal
from sandbox_client import wait_until

from media_sandbox.cielo24.fixtures import OTHER
from media_sandbox.testing import RunningSandbox

LARGEST = 10_737_418_239
TEN_SECONDS = 10


class Upload:
    """An upload that is written byte by byte.

    :param headers: the lines of the request's head after ``Host``.
    """

    def __init__(self, client: Cielo24Client, job_id: str, *headers: str, **query: str) -> None:
        target = urlsplit(str(client.http.base_url))
        assert target.hostname
        assert target.port
        path = f"/cielo24/api/job/add_media?{urlencode(client.query(job_id=job_id, **query))}"
        lines = [f"POST {path} HTTP/1.1", f"Host: {target.netloc}", *headers, "", ""]
        self.socket = socket.create_connection((target.hostname, target.port), timeout=TEN_SECONDS)
        self.socket.sendall("\r\n".join(lines).encode())

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, content: bytes) -> None:
        """Send a piece of the body."""
        self.socket.sendall(content)

    def head(self) -> str:
        """Return the next that comes."""
        return self.socket.recv(100_000).decode()

    def all(self) -> str:
        """Return what comes until the connection is closed."""
        received = b""
        while chunk := self.socket.recv(100_000):
            received += chunk
        return received.decode()


def assert_refused_and_closed(upload: Upload, type_: str) -> None:
    """Check that the answer came with nothing but the head sent, and that nothing is waited for after it."""
    answer = upload.all()
    assert answer.startswith("HTTP/1.1 400 ")
    assert f'"ErrorType":"{type_}"' in answer
    assert "connection: close" in answer.lower()


def files(sandbox: RunningSandbox, job_id: str) -> list[str]:
    return sorted(path.name for path in (sandbox.data / "cielo24").glob(f"{job_id}/*"))


def test_an_upload_becomes_the_media(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.new_job()
    answer = cielo24.upload(job_id, clip.read_bytes())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"TaskId"}
    assert re.fullmatch("[0-9a-f]{32}", answer.json()["TaskId"])
    assert cielo24.wait_for_task(answer.json()["TaskId"]) == "COMPLETE"
    assert cielo24.task(answer.json()["TaskId"])["TaskType"] == "JOB_ADD_MEDIA"
    assert (cielo24.sandbox.data / "cielo24" / job_id / "media").read_bytes() == clip.read_bytes()
    assert files(cielo24.sandbox, job_id) == ["media"]
    info = cielo24.info(job_id)
    assert (info["JobStatus"], info["MediaLengthSeconds"]) == ("Pending", pytest.approx(1.0, abs=0.05))
    assert cielo24.get("job/media", job_id=job_id).json() == {"MediaUrl": ""}


def test_sound_alone_will_do(cielo24: Cielo24Client, audio_file: Path) -> None:
    job_id = cielo24.job_with_media(audio_file)
    assert cielo24.info(job_id)["MediaLengthSeconds"] == 1.0


def test_a_second_media_is_refused(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.job_with_media(clip)
    assert refusal(cielo24.upload(job_id, b"more")) == "INVALID_QUERY"
    for call in ("add_media", "add_media_url"):
        assert cielo24.refused(f"job/{call}", job_id=job_id, media_url="http://127.0.0.1/a.mp4") == "INVALID_QUERY"
    assert (cielo24.sandbox.data / "cielo24" / job_id / "media").read_bytes() == clip.read_bytes()


def test_the_media_url_must_not_stand_in_the_url_of_an_upload(cielo24: Cielo24Client) -> None:
    job_id = cielo24.new_job()
    answer = cielo24.post("job/add_media", {"job_id": job_id, "media_url": "http://127.0.0.1/a"}, content=b"x")
    assert refusal(answer) == "INVALID_QUERY"


@pytest.mark.parametrize(
    "content_type",
    [
        *("video/mp4", "application/octet-stream", "multipart/form-data; boundary=b", ""),
        *("application/x-www-form-urlencoded", "audio/wav"),
    ],
)
def test_an_upload_has_no_content_type(cielo24: Cielo24Client, content_type: str) -> None:
    job_id = cielo24.new_job()
    with Upload(cielo24, job_id, "Content-Length: 1000000", f"Content-Type: {content_type}") as upload:
        assert_refused_and_closed(upload, "INVALID_QUERY")
    assert files(cielo24.sandbox, job_id) == []


def test_types_of_media_are_tolerated_by_option_only(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", tolerate_media_type=True)
    for type_ in ("video/mp4", "Audio/wav", "application/octet-stream"):
        answer = cielo24.upload(cielo24.new_job(), clip.read_bytes(), **{"Content-Type": type_})
        assert answer.status_code == 200, type_
    for type_ in ("multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "text/plain"):
        answer = cielo24.upload(cielo24.new_job(), b"x", **{"Content-Type": type_})
        assert refusal(answer) == "INVALID_QUERY", type_


def test_chunks_are_refused(cielo24: Cielo24Client) -> None:
    job_id = cielo24.new_job()
    with Upload(cielo24, job_id, "Transfer-Encoding: chunked") as upload:
        assert_refused_and_closed(upload, "INVALID_QUERY")
    assert refusal(cielo24.post("job/add_media", {"job_id": job_id}, content=iter([b"x"]))) == "INVALID_QUERY"
    assert cielo24.refused("job/media", job_id=job_id) == "ITEM_NOT_FOUND"


@pytest.mark.parametrize(
    ("headers", "type_"),
    [
        ((), "MISSING_PARAMETER"),
        (("Content-Length: 0",), "INVALID_QUERY"),
        ((f"Content-Length: {LARGEST + 1}",), "INVALID_QUERY"),
        ((f"Content-Length: {LARGEST + 1}", "Expect: 100-continue"), "INVALID_QUERY"),
    ],
)
def test_a_length_that_will_not_do_is_refused_before_the_body(
    cielo24: Cielo24Client, headers: tuple[str, ...], type_: str
) -> None:
    with Upload(cielo24, cielo24.new_job(), *headers) as upload:
        assert_refused_and_closed(upload, type_)


def test_the_largest_length_is_an_option(cielo24: Cielo24Client) -> None:
    cielo24.sandbox.admin.options("cielo24", largest_media=3)
    assert refusal(cielo24.upload(cielo24.new_job(), b"1234")) == "INVALID_QUERY"
    assert cielo24.upload(cielo24.new_job(), b"123").status_code == 200


def test_the_largest_length_of_all_is_taken(cielo24: Cielo24Client) -> None:
    with Upload(cielo24, cielo24.new_job(), f"Content-Length: {LARGEST}", "Expect: 100-continue") as upload:
        assert upload.head().startswith("HTTP/1.1 100 ")


def test_who_expects_100_gets_it_and_then_the_answer(cielo24: Cielo24Client, clip: Path) -> None:
    content = clip.read_bytes()
    with Upload(cielo24, cielo24.new_job(), f"Content-Length: {len(content)}", "Expect: 100-continue") as upload:
        assert upload.head().startswith("HTTP/1.1 100 ")
        upload.send(content)
        assert upload.head().startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("query", "type_"),
    [
        ({"api_token": UNKNOWN_ID}, "BAD_API_TOKEN"),
        ({"job_id": UNKNOWN_ID}, "ITEM_NOT_FOUND"),
        ({"job_id": "no-id"}, "INVALID_QUERY"),
        ({"v": "2"}, "INVALID_OPTION"),
        ({"is_duplicate": "perhaps"}, "INVALID_OPTION"),
    ],
)
def test_all_else_is_refused_before_the_body_too(cielo24: Cielo24Client, query: dict[str, str], type_: str) -> None:
    job_id = query.pop("job_id", None) or cielo24.new_job()
    with Upload(cielo24, job_id, "Content-Length: 1000000", **query) as upload:
        assert_refused_and_closed(upload, type_)


def test_an_upload_cut_short_leaves_nothing(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.new_job()
    with Upload(cielo24, job_id, "Content-Length: 1000000") as upload:
        upload.send(b"x" * 5000)
        wait_until(lambda: files(cielo24.sandbox, job_id))
    wait_until(lambda: not files(cielo24.sandbox, job_id))
    assert cielo24.refused("job/media", job_id=job_id) == "ITEM_NOT_FOUND"
    assert [task["TaskType"] for task in cielo24.info(job_id)["Tasks"]] == ["JOB_CREATED"]
    assert cielo24.upload(job_id, clip.read_bytes()).status_code == 200


def test_one_upload_at_a_time(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.new_job()
    with Upload(cielo24, job_id, "Content-Length: 1000000") as upload:
        upload.send(b"x")
        wait_until(lambda: files(cielo24.sandbox, job_id))
        assert refusal(cielo24.upload(job_id, clip.read_bytes())) == "INVALID_QUERY"
        assert cielo24.order(job_id).status_code == 400


def test_a_job_deleted_during_its_upload_stays_deleted(cielo24: Cielo24Client) -> None:
    job_id = cielo24.new_job()
    with Upload(cielo24, job_id, "Content-Length: 10") as upload:
        upload.send(b"12345")
        wait_until(lambda: files(cielo24.sandbox, job_id))
        assert cielo24.get("job/delete", job_id=job_id).status_code == 200
        upload.send(b"67890")
        assert "ITEM_NOT_FOUND" in upload.all()
    assert files(cielo24.sandbox, job_id) == []


def test_a_large_upload_takes_little_memory(cielo24: Cielo24Client) -> None:
    size, piece = 64 * 1024 * 1024, b"x" * 65536
    with Upload(cielo24, cielo24.new_job(), f"Content-Length: {size}") as upload:
        tracemalloc.start()
        try:
            for _ in range(size // len(piece)):
                upload.send(piece)
            assert upload.head().startswith("HTTP/1.1 200 ")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize("kind", ["silent_clip", "garbage"])
def test_media_that_cannot_be_transcribed_fail_the_job_when_ordered(
    cielo24: Cielo24Client, request: pytest.FixtureRequest, kind: str
) -> None:
    path: Path = request.getfixturevalue(kind)
    job_id = cielo24.new_job()
    task_id = cielo24.upload(job_id, path.read_bytes()).json()["TaskId"]
    assert cielo24.wait_for_task(task_id) == "FAILED"
    assert cielo24.task(task_id)["TaskInfo"] == cielo24.record(job_id)["media"]["failure"]
    assert cielo24.info(job_id)["JobStatus"] == "Pending"
    order = cielo24.order(job_id)
    assert cielo24.info(job_id)["JobStatus"] == "Media Failure"
    assert cielo24.wait_for_task(order.json()["TaskId"]) == "FAILED"
    assert cielo24.info(job_id)["MediaLengthSeconds"] == ""
    assert refusal(cielo24.upload(job_id, b"again")) == "INVALID_QUERY"


class Pages(BaseHTTPRequestHandler):
    """A web server of media files, redirects and errors."""

    content: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        match self.path.split("/")[1:]:
            case ["again"]:
                self._answer(302, Location="/again")
            case ["away"]:
                self._answer(302, Location="http://media.example/a.mp4")
            case ["to", name]:
                self._answer(302, Location=f"/{name}")
            case [name] if name in self.content:
                self._answer(200, self.content[name])
            case _:
                self._answer(404)

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web(clip: Path, silent_clip: Path) -> Iterator[str]:
    """The address of a web server of media."""
    Pages.content = {"clip.mp4": clip.read_bytes(), "silent.mp4": silent_clip.read_bytes()}
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetched(client: Cielo24Client, url: str, call: str = "add_media") -> tuple[str, str]:
    """Add media by URL; return the job's id and how the task ended."""
    job_id = client.new_job()
    answer = client.get(f"job/{call}", job_id=job_id, media_url=url)
    assert answer.status_code == 200, answer.text
    assert client.get("job/media", job_id=job_id).json() == {"MediaUrl": url}
    return job_id, client.wait_for_task(answer.json()["TaskId"])


@pytest.mark.parametrize("call", ["add_media", "add_media_url"])
@pytest.mark.parametrize("path", ["/clip.mp4", "/to/clip.mp4"])
def test_media_are_fetched(cielo24: Cielo24Client, web: str, clip: Path, call: str, path: str) -> None:
    cielo24.sandbox.admin.options("cielo24", allow_loopback_media=True)
    job_id, status = fetched(cielo24, web + path, call)
    assert status == "COMPLETE"
    assert (cielo24.sandbox.data / "cielo24" / job_id / "media").read_bytes() == clip.read_bytes()
    assert cielo24.record(job_id)["media"]["size"] == clip.stat().st_size
    cielo24.order(job_id)
    assert cielo24.wait_for(job_id) == "Complete"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("WEB/none.mp4", "answered 404"),
        ("WEB/again", "redirects more than 5 times"),
        ("WEB/away", "media.example cannot be reached"),
        ("WEB/silent.mp4", "no audio"),
        ("http://127.0.0.1:1/clip.mp4", "ConnectError"),
        ("http://media.example/clip.mp4", "cannot be reached"),
        ("http://10.0.0.1/clip.mp4", "cannot be reached"),
    ],
)
def test_media_that_cannot_be_fetched_fail_the_job(cielo24: Cielo24Client, web: str, url: str, reason: str) -> None:
    cielo24.sandbox.admin.options("cielo24", allow_loopback_media=True)
    job_id, status = fetched(cielo24, url.replace("WEB", web))
    assert status == "FAILED"
    assert reason in cielo24.record(job_id)["media"]["failure"]
    assert cielo24.order(job_id).status_code == 200
    assert cielo24.wait_for(job_id) == "Media Failure"


def test_media_that_are_too_large_are_not_fetched_whole(cielo24: Cielo24Client, web: str) -> None:
    cielo24.sandbox.admin.options("cielo24", allow_loopback_media=True, largest_media=1000)
    job_id, status = fetched(cielo24, f"{web}/clip.mp4")
    assert (status, files(cielo24.sandbox, job_id)) == ("FAILED", [])


def test_addresses_of_this_machine_are_fetched_from_by_option_only(cielo24: Cielo24Client, web: str) -> None:
    assert fetched(cielo24, f"{web}/clip.mp4")[1] == "FAILED"
    cielo24.sandbox.admin.options("cielo24", refuse_unreachable_media=True)
    job_id = cielo24.new_job()
    assert cielo24.refused("job/add_media", job_id=job_id, media_url=f"{web}/clip.mp4") == "INVALID_URL"
    cielo24.sandbox.admin.options("cielo24", allow_loopback_media=True)
    assert cielo24.get("job/add_media", job_id=job_id, media_url=f"{web}/clip.mp4").status_code == 200


def test_an_order_may_come_before_the_media_are_there(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.outcome("media", "stuck", service="cielo24", percent=0)
    job_id = cielo24.new_job()
    cielo24.upload(job_id, clip.read_bytes())
    assert cielo24.order(job_id).status_code == 200
    info = cielo24.info(job_id)
    assert (info["JobStatus"], info["MediaLengthSeconds"]) == ("In Process", "")
    assert info["DueDate"]
    wait_until(cielo24.sandbox.admin.jobs)
    cielo24.sandbox.admin.release("cielo24")
    assert cielo24.wait_for(job_id) == "Complete"


def test_a_failure_of_the_media_can_be_chosen(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.outcome("media", "fail", service="cielo24", reason="the disk is full")
    job_id = cielo24.job_with_media(clip)
    assert cielo24.record(job_id)["media"]["failure"] == "the disk is full"


def test_a_url_is_used_twice_unless_that_is_refused(cielo24: Cielo24Client, web: str) -> None:
    url = f"{web}/clip.mp4"
    cielo24.sandbox.admin.options("cielo24", refuse_duplicates=True)
    first, second = cielo24.new_job(), cielo24.new_job()
    assert cielo24.get("job/add_media", job_id=first, media_url=url).status_code == 200
    assert cielo24.refused("job/add_media", job_id=second, media_url=url) == "INVALID_QUERY"
    assert cielo24.get("job/add_media", job_id=second, media_url=url, is_duplicate="yes").status_code == 200
    other = Cielo24Client(cielo24.sandbox, OTHER)
    assert other.get("job/add_media", job_id=other.new_job(), media_url=url).status_code == 200
