"""Upload of 2 GiB as multipart, as the Pixop operator sends it, against ``curl -F`` and ``requests`` ``files=``."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import compare, process

SIZE = 2 << 30

OURS = """
import sys
from airflow_media.http.client import Client
from airflow_media.pixop.api import upload_media
from airflow_media.pixop.service import SERVICE, default_roots
from airflow_media.storage import open_source
from dataclasses import replace
with Client(SERVICE, default_roots(sys.argv[1])) as client:
    source = open_source(sys.argv[2])
    client.run(replace(upload_media("v", source, filename=source.name), authenticated=False))
"""
HABIT = """
import sys, requests
requests.post(sys.argv[1] + "/media/v1/upload/light/v", files={"file": open(sys.argv[2], "rb")}).raise_for_status()
"""


def main() -> None:
    curl = shutil.which("curl")
    if curl is None:
        raise SystemExit("This benchmark compares with curl: install it first.")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    sink = subprocess.Popen([sys.executable, str(Path(__file__).with_name("sink.py")), str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "video.mov"
            with video.open("wb") as file:
                file.truncate(SIZE)
            _wait(port)
            form = ["-F", f"file=@{video}", "-o", "/dev/null", f"{url}/media/v1/upload/light/v"]
            cases = {
                "curl -F": lambda: process([curl, "-s", "-f", "-H", "Expect:", *form]),
                "this provider": lambda: process([sys.executable, "-c", OURS, url, str(video)]),
                "requests files=": lambda: process([sys.executable, "-c", HABIT, url, str(video)]),
            }
            compare("upload", "curl -F", cases)
    finally:
        sink.kill()
        sink.wait()


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the sink did not start")


if __name__ == "__main__":
    main()
