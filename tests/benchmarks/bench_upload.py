"""Uploads of 2 GiB as the operators send them, over plain HTTP and TLS, against ``curl -T`` and ``curl -F``.

A raw body is what cielo24 takes; a multipart form is what Pixop takes, and with other fields in it Xvid and the media
storage.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from measure import Cost, compare, process, python, timed
from msgspec.structs import replace
from servers import GIB, curl, file_of, new_certificate, sink, size_of_file, workplace

SIZE = size_of_file(2 * GIB)


def upload(kind: str, url: str, path: str) -> None:
    """Send a file, as an operator does from the moment that it opens its source."""
    from airflow_media.cielo24.api import add_media
    from airflow_media.cielo24.service import SERVICE as CIELO24
    from airflow_media.http.client import Client
    from airflow_media.pixop.api import upload_media
    from airflow_media.pixop.service import SERVICE as PIXOP
    from airflow_media.pixop.service import default_roots
    from airflow_media.storage import open_source

    roots = default_roots(url) if kind == "multipart" else {"": url}
    with timed(), Client(PIXOP if kind == "multipart" else CIELO24, roots) as client:
        source = open_source(path)
        if kind == "multipart":
            client.run(replace(upload_media("v", source, filename=source.name), authenticated=False))
        else:
            client.run(replace(add_media("0" * 32, source), authenticated=False))


def main() -> None:
    with workplace(0) as folder:
        video = file_of(folder / "video.mov", SIZE)
        certificate = new_certificate(folder)
        with sink() as plain, sink(certificate) as encrypted:
            cases, peers = {}, {}
            for url, how in ((plain, "plain"), (encrypted, "TLS")):
                tool = [curl(), "-s", "-f", "--cacert", str(certificate), "-H", "Expect:", "-o", "/dev/null"]
                raw = [*tool, "-X", "POST", "-T", str(video), f"{url}/api/job/add_media"]
                form = [*tool, "-F", f"file=@{video}", f"{url}/media/v1/upload/light/v"]
                for kind, its, command in (("raw", "curl -T", raw), ("multipart", "curl -F", form)):
                    peer, own = f"{its}, {how}", f"{kind}, {how}"
                    cases[peer] = partial(process, command)
                    cases[own] = partial(_ours, kind, url, video, certificate)
                    peers[own] = peer
            compare("upload", cases, peers)


def _ours(kind: str, url: str, video: Path, certificate: Path) -> Cost:
    return python(__file__, kind, url, str(video), SSL_CERT_FILE=str(certificate))


if __name__ == "__main__":
    upload(*sys.argv[1:]) if sys.argv[1:] else main()
