"""A source that holds each connection back to 90 MiB/s: relay and download in one stream and in four ranges."""

from __future__ import annotations

import os
import sys
from functools import partial

from measure import Cost, compare, python, timed
from msgspec.structs import replace
from s3 import aws, object_uri
from servers import GIB, MIB, file_of, sink, size_of_file, source, workplace

SIZE = size_of_file(GIB)
RATE = 90.0 * MIB


def relay(url: str, uri: str) -> None:
    """Send a file that is elsewhere to a service."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_media.http.client import Client
    from airflow_media.pixop.api import upload_media
    from airflow_media.pixop.service import SERVICE, default_roots
    from airflow_media.storage import open_source

    S3Hook("aws_default").get_conn()  # the first in a process reads what botocore knows of AWS, whatever is moved
    with timed(), Client(SERVICE, default_roots(url)) as client:
        content = open_source(uri)
        client.run(replace(upload_media("v", content, filename=content.name), authenticated=False))


def fetch(url: str, path: str) -> None:
    """Download a file of a service."""
    from airflow.sdk import BaseHook  # noqa: F401 - a task that downloads has it anyway

    from airflow_media.http.call import Answer, Call
    from airflow_media.http.client import Client
    from airflow_media.http.downloads import download
    from airflow_media.http.service import Service
    from airflow_media.storage import open_target
    from airflow_media.storage.settings import configured_ranges

    get: Call[Answer] = Call(
        operation="download video", method="GET", url="/1", read=lambda answer: answer, authenticated=False, bulk=True
    )
    with timed(), Client(Service(name="Store"), {"": url}, ranges=configured_ranges()) as client:
        download(client, get, open_target(path))
    os.unlink(path)


def main() -> None:
    with workplace(SIZE) as folder, sink() as service:
        video = file_of(folder / "video.mov", SIZE)
        with source(video, rate=RATE) as store:
            runs = {
                "S3 to a service": ("relay", service, object_uri()),
                "http to a service": ("relay", service, f"{store}/video.mov"),
                "a service to a file": ("fetch", store, str(folder / "out.mov")),
            }
            cases, peers = {}, {}
            for what, arguments in runs.items():
                peer, own = f"{what}, one connection", f"{what}, four ranges"
                cases[peer] = partial(_with, 1, store, *arguments)
                cases[own] = partial(_with, 4, store, *arguments)
                peers[own] = peer
            compare("ranges", cases, peers)


def _with(connections: int, store: str, *arguments: str) -> Cost:
    return python(__file__, *arguments, AIRFLOW__MEDIA__PARALLEL_RANGES=str(connections), **aws(store))


if __name__ == "__main__":
    {"relay": relay, "fetch": fetch}[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:] else main()
