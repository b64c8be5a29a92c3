"""Which faults of S3 may pass, and that none gets by without words."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    FlexibleChecksumError,
    IncompleteReadError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import ReadTimeoutError

from airflow_media.http.errors import TransferError
from airflow_media.storage.s3 import s3_faults


def told(fault: Exception) -> TransferError:
    with pytest.raises(TransferError) as caught, s3_faults("read object", "s3://films/a.mp4"):
        raise fault
    assert str(caught.value).startswith("S3 could not read object (s3://films/a.mp4): ")
    return caught.value


@pytest.mark.parametrize(
    ("operation", "code", "status", "retryable"),
    [
        ("PutObject", "SlowDown", 503, True),
        ("PutObject", "InternalError", 500, True),
        ("PutObject", "SlowDown", 429, True),
        ("GetObject", "ExpiredToken", 400, True),
        ("GetObject", "InvalidToken", 400, False),
        ("GetObject", "AccessDenied", 403, False),
        ("GetObject", "NoSuchKey", 404, False),
        ("GetObject", "PreconditionFailed", 412, True),
        ("CompleteMultipartUpload", "NoSuchUpload", 404, True),
        # No code: half an answer, or a page of somebody else's.
        ("GetObject", "404", 404, True),
        # An answer to HEAD never has one.
        ("HeadObject", "404", 404, False),
        ("HeadObject", "403", 403, False),
        ("HeadObject", "400", 400, True),
    ],
)
def test_what_may_pass_is_left_to_the_retries(operation: str, code: str, status: int, retryable: bool) -> None:
    response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = told(ClientError(response, operation))
    assert (error.status, error.retryable) == (status, retryable)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ResponseParserError("no element found"), "the answer cannot be read (ResponseParserError: no element found)"),
        (KeyError("ETag"), "the answer cannot be read (KeyError: 'ETag')"),
        (ReadTimeoutError(None, "", "Read timed out."), "ReadTimeoutError"),  # type: ignore[arg-type]
        (ConnectionClosedError(endpoint_url="http://s3"), "ConnectionClosedError"),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), "IncompleteReadError"),
        (FlexibleChecksumError(error_msg="other bytes"), "FlexibleChecksumError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_answer_that_does_not_come_or_cannot_be_read_may_pass(fault: Exception, words: str) -> None:
    error = told(fault)
    assert error.retryable
    assert words in str(error)


def test_a_connection_without_credentials_stays_without_them() -> None:
    assert not told(NoCredentialsError()).retryable
