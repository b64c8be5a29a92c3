"""Objects in S3 and what speaks its protocol, through the hook of Airflow's amazon provider.

The hook brings what its connection says: credentials, role, region, ``endpoint_url``. botocore is imported in functions
only: most who import this package never touch S3.
"""

from __future__ import annotations

import logging
import os
import string
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any
from urllib.parse import quote

from airflow_media.http.downloads import NOTHING
from airflow_media.http.errors import MediaError, NetworkFaultError, TransferError
from airflow_media.http.reading import MIB, Ahead, Ranges, read, resumed
from airflow_media.http.retry import RetryPolicy
from airflow_media.storage.base import exactly, media_type_of
from airflow_media.storage.names import safe_name

log = logging.getLogger(__name__)

DEFAULT_CONN_ID = "aws_default"
PIECE = 2 * MIB
"""Bytes per read. More than is best for a file: each piece goes from one thread to another, which costs CPU time."""
AHEAD = 8 * MIB
"""Bytes that are read before they are asked for."""

PART = 8 * MIB
LARGE_PART = 16 * MIB
LARGE = 1024 * MIB
"""Bytes from which an object, or one of unknown size, is written in large parts."""
MOST_PARTS = 10_000
SENDING = 2
"""Parts of an object that are sent at a time, while the next one fills."""

LONGEST_METADATA = 256
"""Characters of a value among the user metadata of an object; S3 takes 2 KB of all of them together."""
_RUN = {
    "airflow-dag-id": "AIRFLOW_CTX_DAG_ID",
    "airflow-run-id": "AIRFLOW_CTX_DAG_RUN_ID",
    "airflow-task-id": "AIRFLOW_CTX_TASK_ID",
}
"""Which task wrote an object, as Airflow tells it to its tasks in the environment."""
_TRY = "AIRFLOW_CTX_TRY_NUMBER"
"""Where Airflow tells its tasks which try they are."""
_PLAIN = string.punctuation.replace("%", "") + " "


