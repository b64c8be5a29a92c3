"""An S3 on loopback, and the file server of the tests of ``http``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from s3_server import BUCKET, aws_connection, s3_client

sys.path.insert(0, str(Path(__file__).parents[1] / "http"))


@pytest.fixture(scope="session")
def s3_address() -> Iterator[tuple[str, int]]:
    """Host and port of an S3 of its own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture
def s3(s3_address: tuple[str, int]) -> Iterator[Any]:
    """A client of it, with an empty bucket."""
    client = s3_client("http://{}:{}".format(*s3_address))
    client.create_bucket(Bucket=BUCKET)
    yield client
    for upload in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        client.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    for listed in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=listed["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def aws_default(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's default connection, made to point there."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", aws_connection(s3.meta.endpoint_url))
