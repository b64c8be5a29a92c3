"""A download of 2 GiB that is cut at ten random bytes, against one that is not."""

from __future__ import annotations

import logging
import os
import random
import sys
from dataclasses import asdict
from pathlib import Path

from measure import ROUNDS, Cost, medians, python, report, timed
from servers import GIB, MIB, file_of, size_of_file, source, workplace

SIZE = size_of_file(2 * GIB)
CUTS = 10


def fetch(url: str, path: str) -> None:
    """Download a file of a service."""
    from airflow_media.http.call import Answer, Call
    from airflow_media.http.client import Client
    from airflow_media.http.downloads import download
    from airflow_media.http.retry import RetryPolicy
    from airflow_media.http.service import Service
    from airflow_media.storage import open_target

    get: Call[Answer] = Call(
        operation="download video", method="GET", url="/1", read=lambda answer: answer, authenticated=False, bulk=True
    )
    logging.disable(logging.WARNING)  # each cut is told
    # At once: how long it waits before it asks again is not what is measured.
    with timed(), Client(Service(name="Store"), {"": url}) as client:
        done = download(client, get, open_target(path), retry=RetryPolicy(first=0.0))
    if done.size != SIZE:
        raise SystemExit(f"{done.size} bytes came")
    os.unlink(path)


def main() -> None:
    rows: dict[str, list[dict[str, float]]] = {"uncut": [], f"cut {CUTS} times": []}
    with workplace(SIZE) as folder:
        video = file_of(folder / "video.mov", SIZE)
        for number in range(ROUNDS):
            whole = _run(folder, video, [])
            cuts = random.Random(number).sample(range(1, SIZE), CUTS)
            log = folder / "log.txt"
            cut = _run(folder, video, cuts, log)
            sent = [line.split() for line in log.read_text().splitlines()]
            log.unlink()
            again = sum(int(count) for _, count in sent) - SIZE
            rows["uncut"].append({**asdict(whole), "seconds_ratio": 1.0})
            row = {**asdict(cut), "seconds_ratio": cut.seconds / whole.seconds, "requests": len(sent)}
            rows[f"cut {CUTS} times"].append(row | {"MiB_again_per_cut": again / MIB / CUTS})
    note = f"medians of {ROUNDS} rounds, each with cuts of its own; ratios within the round"
    report("resume", {case: medians(taken) for case, taken in rows.items()}, note=note)


def _run(folder: Path, video: Path, cuts: list[int], log: Path | None = None) -> Cost:
    with source(video, cuts=cuts, log=log) as url:
        return python(__file__, url, str(folder / "out.mov"))


if __name__ == "__main__":
    fetch(*sys.argv[1:]) if sys.argv[1:] else main()
