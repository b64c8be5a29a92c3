"""Peak memory of an upload, whatever the size of the file, above that of a process which sends nothing.

The files are uploaded as the operators do it, from a disk and from S3.
"""

from __future__ import annotations

import statistics
import sys
from functools import partial

from measure import ROUNDS, python, report, timed
from msgspec.structs import replace
from s3 import aws, object_uri
from servers import GIB, MIB, file_of, sink, source, workplace

SIZES = {"64 MiB": 64 * MIB, "2 GiB": 2 * GIB, "8 GiB": 8 * GIB}


def upload(url: str, uri: str) -> None:
    """Send a file to Pixop, or nothing where there is no URI."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook  # noqa: F401 - a task that reads from S3 has it anyway

    from airflow_media.http.client import Client
    from airflow_media.pixop.api import upload_media
    from airflow_media.pixop.service import SERVICE, default_roots
    from airflow_media.storage import open_source

    with timed(), Client(SERVICE, default_roots(url)) as client:
        if uri:
            content = open_source(uri)
            client.run(replace(upload_media("v", content, filename=content.name), authenticated=False))


def main() -> None:
    rows: dict[str, dict[str, float]] = {}
    with workplace(0) as folder, sink() as url:
        idle = _peak(url, "")
        rows["nothing"] = {"memory": idle, "above_idle": 0.0}
        for name, size in SIZES.items():
            video = file_of(folder / f"{size}.mov", size)
            with source(video) as store:
                for place, uri, variables in (("disk", str(video), {}), ("S3", object_uri(), aws(store))):
                    peak = _peak(url, uri, **variables)
                    rows[f"{name} from {place}"] = {"memory": peak, "above_idle": peak - idle}
    report("memory", rows, note=f"peak memory in MiB, medians of {ROUNDS} runs of a process of its own")


def _peak(url: str, uri: str, **variables: str) -> float:
    run = partial(python, __file__, url, uri, **variables)
    return statistics.median(run().memory for _ in range(ROUNDS))


if __name__ == "__main__":
    upload(*sys.argv[1:]) if sys.argv[1:] else main()
