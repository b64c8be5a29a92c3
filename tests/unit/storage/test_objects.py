"""Storages of Airflow's object storage: read as promised or not at all, and no half file under its final name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_media.http.bodies import CHUNK
from airflow_media.http.errors import TransferError
from airflow_media.storage import Source, Target, open_source, open_target

pytestmark = pytest.mark.airflow

DATA = os.urandom(2 * CHUNK + 17)


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    """Give a file system that Airflow knows as ``memory``."""
    from airflow.sdk.io import attach  # here, since it sets up logging for the whole process

    fs = MemoryFileSystem()
    attach(protocol="memory", fs=fs)
    yield fs
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]


def read(source: Source) -> bytes:
    with source.open() as pieces:
        return b"".join(pieces)


def put(target: Target, data: bytes) -> None:
    with target.writer(len(data)) as writer:
        writer.write(data)
        assert writer.position == len(data)


def files(memory: MemoryFileSystem) -> dict[str, bytes]:
    return {path: memory.cat_file(path) for path in memory.store}


def test_a_source_is_read_in_large_pieces(memory: MemoryFileSystem) -> None:
    memory.pipe_file("/films/in/film.mkv", DATA)
    source = open_source("memory://films/in/film.mkv")
    assert (source.uri, source.name) == ("memory://films/in/film.mkv", "film.mkv")
    assert (source.size, source.media_type) == (len(DATA), "video/x-matroska")
    with source.open() as pieces:
        assert [len(piece) for piece in pieces] == [CHUNK, CHUNK, 17]
    assert read(source) == DATA


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("memory://films/no.mp4", "no such file"),
        ("memory://films/folder", "it is a folder"),
        ("memory://films/empty.mp4", "is empty"),
        ("nowhere://films/film.mp4", "nowhere"),
    ],
)
def test_what_cannot_be_read_is_told_beforehand(memory: MemoryFileSystem, uri: str, text: str) -> None:
    memory.pipe_file("/films/folder/film.mp4", b"data")
    memory.pipe_file("/films/empty.mp4", b"")
    with pytest.raises(TransferError, match=text) as caught:
        open_source(uri)
    assert str(caught.value).startswith(f"The object storage could not read file ({uri}): ")


def test_a_file_that_was_changed_since_it_was_looked_at_is_not_sent(memory: MemoryFileSystem) -> None:
    memory.pipe_file("/films/film.mp4", DATA)
    source = open_source("memory://films/film.mp4")
    memory.pipe_file("/films/film.mp4", DATA + b"more")
    with pytest.raises(TransferError, match="changed"):
        read(source)


def test_a_target_appears_whole_and_at_once(memory: MemoryFileSystem) -> None:
    with open_target("memory://films/out/film.mp4").writer(None) as writer:
        writer.write(b"data")
        assert "/films/out/film.mp4" not in memory.store
        writer.write(b"...")
    assert files(memory) == {"/films/out/film.mp4": b"data..."}


def test_an_older_file_is_replaced(memory: MemoryFileSystem) -> None:
    memory.pipe_file("/films/film.mp4", b"older")
    put(open_target("memory://films/film.mp4"), b"new")
    assert files(memory) == {"/films/film.mp4": b"new"}


@pytest.mark.parametrize("fault", [TransferError("cut"), KeyboardInterrupt()])
def test_an_exception_leaves_everything_as_it_was(memory: MemoryFileSystem, fault: BaseException) -> None:
    memory.pipe_file("/films/film.mp4", b"older")

    def broken() -> None:
        with open_target("memory://films/film.mp4").writer(None) as writer:
            writer.write(b"half")
            raise fault

    with pytest.raises(type(fault)):
        broken()
    assert files(memory) == {"/films/film.mp4": b"older"}


def test_a_writer_may_start_over(memory: MemoryFileSystem) -> None:
    with open_target("memory://films/film.mp4").writer(None) as writer:
        writer.write(b"the wrong and longer beginning")
        writer.restart()
        assert writer.position == 0
        writer.write(b"right")
    assert files(memory) == {"/films/film.mp4": b"right"}


def test_a_file_gets_its_name_in_a_folder(memory: MemoryFileSystem) -> None:
    target = open_target("memory://films/out/").resolve("../../evil\n.mp4")
    assert target.uri == "memory://films/out/evil.mp4"
    put(target, b"data")
    assert open_target("memory://films/out").resolve("b.mp4").uri == "memory://films/out/b.mp4"
    assert open_target("memory://films/out/evil.mp4").resolve("b.mp4").uri == "memory://films/out/evil.mp4"


def test_a_folder_is_not_written_to() -> None:
    with pytest.raises(TransferError, match="there is no name"):
        open_target("memory://films/out/").writer(None).__enter__()


def test_a_storage_that_fails_is_told_and_left_clean(memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise ConnectionResetError("the storage hung up")

    monkeypatch.setattr(memory, "mv", fail)
    with pytest.raises(TransferError, match="ConnectionResetError: the storage hung up"):
        put(open_target("memory://films/film.mp4"), b"data")
    assert files(memory) == {}


def test_airflows_own_local_storage(tmp_path: Path) -> None:
    put(open_target(f"local://{tmp_path}/new/film.mp4"), DATA)
    assert read(open_source(f"local://{tmp_path}/new/film.mp4")) == DATA
    assert os.listdir(tmp_path / "new") == ["film.mp4"]
