"""The stand-in of S3: there with its bucket, and gone without a trace."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from media_sandbox.demo.children import ChildError
from media_sandbox.demo.s3_server import BUCKET, S3Server


def test_it_has_a_bucket_until_it_is_stopped(tmp_path: Path) -> None:
    with S3Server(tmp_path) as s3:
        s3.client().put_object(Bucket=BUCKET, Key="a/clip.mp4", Body=b"film")
        assert list(s3.keys()) == ["a/clip.mp4"]
        assert list(s3.keys("b/")) == []
        assert s3.connection()["extra"]["endpoint_url"] == s3.url
        assert s3.connection("http://127.0.0.1:1")["extra"]["endpoint_url"] == "http://127.0.0.1:1"

    assert s3.child.members() == []


def test_one_that_cannot_start_is_told(tmp_path: Path) -> None:
    s3 = S3Server(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", s3.port))
        taken.listen()

        with pytest.raises(ChildError, match="S3 ended"):
            s3.start()
