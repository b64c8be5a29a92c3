"""Downloads of 2 GiB, to a file and to S3, as the operators do it.

Against ``curl -o``, and against boto3's ``upload_fileobj`` reading from the pipe of a curl. The part of a download that
is the client's alone shows where it goes nowhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from measure import Cost, compare, process, python, timed
from s3 import aws, object_uri
from servers import GIB, curl, file_of, new_certificate, sink, size_of_file, source, workplace

SIZE = size_of_file(2 * GIB)


class Nowhere:
    """A target, and its writer, that forgets what it is given."""

    uri = "nowhere"
    position = 0

    def resolve(self, name: str) -> Nowhere:
        return self

    @contextmanager
    def writer(
        self, size: int | None, *, media_type: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> Iterator[Nowhere]:
        yield self

    def write(self, chunk: bytes) -> None:
        self.position += len(chunk)

    def restart(self) -> None:
        self.position = 0


def ours(url: str, uri: str) -> None:
    """Download as an operator does, from the moment that it opens its target."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_media.http.call import Answer, Call
    from airflow_media.http.client import Client
    from airflow_media.http.downloads import download
    from airflow_media.http.service import Service
    from airflow_media.storage import open_target

    get: Call[Answer] = Call(
        operation="download video", method="GET", url="/1", read=lambda answer: answer, authenticated=False, bulk=True
    )
    if uri.startswith("s3:"):
        S3Hook("aws_default").get_conn()  # the first in a process reads what botocore knows of AWS, whatever is moved
    with timed(), Client(Service(name="Store"), {"": url}) as client:
        done = download(client, get, open_target(uri) if uri else Nowhere())
    if done.size != SIZE:
        raise SystemExit(f"{done.size} bytes came")
    if uri.startswith("/"):
        os.unlink(uri)


def habit(url: str) -> None:
    """Send what a curl gives to S3."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    S3Hook("aws_default").get_conn()
    with timed():
        client = S3Hook("aws_default").get_conn()
        with subprocess.Popen([curl(), "-s", "-f", f"{url}/1"], stdout=subprocess.PIPE) as giving:
            assert giving.stdout is not None
            client.upload_fileobj(giving.stdout, "films", "video.mov")


def tool(certificate: Path, url: str, path: Path) -> Cost:
    """Download with curl."""
    cost = process([curl(), "-s", "-f", "--cacert", str(certificate), "-o", str(path), f"{url}/1"])
    if path.is_file():
        path.unlink()
    return cost


def main() -> None:
    with workplace(2 * SIZE) as folder, sink() as store:
        video, certificate = file_of(folder / "video.mov", SIZE), new_certificate(folder)
        trusted = {"SSL_CERT_FILE": str(certificate)}
        with source(video) as plain, source(video, certificate=certificate) as encrypted:
            nowhere, out = Path("/dev/null"), folder / "out.mov"
            cases, peers = {}, {}
            for url, how in ((plain, "plain"), (encrypted, "TLS")):
                for place, path in (("nowhere", nowhere), ("file", out)):
                    peer, own = f"curl, {how}, {place}", f"this provider, {how}, {place}"
                    cases[peer] = partial(tool, certificate, url, path)
                    target = str(path) if path == out else ""
                    cases[own] = partial(python, __file__, "ours", url, target, **trusted)
                    peers[own] = peer
            cases["curl | upload_fileobj"] = partial(python, __file__, "habit", plain, **aws(store))
            cases["this provider, S3"] = partial(python, __file__, "ours", plain, object_uri(), **aws(store))
            peers["this provider, S3"] = "curl | upload_fileobj"
            compare("download", cases, peers)


if __name__ == "__main__":
    if not sys.argv[1:]:
        main()
    elif sys.argv[1] == "habit":
        habit(*sys.argv[2:])
    else:
        ours(*sys.argv[2:])
