"""S3: objects read in one stream that survives cuts, written in bounded memory, and nothing left behind."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from cutting_proxy import CuttingProxy
from s3_server import BUCKET, aws_connection, s3_client

from airflow_media.http import reading
from airflow_media.http.bodies import CHUNK
from airflow_media.http.errors import TransferError
from airflow_media.http.reading import MIB, PATIENCE, Ranges
from airflow_media.http.retry import NO_RETRY, RetryPolicy
from airflow_media.storage import Source, open_source, open_target
from airflow_media.storage.s3 import LARGE, LARGE_PART, MOST_PARTS, PART, PIECE, SENDING, S3Source, S3Target, part_size

DATA = os.urandom(3 * CHUNK + 17)
AT_ONCE = RetryPolicy(first=0.0)


@pytest.fixture
def film(s3: Any) -> str:
    s3.put_object(Bucket=BUCKET, Key="in/film.mp4", Body=DATA, ContentType="video/quicktime")
    return f"s3://{BUCKET}/in/film.mp4"


@pytest.fixture
def proxy(s3_address: tuple[str, int]) -> Iterator[CuttingProxy]:
    with CuttingProxy(s3_address) as proxy:
        yield proxy


def read(source: Source) -> bytes:
    with source.open() as pieces:
        return b"".join(pieces)


def stored(s3: Any, key: str) -> bytes:
    data: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return data


def keys(s3: Any) -> list[str]:
    return [listed["Key"] for listed in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def unfinished(s3: Any) -> list[str]:
    return [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]


@pytest.mark.airflow
@pytest.mark.usefixtures("aws_default")
def test_a_source_of_the_default_connection(film: str) -> None:
    source = open_source(film)
    assert (source.uri, source.name, source.size) == (film, "film.mp4", len(DATA))
    assert source.media_type == "video/quicktime"
    assert (read(source), read(source)) == (DATA, DATA)


@pytest.mark.airflow
@pytest.mark.usefixtures("aws_default")
def test_a_target_of_the_default_connection(s3: Any) -> None:
    target = open_target(f"s3://{BUCKET}/out/").resolve("../film.mp4")
    assert target.uri == f"s3://{BUCKET}/out/film.mp4"
    with target.writer(len(DATA)) as writer:
        writer.write(DATA)
    assert stored(s3, "out/film.mp4") == DATA


@pytest.fixture
def forbidding(s3: Any) -> Iterator[None]:
    """Have the S3 allow nothing to the keys of the tests, for the length of a test."""

    def allow(actions: str) -> None:
        url, plain = f"{s3.meta.endpoint_url}/moto-api/reset-auth", {"content-type": "text/plain"}
        urlopen(Request(url, actions.encode(), plain), timeout=30).close()

    allow("0")
    yield
    allow("inf")


@pytest.mark.usefixtures("film", "forbidding")
def test_an_object_that_may_not_be_read_is_told_beforehand(s3: Any) -> None:
    with pytest.raises(TransferError, match="not allowed") as caught:
        S3Source(s3, BUCKET, "in/film.mp4")
    assert (caught.value.status, caught.value.retryable) == (403, False)
    assert f"s3://{BUCKET}/in/film.mp4" in str(caught.value)


@pytest.mark.airflow
def test_a_connection_may_be_named(s3: Any, film: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", aws_connection(s3.meta.endpoint_url))
    assert read(open_source(film, "other")) == DATA


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://id:secret@bucket/key"])
def test_a_malformed_uri_is_refused(uri: str) -> None:
    with pytest.raises(TransferError, match="write it as s3://bucket/key") as caught:
        open_source(uri)
    assert "secret" not in str(caught.value)


def test_a_key_is_taken_as_it_is(s3: Any) -> None:
    key = "a?b#c%20d é.mp4"
    with S3Target(s3, BUCKET, key).writer(None) as writer:
        writer.write(b"data")
    assert keys(s3) == [key]
    assert read(S3Source(s3, BUCKET, key)) == b"data"


@pytest.mark.parametrize(
    ("bucket", "key", "text"),
    [
        (BUCKET, "no.mp4", "404: there is no such object in the bucket"),
        ("no-such-bucket", "film.mp4", "404: there is no such bucket"),
        (BUCKET, "", "it is a folder"),
        (BUCKET, "folder/", "it is a folder"),
        (BUCKET, "empty.mp4", "the object is empty"),
    ],
)
def test_what_cannot_be_read_is_told_beforehand(s3: Any, bucket: str, key: str, text: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="empty.mp4", Body=b"")
    with pytest.raises(TransferError) as caught:
        S3Source(s3, bucket, key)
    assert str(caught.value).startswith(f"S3 could not read object (s3://{bucket}/{key}): {text}")


def test_an_s3_that_cannot_be_reached_is_told() -> None:
    with CuttingProxy(("127.0.0.1", 1)) as gone:
        root = gone.root
    client = s3_client(root)
    with pytest.raises(TransferError, match="EndpointConnectionError") as caught:
        S3Source(client, BUCKET, "film.mp4")
    assert caught.value.retryable


def test_missing_credentials_are_told(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    client = boto3.Session().client("s3", endpoint_url=s3.meta.endpoint_url, region_name="us-east-1")
    with pytest.raises(TransferError, match="Unable to locate credentials"):
        S3Source(client, BUCKET, "in/film.mp4")


def through(proxy: CuttingProxy, retry: RetryPolicy = AT_ONCE) -> S3Source:
    """Give the film as seen through the proxy; the connection that looked at it is closed."""
    client = s3_client(proxy.root)
    source = S3Source(client, BUCKET, "in/film.mp4", retry=retry)
    client.close()
    return source


@pytest.mark.usefixtures("film")
def test_a_broken_read_is_taken_up_where_it_broke(proxy: CuttingProxy) -> None:
    source = through(proxy)
    proxy.cuts.extend([CHUNK + CHUNK // 2, 5000, 0, CHUNK])
    assert read(source) == DATA
    assert not proxy.cuts


@pytest.mark.usefixtures("film")
@pytest.mark.parametrize("came", [0, CHUNK + 5000])
def test_a_read_that_breaks_again_and_again_is_given_up(proxy: CuttingProxy, came: int) -> None:
    source = through(proxy)
    proxy.cuts.extend([came] + [0] * 20)
    with pytest.raises(TransferError, match=f"the connection broke at byte {came} ") as caught:
        read(source)
    assert caught.value.retryable
    assert len(proxy.cuts) == 20 - PATIENCE + (came == 0)


@pytest.mark.usefixtures("film")
def test_without_a_retry_policy_that_allows_it_nothing_is_resumed(proxy: CuttingProxy) -> None:
    source = through(proxy, NO_RETRY)
    proxy.cuts.append(CHUNK)
    with pytest.raises(TransferError, match="the connection broke"):
        read(source)


@pytest.mark.usefixtures("film")
def test_an_object_that_was_replaced_since_it_was_looked_at_is_not_sent(s3: Any) -> None:
    source = S3Source(s3, BUCKET, "in/film.mp4")
    s3.put_object(Bucket=BUCKET, Key="in/film.mp4", Body=bytes(len(DATA)))
    with pytest.raises(TransferError, match="the object was replaced"):
        read(source)


@pytest.mark.usefixtures("film")
def test_an_object_that_is_replaced_while_it_is_read_is_not_mixed(s3: Any, proxy: CuttingProxy) -> None:
    def replace(shortest: float, longest: float) -> float:
        s3.put_object(Bucket=BUCKET, Key="in/film.mp4", Body=bytes(len(DATA)))
        return 0.0

    source = through(proxy, RetryPolicy(jitter=replace))
    proxy.cuts.append(2 * CHUNK)
    came: list[bytes] = []
    with source.open() as pieces, pytest.raises(TransferError, match="the object was replaced"):
        came.extend(pieces)
    assert DATA.startswith(b"".join(came))
    assert sum(map(len, came)) < len(DATA)


LARGE_DATA = os.urandom(1 << 16) * 256 + b"end"
IN_RANGES = Ranges(count=3, part=MIB, least=2 * MIB, enough=math.inf)
"""Ranges from the first moment, however fast the S3 is."""


@pytest.fixture
def large_film(s3: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A large object that is read in ranges; gives the ranges that were asked for."""
    s3.put_object(Bucket=BUCKET, Key="in/film.mp4", Body=LARGE_DATA)
    monkeypatch.setattr(reading, "WINDOW", 2 * MIB)
    return []


