"""No call, no flow and no record of a service is left out of the fuzzing."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

import pytest
from fuzz_answers import Drawn
from fuzz_services import PARTS, ROOM, ROOMS, Room, calls, package, words
from fuzz_settings import fuzzed
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.http.document import Document


def modules(room: Room) -> list[Any]:
    return [import_module(f"{ROOM}.{room.name}.{path.stem}") for path in sorted((package() / room.name).glob("*.py"))]


def records(room: Room) -> Iterator[Any]:
    """Give each class of a service that is read from one object of an answer."""
    for module in modules(room):
        for _, found in inspect.getmembers(module, inspect.isclass):
            read = getattr(found, "read", None)
            takes = list(inspect.signature(read).parameters.values()) if callable(read) else []
            if found.__module__ == module.__name__ and [str(each.annotation) for each in takes] == ["Document"]:
                yield pytest.param(room, found, id=f"{room.name} {found.__name__}")


@pytest.mark.airflow
@pytest.mark.parametrize("room", ROOMS, ids=[room.name for room in ROOMS])
def test_each_call_and_flow_is_fuzzed(room: Room) -> None:
    made = {name.partition(".")[2] for name in calls(room)}
    for module in modules(room):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            returns = str(inspect.signature(function).return_annotation)
            if function.__module__ == module.__name__ and not name.startswith("_") and name not in PARTS:
                assert name in made or not returns.startswith(("Call[", "Flow[")), f"{module.__name__}.{name}"


@pytest.mark.airflow
@pytest.mark.parametrize(("room", "record"), [each for room in ROOMS for each in records(room)])
def test_each_record_is_read_or_refused(room: Room, record: Any) -> None:
    @fuzzed(0.5)
    @given(st.data())
    def fuzz(data: Any) -> None:
        with suppress(TypeError, ValueError):  # which the exchange turns into errors of ours, by their words
            assert repr(record.read(Document(Drawn(data.draw, words(room.name)))))

    fuzz()
