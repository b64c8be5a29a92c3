"""Looks for secrets in all that an Airflow keeps: files, database, and what is in the database for a while only."""

from __future__ import annotations

import json
import sqlite3
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, quote_plus

from cryptography.fernet import Fernet, InvalidToken

PASSING = 0.1
"""Seconds between two looks at what is in the database for a short time only."""
ROWS = "select 'trigger ' || classpath, kwargs from trigger union all select 'event', next_kwargs from task_instance"


def forms(secret: str) -> set[bytes]:
    """Give a secret in all spellings in which it may stand somewhere."""
    encoded = json.dumps(secret)[1:-1]
    texts = {secret, quote(secret, safe=""), quote_plus(secret), encoded, repr(secret)[1:-1]}
    return {text.encode() for text in texts} | {b64encode(secret.encode()).rstrip(b"=")}


def found(places: Iterable[tuple[str, bytes]], secrets: Iterable[str]) -> set[tuple[str, str]]:
    """Look for secrets; give each that is found with the place."""
    wanted = [(secret, form) for secret in secrets for form in forms(secret)]
    return {(secret, place) for place, content in places for secret, form in wanted if form in content}


def kept(home: Path) -> Iterator[tuple[str, bytes]]:
    """Give all that an Airflow has written: each file, and each row of its database as text.

    :param home: Its ``AIRFLOW_HOME``; it must not run any more.
    """
    for path in sorted(home.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(home)), path.read_bytes()
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        for line in database.iterdump():
            yield f"database: {line[:60]}", line.encode()


class Passing:
    """Rows of triggers, and events, while they are in the database; to be used as a context manager.

    :param home: Home of the Airflow.
    :param key: What it encrypts the rows of triggers with.
    """

    def __init__(self, home: Path, key: str) -> None:
        self._database = home / "airflow.db"
        self._fernet = Fernet(key)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: set[tuple[str, bytes]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=30)) as database:
            while not self._ended.wait(PASSING):
                rows = [(place, str(value).encode()) for place, value in database.execute(ROWS) if value]
                self.seen.update((place, self._decrypted(value)) for place, value in rows)

    def _decrypted(self, value: bytes) -> bytes:
        try:
            return self._fernet.decrypt(value)
        except InvalidToken:  # what is not encrypted
            return value
