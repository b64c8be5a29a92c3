"""Records that survive a restart: dataclasses kept as JSON documents in one SQLite file."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

SCHEMA: Final = """
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS documents (
        position INTEGER PRIMARY KEY, collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        UNIQUE (collection, id)
    );
"""


class Record(Protocol):
    """What a collection can hold: a dataclass of JSON values with an ``id``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    id: str


R = TypeVar("R", bound=Record)


class Store:
    """One SQLite file, used from the event loop's thread only.

    A commit is handed to the operating system but not flushed to the disk: the state survives the end of the process,
    not a power cut. The file is locked, since two sandboxes on one directory would do all work twice.

    :raises OSError: when the file is in use or no store.
    """

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            self.connection.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise OSError(f"{path} cannot be used, perhaps because another sandbox does: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


class Collection(Generic[R]):
    """The records of one type, in the order in which they were added.

    :param store: where they are kept.
    :param name: the collection's name, unique in the store.
    :param type_: the records' dataclass.
    """

    def __init__(self, store: Store, name: str, type_: type[R]) -> None:
        self._connection = store.connection
        self._name = name
        self._type = type_

    def add(self, record: R) -> R:
        """Keep a new record."""
        self._connection.execute(
            "INSERT INTO documents (collection, id, body) VALUES (?, ?, ?)", (self._name, record.id, _dump(record))
        )
        return record

    def get(self, id_: str) -> R | None:
        """Return the record of that id, or ``None``."""
        return next(iter(self._select("id = ?", [id_])), None)

    def change(self, id_: str, **fields: Any) -> R | None:
        """Set some fields of a record and return it; a record deleted meanwhile stays deleted and gives ``None``."""
        record = self.get(id_)
        if record is None:
            return None
        changed = dataclasses.replace(record, **fields)
        self._connection.execute(
            "UPDATE documents SET body = ? WHERE collection = ? AND id = ?", (_dump(changed), self._name, id_)
        )
        return changed

    def delete(self, id_: str) -> None:
        """Forget the record of that id, if there is one."""
        self._connection.execute("DELETE FROM documents WHERE collection = ? AND id = ?", (self._name, id_))

    def find(self, *, limit: int = -1, offset: int = 0, **equal: Any) -> list[R]:
        """Return the records whose fields have the given values, oldest first."""
        where, values = _where(equal)
        return self._select(f"{where} ORDER BY position LIMIT ? OFFSET ?", [*values, limit, offset])

    def count(self, **equal: Any) -> int:
        """Return how many records have the given values in their fields."""
        where, values = _where(equal)
        sql = f"SELECT count(*) FROM documents WHERE collection = ? AND {where}"
        return int(self._connection.execute(sql, [self._name, *values]).fetchone()[0])

    def _select(self, where: str, values: list[Any]) -> list[R]:
        sql = f"SELECT body FROM documents WHERE collection = ? AND {where}"
        rows = self._connection.execute(sql, [self._name, *values])
        return [self._type(**json.loads(body)) for (body,) in rows]


def _dump(record: Record) -> str:
    return json.dumps(dataclasses.asdict(record))


def _where(equal: dict[str, Any]) -> tuple[str, list[Any]]:
    terms = [f"json_extract(body, '$.{name}') = ?" for name in equal]
    return " AND ".join(terms) or "1", list(equal.values())
