"""What goes from S3 to a service, or back, is never on a disk: it passes where no file may grow at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from s3_server import BUCKET
from servers import FileServer
from wire_server import WireServer, answer

from airflow_media.storage.s3 import PART

DATA = os.urandom(1 << 20) * (PART // (1 << 20) * 2 + 1)

RELAY = """
import resource, sys
from airflow_media.http.bodies import RawBody
from airflow_media.http.call import Call
from airflow_media.http.client import Client
from airflow_media.http.downloads import download
from airflow_media.http.service import Service
from airflow_media.storage.s3 import S3Source, S3Target
from s3_server import BUCKET, s3_client

s3, which, service = s3_client(sys.argv[1]), sys.argv[2], sys.argv[3]
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a byte more in any file is an error
with Client(Service(name="Store"), {"": service}) as client:
    shared = dict(url="/film.mp4", read=lambda answer: answer, authenticated=False, bulk=True)
    if which == "up":
        body = RawBody(S3Source(s3, BUCKET, "film.mp4"))
        client.run(Call(operation="upload", method="POST", body=body, **shared))
    else:
        download(client, Call(operation="download", method="GET", **shared), S3Target(s3, BUCKET, "film.mp4"))
"""


def relay(s3: Any, which: str, service: str) -> None:
    folders = [str(Path(__file__).parent), *sys.path]
    subprocess.run(
        [sys.executable, "-c", RELAY, s3.meta.endpoint_url, which, service],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        check=True,
        timeout=120,
    )


def test_from_s3_to_a_service(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="film.mp4", Body=DATA)
    with WireServer() as service:
        service.on("POST", "/film.mp4", answer(200))
        relay(s3, "up", service.url)
        (request,) = service.requests
    assert hashlib.sha256(request.body).digest() == hashlib.sha256(DATA).digest()


def test_from_a_service_to_s3(s3: Any) -> None:
    with FileServer(DATA) as service:
        relay(s3, "down", service.root)
    stored = s3.get_object(Bucket=BUCKET, Key="film.mp4")["Body"].read()
    assert hashlib.sha256(stored).digest() == hashlib.sha256(DATA).digest()