def in_ranges(client: Any, asked: list[str]) -> S3Source:
    """Give the large film, to be read in ranges."""

    def note(params: dict[str, Any], **context: Any) -> None:
        asked.append(params["headers"].get("Range", ""))
        assert params["headers"]["If-Match"] == source.etag

    source = S3Source(client, BUCKET, "in/film.mp4", retry=AT_ONCE, ranges=IN_RANGES)
    client.meta.events.register("before-call.s3.GetObject", note)
    return source


def test_a_large_object_that_comes_slowly_is_read_in_ranges(s3: Any, large_film: list[str]) -> None:
    assert read(in_ranges(s3, large_film)) == LARGE_DATA
    starts = range(2 * MIB, len(LARGE_DATA), MIB)
    parts = [f"bytes={start}-{min(start + MIB, len(LARGE_DATA)) - 1}" for start in starts]
    assert large_film[0] == ""
    assert sorted(large_film[1:]) == sorted(parts)


def test_a_range_that_is_cut_is_taken_up_where_it_was(large_film: list[str], proxy: CuttingProxy) -> None:
    source = in_ranges(s3_client(proxy.root), large_film)
    proxy.cuts.extend([MIB // 2, 5000, 0])
    assert read(source) == LARGE_DATA
    assert not proxy.cuts


def test_an_object_that_is_replaced_while_its_ranges_are_read_is_not_mixed(s3: Any, large_film: list[str]) -> None:
    source = in_ranges(s3, large_film)
    came: list[bytes] = []
    with source.open() as pieces:
        came.append(next(pieces))
        s3.put_object(Bucket=BUCKET, Key="in/film.mp4", Body=bytes(len(LARGE_DATA)))
        with pytest.raises(TransferError, match="the object was replaced"):
            came.extend(pieces)
    assert LARGE_DATA.startswith(b"".join(came))


def test_an_object_that_nobody_wants_the_rest_of_is_let_go(s3: Any, large_film: list[str]) -> None:
    with in_ranges(s3, large_film).open() as pieces:
        assert next(pieces) == LARGE_DATA[:PIECE]
    assert len(large_film) < len(LARGE_DATA) // MIB


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 5])
def test_an_object_of_any_size_is_written(s3: Any, size: int) -> None:
    data = os.urandom(size)
    with S3Target(s3, BUCKET, "film.mkv").writer(size) as writer:
        for start in range(0, size, 3_000_000):
            writer.write(data[start : start + 3_000_000])
        assert writer.position == size
        assert keys(s3) == []
    assert stored(s3, "film.mkv") == data
    head = s3.head_object(Bucket=BUCKET, Key="film.mkv")
    assert head["ContentType"] == "video/x-matroska"
    parts = -(-size // PART)
    assert head["ETag"].strip('"').partition("-")[2] == (str(parts) if parts > 1 else "")
    assert unfinished(s3) == []


NO_SUCH_UPLOAD = (
    SimpleNamespace(status_code=404),
    {
        "Error": {"Code": "NoSuchUpload", "Message": "The upload is not there"},
        "ResponseMetadata": {"HTTPStatusCode": 404},
    },
)
"""What S3 answers to a part of an upload that was given up, as botocore reads it; the S3 of the tests breaks there."""


def test_an_object_says_where_it_comes_from_and_who_wrote_it(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DAG_ID": "daily", "DAG_RUN_ID": "manual__2026-11-01T00:00:00+00:00", "TASK_ID": "get"}.items():
        monkeypatch.setenv(f"AIRFLOW_CTX_{name}", value)
    metadata = {
        "service": "Pixop",
        "subject": "video 3f2a",
        "filename": "100 % Zo\u00eb.mov",
        "empty": "",
        "long": "x" * 999,
    }
    for size in (5, PART + 1):
        target = S3Target(s3, BUCKET, f"out/{size}")
        with target.writer(size, media_type="video/quicktime; codecs=x", metadata=metadata) as writer:
            writer.write(bytes(size))
        head = s3.head_object(Bucket=BUCKET, Key=f"out/{size}")
        assert head["ContentType"] == "video/quicktime"
        assert head["Metadata"] == {
            "service": "Pixop",
            "subject": "video 3f2a",
            "filename": "100 %25 Zo%C3%AB.mov",
            "long": "x" * 256,
            "airflow-dag-id": "daily",
            "airflow-run-id": "manual__2026-11-01T00:00:00+00:00",
            "airflow-task-id": "get",
        }


def test_a_writer_holds_no_more_than_the_parts_on_their_way_and_the_next_one(s3: Any) -> None:
    counted = threading.Condition()
    on_their_way = most = 0

    def begin(**context: Any) -> None:
        nonlocal on_their_way, most
        with counted:
            on_their_way += 1
            most = max(most, on_their_way)

    def end(**context: Any) -> None:
        nonlocal on_their_way
        with counted:
            on_their_way -= 1

    s3.meta.events.register("before-call.s3.UploadPart", begin)
    s3.meta.events.register("after-call.s3.UploadPart", end)
    with S3Target(s3, BUCKET, "film.mp4").writer(6 * PART) as writer:
        for _ in range(6):
            writer.write(bytes(PART))
    assert 1 <= most <= SENDING
    assert stored(s3, "film.mp4") == bytes(6 * PART)


def test_a_part_that_was_on_its_way_when_the_upload_was_given_up_is_removed_too(
    s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    began, given_up = threading.Event(), threading.Event()

    def hold(**context: Any) -> tuple[Any, dict[str, Any]]:
        began.set()
        assert given_up.wait(20)
        return NO_SUCH_UPLOAD

    def broken() -> None:
        with S3Target(s3, BUCKET, "film.mp4").writer(3 * PART) as writer:
            writer.write(bytes(2 * PART))
            assert began.wait(20)
            raise TransferError("the source broke")

    removed: list[bool] = []
    s3.meta.events.register("before-call.s3.UploadPart", hold)
    s3.meta.events.register("after-call.s3.AbortMultipartUpload", lambda **context: removed.append(given_up.is_set()))
    s3.meta.events.register("after-call.s3.AbortMultipartUpload", lambda **context: given_up.set())
    with pytest.raises(TransferError, match="the source broke"):
        broken()
    assert removed == [False, True], "at once, and when the part has arrived"
    assert unfinished(s3) == []
    assert keys(s3) == []
    assert not [record for record in caplog.records if record.name.startswith("airflow_media")]


KILLED = """
import os, signal, sys, threading
from airflow_media.storage.s3 import PART, S3Target
from s3_server import BUCKET, s3_client

def killed(number, frame):
    raise KeyboardInterrupt

s3, sending, given_up = s3_client(sys.argv[1]), threading.Semaphore(0), threading.Event()
signal.signal(signal.SIGTERM, killed)

def hold(**context):
    sending.release()
    given_up.wait(20)

def kill():
    for _ in range(2):
        sending.acquire()
    os.kill(os.getpid(), signal.SIGTERM)

s3.meta.events.register("before-call.s3.UploadPart", hold)
s3.meta.events.register("after-call.s3.AbortMultipartUpload", lambda **context: given_up.set())
threading.Thread(target=kill).start()
with S3Target(s3, BUCKET, "film.mp4").writer(9 * PART) as writer:
    for _ in range(9):
        writer.write(bytes(PART))
"""


def test_a_process_that_is_killed_while_it_waits_for_s3_leaves_nothing(s3: Any) -> None:
    folders = [str(Path(__file__).parent), *sys.path]
    command = [sys.executable, "-c", KILLED, s3.meta.endpoint_url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    assert (keys(s3), unfinished(s3)) == ([], [])


@pytest.mark.parametrize(("number", "left"), [(None, 2), ("1", 2), ("2", 0)])
def test_a_retry_removes_the_parts_that_a_killed_try_has_left(
    s3: Any, monkeypatch: pytest.MonkeyPatch, number: str | None, left: int
) -> None:
    for key in ("film.mp4", "film.mp4", "film.mp4.srt"):
        s3.create_multipart_upload(Bucket=BUCKET, Key=key)
    if number:
        monkeypatch.setenv("AIRFLOW_CTX_TRY_NUMBER", number)
    with S3Target(s3, BUCKET, "film.mp4").writer(5) as writer:
        writer.write(b"whole")
    assert stored(s3, "film.mp4") == b"whole"
    assert unfinished(s3) == ["film.mp4"] * left + ["film.mp4.srt"]


def test_an_s3_that_does_not_list_uploads_is_written_to_all_the_same(
    s3: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CTX_TRY_NUMBER", "2")
    client = s3_client(s3.meta.endpoint_url)
    client.meta.events.register("before-call.s3.ListMultipartUploads", lambda **context: NO_SUCH_UPLOAD)
    with S3Target(client, BUCKET, "film.mp4").writer(5) as writer:
        writer.write(b"whole")
    assert stored(s3, "film.mp4") == b"whole"
    assert "Parts that an earlier try may have left remain" in caplog.text


def test_a_part_that_s3_does_not_take_is_told_and_leaves_nothing(s3: Any) -> None:
    def write() -> None:
        with S3Target(s3, BUCKET, "film.mp4").writer(3 * PART) as writer:
            for _ in range(3):
                writer.write(bytes(PART))

    s3.meta.events.register("before-call.s3.UploadPart", lambda **context: NO_SUCH_UPLOAD)
    with pytest.raises(TransferError, match="404 NoSuchUpload: The upload is not there"):
        write()
    assert keys(s3) == []
    assert unfinished(s3) == []


def test_a_chunk_larger_than_a_part_is_written(s3: Any) -> None:
    data = os.urandom(3 * PART + 1)
    with S3Target(s3, BUCKET, "film.mp4").writer(len(data)) as writer:
        writer.write(data)
    assert stored(s3, "film.mp4") == data


@pytest.mark.parametrize("fault", [TransferError("cut"), KeyboardInterrupt()])
@pytest.mark.parametrize("size", [5, 2 * PART])
def test_an_exception_leaves_everything_as_it_was(s3: Any, fault: BaseException, size: int) -> None:
    s3.put_object(Bucket=BUCKET, Key="film.mp4", Body=b"older")

    def broken() -> None:
        with S3Target(s3, BUCKET, "film.mp4").writer(size) as writer:
            writer.write(bytes(size))
            raise fault

    with pytest.raises(type(fault)):
        broken()
    assert stored(s3, "film.mp4") == b"older"
    assert unfinished(s3) == []


def test_a_writer_may_start_over(s3: Any) -> None:
    with S3Target(s3, BUCKET, "film.mp4").writer(None) as writer:
        writer.write(bytes(2 * LARGE_PART))
        assert unfinished(s3) == ["film.mp4"]
        writer.restart()
        assert (unfinished(s3), writer.position) == ([], 0)
        writer.write(b"right")
    assert stored(s3, "film.mp4") == b"right"


def test_a_bucket_that_is_not_there_is_told(s3: Any) -> None:
    def write(size: int) -> None:
        with S3Target(s3, "no-such-bucket", "film.mp4").writer(size) as writer:
            writer.write(bytes(size))

    for size in (1, 2 * PART):
        with pytest.raises(TransferError, match="404 NoSuchBucket: there is no such bucket"):
            write(size)


def test_what_went_wrong_is_told_and_not_that_cleaning_up_went_wrong_too(s3: Any) -> None:
    def broken() -> None:
        with S3Target(s3, BUCKET, "film.mp4").writer(2 * PART) as writer:
            writer.write(bytes(PART + 1))
            (upload,) = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
            s3.abort_multipart_upload(Bucket=BUCKET, Key="film.mp4", UploadId=upload["UploadId"])
            raise TransferError("the source broke")

    with pytest.raises(TransferError, match="the source broke"):
        broken()


def test_a_prefix_is_not_written_to(s3: Any) -> None:
    for key in ("", "folder/"):
        with pytest.raises(TransferError, match="there is no name"):
            S3Target(s3, BUCKET, key).writer(1).__enter__()
    assert S3Target(s3, BUCKET, "film.mp4").resolve("other.mp4").uri == f"s3://{BUCKET}/film.mp4"


@pytest.mark.parametrize(
    ("size", "part"),
    [
        (0, PART),
        (LARGE - 1, PART),
        (LARGE, LARGE_PART),
        (10_000_000_000, LARGE_PART),
        (None, LARGE_PART),
        (MOST_PARTS * LARGE_PART, LARGE_PART),
        (1024 * 1024 * MIB, 109_951_163),
    ],
)
def test_part_size(size: int | None, part: int) -> None:
    assert part_size(size) == part
    assert size is None or -(-size // part) <= MOST_PARTS
