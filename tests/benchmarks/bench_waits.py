"""Many deferred waits on one connection: triggers on the shared hub, against a client and a login for each wait."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from measure import ROOT, report

WAITS = 300
SECONDS = 30.0
INTERVAL = 5.0
SHARED, ALONE = "this provider: one hub", "a client and a login per wait"


async def shared(video_id: str) -> None:
    """What the triggerer does with a deferred task of this provider."""
    from airflow_media.pixop.triggers import PixopTrigger

    trigger = PixopTrigger(
        pixop_conn_id="pixop_default", video_id=video_id, kind="processing", poll_interval=INTERVAL, deadline=None
    )
    async for _ in trigger.run():
        raise RuntimeError("the wait ended before it was measured")


async def alone(video_id: str) -> None:
    """What a trigger does that opens a client of its own and logs in by itself."""
    import httpx

    connection = json.loads(os.environ["AIRFLOW_CONN_PIXOP_DEFAULT"])
    headers = {"accept": "application/json", "content-type": "application/json"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:
        basic = (connection["login"], connection["password"])
        token = (await client.get(f"{connection['host']}/accounts/v1/token", auth=basic)).json()["jwtToken"]
        while True:
            url = f"{connection['host']}/videos/v1/check-process-video-progress/{video_id}"
            answer = await client.get(url, headers={"authorization": f"Bearer {token}"})
            answer.raise_for_status()
            await asyncio.sleep(INTERVAL)


async def longest_block(stop: asyncio.Event) -> float:
    """Give the longest time, in seconds, for which the event loop did not come round."""
    longest, step = 0.0, 0.01
    while not stop.is_set():
        began = time.perf_counter()
        await asyncio.sleep(step)
        longest = max(longest, time.perf_counter() - began - step)
    return longest


async def measured(wait: Callable[[str], Coroutine[Any, Any, None]], video_id: str) -> dict[str, float]:
    stop = asyncio.Event()
    block = asyncio.create_task(longest_block(stop))
    before, cpu = _memory(), time.process_time()
    tasks = [asyncio.create_task(wait(video_id)) for _ in range(WAITS)]
    await asyncio.wait(tasks, timeout=SECONDS)
    broken = [task for task in tasks if task.done()]
    if broken:
        broken[0].result()
    figures = {"cpu": time.process_time() - cpu, "added_memory": _memory() - before, "sockets": float(_sockets())}
    stop.set()
    figures["longest_block"] = await block
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return figures


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _sockets() -> int:
    links = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    return sum("socket:" in link for link in links)


def child(case: str, video_id: str) -> None:
    """Measure one case in this process and print the figures."""
    if case == SHARED:
        import airflow_media.pixop.triggers  # noqa: F401 - Airflow itself is not what is measured
    print(json.dumps(asyncio.run(measured(shared if case == SHARED else alone, video_id))))


def main() -> None:
    from airflow_media.pixop.api import process_video, upload_media
    from airflow_media.pixop.flows import create_video_once
    from airflow_media.pixop.hook import PixopHook
    from airflow_media.pixop.settings import ProcessSettings
    from airflow_media.storage import open_source
    from media_sandbox.testing import make_video

    with tempfile.TemporaryDirectory() as folder:
        announced = Path(folder) / "sandbox.json"
        command = [sys.executable, "-m", "media_sandbox", "--port", "0", "--data", folder, "--announce", str(announced)]
        sandbox = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        try:
            while not announced.exists():
                time.sleep(0.1)
            about = json.loads(announced.read_text())
            os.environ["AIRFLOW_CONN_PIXOP_DEFAULT"] = json.dumps(about["connections"]["pixop_default"])
            client = PixopHook().client
            clip = open_source(str(make_video(Path(folder) / "clip.mp4")))
            video_id = client.run(create_video_once("waits")).video_id
            client.run(upload_media(video_id, clip, filename=clip.name))
            _admin(about, "pixop/outcomes", {"stage": "process", "kind": "stuck", "percent": 1})
            _until_ingested(client, video_id)
            processed = client.run(process_video(video_id, ProcessSettings(scaler="scale", width=640)))
            rows = {case: _measure(about, case, processed.processed_video_id) for case in (ALONE, SHARED)}
        finally:
            sandbox.terminate()
            sandbox.wait()
    report("waits", rows, note=f"{WAITS} waits that start at once, {SECONDS:.0f} s, poll interval {INTERVAL:.0f} s")


def _measure(about: dict[str, Any], case: str, video_id: str) -> dict[str, float]:
    _admin(about, "requests", method="DELETE")
    output = subprocess.run([sys.executable, __file__, case, video_id], check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(output.stdout.splitlines()[-1])
    log = _admin(about, "requests", method="GET")
    polls = sum(entry["operation"] == "pixop.check_process_progress" for entry in log)
    logins = sum(entry["operation"] == "pixop.get_token" for entry in log)
    return {"polls": polls, "logins": logins, "cpu_ms_per_poll": 1000 * figures["cpu"] / max(polls, 1), **figures}


def _until_ingested(client: Any, video_id: str) -> None:
    from airflow_media.pixop.api import ingest_state

    while client.run(ingest_state(video_id)).phase.active:
        time.sleep(0.1)


def _admin(about: dict[str, Any], path: str, body: Any = None, *, method: str = "POST") -> Any:
    import httpx

    answer = httpx.request(method, f"{about['admin_url'].rstrip('/')}/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None


if __name__ == "__main__":
    child(*sys.argv[1:]) if sys.argv[1:] else main()
