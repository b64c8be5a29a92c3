"""Everything else that Airflow has a file system for: ``gs://``, ``abfs://``, ``hdfs://`` and so on.

Each file system has exceptions of its own, of no common root: here, and only here, any exception means that the
storage failed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from airflow_media.http.bodies import CHUNK
from airflow_media.http.downloads import NOTHING
from airflow_media.http.errors import MediaError, TransferError
from airflow_media.storage.base import exactly, media_type_of, printable
from airflow_media.storage.names import safe_name


class ObjectSource:
    """A file in a storage that Airflow has a file system for.

    :param uri: Its URI; ``scheme://conn_id@bucket/key`` names the connection in Airflow's own way.
    :param conn_id: Airflow connection of the storage.
    :raises TransferError: It is not there, is a folder, is empty, or may not be read.
    """

    def __init__(self, uri: str, conn_id: str | None = None) -> None:
        self.uri = printable(uri)
        with _faults("read file", self.uri):
            self._fs, self._path = _place(uri, conn_id)
            info = self._fs.info(self._path)
            self.etag: str | None = self._fs.ukey(self._path)
        if info["type"] == "directory":
            raise _fault("read file", self.uri, "it is a folder, not a file")
        if info["size"] is None:
            raise _fault("read file", self.uri, "the storage does not tell the length of the file")
        if not info["size"]:
            raise _fault("read file", self.uri, "the file is empty")
        self.size: int = info["size"]
        self.name = self._path.rstrip("/").rpartition("/")[2]
        self.media_type = media_type_of(self.name, info.get("contentType") or info.get("ContentType"))

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """Open it and give its bytes in pieces.

        :raises TransferError: It was changed since it was looked at, or while it is read.
        """
        with ExitStack() as stack:
            with _faults("read file", self.uri):
                if self._fs.ukey(self._path) != self.etag:
                    raise _fault("read file", self.uri, "it was changed since it was looked at")
                file = stack.enter_context(self._fs.open(self._path, "rb"))
            yield exactly(self._pieces(file), self.size, self.uri)

    def _pieces(self, file: Any) -> Iterator[bytes]:
        with _faults("read file", self.uri):
            while piece := file.read(CHUNK):
                yield piece


class ObjectTarget:
    """A file that is to be in a storage that Airflow has a file system for, or a folder for several.

    :param uri: Its URI; with a slash at its end: a folder.
    :param conn_id: Airflow connection of the storage.
    """

    def __init__(self, uri: str, conn_id: str | None = None) -> None:
        self.uri = printable(uri)
        self._uri, self._conn_id = uri, conn_id

    def resolve(self, name: str) -> ObjectTarget:
        """Give the place of a file with this untrusted name in the folder, if it is one; else the place itself."""
        if not self._uri.endswith("/"):
            with _faults("write file", self.uri):
                fs, path = _place(self._uri, self._conn_id)
                if not fs.isdir(path):
                    return self
        return ObjectTarget(f"{self._uri.rstrip('/')}/{safe_name(name)}", self._conn_id)

    @contextmanager
    def writer(
        self, size: int | None = None, *, media_type: str | None = None, metadata: Mapping[str, str] = NOTHING
    ) -> Iterator[ObjectWriter]:
        """Write the file under a temporary name beside it; the end of the block moves it into place.

        Most file systems put a file that is closed in place as it is, whole or not, so that it must not have its final
        name before. Object stores copy it there themselves: no byte comes back here.

        :param size: Bytes to expect; ``None``: unknown. Not used: storages do not tell how much room they have.
        :param media_type: Not used: each file system has a name of its own for it, or none.
        :param metadata: Not used either.
        :raises TransferError: The storage does not take it.
        """
        if self._uri.endswith("/"):
            raise _fault("write file", self.uri, "it is a folder, and there is no name for the file")
        with _faults("write file", self.uri):
            fs, path = _place(self._uri, self._conn_id)
            folder = fs._parent(path)
            fs.makedirs(folder, exist_ok=True)
            writer = ObjectWriter(fs, f"{folder}/.airflow-media-{secrets.token_hex(8)}.part", self.uri)
        try:
            yield writer
            with _faults("write file", self.uri):
                writer.commit(path)
        except BaseException:
            writer.abort()
            raise


class ObjectWriter:
    """Takes the bytes of one file.

    :param fs: File system.
    :param temporary: Path that they go to at first.
    :param uri: Where the file will be, for messages.
    """

    def __init__(self, fs: Any, temporary: str, uri: str) -> None:
        self._fs, self._temporary, self._uri = fs, temporary, uri
        self._file = fs.open(temporary, "wb")
        self.position = 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        :raises TransferError: The storage does not take them.
        """
        with _faults("write file", self._uri):
            self._file.write(chunk)
        self.position += len(chunk)

    def restart(self) -> None:
        """Forget what was taken and begin again with the first byte."""
        with _faults("write file", self._uri):
            self._file.close()
            self._file = self._fs.open(self._temporary, "wb")
        self.position = 0

    def commit(self, path: str) -> None:
        """Put the file in place.

        :param path: Its path.
        """
        self._file.close()
        self._fs.mv(self._temporary, path)
        size = self._fs.size(path)
        if size != self.position:
            raise _fault("write file", self._uri, f"{self.position} bytes were written and {size} are there")

    def abort(self) -> None:
        """Leave nothing behind."""
        with suppress(Exception):
            self._file.close()
        with suppress(Exception):
            self._fs.rm(self._temporary)


def _place(uri: str, conn_id: str | None) -> tuple[Any, str]:
    """Give the file system of a URI and the path in it."""
    from airflow.sdk import ObjectStoragePath

    path = ObjectStoragePath(uri, conn_id=conn_id)
    return path.fs, path.path


@contextmanager
def _faults(operation: str, uri: str) -> Iterator[None]:
    try:
        yield
    except MediaError:
        raise
    except FileNotFoundError as error:
        raise _fault(operation, uri, "there is no such file or folder") from error
    except PermissionError as error:
        raise _fault(operation, uri, "not allowed") from error
    except Exception as error:
        raise _fault(operation, uri, f"{type(error).__name__}: {error}") from error


def _fault(operation: str, uri: str, text: str) -> TransferError:
    return TransferError(text, service="The object storage", operation=operation, subject=uri)