def connect(conn_id: str | None) -> Any:
    """Give the S3 client of an Airflow connection.

    :param conn_id: Connection of type Amazon Web Services; default: ``aws_default``.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    return S3Hook(aws_conn_id=conn_id or DEFAULT_CONN_ID).get_conn()


def locate(uri: str) -> tuple[str, str]:
    """Split an S3 URI.

    :param uri: ``s3://bucket/key``. The key is taken as it is: nothing in it is percent-encoded, nor a query.
    :return: Bucket and key; the key of the bucket's root is empty.
    :raises TransferError: There is no bucket in it, or something before the bucket.
    """
    bucket, _, key = uri.partition("://")[2].partition("/")
    if not bucket or "@" in bucket:
        text = "write it as s3://bucket/key, and give the connection by its id"
        raise TransferError(
            text, service="S3", operation="find object", subject=f"s3://{bucket.rpartition('@')[2]}/{key}"
        )
    return bucket, key


class S3Source:
    """An object in S3.

    :param client: S3 client of botocore.
    :param bucket: Its bucket.
    :param key: Its key.
    :param retry: How long to wait before a broken read is taken up again.
    :param ranges: How to read a large object.
    :raises TransferError: It is not there, is empty, or may not be read.
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        key: str,
        *,
        retry: RetryPolicy | None = None,
        ranges: Ranges | None = None,
    ) -> None:
        self._client, self._place, self._retry = client, {"Bucket": bucket, "Key": key}, retry or RetryPolicy()
        self._ranges = ranges or Ranges()
        self.uri = f"s3://{bucket}/{key}"
        if not key or key.endswith("/"):
            raise self._fault("it is a folder, not an object")
        with self._faults():
            head = self._head()
            self.size: int = head["ContentLength"]
            self.etag: str = head["ETag"]
        if not self.size:
            raise self._fault("the object is empty")
        self.name = key.rpartition("/")[2]
        self.media_type = media_type_of(self.name, head.get("ContentType"))

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """Read it from its start, in pieces, a little ahead of who takes them.

        A broken read is taken up at the byte where it broke; a large object that comes slowly is read in several
        ranges at once.

        :raises TransferError: It was replaced since it was looked at, or can no longer be read.
        """
        with closing(Ahead(lambda: read(self._stretch, self.size, self._ranges), AHEAD)) as pieces:
            yield exactly(iter(pieces), self.size, self.uri)

    def _stretch(self, start: int, stop: int) -> Generator[bytes, None, None]:
        return resumed(
            lambda position: self._part(position, stop), start, lambda: stop, retry=self._retry, about=self._given_up
        )

    @contextmanager
    def _part(self, start: int, stop: int) -> Iterator[Iterator[bytes]]:
        whole = start == 0 and stop == self.size
        part = {} if whole else {"Range": f"bytes={start}-{stop - 1}"}
        with self._faults():
            body = self._client.get_object(**self._place, IfMatch=self.etag, **part)["Body"]
        with closing(body):
            yield self._pieces(body)

    def _pieces(self, body: Any) -> Iterator[bytes]:
        with self._breaks():
            while piece := body.read(PIECE):
                yield piece

    def _head(self) -> Any:
        try:
            return self._client.head_object(**self._place)
        except self._client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            # The answer to HEAD has no body to say what is missing.
            self._client.head_bucket(Bucket=self._place["Bucket"])
            raise self._fault("there is no such object in the bucket", status=404) from None

    @contextmanager
    def _breaks(self) -> Iterator[None]:
        """Tell a broken connection from what asking again does not help."""
        from botocore import exceptions  # type: ignore[import-untyped]
        from urllib3.exceptions import HTTPError

        try:
            yield
        except exceptions.FlexibleChecksumError as error:
            raise self._fault("the bytes are not those of its checksum", retryable=True) from error
        except (exceptions.HTTPClientError, exceptions.IncompleteReadError, HTTPError, OSError) as error:
            raise NetworkFaultError(f"{type(error).__name__}: {error}") from error

    def _faults(self) -> AbstractContextManager[None]:
        return s3_faults("read object", self.uri)

    def _given_up(self, error: MediaError) -> MediaError:
        return self._fault(error.message, retryable=True)

    def _fault(self, text: str, **more: Any) -> TransferError:
        return TransferError(text, service="S3", operation="read object", subject=self.uri, **more)


class S3Target:
    """An object in S3 that is to be, or a prefix for several.

    :param client: S3 client of botocore.
    :param bucket: Its bucket.
    :param key: Its key; empty or with a slash at its end: a prefix.
    """

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self.uri = f"s3://{bucket}/{key}"

    def resolve(self, name: str) -> S3Target:
        """Give the place of a file with this untrusted name under the prefix, if it is one; else the place itself."""
        return S3Target(self._client, self._bucket, self._key + safe_name(name)) if self._is_prefix else self

    @contextmanager
    def writer(
        self, size: int | None = None, *, media_type: str | None = None, metadata: Mapping[str, str] = NOTHING
    ) -> Iterator[S3Writer]:
        """Write the object: in one request if it is small, else in parts. It appears at the end of the block.

        :param size: Bytes to expect; ``None``: unknown.
        :param media_type: MIME type as its sender says; default: by the key.
        :param metadata: Where it comes from: becomes user metadata, beside the DAG, run and task that write it.
        :raises TransferError: S3 does not take it.
        """
        if self._is_prefix:
            text = "it is a prefix, and there is no name for the object"
            raise TransferError(text, service="S3", operation="write object", subject=self.uri)
        about = {"ContentType": media_type_of(self._key, media_type), "Metadata": user_metadata(metadata)}
        writer = S3Writer(self._client, self._bucket, self._key, part_size(size), about)
        try:
            if int(os.environ.get(_TRY, 1)) > 1:
                writer.remove_remains()
            yield writer
            writer.commit()
        except BaseException:
            writer.abort()
            raise

    @property
    def _is_prefix(self) -> bool:
        return not self._key or self._key.endswith("/")


