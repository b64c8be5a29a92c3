"""Where media come from and go to: one source and one target per scheme.

========================== ==================== =====================================================================
URI                        source and target    connection
========================== ==================== =====================================================================
``/path``, ``path``,       both                 none
``file:///path``
``s3://bucket/key``        both                 Amazon Web Services, default ``aws_default``
``http://``, ``https://``  source               HTTP, optional: login and password, for the host of the URL only
any other scheme           both                 of the Airflow provider that brings the scheme (``gs``, ``abfs``, ...)
========================== ==================== =====================================================================
"""

from __future__ import annotations

from airflow_media.http.errors import TransferError
from airflow_media.storage.base import Source, Target, Writer, printable, scheme_of

__all__ = ["Source", "Target", "Writer", "open_source", "open_target"]


def open_source(uri: str, conn_id: str | None = None) -> Source:
    """Find a file and see that it can be read.

    :param uri: Path or URI of the file.
    :param conn_id: Airflow connection to read it with; default: that of the scheme.
    :raises TransferError: It is not there, is a folder, is empty, or may not be read.
    """
    scheme = scheme_of(uri)
    if scheme in {"", "file"}:
        from airflow_media.storage.local import LocalSource, local_path

        return LocalSource(local_path(uri))
    if scheme == "s3":
        from airflow_media.storage.s3 import S3Source, connect, locate
        from airflow_media.storage.settings import configured_ranges

        bucket, key = locate(uri)
        return S3Source(connect(conn_id), bucket, key, ranges=configured_ranges())
    if scheme in {"http", "https"}:
        from airflow_media.storage.web import WebSource

        return WebSource(uri, conn_id)
    from airflow_media.storage.objects import ObjectSource

    return ObjectSource(uri, conn_id)


def open_target(uri: str, conn_id: str | None = None) -> Target:
    """Name the place that a file, or several, are to be written to. Nothing is written yet.

    :param uri: Path or URI of a file; or of a folder, with a slash at its end.
    :param conn_id: Airflow connection to write with; default: that of the scheme.
    :raises TransferError: Nothing can be written to such a place.
    """
    scheme = scheme_of(uri)
    if scheme in {"", "file"}:
        from airflow_media.storage.local import LocalTarget, local_path

        return LocalTarget(local_path(uri), folder=uri.endswith("/"))
    if scheme == "s3":
        from airflow_media.storage.s3 import S3Target, connect, locate

        bucket, key = locate(uri)
        return S3Target(connect(conn_id), bucket, key)
    if scheme in {"http", "https"}:
        raise TransferError(
            "an http URL can be read from, not written to",
            service="Storage",
            operation="write file",
            subject=printable(uri),
        )
    from airflow_media.storage.objects import ObjectTarget

    return ObjectTarget(uri, conn_id)
