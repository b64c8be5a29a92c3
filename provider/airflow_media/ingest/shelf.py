"""Objects below a prefix of S3: listed, and small documents read and written on condition.

A conditional write (``If-None-Match`` and ``If-Match`` of PutObject) succeeds only if the object is as the writer saw
it. Amazon S3, MinIO, Ceph and others keep that promise; a store that does not refuses the request or overlooks the
condition, and the log says so.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pendulum
from msgspec import Struct
from pendulum import DateTime

from airflow_media.http.errors import ConflictError, InvalidRequestError, TransferError
from airflow_media.storage.s3 import connect, locate, s3_faults

log = logging.getLogger(__name__)

CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""What a store says when the object is not as the writer saw it."""
GONE = "NoSuchKey"
UNKNOWN_CONDITION = "NotImplemented"
"""What a store says that knows no conditional writes."""
ABSENT = ""
"""In place of an ETag: that there is no such object."""


class StoredObject(Struct, frozen=True):
    """An object as a listing tells it.

    :param uri: ``s3://bucket/key``.
    :param etag: What tells this content from another under the same key, with its quotes.
    :param size: Bytes.
    :param modified: When it was last written; for one that was uploaded in parts, when that upload was begun.
    """

    uri: str
    etag: str
    size: int
    modified: DateTime

    @property
    def key(self) -> str:
        """Its key in the bucket."""
        return locate(self.uri)[1]


class Document(Struct, frozen=True):
    """A small JSON document in S3.

    :param value: What is in it.
    :param etag: What tells this content from another.
    """

    value: Any
    etag: str


class Shelf:
    """Objects and documents below a prefix.

    :param uri: ``s3://bucket/prefix/``.
    :param conn_id: Airflow connection of type Amazon Web Services; default: ``aws_default``.
    :raises InvalidRequestError: It is no prefix of S3.
    """

    def __init__(self, uri: str, conn_id: str | None = None) -> None:
        if not uri.startswith("s3://") or not uri.endswith("/"):
            raise InvalidRequestError(f"{uri!r} is not a prefix in S3", hint="Write it like s3://bucket/folder/.")
        self.uri = uri
        self._bucket, self._prefix = locate(uri)
        self._client = connect(conn_id)

    def list(self, below: str = "") -> Iterator[StoredObject]:
        """List the objects, folders left out, in the order of their keys.

        :param below: Only those whose keys go on like this behind the prefix.
        :raises TransferError: S3 refuses.
        """
        pages = self._client.get_paginator("list_objects_v2")
        with s3_faults("list objects", self.uri + below):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + below):
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):
                        yield self._object(entry)

    def checksum(self, uri: str) -> str | None:
        """Ask for the checksum that S3 keeps of an object.

        :param uri: The object.
        :return: Such as ``CRC32:uB2VxA==``; ``None`` where the store keeps none.
        :raises TransferError: It is not there, or S3 refuses.
        """
        bucket, key = locate(uri)
        with s3_faults("read object", uri):
            head = self._client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        found = {name: value for name, value in head.items() if name.startswith("Checksum") and name != "ChecksumType"}
        return next((f"{name.removeprefix('Checksum')}:{value}" for name, value in found.items()), None)

    def etag(self, uri: str) -> str | None:
        """Ask for the ETag of an object now.

        :param uri: The object.
        :return: Its ETag; ``None`` where it is not there, or may not be looked at.
        :raises TransferError: S3 does not answer.
        """
        bucket, key = locate(uri)
        try:
            with s3_faults("read object", uri):
                return str(self._client.head_object(Bucket=bucket, Key=key)["ETag"])
        except TransferError as fault:
            if fault.status in (403, 404):
                return None
            raise

    def read(self, name: str) -> Document | None:
        """Read a document.

        :param name: Its name below the prefix.
        :return: The document, or ``None`` where there is none.
        :raises TransferError: S3 refuses, or there is something else than JSON.
        """
        uri = self.uri + name
        try:
            with s3_faults("read object", uri):
                answer = self._client.get_object(**self._place(name))
                content, etag = answer["Body"].read(), answer["ETag"]
        except TransferError as fault:
            if fault.code != GONE:
                raise
            return None
        try:
            return Document(json.loads(content), etag)
        except ValueError as error:
            text = f"it is not a JSON document ({error})"
            raise TransferError(text, service="S3", operation="read object", subject=uri) from None

    def write(self, name: str, value: Any, *, seen: str) -> str:
        """Write a document if what is there is still what was seen.

        :param name: Its name below the prefix.
        :param value: JSON values.
        :param seen: ETag of the document that is replaced, or :data:`ABSENT`.
        :return: ETag of the new one.
        :raises ConflictError: Somebody else has written it meanwhile.
        :raises TransferError: S3 refuses.
        """
        body = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).encode()
        place = {**self._place(name), "Body": body, "ContentType": "application/json"}
        condition = {"IfMatch": seen} if seen else {"IfNoneMatch": "*"}
        try:
            with _conditions("write object", self.uri + name):
                return str(self._client.put_object(**place, **condition)["ETag"])
        except TransferError as fault:
            if fault.code != UNKNOWN_CONDITION:
                raise
            log.warning("%s is written without a condition, for the store knows none (%s)", self.uri + name, fault)
        with s3_faults("write object", self.uri + name):
            return str(self._client.put_object(**place)["ETag"])

    def remove(self, name: str, *, seen: str) -> None:
        """Remove a document if it is still what was seen. One that is not there counts as removed.

        :param name: Its name below the prefix.
        :param seen: Its ETag.
        :raises ConflictError: Somebody else has written it meanwhile.
        :raises TransferError: S3 refuses.
        """
        with suppress(_GoneError), _conditions("delete object", self.uri + name):
            self._client.delete_object(**self._place(name), IfMatch=seen)

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    def _object(self, entry: Any) -> StoredObject:
        uri = f"s3://{self._bucket}/{entry['Key']}"
        return StoredObject(uri, entry["ETag"], entry["Size"], pendulum.instance(entry["LastModified"]))


def read_document(uri: str, conn_id: str | None = None) -> Document:
    """Read a JSON document in S3.

    :param uri: ``s3://bucket/key``.
    :param conn_id: Airflow connection of type Amazon Web Services; default: ``aws_default``.
    :raises TransferError: It is not there, or S3 refuses.
    """
    folder, _, name = uri.rpartition("/")
    document = Shelf(f"{folder}/", conn_id).read(name)
    if document is None:
        text = "there is no such object in the bucket"
        raise TransferError(text, service="S3", operation="read object", subject=uri, status=404)
    return document


class _GoneError(ConflictError):
    """The object that a condition is about is not there any more."""


@contextmanager
def _conditions(operation: str, uri: str) -> Iterator[None]:
    """Tell a condition that does not hold from other faults."""
    try:
        with s3_faults(operation, uri):
            yield
    except TransferError as fault:
        if fault.code not in CHANGED | {GONE}:
            raise
        kind = _GoneError if fault.code == GONE else ConflictError
        text = "somebody else has written it meanwhile"
        raise kind(text, service="S3", operation=operation, subject=uri, retryable=True) from None
