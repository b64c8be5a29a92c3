"""Which run works on an interval: one at a time, whatever else is started for it.

A claim is a small document beside the manifest that names the run which holds it. It is created on condition that
there is none, and taken over, on condition that it has not changed, from a run that has ended without giving it back.
So of two runs that begin at once one gets it, and the other one waits and then finds the work done.

A store that overlooks conditions cannot promise that. It is found out with one more write, and the log says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import pendulum
from msgspec import Struct, to_builtins

from airflow_media.http.document import Document
from airflow_media.http.errors import ConflictError, InvalidRequestError
from airflow_media.ingest.shelf import ABSENT, Shelf
from airflow_media.ingest.shelf import Document as Stored

log = logging.getLogger(__name__)

TRIES = 5
"""Times that somebody else may come between a look and a write before a claim is put off."""


class Holder(Struct, frozen=True):
    """The run that holds a claim."""

    dag_id: str
    run_id: str

    def __str__(self) -> str:
        return f"run {self.run_id} of DAG {self.dag_id}"


class Claim:
    """The claim of one interval.

    :param shelf: Where it is.
    :param name: Its name there.
    """

    def __init__(self, shelf: Shelf, name: str) -> None:
        self._shelf, self._name = shelf, name

    def take(self, holder: Holder, is_active: Callable[[Holder], bool]) -> Holder | None:
        """Take it, unless a run that is still active holds it.

        :param holder: Who takes it. Who holds it already takes it again.
        :param is_active: Tells whether a run has yet to end.
        :return: Who holds it instead; ``None``: it is taken.
        :raises TransferError: S3 refuses.
        """
        other = holder
        for _ in range(TRIES):
            found = self._shelf.read(self._name)
            if found is not None:
                other = self._holder(found)
                if other == holder:
                    return None
                if is_active(other):
                    return other
                log.warning("Taking over the claim of %s, which has ended and not given it back", other)
            if self._write(holder, found.etag if found else ABSENT):
                return None
        return other

    def give_back(self, holder: Holder) -> bool:
        """Give it back.

        :param holder: Who gives it back.
        :return: Whether it was theirs.
        :raises TransferError: S3 refuses.
        """
        found = self._shelf.read(self._name)
        if found is None or self._holder(found) != holder:
            return False
        try:
            self._shelf.remove(self._name, seen=found.etag)
        except ConflictError:
            return False
        return True

    def _write(self, holder: Holder, seen: str) -> bool:
        value = {**to_builtins(holder), "since": pendulum.now("UTC").isoformat()}
        try:
            self._shelf.write(self._name, value, seen=seen)
        except ConflictError:
            return False
        if seen == ABSENT:
            self._try_the_store(value)
        return True

    def _try_the_store(self, value: object) -> None:
        """See that the store refuses to create what is there."""
        try:
            self._shelf.write(self._name, value, seen=ABSENT)
        except ConflictError:
            return
        log.warning(
            "The store of %s overlooks If-None-Match: nothing keeps two runs of one interval from doing the work twice."
            " Keep max_active_runs=1, and do not start a run by hand while another one works.",
            self._shelf.uri,
        )

    def _holder(self, found: Stored) -> Holder:
        try:
            document = Document(found.value)
            return Holder(document.required("dag_id"), document.required("run_id"))
        except (TypeError, ValueError) as error:
            text = f"{self._shelf.uri}{self._name} is no claim: {error}"
            raise InvalidRequestError(text, hint="Remove it if no run is at work.") from None
