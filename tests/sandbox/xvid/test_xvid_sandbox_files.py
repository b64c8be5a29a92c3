"""Files and how their content is fetched: by signed addresses, in whole or in part, without a token."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import boto3
import httpx
import pytest
from botocore.config import Config
from xvid_client import XvidClient, refusal

from media_sandbox.testing import RunningSandbox
from media_sandbox.xvid.fixtures import ACCESS_KEY_ID, BUCKET, FOREIGN, MAIN, NARROW, OTHER, PLAIN, SECRET_ACCESS_KEY

INVALID = (400, "0x0230001", "Invalid Input")
MISSING = (404, "0x0230002", "Requested file does not exist")
FORBIDDEN = (403, "0x0000003", "Invalid access token")
UNKNOWN = "000000000000000000000000"
CONTENT = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def file_id(shared_xvid: XvidClient) -> str:
    return shared_xvid.uploaded(CONTENT, "data/bytes.bin")


@pytest.fixture
def location(shared_xvid: XvidClient, file_id: str) -> str:
    return shared_xvid.location(file_id=file_id)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, ElementTree.fromstring(answer.content).findtext("Code") or ""


def changed(url: str, **query: str | None) -> str:
    parts = urlsplit(url)
    pairs = {name: values[0] for name, values in parse_qs(parts.query).items()} | query
    return parts._replace(query=urlencode({name: value for name, value in pairs.items() if value is not None})).geturl()


def test_a_file_tells_all_about_itself(xvid: XvidClient, clip: Path) -> None:
    id_ = xvid.uploaded(clip, "films/clip.mp4")
    file = xvid.one(f"/files/{id_}", "file")
    expected = {
        "storage": "intern",
        "name": "clip.mp4",
        "type": "file",
        "subtype": "video",
        "autograph": False,
        "container": "mp4",
        "mime_type": "video/mp4",
        "md5_checksum": hashlib.md5(clip.read_bytes(), usedforsecurity=False).hexdigest(),
        "size": clip.stat().st_size,
        "duration": 1000,
        "pipeline": {"id": MAIN.id, "href": f"{xvid.base}/pipelines/{MAIN.id}"},
        "uri": f"{xvid.base}/files/downloads/?file_id={id_}",
        "id": id_,
    }
    assert {name: file[name] for name in expected} == expected
    (video,), (audio,) = file["video_tracks"], file["audio_tracks"]
    assert (video["video_codec"], video["width"], video["height"], video["framerate"]) == ("h264", 320, 240, 25.0)
    assert (audio["audio_codec"], audio["samplingrate"], audio["nb_channels"]) == ("aac", 48000, 1)
    assert "job" not in file


def test_what_is_no_media_has_no_tracks(shared_xvid: XvidClient, file_id: str) -> None:
    file = shared_xvid.one(f"/files/{file_id}", "file")
    assert (file["size"], file["mime_type"]) == (len(CONTENT), "application/octet-stream")
    assert not {"container", "duration", "video_tracks", "subtype"} & set(file)


def test_files_are_listed_by_type_pipeline_and_job(xvid: XvidClient, clip: Path) -> None:
    upload = xvid.uploaded(clip)
    job = xvid.done("MP3")
    output = job["outputs"][0]["file"]["id"]

    def ids(**filters: str) -> list[str]:
        answer = xvid.get("/files/", **filters)
        assert answer.status_code == 200, answer.text
        return [file["id"] for file in answer.json()["files"]]

    assert ids() == ids(type="file") == ids(type="archive,file") == [upload, output]
    assert ids(type="folder") == ids(type="folder,archive") == []
    assert ids(**{"job.id": job["id"]}) == [output]
    assert ids(**{"pipeline.id": MAIN.id}) == [upload, output]
    assert ids(**{"pipeline.id": FOREIGN.id}) == ids(**{"job.id": UNKNOWN}) == []


@pytest.mark.parametrize("filters", [{"type": "film"}, {"pipeline.id": "main"}, {"job.id": "1"}])
def test_filters_must_make_sense(shared_xvid: XvidClient, filters: dict[str, str]) -> None:
    assert refusal(shared_xvid.get("/files/", **filters)) == INVALID


def test_a_deleted_file_is_gone(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    id_ = xvid.uploaded(b"x")
    location = xvid.location(file_id=id_)
    answer = xvid.call("DELETE", f"/files/{id_}")
    assert (answer.status_code, answer.json()) == (200, {"result": {"status": "SUCCESS"}})
    assert list((sandbox.data / "xvid" / "files").iterdir()) == []
    assert refusal(xvid.get(f"/files/{id_}")) == MISSING
    assert refusal(xvid.call("DELETE", f"/files/{id_}")) == MISSING
    assert refusal(xvid.get("/files/downloads/", file_id=id_)) == MISSING
    assert code(xvid.http.get(location)) == (404, "NoSuchKey")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_files_of_others_are_not_there(shared_sandbox: RunningSandbox, file_id: str, method: str) -> None:
    other = XvidClient(shared_sandbox, OTHER)
    assert refusal(other.call(method, f"/files/{file_id}")) == MISSING
    assert refusal(other.get("/files/downloads/", file_id=file_id)) == MISSING
    assert refusal(other.get("/files/downloads/", object_key="data/bytes.bin", pipeline_id=MAIN.id)) == MISSING
    assert other.get("/files/").json()["files"] == []


def test_a_client_of_the_same_account_may_read_only(shared_sandbox: RunningSandbox, file_id: str) -> None:
    narrow = XvidClient(shared_sandbox, NARROW)
    assert narrow.content(file_id) == CONTENT
    assert refusal(narrow.call("DELETE", f"/files/{file_id}")) == FORBIDDEN


@pytest.mark.parametrize("id_", ["1", UNKNOWN[:-1], UNKNOWN[:-1] + "G"])
def test_ids_must_look_like_ids(shared_xvid: XvidClient, id_: str) -> None:
    assert refusal(shared_xvid.get(f"/files/{id_}")) == INVALID
    assert refusal(shared_xvid.get("/files/downloads/", file_id=id_)) == INVALID


def test_a_download_is_a_redirect_or_an_address(shared_xvid: XvidClient, file_id: str) -> None:
    url = shared_xvid.get("/files/downloads/", file_id=file_id).json()["download"]["uri"]
    assert url.startswith(f"{shared_xvid.origin}/xvid/s3/{BUCKET}/{file_id}?")
    assert shared_xvid.http.get(url).content == CONTENT
    assert shared_xvid.get("/files/downloads/", file_id=file_id, redirect="false").status_code == 200
    by_key = shared_xvid.location(object_key="data/bytes.bin", pipeline_id=MAIN.id)
    assert shared_xvid.http.get(by_key).content == CONTENT


def test_the_key_of_the_address_can_be_chosen(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", download_key="url")
    assert set(xvid.get("/files/downloads/", file_id=xvid.uploaded(b"x")).json()["download"]) == {"url"}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"file_id": None, "object_key": "data/bytes.bin"},
        {"file_id": None, "pipeline_id": MAIN.id},
        {"object_key": "data/bytes.bin", "pipeline_id": MAIN.id},
        {"redirect": "yes"},
        {"expiry_time": "soon"},
        {"expiry_time": "1700000000000"},
        {"autograph_tag": "somebody"},
        {"max_parallel_downloads": "0"},
        {"streaming": "1"},
        {"ip": "127.0.0.1"},
    ],
)
def test_a_download_s_parameters_must_make_sense(
    shared_xvid: XvidClient, file_id: str, params: dict[str, str | None]
) -> None:
    chosen = {name: value for name, value in {"file_id": file_id, **params}.items() if value is not None}
    answer = shared_xvid.get("/files/downloads/", **(chosen if params else {}))
    assert refusal(answer) == INVALID


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_address_needs_no_token_and_refuses_one(shared_xvid: XvidClient, location: str, method: str) -> None:
    answer = shared_xvid.http.request(method, location)
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(CONTENT)))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == f'"{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"'
    assert answer.headers["content-disposition"] == 'attachment; filename="bytes.bin"'
    assert shared_xvid.http.request(method, location, headers=shared_xvid.headers).status_code == 400


def test_the_refusal_of_a_token_is_that_of_s3(shared_xvid: XvidClient, location: str) -> None:
    assert code(shared_xvid.http.get(location, headers=shared_xvid.headers)) == (400, "InvalidArgument")


def test_the_address_expires(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    id_ = xvid.uploaded(b"x")
    now = int(id_[:8], 16)
    usual, short = xvid.location(file_id=id_), xvid.location(file_id=id_, expiry_time=now + 60)
    long, past = xvid.location(file_id=id_, expiry_time=now + 3600), xvid.location(file_id=id_, expiry_time=now - 1)

    def good() -> list[bool]:
        return [xvid.http.get(url).status_code == 200 for url in (past, short, usual, long)]

    assert good() == [False, True, True, True]
    sandbox.admin.advance_clock(120)
    assert good() == [False, False, True, True]
    sandbox.admin.advance_clock(120)
    assert good() == [False, False, False, True]
    assert code(xvid.http.get(usual)) == (403, "AccessDenied")
    sandbox.admin.options("xvid", download_life=0.0)
    assert code(xvid.http.get(xvid.location(file_id=id_))) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ({"Signature": "AAAA"}, (403, "SignatureDoesNotMatch")),
        ({"Expires": "99999999999"}, (403, "SignatureDoesNotMatch")),
        ({"Expires": "later"}, (403, "AccessDenied")),
        ({"Expires": None}, (403, "AccessDenied")),
        ({"Signature": None}, (403, "AccessDenied")),
        ({"AWSAccessKeyId": None}, (403, "AccessDenied")),
        ({"AWSAccessKeyId": "AKIANOBODY"}, (403, "InvalidAccessKeyId")),
    ],
)
def test_an_address_cannot_be_changed(
    shared_xvid: XvidClient, location: str, query: dict[str, str | None], refused: tuple[int, str]
) -> None:
    assert code(shared_xvid.http.get(changed(location, **query))) == refused


def test_an_address_is_for_one_file(shared_xvid: XvidClient, location: str) -> None:
    other = shared_xvid.uploaded(b"other", "other")
    url = urlsplit(location)._replace(path=f"/xvid/s3/{BUCKET}/{other}").geturl()
    assert code(shared_xvid.http.get(url)) == (403, "SignatureDoesNotMatch")
    elsewhere = urlsplit(location)._replace(path=f"/xvid/s3/elsewhere/{other}").geturl()
    assert code(shared_xvid.http.get(elsewhere)) == (404, "NoSuchBucket")


def test_an_address_signed_by_boto3_is_good(shared_sandbox: RunningSandbox, file_id: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=shared_sandbox.base_url,
        region_name="eu-west-1",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(signature_version="s3", s3={"addressing_style": "path"}),
    )
    # boto3 signs the path below its endpoint, as S3 sees it; the stand-in has its bucket deeper down.
    url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": file_id}, ExpiresIn=60)
    assert httpx.get(url.replace(f"/{BUCKET}/", f"/xvid/s3/{BUCKET}/"), trust_env=False).content == CONTENT


@pytest.mark.parametrize(
    ("header", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=10000-", 206, 10000, len(CONTENT)),
        ("bytes=-40", 206, len(CONTENT) - 40, len(CONTENT)),
        ("bytes=0-99999", 206, 0, len(CONTENT)),
        ("bytes=99999-", 416, 0, 0),
    ],
)
def test_a_part_can_be_fetched(
    shared_xvid: XvidClient, location: str, header: str, status: int, start: int, end: int
) -> None:
    answer = shared_xvid.http.get(location, headers={"Range": header})
    assert answer.status_code == status
    assert answer.content == CONTENT[start:end]
    shown = f"{start}-{end - 1}" if end else "*"
    assert answer.headers["content-range"] == f"bytes {shown}/{len(CONTENT)}"


def test_a_part_of_what_has_changed_is_not_sent(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    id_ = xvid.uploaded(CONTENT)
    location = xvid.location(file_id=id_)
    etag = xvid.http.head(location).headers["etag"]
    headers = {"Range": "bytes=100-", "If-Range": etag}
    assert xvid.http.get(location, headers=headers).status_code == 206
    wrong = sandbox.admin.post(f"xvid/files/{id_}/corrupt")["md5"]
    answer = xvid.http.get(location, headers=headers)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, CONTENT, f'"{wrong}"')
    assert xvid.one(f"/files/{id_}", "file")["md5_checksum"] == wrong
    assert sandbox.admin.get(f"xvid/files/{id_}")["md5"] == wrong


def signed_query(query: dict[str, Any], secret: str = PLAIN.secret) -> str:
    """Return a query signed with the client secret, as the manual has it."""
    text = f"/v1/files/downloads/?{urlencode(query)}"
    signature = hmac.new(base64.b64decode(secret), text.encode(), hashlib.sha256).hexdigest()
    return f"/files/downloads/?{urlencode(query)}&signature={signature}"


def test_the_client_secret_can_sign_instead_of_a_token(shared_xvid: XvidClient, file_id: str) -> None:
    expiry = int(file_id[:8], 16) + 180
    query = {"file_id": file_id, "redirect": "true", "client_id": PLAIN.id, "expiry_time": expiry}
    answer = shared_xvid.http.get(shared_xvid.base + signed_query(query), follow_redirects=True)
    assert answer.content == CONTENT


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "nobody"},
        {"client_id": OTHER.id},
        {"expiry_time": 1},
        {"expiry_time": "later"},
    ],
)
def test_a_signature_that_is_not_good_is_forbidden(
    shared_xvid: XvidClient, file_id: str, change: dict[str, Any]
) -> None:
    query = {"file_id": file_id, "client_id": PLAIN.id, "expiry_time": int(file_id[:8], 16) + 180, **change}
    assert refusal(shared_xvid.http.get(shared_xvid.base + signed_query(query))) == FORBIDDEN


def test_what_is_signed_cannot_be_changed(shared_xvid: XvidClient, file_id: str) -> None:
    query = {"file_id": file_id, "client_id": PLAIN.id, "expiry_time": int(file_id[:8], 16) + 180}
    path = signed_query(query)
    for tampered in (path.replace(file_id, UNKNOWN), path + "&redirect=true", path[:-1]):
        assert refusal(shared_xvid.http.get(shared_xvid.base + tampered)) == FORBIDDEN


def test_an_address_needs_a_caller(shared_xvid: XvidClient, file_id: str) -> None:
    answer = shared_xvid.http.get(f"{shared_xvid.base}/files/downloads/?file_id={file_id}")
    assert refusal(answer) == FORBIDDEN
