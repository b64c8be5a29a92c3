"""SQLite as the database of an Airflow whose components write at the same time.

A savepoint outside of a transaction begins one that reads first and would write later. If somebody else writes in
between, SQLite refuses ("database is locked") at once, however long it was told to wait. Airflow makes the runs of a
backfill in savepoints, so that it could hardly make any beside a scheduler at work. Here such a transaction asks for
its turn to write at its beginning, where SQLite waits.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final


class WaitingCursor(sqlite3.Cursor):
    """A cursor that begins a transaction for writing before a savepoint."""

    def execute(self, sql: str, parameters: Any = (), /) -> WaitingCursor:
        """Execute a statement."""
        if sql.startswith("SAVEPOINT") and not self.connection.in_transaction:
            super().execute("BEGIN IMMEDIATE")
        super().execute(sql, parameters)
        return self


class WaitingConnection(sqlite3.Connection):
    """A connection with such cursors."""

    def cursor(self, factory: Any = WaitingCursor) -> Any:
        """Make a cursor."""
        return super().cursor(factory)


CONNECT_ARGS: Final = {"factory": WaitingConnection}
"""For Airflow's setting ``[database] sql_alchemy_connect_args``."""
