"""A stand-in of S3 as a child process: moto's server, with a bucket, its objects in memory."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import boto3  # type: ignore[import-untyped]
import httpx
from botocore.config import Config  # type: ignore[import-untyped]

from media_sandbox.demo.children import Child
from media_sandbox.demo.waiting import wait_until

HOST: Final = "127.0.0.1"
BUCKET: Final = "media"
REGION: Final = "us-east-1"
KEY_ID: Final = "sandbox"
SECRET: Final = "sandbox-secret"
START_SECONDS: Final = 60.0
NO_PROXY: Final[dict[str, str]] = {}


class S3Server:
    """``moto_server`` on a free port of this machine; what is in it is gone when it stops.

    :param folder: Where its log goes.
    """

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self.url = f"http://{HOST}:{self.port}"
        command = [sys.executable, "-m", "moto.server", "--host", HOST, "--port", str(self.port)]
        self.child = Child("S3", command, log=folder / "s3.log", env=dict(os.environ))

    def start(self) -> None:
        """Start it, wait until it answers, and make the bucket; stop it if that fails.

        :raises ChildError: It ended; the error has the end of its log.
        :raises TimeoutError: It did not answer in time.
        """
        try:
            self.child.start()
            wait_until(self._answers, what="S3 to answer", seconds=START_SECONDS, period=0.1)
            self.client().create_bucket(Bucket=BUCKET)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it."""
        self.child.stop()

    def client(self) -> Any:
        """Give an S3 client of boto3."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            config=Config(proxies=NO_PROXY),
        )

    def connection(self, url: str | None = None) -> dict[str, Any]:
        """Give an Airflow connection to it.

        :param url: Another address that leads to it, as of a proxy.
        """
        extra = {"endpoint_url": url or self.url, "region_name": REGION}
        return {"conn_type": "aws", "login": KEY_ID, "password": SECRET, "extra": extra}

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Give the keys of the bucket.

        :param prefix: How they begin.
        """
        for page in self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
            yield from (entry["Key"] for entry in page.get("Contents", ()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _answers(self) -> bool:
        self.child.check()
        try:
            return httpx.get(f"{self.url}/moto-api/", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
        return port
