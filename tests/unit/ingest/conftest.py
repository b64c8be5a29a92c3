"""An S3 on loopback, with one bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ingest_s3 import BUCKET, REGION
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="session")
def ingest_s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def ingest_s3(ingest_s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of it, with an empty bucket; Airflow's default connection leads there, too."""
    login, password = "id", "key"
    client = boto3.client(
        "s3",
        endpoint_url=ingest_s3_url,
        region_name=REGION,
        aws_access_key_id=login,
        aws_secret_access_key=password,
    )
    client.create_bucket(Bucket=BUCKET)
    extra = {"endpoint_url": ingest_s3_url, "region_name": REGION}
    connection = {"conn_type": "aws", "login": login, "password": password, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    yield client
    for listed in client.list_objects_v2(Bucket=BUCKET, MaxKeys=1000).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=listed["Key"])
    client.delete_bucket(Bucket=BUCKET)
