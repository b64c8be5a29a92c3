"""From S3 to a service, 2 GiB: streamed as the operators do it, against two curls with a pipe between them.

And against what people write today: Airflow's hook downloads the object to a disk, ``requests`` uploads it from there.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from measure import compare, pipe, python, timed
from msgspec.structs import replace
from s3 import aws, object_uri
from servers import GIB, curl, file_of, sink, size_of_file, source, workplace

SIZE = size_of_file(2 * GIB)
FORM = "/media/v1/upload/light/v"


def ours(url: str) -> None:
    """Relay as an operator does, from the moment that it opens its source."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_media.http.client import Client
    from airflow_media.pixop.api import upload_media
    from airflow_media.pixop.service import SERVICE, default_roots
    from airflow_media.storage import open_source

    S3Hook("aws_default").get_conn()  # the first in a process reads what botocore knows of AWS, whatever is moved
    with timed(), Client(SERVICE, default_roots(url)) as client:
        content = open_source(object_uri())
        client.run(replace(upload_media("v", content, filename=content.name), authenticated=False))


def habit(url: str, folder: str) -> None:
    """Relay by way of a file."""
    import requests
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    S3Hook("aws_default").get_conn()
    with timed(), tempfile.TemporaryDirectory(dir=folder) as local:
        path = S3Hook("aws_default").download_file("video.mov", "films", local, preserve_file_name=True)
        with Path(path).open("rb") as file:
            requests.post(f"{url}{FORM}", files={"file": file}, timeout=600).raise_for_status()


def main() -> None:
    with workplace(SIZE) as folder, sink() as url:
        video = file_of(folder / "video.mov", SIZE)
        with source(video) as store:
            give = [curl(), "-s", "-f", f"{store}/films/video.mov"]
            head = ["-H", "Expect:", "-H", "Transfer-Encoding:", "-H", f"Content-Length: {SIZE}", "-o", "/dev/null"]
            take = [curl(), "-s", "-f", "-X", "POST", *head, "-T", "-", f"{url}{FORM}"]
            cases = {
                "curl | curl": partial(pipe, give, take),
                "this provider": partial(python, __file__, "ours", url, **aws(store)),
                "download_file, requests files=": partial(python, __file__, "habit", url, str(folder), **aws(store)),
            }
            compare("relay", cases, dict.fromkeys(list(cases)[1:], "curl | curl"))


if __name__ == "__main__":
    if not sys.argv[1:]:
        main()
    elif sys.argv[1] == "habit":
        habit(*sys.argv[2:])
    else:
        ours(*sys.argv[2:])
