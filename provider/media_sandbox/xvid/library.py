"""The internal store: the bucket's objects and the files made from them, which go when their time is over."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Any, Final

from media_sandbox.clock import Clock
from media_sandbox.xvid.records import COMPLETING, UPLOADING, MediaFile, Records, StoredObject

OBJECTS: Final = "objects"
FILES: Final = "files"
WORK: Final = "work"
"""The folders of what was posted, of what is kept, and of what is not whole yet."""


class Library:
    """Owns what is on the disk.

    Names on the disk are made here; nothing that a client names becomes one.
    """

    def __init__(self, directory: Path, records: Records, clock: Clock) -> None:
        self._directory = directory
        self._records = records
        self._clock = clock
        for name in (OBJECTS, FILES, WORK):
            (directory / name).mkdir(parents=True, exist_ok=True)

    def new_path(self, folder: str) -> Path:
        """Return a path that was never used: an orphan of a killed sandbox must not write where its successor does."""
        return self._directory / folder / secrets.token_hex(12)

    def relative(self, path: Path) -> str:
        """Return how records name a path."""
        return str(path.relative_to(self._directory))

    def absolute(self, path: str) -> Path:
        """Return the path of a record."""
        return self._directory / path

    def keep_object(self, key: str, path: Path, size: int, md5: str, content_type: str) -> StoredObject:
        """Take what was posted as the object of that key, in place of an earlier one."""
        self._forget_object(key)
        final = path.replace(self.new_path(OBJECTS))
        return self._records.objects.add(StoredObject(key, self.relative(final), size, md5, content_type))

    def copy_object(self, stored: StoredObject) -> Path:
        """Return a new file with the content of an object."""
        path = self.new_path(FILES)
        os.link(self.absolute(stored.path), path)
        return path

    def let_go(self, storage_key: str) -> None:
        """Forget the object of that key, unless a session still awaits it."""
        awaiting = (
            self._records.uploads.count(storage_key=storage_key, status=word) for word in (UPLOADING, COMPLETING)
        )
        if not any(awaiting):
            self._forget_object(storage_key)

    def get(self, id_: str) -> MediaFile | None:
        """Return a file, ``None`` when there is none or its time is over."""
        file = self._records.files.get(id_)
        return file if file and self._is_alive(file) else None

    def find(self, **equal: Any) -> list[MediaFile]:
        """Return the files whose fields have the given values, oldest first."""
        return [file for file in self._records.files.find(**equal) if self._is_alive(file)]

    def lookup(self, pipeline_id: str, object_key: str) -> MediaFile | None:
        """Return the file of an object key, the one that came last where there are several."""
        return next(reversed(self.find(pipeline_id=pipeline_id, object_key=object_key)), None)

    def add(self, file: MediaFile) -> None:
        """Keep a new file; one of the same id is from a run that a restart cut short."""
        self.remove(file.id)
        self._records.files.add(file)

    def remove(self, id_: str) -> None:
        """Delete a file, what is known of it and its content."""
        file = self._records.files.get(id_)
        if file:
            self._records.files.delete(id_)
            self.absolute(file.path).unlink(missing_ok=True)

    def clear_torn(self) -> None:
        """Delete what no record knows: the files of work and uploads that an earlier run left undone."""
        shutil.rmtree(self._directory / WORK)
        (self._directory / WORK).mkdir()
        known = {file.path for file in self._records.files.find()}
        known |= {stored.path for stored in self._records.objects.find()}
        for path in self._directory.glob("*/*"):
            if self.relative(path) not in known:
                path.unlink()

    def _is_alive(self, file: MediaFile) -> bool:
        if file.used or not file.expires_at or file.expires_at > self._clock.now():
            return True
        self.remove(file.id)
        return False

    def _forget_object(self, key: str) -> None:
        stored = self._records.objects.get(key)
        if stored:
            self._records.objects.delete(key)
            self.absolute(stored.path).unlink(missing_ok=True)
