"""Files of this machine."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from airflow_media.http.bodies import CHUNK
from airflow_media.http.downloads import NOTHING
from airflow_media.http.errors import TransferError
from airflow_media.storage.base import exactly, media_type_of, printable
from airflow_media.storage.names import safe_name

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def local_path(uri: str) -> Path:
    """Give the path of a ``file`` URI, or of a path as it is.

    :raises TransferError: The URI names a file of another machine, or is none.
    """
    path = uri if not uri.lower().startswith("file://") else _path_of(uri)
    if not _can_be(path):
        raise _fault("read or write file", ascii(path), "no path has a zero byte or half of a character in it")
    return Path(path)


def _can_be(path: str) -> bool:
    try:
        return b"\x00" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _path_of(uri: str) -> str:
    # A question mark or a hash means nothing in it, which those who take URLs apart do not know.
    host, slash, path = uri[len("file://") :].partition("/")
    if host.lower() not in {"", "localhost"}:
        raise _fault("read or write file", printable(uri), "the URI names another machine; write it as file:///path")
    return unquote(slash + path)


class LocalSource:
    """A file of this machine.

    :param path: Its path.
    :raises TransferError: It is not there, is no plain file, is empty, or may not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = _shown(path)
        self.name = _shown(Path(path.name))
        self.media_type = media_type_of(path.name)
        with self._faults(), open(self._descriptor(), "rb", buffering=0) as file:
            seen = os.fstat(file.fileno())
        if not seen.st_size:
            raise self._fault("the file is empty")
        self.size = seen.st_size
        self.etag = _identity(seen)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """Open it and give its bytes in pieces.

        :raises TransferError: It was changed since it was looked at, or while it is read.
        """
        with self._faults():
            descriptor = self._descriptor()
        with open(descriptor, "rb", buffering=0) as file:
            yield exactly(self._pieces(file.fileno()), self.size, self.uri)

    def _pieces(self, descriptor: int) -> Iterator[bytes]:
        with self._faults():
            while piece := os.read(descriptor, CHUNK):
                yield piece
            if _identity(os.fstat(descriptor)) != self.etag:
                raise self._fault("it was changed since it was looked at")

    def _descriptor(self) -> int:
        # Not to wait for a writer: opening a pipe would.
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return descriptor
        os.close(descriptor)
        raise self._fault("it is a folder, not a file" if stat.S_ISDIR(mode) else "it is not a plain file")

    def _faults(self) -> AbstractContextManager[None]:
        return _faults("read file", self.uri)

    def _fault(self, text: str) -> TransferError:
        return _fault("read file", self.uri, text)


class LocalTarget:
    """A file of this machine that is to be, or a folder for several.

    :param path: Its path; the folders above it are made when needed.
    :param folder: Whether it is a folder even if it does not exist yet.
    """

    def __init__(self, path: Path, *, folder: bool = False) -> None:
        self.path = path
        self.uri = _shown(path)
        self._folder = folder

    def resolve(self, name: str) -> LocalTarget:
        """Give the place of a file with this untrusted name in the folder, if it is one; else the place itself."""
        return LocalTarget(self.path / safe_name(name)) if self._folder or self.path.is_dir() else self

    @contextmanager
    def writer(
        self, size: int | None = None, *, media_type: str | None = None, metadata: Mapping[str, str] = NOTHING
    ) -> Iterator[LocalWriter]:
        """Write the file under a temporary name beside it; the end of the block puts it in place, at once and whole.

        :param size: Bytes to expect; ``None``: unknown.
        :param media_type: Not used: a file has nothing but its name.
        :param metadata: Not used either.
        :raises TransferError: It does not fit on the disk, may not be written, or is not a plain file.
        """
        with self._faults():
            self._check()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.path.parent).free
        if size is not None and size > free:
            raise self._fault(f"it needs {size} bytes and the disk has {free} left")
        with self._faults():
            temporary, descriptor = _part_of(self.path)
        try:
            try:
                yield LocalWriter(descriptor, self.uri)
                with self._faults():
                    os.fsync(descriptor)
            finally:
                with self._faults():
                    os.close(descriptor)
            with self._faults():
                os.replace(temporary, self.path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self.path.parent)

    def _check(self) -> None:
        if self._folder or self.path.is_dir():
            raise self._fault("it is a folder, and there is no name for the file")
        if self.path.exists() and not self.path.is_file():
            raise self._fault("something that is not a plain file is there")

    def _faults(self) -> AbstractContextManager[None]:
        return _faults("write file", self.uri)

    def _fault(self, text: str) -> TransferError:
        return _fault("write file", self.uri, text)


class LocalWriter:
    """Takes the bytes of one file.

    :param descriptor: The open file.
    :param uri: Where it will be, for messages.
    """

    def __init__(self, descriptor: int, uri: str) -> None:
        self._descriptor, self._uri = descriptor, uri
        self.position = 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        :raises TransferError: The disk is full, or refuses them otherwise.
        """
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise _fault("write file", self._uri, _words(error)) from error
        self.position += len(chunk)

    def restart(self) -> None:
        """Forget what was taken and begin again with the first byte."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.position = 0


def _part_of(path: Path) -> tuple[Path, int]:
    """Make and open a temporary file beside the final one; remove those that dead writers of the same one have left.

    Whoever writes a part holds a lock on it, which ends with its process, however that ends.
    """
    beginning = f".airflow-media-{sha256(os.fsencode(path.name)).hexdigest()[:16]}-"
    for left in path.parent.glob(f"{beginning}*.part"):
        with suppress(OSError):
            _remove_unless_locked(left)
    while True:
        part = path.parent / f"{beginning}{secrets.token_hex(8)}.part"
        # Not by the means of tempfile, whose files nobody but their owner may read.
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with suppress(OSError):  # some file systems have no locks: parts that are left there stay
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return part, descriptor
        os.close(descriptor)  # another writer took it for one that was left, before it was locked


def _remove_unless_locked(part: Path) -> None:
    descriptor = os.open(part, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
    finally:
        os.close(descriptor)


def _shown(path: Path) -> str:
    """Give a path as text that can be logged and sent: names on disk are bytes and need not be text."""
    return os.fsencode(path).decode(errors="replace")


def _identity(seen: os.stat_result) -> str:
    return f"{seen.st_mtime_ns:x}-{seen.st_size:x}"


def _sync_folder(folder: Path) -> None:
    """Make the new name outlive a power cut. Some file systems do not do this for folders: the file is there anyway."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _words(error: OSError) -> str:
    if error.errno in FULL:
        return f"there is no room for it ({os.strerror(error.errno)})"
    if error.errno in FORBIDDEN:
        return f"this process may not ({os.strerror(error.errno)})"
    if error.errno == errno.ENOENT:
        return "there is no such file or folder"
    return os.strerror(error.errno) if error.errno else str(error)


@contextmanager
def _faults(operation: str, uri: str) -> Iterator[None]:
    """Turn the system's exceptions into ours."""
    try:
        yield
    except OSError as error:
        raise _fault(operation, uri, _words(error)) from error


def _fault(operation: str, uri: str, text: str) -> TransferError:
    return TransferError(text, service="The local disk", operation=operation, subject=uri)
