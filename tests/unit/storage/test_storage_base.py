"""What all places share: schemes, what is printed of a URI, MIME types, and the promise of a size."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_media.http.errors import TransferError
from airflow_media.storage import open_source, open_target
from airflow_media.storage.base import exactly, media_type_of, printable, scheme_of


@pytest.mark.parametrize(
    ("uri", "scheme"),
    [
        ("/data/a.mp4", ""),
        ("a.mp4", ""),
        ("strange:name.mp4", ""),
        ("file:///data/a.mp4", "file"),
        ("S3://bucket/key", "s3"),
        ("https://example.com/a.mp4", "https"),
        ("gs://bucket/a://b", "gs"),
        ("folder/a://b", ""),
    ],
)
def test_scheme_of(uri: str, scheme: str) -> None:
    assert scheme_of(uri) == scheme


@pytest.mark.parametrize("uri", ["", "  "])
def test_an_empty_uri_is_told(uri: str) -> None:
    with pytest.raises(TransferError, match="is empty"):
        open_source(uri)
    with pytest.raises(TransferError, match="is empty"):
        open_target(uri)


def test_an_http_url_is_no_target() -> None:
    with pytest.raises(TransferError, match="not written to") as caught:
        open_target("https://user:word@example.com/a.mp4?signature=secret")
    assert "(https://example.com/a.mp4)" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://example.com:8443/a/b.mp4", "https://example.com:8443/a/b.mp4"),
        ("https://user:word@example.com/b.mp4?signature=secret#part", "https://example.com/b.mp4"),
        ("gs://conn@bucket/key.mp4", "gs://bucket/key.mp4"),
        ("https://[broken/", "a malformed URI"),
    ],
)
def test_printable(uri: str, shown: str) -> None:
    assert printable(uri) == shown


@pytest.mark.parametrize(
    ("name", "told", "media_type"),
    [
        ("a.mp4", None, "video/mp4"),
        ("a.MKV", None, "video/x-matroska"),
        ("a.ts", None, "video/mp2t"),
        ("a.mxf", "binary/octet-stream", "application/mxf"),
        ("a.mp4", "application/octet-stream", "video/mp4"),
        ("a.mp4", "Video/QuickTime; codecs=x", "video/quicktime"),
        ("a.srt", None, "application/x-subrip"),
        ("a.png", None, "image/png"),
        ("a", None, "application/octet-stream"),
        ("a.what", "", "application/octet-stream"),
    ],
)
def test_media_type_of(name: str, told: str | None, media_type: str) -> None:
    assert media_type_of(name, told) == media_type


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1))
def test_exactly_passes_on_what_was_promised(pieces: list[bytes]) -> None:
    size = sum(map(len, pieces))
    assert list(exactly(iter(pieces), size, "x")) == pieces


@given(st.lists(st.binary(min_size=1, max_size=9)), st.integers(1, 200))
def test_exactly_never_passes_on_a_body_that_is_whole_by_accident(pieces: list[bytes], size: int) -> None:
    assume(sum(map(len, pieces)) != size)
    passed: list[bytes] = []
    with pytest.raises(TransferError, match="changed while it was read"):
        passed.extend(exactly(iter(pieces), size, "x"))
    assert sum(map(len, passed)) < size


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = "import sys, airflow_media.storage; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"airflow", "boto3", "botocore", "fsspec"} & set(done.stdout.split())