class S3Writer:
    """Takes the bytes of one object, and holds no more of them than the parts that are being sent and the next one.

    :param client: S3 client of botocore.
    :param bucket: Its bucket.
    :param key: Its key.
    :param part: Bytes of a part.
    :param about: What else S3 is told of the object.
    """

    def __init__(self, client: Any, bucket: str, key: str, part: int, about: Mapping[str, Any]) -> None:
        self._client, self._place, self._part = client, {"Bucket": bucket, "Key": key}, part
        self._uri = f"s3://{bucket}/{key}"
        self._about = about
        # botocore adds a checksum to each part unless it was told not to; S3 wants to know beforehand.
        summed = getattr(client.meta.config, "request_checksum_calculation", None) == "when_supported"
        self._sums = {"ChecksumAlgorithm": "CRC32"} if summed else {}
        self._threads = ThreadPoolExecutor(SENDING, "airflow-media-part")
        self._begin()

    def _begin(self) -> None:
        self._buffer = bytearray()
        self._upload: str | None = None
        self._sending: deque[Future[dict[str, Any]]] = deque()
        self._parts: list[dict[str, Any]] = []
        self.position = 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        :raises TransferError: S3 does not take a part.
        """
        rest = memoryview(chunk)
        while rest:
            # A part begins to move only when there is more than it: an object of one part needs no upload in parts.
            if len(self._buffer) == self._part:
                self._send_part()
            room = self._part - len(self._buffer)
            self._buffer += rest[:room]
            rest = rest[room:]
        self.position += len(chunk)

    def restart(self) -> None:
        """Forget what was taken and begin again with the first byte."""
        self._remove()
        self._begin()

    def commit(self) -> None:
        """Make the object appear.

        :raises TransferError: S3 does not take it.
        """
        if self._upload is None:
            with self._faults():
                self._client.put_object(**self._place, **self._about, Body=self._buffer)
        else:
            self._send_part()
            while self._sending:
                self._parts.append(self._sending.popleft().result())
            with self._faults():
                self._client.complete_multipart_upload(
                    **self._place, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
                )
            self._upload = None
        self._threads.shutdown()

    def abort(self) -> None:
        """Remove the parts that were sent, which would be paid for and seen by nobody."""
        self._remove()
        self._threads.shutdown()

    def remove_remains(self) -> None:
        """Remove the parts that earlier tries have sent and, killed outright, could not remove."""
        try:
            with self._faults():
                pages = self._client.get_paginator("list_multipart_uploads").paginate(
                    Bucket=self._place["Bucket"], Prefix=self._place["Key"]
                )
                found = [upload for page in pages for upload in page.get("Uploads", ())]
        except TransferError as error:
            log.warning("Parts that an earlier try may have left remain: %s", error)
            return
        for upload in found:
            if upload["Key"] == self._place["Key"]:
                log.info("Removing the parts of an upload to %s that an earlier try left unfinished", self._uri)
                self._abort_upload(upload["UploadId"])

    def _remove(self) -> None:
        if self._upload is None:
            return
        running = [sent for sent in self._sending if not (sent.cancel() or sent.done())]
        # At once, since whoever kills a task waits for seconds only; and once more when the parts have arrived that
        # were on their way, since S3 may have kept those.
        self._abort_upload(self._upload)
        if running:
            wait(running)
            self._abort_upload(self._upload)
        self._upload = None

    def _abort_upload(self, upload: str) -> None:
        try:
            with self._faults():
                self._client.abort_multipart_upload(**self._place, UploadId=upload)
        except TransferError as error:
            if error.code != "NoSuchUpload":
                # What went wrong before is what has to be told.
                log.warning("The parts of an unfinished upload remain: %s", error)

    def _send_part(self) -> None:
        if self._upload is None:
            with self._faults():
                answer = self._client.create_multipart_upload(**self._place, **self._about, **self._sums)
                self._upload = answer["UploadId"]
        if len(self._sending) == SENDING:
            self._parts.append(self._sending.popleft().result())
        number = len(self._parts) + len(self._sending) + 1
        # A new buffer instead of an emptied one: the old one is being sent.
        body, self._buffer = self._buffer, bytearray()
        self._sending.append(self._threads.submit(self._upload_part, self._upload, number, body))

    def _upload_part(self, upload: str, number: int, body: bytearray) -> dict[str, Any]:
        with self._faults():
            answer = self._client.upload_part(**self._place, UploadId=upload, PartNumber=number, Body=body)
            etag = answer["ETag"]
        # The checksums that S3 answers with have to be told again when the upload is completed.
        sums = {name: value for name, value in answer.items() if name.startswith("Checksum") and name != "ChecksumType"}
        return {"PartNumber": number, "ETag": etag, **sums}

    def _faults(self) -> AbstractContextManager[None]:
        return s3_faults("write object", self._uri)


def part_size(size: int | None) -> int:
    """Choose the bytes of a part: few enough parts for S3, and little memory.

    :param size: Bytes of the object; ``None``: unknown.
    """
    if size is None:
        return LARGE_PART
    return max(PART if size < LARGE else LARGE_PART, -(-size // MOST_PARTS))


def user_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Give the user metadata of an object: where it comes from, and the DAG, run and task that write it.

    S3 takes ASCII only: everything else is percent-encoded.

    :param metadata: Where it comes from.
    """
    run = {name: os.environ.get(variable, "") for name, variable in _RUN.items()}
    return {name: quote(value, safe=_PLAIN)[:LONGEST_METADATA] for name, value in {**metadata, **run}.items() if value}


