"""Downloads into real places: whole under the final name or not there at all, however the way to it was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from s3_server import BUCKET
from servers import FileServer, Plan

from airflow_media.http.call import Answer, Call
from airflow_media.http.client import Client
from airflow_media.http.downloads import Downloaded, download
from airflow_media.http.errors import MediaError, NotFoundError, TransferError
from airflow_media.http.retry import NO_RETRY, RetryPolicy
from airflow_media.http.service import Service
from airflow_media.storage import Target, open_target
from airflow_media.storage.s3 import PART, S3Target

DATA = os.urandom(PART + 300_000)
OTHER = os.urandom(PART + 1)

GET: Call[Answer] = Call(
    operation="download video", method="GET", url="/1", read=lambda answer: answer, authenticated=False, bulk=True
)


def fetch(server: FileServer, target: Target, **options: Any) -> Downloaded:
    with Client(Service(name="Store"), {"": server.root}, retry=NO_RETRY) as client:
        return download(client, GET, target, name="video-1", retry=RetryPolicy(first=0.0), **options)


def test_into_a_folder_under_a_name_that_was_made_safe(tmp_path: Path) -> None:
    disposition: dict[str, str | None] = {"content-disposition": 'attachment; filename="../../evil.mp4"'}
    with FileServer(DATA, Plan(headers=disposition)) as server:
        done = fetch(server, open_target(f"{tmp_path}/out/"))
    assert done.uri == f"{tmp_path}/out/evil.mp4"
    assert (tmp_path / "out" / "evil.mp4").read_bytes() == DATA
    assert os.listdir(tmp_path) == ["out"]


def test_the_final_name_is_not_there_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    there: set[bool] = set()
    with FileServer(DATA, Plan(cut=100_000), Plan(content=OTHER, cut=50), Plan(cut=200_000)) as server:
        done = fetch(server, open_target(str(path)), progress=lambda done, total: there.add(path.exists()))
    assert there == {False}
    assert path.read_bytes() == OTHER
    assert (done.size, done.resumed) == (len(OTHER), 1)
    assert os.listdir(tmp_path) == ["film.mp4"]


@pytest.mark.parametrize(
    ("plans", "options", "kind"),
    [
        ([Plan(cut=1000), Plan(status=404)], {}, NotFoundError),
        ([Plan(cut=1000)] * 20, {"md5": "0" * 32}, TransferError),
        ([Plan(length=False)], {"size": 5}, TransferError),
    ],
)
def test_what_fails_leaves_the_older_file(
    tmp_path: Path, plans: list[Plan], options: dict[str, Any], kind: type[MediaError]
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"older")
    with FileServer(DATA, *plans) as server, pytest.raises(kind):
        fetch(server, open_target(str(path)), **options)
    assert path.read_bytes() == b"older"
    assert os.listdir(tmp_path) == ["film.mp4"]


def test_into_s3_in_parts(s3: Any) -> None:
    with FileServer(DATA, Plan(cut=PART + 100), Plan(content=OTHER)) as server:
        done = fetch(server, S3Target(s3, BUCKET, "out/"))
    assert done.uri == f"s3://{BUCKET}/out/video-1"
    assert s3.get_object(Bucket=BUCKET, Key="out/video-1")["Body"].read() == OTHER
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def test_what_fails_leaves_nothing_in_s3(s3: Any) -> None:
    with FileServer(DATA, Plan(cut=PART + 100), Plan(status=404)) as server, pytest.raises(NotFoundError):
        fetch(server, S3Target(s3, BUCKET, "film.mp4"))
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)
