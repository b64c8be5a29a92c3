"""Documents in S3, read and written on condition, against a real S3 server."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from ingest_s3 import BUCKET

from airflow_media.http.errors import ConflictError, InvalidRequestError, TransferError
from airflow_media.ingest.shelf import ABSENT, Shelf, read_document

pytestmark = pytest.mark.airflow


@pytest.fixture
def shelf(ingest_s3: Any) -> Shelf:
    return Shelf(f"s3://{BUCKET}/media/")


def test_a_listing_tells_objects_below_the_prefix_and_no_folders(shelf: Shelf, ingest_s3: Any) -> None:
    for key in ("media/a.mp4", "media/b/", "media/b/c.mp4", "other/d.mp4"):
        ingest_s3.put_object(Bucket=BUCKET, Key=key, Body=b"123")

    found = list(shelf.list())

    assert [(each.uri, each.key, each.size) for each in found] == [
        (f"s3://{BUCKET}/media/a.mp4", "media/a.mp4", 3),
        (f"s3://{BUCKET}/media/b/c.mp4", "media/b/c.mp4", 3),
    ]
    assert found[0].etag == shelf.etag(found[0].uri)
    assert found[0].modified.timezone_name == "UTC"
    assert [each.key for each in shelf.list("b/")] == ["media/b/c.mp4"]


def test_a_listing_of_more_than_a_page_is_complete(
    shelf: Shelf, ingest_s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(5):
        ingest_s3.put_object(Bucket=BUCKET, Key=f"media/{number}", Body=b"1")

    assert len(list(shelf.list())) == 5


def test_a_document_is_created_once(shelf: Shelf) -> None:
    assert shelf.read("day.json") is None
    etag = shelf.write("day.json", {"a": "ü"}, seen=ABSENT)

    with pytest.raises(ConflictError, match="somebody else has written it meanwhile"):
        shelf.write("day.json", {"a": 2}, seen=ABSENT)

    found = shelf.read("day.json")
    assert found is not None
    assert (found.value, found.etag) == ({"a": "ü"}, etag)


def test_a_document_is_replaced_only_as_it_was_seen(shelf: Shelf) -> None:
    first = shelf.write("day.json", 1, seen=ABSENT)
    second = shelf.write("day.json", 2, seen=first)

    with pytest.raises(ConflictError):
        shelf.write("day.json", 3, seen=first)
    with pytest.raises(ConflictError):
        shelf.remove("day.json", seen=first)

    shelf.remove("day.json", seen=second)
    shelf.remove("day.json", seen=second)
    assert shelf.read("day.json") is None
    with pytest.raises(ConflictError):
        shelf.write("day.json", 4, seen=second)


def test_what_is_no_json_is_told(shelf: Shelf, ingest_s3: Any) -> None:
    ingest_s3.put_object(Bucket=BUCKET, Key="media/day.json", Body=b"<html>")

    with pytest.raises(TransferError, match=r"media/day\.json.*is not a JSON document"):
        shelf.read("day.json")


def test_a_bucket_that_is_not_there_is_not_taken_for_a_missing_document(ingest_s3: Any) -> None:
    with pytest.raises(TransferError, match="there is no such bucket"):
        Shelf("s3://no-such-bucket/media/").read("day.json")


@pytest.mark.parametrize("uri", ["s3://films/media", "/films/media/", "gs://films/media/"])
def test_what_is_no_prefix_is_refused(uri: str) -> None:
    with pytest.raises(InvalidRequestError, match="is not a prefix in S3"):
        Shelf(uri)


def test_the_checksum_is_the_stores_own(shelf: Shelf, ingest_s3: Any) -> None:
    ingest_s3.put_object(Bucket=BUCKET, Key="media/a", Body=b"abc", ChecksumAlgorithm="CRC32")

    assert shelf.checksum(f"s3://{BUCKET}/media/a") == "CRC32:NSRBwg=="


def test_the_etag_of_what_is_gone_is_none(shelf: Shelf) -> None:
    assert shelf.etag(f"s3://{BUCKET}/media/gone") is None


def test_a_document_is_read_by_its_uri(shelf: Shelf) -> None:
    shelf.write("day.json", {"a": 1}, seen=ABSENT)

    assert read_document(f"s3://{BUCKET}/media/day.json").value == {"a": 1}
    with pytest.raises(TransferError, match="there is no such object"):
        read_document(f"s3://{BUCKET}/media/other.json")


def test_a_store_that_knows_no_conditions_is_written_to_all_the_same_and_told(
    shelf: Shelf, ingest_s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(model: Any, params: Any, request_signer: Any, context: Any, **_: Any) -> Any:
        if params["headers"].get("If-None-Match"):
            error = {"Error": {"Code": "NotImplemented", "Message": "A header implies functionality"}}
            return _Response(501), {**error, "ResponseMetadata": {"HTTPStatusCode": 501}}
        return None

    shelf._client.meta.events.register("before-call.s3.PutObject", refuse)
    with caplog.at_level(logging.WARNING):
        shelf.write("day.json", [1], seen=ABSENT)

    assert "the store knows none" in caplog.text
    assert json.loads(ingest_s3.get_object(Bucket=BUCKET, Key="media/day.json")["Body"].read()) == [1]


class _Response:
    def __init__(self, status: int) -> None:
        self.status_code = status
