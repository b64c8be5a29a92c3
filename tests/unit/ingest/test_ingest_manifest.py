"""The manifest: read as it was written, and taken in piece by piece."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from airflow_media.http.errors import InvalidRequestError
from airflow_media.ingest.interval import Interval
from airflow_media.ingest.manifest import Manifest, Output, Video

OUTPUT = Output("s3://films/out/clip.mp4", 12, '"e"', "2026-01-31T01:00:00+00:00", "CRC32:AAAAAA==")
VIDEO = Video(
    source="s3://films/in/clip.mp4",
    etag='"1"',
    size=3,
    name="clip-12345678",
    state="done",
    outputs={"enhance": OUTPUT},
    ids={"pixop_video": "v1"},
    planned_at="2026-01-31T00:00:00+00:00",
    ended_at="2026-01-31T02:00:00+00:00",
)
MANIFEST = Manifest.of(Interval.day("2026-01-31")).with_videos([VIDEO])


def test_it_is_read_as_it_was_written() -> None:
    written = replace(MANIFEST, dag_id="daily", run_id="r", written_at="2026-01-31T03:00:00+00:00")

    assert Manifest.from_json(json.loads(json.dumps(written.to_json()))) == written


def test_news_of_a_video_take_the_place_of_the_old_and_others_are_added() -> None:
    other = replace(VIDEO, source="s3://films/in/other.mp4")
    failed = replace(VIDEO, state="failed", failed=("enhance.process",))

    now = MANIFEST.with_videos([other]).with_videos([failed])

    assert now.videos == (failed, other)
    assert now.find(VIDEO.source) == failed
    assert now.find("s3://films/in/unknown.mp4") is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": 2}, "version is 2, and this release reads 1"),
        ({"label": None}, "label is missing"),
        ({"videos": {}}, "videos is an object, not a list"),
        ({"videos": [{"state": "perhaps"}]}, r"videos\[0\].state is neither of done, failed"),
    ],
)
def test_what_is_no_manifest_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        Manifest.from_json({**MANIFEST.to_json(), **change})


def test_what_is_not_even_an_object_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="this is no manifest"):
        Manifest.from_json([])