@contextmanager
def s3_faults(operation: str, uri: str) -> Iterator[None]:
    """Turn botocore's exceptions into ours, with S3's code and words where it gave some.

    A field that is read from an answer, and is not in it, is such a fault, too.
    """
    from botocore import exceptions
    from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]
    from urllib3.exceptions import HTTPError

    about: dict[str, Any] = {"service": "S3", "operation": operation, "subject": uri}
    try:
        yield
    except exceptions.ClientError as error:
        code: str = error.response["Error"].get("Code", "")
        status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
        text = _WORDS.get(code) or error.response["Error"].get("Message") or "no reason given"
        retryable = _may_pass(error.operation_name, code, status)
        code = "" if code == str(status) else code
        raise TransferError(text, code=code, status=status, retryable=retryable, **about) from error
    except (ResponseParserError, KeyError) as error:
        text = f"the answer cannot be read ({type(error).__name__}: {error})"
        raise TransferError(text, retryable=True, **about) from error
    except exceptions.BotoCoreError as error:
        # Their texts name the endpoint, never a key.
        broken = (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)
        passing = isinstance(error, (*broken, exceptions.FlexibleChecksumError))
        raise TransferError(f"{type(error).__name__}: {error}", retryable=passing, **about) from error
    except HTTPError as error:  # while the answer of an error is read, botocore lets them pass
        raise TransferError(f"{type(error).__name__}: {error}", retryable=True, **about) from error


def _may_pass(operation: str, code: str, status: int) -> bool:
    if status >= 500 or status in {412, 429} or code in _PASSING:
        return True
    # Where no code is told, it is half an answer, or somebody else's page. An answer to HEAD never tells one: there,
    # 400 is all that is said of an expired token, too.
    return code == str(status) and (status == 400 or not operation.startswith("Head"))


_PASSING = frozenset({"ExpiredToken", "NoSuchUpload", "RequestTimeout"})
"""Codes of what another try of the task may bring about: it reads the connection anew, and begins another upload. An
upload is not there, for instance, when it was completed and the answer to that was lost."""
_NOT_ALLOWED = "not allowed; S3 also says so of what does not exist, to those who may not list the bucket"
_WORDS = {
    "NoSuchKey": "there is no such object in the bucket",
    "NoSuchBucket": "there is no such bucket",
    "PreconditionFailed": "the object was replaced since it was looked at",
    "AccessDenied": _NOT_ALLOWED,
    # What botocore makes of an answer to HEAD, which has no body to say more.
    "403": _NOT_ALLOWED,
    "404": "there is no such bucket",
    "412": "the object was replaced since it was looked at",
}
