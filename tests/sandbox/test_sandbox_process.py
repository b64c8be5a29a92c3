"""The sandbox as a process: what it announces, how it stops, what it remembers."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from sandbox_client import PixopClient, wait_until

from media_sandbox.testing import make_video, running_sandbox

PROVIDER = Path(__file__).parents[2] / "provider"


@contextmanager
def sandbox_process(data: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run ``python -m media_sandbox`` and give it with what it announced."""
    announced = data.with_name(f"{data.name}.json")
    announced.unlink(missing_ok=True)
    command = [sys.executable, "-m", "media_sandbox", "--port", "0", "--data", str(data), "--announce", str(announced)]
    environment = {**os.environ, "PYTHONPATH": str(PROVIDER)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, *arguments], env=environment, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            wait_until(lambda: announced.exists() or process.poll() is not None)
            yield process, json.loads(announced.read_text())
        finally:
            process.kill()


def test_it_announces_itself_and_its_connections(tmp_path: Path) -> None:
    arguments = ("--option", "pixop.token_life=5", "--fault", "503 times=1")
    with sandbox_process(tmp_path / "data", *arguments) as (process, announced):
        access = announced["connections"]["pixop_default"]
        assert announced["pid"] == process.pid
        assert access["host"] == f"http://127.0.0.1:{announced['port']}/pixop"
        options = httpx.get(f"{announced['admin_url']}/options").json()
        assert options["pixop"]["token_life"] == 5.0
        url = f"{access['host']}/accounts/v1/token"
        assert [httpx.get(url).status_code for _ in range(2)] == [503, 415]
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    lines = [line for line in output.splitlines() if "AIRFLOW_CONN_PIXOP_DEFAULT" in line]
    as_json, as_uri = (line.partition("=")[2].strip("'") for line in lines)
    uri = urlsplit(as_uri)
    assert uri.scheme == "pixop"
    assert [unquote(part) for part in re.split("[:@]", uri.netloc)] == [
        access["login"],
        access["password"],
        access["host"],
    ]
    assert json.loads(as_json) == access


@pytest.mark.parametrize("arguments", [["--fault", "explode"], ["--port", "-1"], ["--option", "token_life=5"]])
def test_a_faulty_command_line_is_told(tmp_path: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "media_sandbox", "--data", str(tmp_path), *arguments]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(PROVIDER)}, capture_output=True, text=True)
    assert done.returncode != 0
    assert "media_sandbox" in done.stderr
    assert "Traceback" not in done.stderr


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def test_it_stops_at_once_in_the_middle_of_work_and_goes_on_later(tmp_path: Path, clips: Path) -> None:
    long = make_video(clips / "long.mp4", seconds=20, audio=False)
    data = tmp_path / "data"
    with sandbox_process(data) as (process, announced):
        client = PixopClient(announced["connections"]["pixop_default"]["host"])
        original = client.ingested_video(long)
        body = {"denoiser": "denoise", "scaler": "scale", "resolution": {"tag": "4x"}}
        processed = client.process(original, body).json()["processedVideoId"]
        wait_until(lambda: client.processing(processed)["processingProgressPercent"] > 0)
        workers = children_of(process.pid)
        assert workers
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=5)
    assert process.returncode == 0
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    state = stored_video(data, processed)["processing"]
    assert state["status"] == "IN_PROGRESS"
    with running_sandbox(data) as sandbox:
        again = PixopClient(sandbox)
        assert again.processing(processed)["processingProgressPercent"] >= state["percent"] > 0
        assert again.call("DELETE", f"/videos/v1/video/{original}").status_code == 200


def stored_video(data: Path, video_id: str) -> dict[str, Any]:
    with closing(sqlite3.connect(data / "sandbox.sqlite")) as connection:
        (body,) = connection.execute("SELECT body FROM documents WHERE id = ?", (video_id,)).fetchone()
    video: dict[str, Any] = json.loads(body)
    return video


def test_what_was_there_is_there_after_a_restart(tmp_path: Path, clip: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        client = PixopClient(sandbox)
        original = client.ingested_video(clip, name="Reel 1")
        processed = client.processed_video(original, {})
        content = client.media("GET", f"/media/v1/download/processed/{processed}").content
        client.call("POST", "/accounts/v1/update-password", json={"newPassword": "second"})
        authorization = client.authorization
    with running_sandbox(tmp_path) as sandbox:
        again = PixopClient(sandbox)
        assert again.get_token().status_code == 401
        again.authorization = authorization
        assert again.video(original)["name"] == "Reel 1"
        assert again.media("GET", f"/media/v1/download/processed/{processed}").content == content


def test_unfinished_work_is_done_after_a_restart(tmp_path: Path, clip: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        client = PixopClient(sandbox)
        original = client.ingested_video(clip)
        sandbox.admin.outcome("process", "stuck", percent=30)
        sandbox.admin.outcome("ingest", "stuck", percent=0)
        processed = client.process(original, {}).json()["processedVideoId"]
        client.wait_for_percent(processed, 30.0)
        ingested = client.new_video()
        client.upload(ingested, clip)
    with running_sandbox(tmp_path) as sandbox:
        client = PixopClient(sandbox)
        assert client.wait_for_processing(processed) == "DONE"
        assert client.wait_for_ingestion(ingested) == "DONE"


def test_an_upload_under_way_is_an_error_after_a_restart(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        client = PixopClient(sandbox)
        video_id = client.new_video()
        part = tmp_path / "pixop" / video_id / "part-1"
        part.parent.mkdir()
        part.write_bytes(b"half")
    with closing(sqlite3.connect(tmp_path / "sandbox.sqlite", isolation_level=None)) as connection:
        connection.execute(
            "UPDATE documents SET body = json_set(body, '$.upload.status', 'IN_PROGRESS') WHERE id = ?", (video_id,)
        )
    with running_sandbox(tmp_path) as sandbox:
        client = PixopClient(sandbox)
        assert client.video(video_id)["upload"]["uploadState"]["uploadStatus"] == "ERROR"
    assert not part.exists()


def test_an_option_that_does_not_exist_is_told_at_the_start() -> None:
    with pytest.raises(RuntimeError) as caught, running_sandbox(pixop={"colour": "red"}):
        pass
    assert "there is no option 'colour'" in str(caught.value.__cause__)


def test_a_directory_in_use_is_told_at_the_start(tmp_path: Path) -> None:
    with running_sandbox(tmp_path):
        with pytest.raises(RuntimeError) as caught, running_sandbox(tmp_path):
            pass
        assert "another sandbox" in str(caught.value.__cause__)


def test_a_port_in_use_is_told_at_the_start() -> None:
    with running_sandbox() as sandbox:
        port = httpx.URL(sandbox.base_url).port
        assert port
        with pytest.raises(RuntimeError), running_sandbox(port=port):
            pass
