"""Records in a table of their own, so that what is filtered and sorted by is a column and the database's work."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from media_sandbox.store import Record, Store

R = TypeVar("R", bound=Record)

DECODERS: Final[dict[str, Callable[[Any], Any]]] = {"bool": bool, "dict": json.loads, "list": json.loads}
"""How the types that SQLite has no type for are read back."""


@dataclass(frozen=True)
class Term:
    """A condition on rows.

    :param sql: an expression with placeholders.
    :param values: what is put into them.
    """

    sql: str
    values: Sequence[Any] = field(default=())


class Table(Generic[R]):
    """The records of one type, each in a row; ``id`` is the primary key.

    :param store: where the table is.
    :param name: its name, unique in the store.
    :param type_: the records' dataclass; its fields are the columns.
    :param constraints: further SQL of the table's definition.
    :param indexes: columns that have an index.
    """

    def __init__(
        self, store: Store, name: str, type_: type[R], *, constraints: str = "", indexes: Iterable[str] = ()
    ) -> None:
        self._connection = store.connection
        self._name = name
        self._type = type_
        self._columns = [column.name for column in dataclasses.fields(type_)]
        # With postponed annotations a field's type is its text.
        kinds = {column.name: str(column.type).partition("[")[0] for column in dataclasses.fields(type_)}
        self._decoders = [DECODERS.get(kinds[name]) for name in self._columns]
        definition = ", ".join(f"{name} PRIMARY KEY" if name == "id" else name for name in self._columns)
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({definition}{constraints}) WITHOUT ROWID")
        for index in indexes:
            self._connection.execute(f"CREATE INDEX IF NOT EXISTS {name}_{index} ON {name} ({index})")

    def add(self, *records: R) -> None:
        """Keep new records.

        :raises sqlite3.IntegrityError: when one is a duplicate; the ones before it are kept.
        """
        places = ", ".join("?" * len(self._columns))
        self._connection.executemany(f"INSERT INTO {self._name} VALUES ({places})", map(self._row, records))

    def get(self, id_: str) -> R | None:
        """Return the record of that id, or ``None``."""
        return next(iter(self.select([Term("id = ?", [id_])])), None)

    def change(self, id_: str, **fields: Any) -> R | None:
        """Set some fields of a record and return it; a record deleted meanwhile stays deleted and gives ``None``."""
        places = ", ".join(f"{name} = ?" for name in fields)
        values = [_encode(value) for value in fields.values()]
        self._connection.execute(f"UPDATE {self._name} SET {places} WHERE id = ?", [*values, id_])
        return self.get(id_)

    def delete(self, id_: str) -> None:
        """Forget the record of that id, if there is one."""
        self._connection.execute(f"DELETE FROM {self._name} WHERE id = ?", [id_])

    def select(self, terms: Iterable[Term] = (), *, order: str = "id", limit: int = -1, offset: int = 0) -> list[R]:
        """Return the records to which all terms apply.

        :param order: an SQL list of columns.
        """
        where, values = _where(terms)
        sql = f"SELECT * FROM {self._name} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return [self._record(row) for row in self._connection.execute(sql, [*values, limit, offset])]

    def count(self, terms: Iterable[Term] = ()) -> int:
        """Return to how many records all terms apply."""
        where, values = _where(terms)
        row = self._connection.execute(f"SELECT count(*) FROM {self._name} WHERE {where}", values).fetchone()
        return int(row[0])

    def _row(self, record: R) -> list[Any]:
        return [_encode(getattr(record, name)) for name in self._columns]

    def _record(self, row: Sequence[Any]) -> R:
        values = (
            decode(value) if decode and value is not None else value
            for decode, value in zip(self._decoders, row, strict=True)
        )
        return self._type(**dict(zip(self._columns, values, strict=True)))


def _encode(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _where(terms: Iterable[Term]) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for term in terms:
        conditions.append(f"({term.sql})")
        values += term.values
    return " AND ".join(conditions) or "1", values
