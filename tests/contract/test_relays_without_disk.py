"""What operators move from S3 to a service, or back, is never on a disk: they work where no file may grow at all."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from airflow_media.cielo24.flows import find_media
from airflow_media.storage import open_target
from media_sandbox.testing import RunningSandbox, make_garbage, make_video
from support.captioning import CaptionHouse
from support.mediahub import MediaHub
from support.storeroom import Storeroom
from support.studio import Studio

pytestmark = pytest.mark.airflow

SERVICES = ("pixop", "xvid", "cielo24", "media_storage")
BUCKET = "relays"
SIZE = 20_000_001
"""Bytes that no service is spoken to in one piece about, nor S3 in one part."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_garbage(tmp_path_factory.mktemp("film") / "film.mp4", size=SIZE)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = {"endpoint_url": "http://{}:{}".format(*server.get_host_and_port()), "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "id", "password": "key", "extra": endpoint}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    client = boto3.client("s3", aws_access_key_id="id", aws_secret_access_key="key", **endpoint)
    client.create_bucket(Bucket=BUCKET)
    yield client
    server.stop()


@pytest.fixture
def connected(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> RunningSandbox:
    for service in SERVICES:
        connection = json.dumps(sandbox.connection(service).as_json(service))
        monkeypatch.setenv(f"AIRFLOW_CONN_{service.upper()}_DEFAULT", connection)
    return sandbox


def without_disk(*tasks: tuple[str, dict[str, Any]]) -> list[Any]:
    """Do tasks in a process that may write to no file; give what they return."""
    work = json.dumps([(f"airflow_media.{path}", arguments) for path, arguments in tasks])
    done = subprocess.run(
        [sys.executable, "-m", "support.diskless"],
        input=work,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    results: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return results


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_from_s3_to_each_service(connected: RunningSandbox, s3: Any, film: Path, tmp_path: Path) -> None:
    s3.upload_file(str(film), BUCKET, "film.mp4")
    pixop, xvid = Studio(connected, film), MediaHub(connected, film)
    cielo24, store = CaptionHouse(connected, film), Storeroom(connected, film)
    job_id, source = cielo24.created(), f"s3://{BUCKET}/film.mp4"

    video_id, *_ = without_disk(
        ("pixop.operators.PixopUploadOperator", {"source": source}),
        ("xvid.operators.XvidUploadOperator", {"source": source, "object_key": "film.mp4", "poll_interval": 0.02}),
        ("cielo24.operators.AddMediaOperator", {"source": source, "job_id": job_id}),
        ("media_storage.operators.MediaStorageUploadOperator", {"source": source, "resource": "film"}),
    )

    pixop.hook.download(video_id, open_target(f"{tmp_path}/pixop"), kind="original")
    [stored] = xvid.files
    xvid.hook.download(open_target(f"{tmp_path}/xvid"), file_id=stored.id)
    store.hook.download("film", open_target(f"{tmp_path}/store"))
    wanted = digest(film.read_bytes())
    assert {name: digest((tmp_path / name).read_bytes()) for name in ("pixop", "xvid", "store")} == dict.fromkeys(
        ("pixop", "xvid", "store"), wanted
    )
    assert cielo24.run(find_media(job_id)) is not None
    assert cielo24.requests("add_media_file")[0]["body_bytes"] == SIZE


def test_from_each_service_to_s3(connected: RunningSandbox, s3: Any, film: Path, tmp_path: Path) -> None:
    video_id = Studio(connected, film).uploaded()
    file_id = MediaHub(connected, film).uploaded().file_id
    Storeroom(connected, film).upload("film")
    cielo24 = CaptionHouse(connected, make_video(tmp_path / "spoken.mp4", seconds=1))
    cielo24.options(turnaround_hour_seconds=0.002)
    job_id = cielo24.completed()

    without_disk(
        (
            "pixop.operators.PixopDownloadOperator",
            {"video_id": video_id, "rendition": "original", "target": f"s3://{BUCKET}/pixop"},
        ),
        ("xvid.operators.XvidDownloadOperator", {"file_id": file_id, "target": f"s3://{BUCKET}/xvid"}),
        ("cielo24.operators.Cielo24CaptionsOperator", {"job_id": job_id, "target": f"s3://{BUCKET}/captions"}),
        (
            "media_storage.operators.MediaStorageDownloadOperator",
            {"resource": "film", "target": f"s3://{BUCKET}/store"},
        ),
    )

    for key in ("pixop", "xvid", "store"):
        head = s3.head_object(Bucket=BUCKET, Key=key)
        assert head["ETag"].endswith('-3"'), "in three parts"
        assert digest(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) == digest(film.read_bytes()), key
    assert s3.get_object(Bucket=BUCKET, Key="captions")["Body"].read()
