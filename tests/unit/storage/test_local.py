"""Files of this machine: read as promised or not at all, written whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_media.http.bodies import CHUNK
from airflow_media.http.errors import TransferError
from airflow_media.storage import Source, Target, open_source, open_target

DATA = os.urandom(2 * CHUNK + 17)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(DATA)
    return path


def read(uri: str) -> bytes:
    with open_source(uri).open() as pieces:
        return b"".join(pieces)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_source_tells_what_it_is(film: Path) -> None:
    source = open_source(str(film))
    assert (source.uri, source.name, source.size, source.media_type) == (str(film), "film.mp4", len(DATA), "video/mp4")
    assert source.etag


def test_a_source_is_read_in_large_pieces_as_often_as_needed(film: Path) -> None:
    source = open_source(str(film))
    for _ in range(2):
        with source.open() as pieces:
            assert [len(piece) for piece in pieces] == [CHUNK, CHUNK, 17]
    assert read(str(film)) == DATA


def test_a_source_may_be_a_relative_path(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(film.parent)
    assert read("film.mp4") == DATA


def test_a_source_may_be_a_file_uri(tmp_path: Path) -> None:
    (tmp_path / "a film? #1 100%.mp4").write_bytes(b"data")
    assert read(f"file://{tmp_path}/a%20film%3F%20%231%20100%25.mp4") == b"data"
    assert read(f"file://localhost{tmp_path}/a film? #1 100%25.mp4") == b"data"


def test_a_name_that_is_no_text_can_still_be_told(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")
    Path(path).write_bytes(b"data")
    source = open_source(path)
    assert (source.uri, source.name) == (f"{tmp_path}/caf\ufffd.mp4", "caf\ufffd.mp4")
    assert read(path) == b"data"


def test_a_file_uri_of_another_machine_is_refused() -> None:
    with pytest.raises(TransferError, match="another machine"):
        open_source("file://server/share/film.mp4")


@pytest.mark.parametrize("uri", ["film\x00.mp4", "file:///film%00.mp4", "film\ud800.mp4"])
@pytest.mark.parametrize("open_", [open_source, open_target])
def test_what_can_be_no_path_is_refused(open_: Callable[[str], object], uri: str) -> None:
    with pytest.raises(TransferError, match="no path has a zero byte"):
        open_(uri)


def test_a_file_uri_is_taken_as_it_stands(tmp_path: Path) -> None:
    (odd := tmp_path / "a?b#c[d.mp4").write_bytes(b"data")
    assert read(f"file://{odd}") == read(f"FILE://localhost{odd}") == b"data"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TransferError) as caught:
        open_source(f"{tmp_path}/no.mp4")
    assert str(caught.value) == (
        f"The local disk could not read file ({tmp_path}/no.mp4): there is no such file or folder."
    )


def test_what_is_no_plain_file_is_refused(film: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    os.mkfifo(tmp_path / "pipe")
    for name, text in {
        "": "it is a folder",
        "empty.mp4": "is empty",
        "pipe": "not a plain file",
        "film.mp4/film.mp4": "Not a directory",
    }.items():
        with pytest.raises(TransferError, match=text):
            open_source(str(tmp_path / name))


def test_a_file_that_may_not_be_read_or_written_is_told(tmp_path: Path) -> None:
    # In a process of its own, which gives up the privileges that a container has; what it needs it imports before.
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "film.mp4").write_bytes(b"data")
    folder.chmod(0)
    code = """
        import os, sys
        from airflow_media.http.errors import TransferError
        from airflow_media.storage import local, open_source, open_target

        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        try:
            open_source(sys.argv[1])
        except TransferError as error:
            print(error)
        try:
            with open_target(sys.argv[1]).writer(None):
                pass
        except TransferError as error:
            print(error)
    """
    lines = run(code, f"{folder}/film.mp4").splitlines()
    folder.chmod(0o700)
    assert [line.partition(" (")[0] for line in lines] == [
        "The local disk could not read file",
        "The local disk could not write file",
    ]
    assert all(line.endswith("this process may not (Permission denied).") for line in lines)


def append(film: Path) -> None:
    with film.open("ab") as file:
        file.write(b"more")


def truncate(film: Path) -> None:
    os.truncate(film, CHUNK + 1)


def rewrite(film: Path) -> None:
    film.write_bytes(bytes(len(DATA)))
    os.utime(film, ns=(0, 0))


def sent_before_the_fault(source: Source, meanwhile: Callable[[], None]) -> int:
    """Read a source that is spoiled after its first piece, and tell how many bytes came out of it."""
    sent = 0
    with source.open() as pieces:
        try:
            for piece in pieces:
                if not sent:
                    meanwhile()
                sent += len(piece)
        except TransferError as error:
            assert "changed" in str(error)  # noqa: PT017
            return sent
    raise AssertionError("the change was not noticed")


@pytest.mark.parametrize("change", [append, truncate, rewrite])
def test_a_file_that_was_changed_since_it_was_looked_at_is_not_sent(film: Path, change: Callable[[Path], None]) -> None:
    source = open_source(str(film))
    change(film)
    assert sent_before_the_fault(source, lambda: None) < len(DATA)


@pytest.mark.parametrize("change", [append, truncate, rewrite])
def test_a_file_that_is_changed_while_it_is_read_is_not_sent(film: Path, change: Callable[[Path], None]) -> None:
    source = open_source(str(film))
    assert sent_before_the_fault(source, lambda: change(film)) < len(DATA)


def put(target: Target, *chunks: bytes) -> None:
    with target.writer(sum(map(len, chunks))) as writer:
        for chunk in chunks:
            writer.write(chunk)


def test_a_target_appears_whole_and_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "film.mp4"
    target = open_target(str(path))
    with target.writer(7) as writer:
        writer.write(b"data")
        assert writer.position == 4
        assert not path.exists()
        assert len(names(path.parent)) == 1
        writer.write(b"...")
    assert path.read_bytes() == b"data..."
    assert names(path.parent) == ["film.mp4"]
    assert target.uri == str(path)


def test_a_target_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        put(open_target(str(tmp_path / "film.mp4")), b"data")
    finally:
        os.umask(before)
    assert (tmp_path / "film.mp4").stat().st_mode & 0o777 == 0o640


def test_an_older_file_is_replaced_at_the_end_only(film: Path) -> None:
    with open_target(str(film)).writer(None) as writer:
        writer.write(b"new")
        assert film.read_bytes() == DATA
    assert film.read_bytes() == b"new"
    assert names(film.parent) == ["film.mp4"]


@pytest.mark.parametrize("fault", [TransferError("cut"), KeyboardInterrupt(), SystemExit(1)])
def test_an_exception_leaves_everything_as_it_was(film: Path, fault: BaseException) -> None:
    def broken() -> None:
        with open_target(str(film)).writer(None) as writer:
            writer.write(b"half")
            raise fault

    with pytest.raises(type(fault)):
        broken()
    assert film.read_bytes() == DATA
    assert names(film.parent) == ["film.mp4"]


def test_what_a_killed_process_has_left_is_removed_by_the_next_writer_of_the_same_file(tmp_path: Path) -> None:
    code = """
        import os, signal, sys
        from airflow_media.storage import open_target

        with open_target(sys.argv[1]).writer(None) as writer:
            writer.write(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    for name in ("film.mp4", "other.mp4"):
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path / name)], check=False)
        assert done.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 2

    put(open_target(str(tmp_path / "film.mp4")), b"whole")
    assert (tmp_path / "film.mp4").read_bytes() == b"whole"
    assert len(names(tmp_path)) == 2
    put(open_target(str(tmp_path / "other.mp4")), b"whole")
    assert names(tmp_path) == ["film.mp4", "other.mp4"]


def test_what_a_writer_at_work_has_written_is_left_alone(tmp_path: Path) -> None:
    target = open_target(str(tmp_path / "film.mp4"))
    with target.writer(None) as writer:
        writer.write(b"first")
        put(target, b"second")
        assert (tmp_path / "film.mp4").read_bytes() == b"second"
    assert (tmp_path / "film.mp4").read_bytes() == b"first"
    assert names(tmp_path) == ["film.mp4"]


def test_a_disk_without_locks_is_written_to_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    target = open_target(str(tmp_path / "film.mp4"))
    with target.writer(None) as writer:
        writer.write(b"first")
        put(target, b"second")
    assert (tmp_path / "film.mp4").read_bytes() == b"first"
    assert names(tmp_path) == ["film.mp4"]


def test_a_part_that_another_writer_takes_for_one_that_was_left_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    taken: list[str] = []

    def late(descriptor: int, operation: int) -> None:
        if not taken:
            taken.extend(names(tmp_path))
            (tmp_path / taken[0]).unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    put(open_target(str(tmp_path / "film.mp4")), b"whole")
    assert taken
    assert (tmp_path / "film.mp4").read_bytes() == b"whole"
    assert names(tmp_path) == ["film.mp4"]


def test_a_writer_may_start_over(tmp_path: Path) -> None:
    with open_target(str(tmp_path / "film.mp4")).writer(None) as writer:
        writer.write(b"the wrong and longer beginning")
        writer.restart()
        assert writer.position == 0
        writer.write(b"right")
    assert (tmp_path / "film.mp4").read_bytes() == b"right"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_file_gets_its_name_in_a_folder(tmp_path: Path, slash: str) -> None:
    target = open_target(f"{tmp_path}{slash}").resolve("../../evil\n.mp4")
    assert target.uri == f"{tmp_path}/evil.mp4"
    put(target, b"data")
    assert names(tmp_path) == ["evil.mp4"]


def test_a_slash_at_the_end_means_a_folder_that_is_made(tmp_path: Path) -> None:
    put(open_target(f"file://{tmp_path}/new%20one/").resolve("a.mp4"), b"data")
    assert (tmp_path / "new one" / "a.mp4").read_bytes() == b"data"


def test_the_longest_name_has_room_for_its_temporary_file(tmp_path: Path) -> None:
    put(open_target(f"{tmp_path}/").resolve("x" * 500 + ".mp4"), b"data")
    assert names(tmp_path) == ["x" * 251 + ".mp4"]


def test_a_name_is_not_asked_of_what_has_one(tmp_path: Path) -> None:
    assert open_target(f"{tmp_path}/film.mp4").resolve("other.mp4").uri == f"{tmp_path}/film.mp4"


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_folder_is_not_written_to(tmp_path: Path, slash: str) -> None:
    with pytest.raises(TransferError, match="there is no name"):
        put(open_target(f"{tmp_path}{slash}"), b"data")
    assert names(tmp_path) == []


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(TransferError, match="it is a folder"):
        put(open_target(f"{tmp_path}/").resolve("film.mp4"), b"data")
    assert names(tmp_path) == ["film.mp4"]


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TransferError, match="not a plain file"):
        put(open_target(f"{tmp_path}/pipe"), b"data")
    assert names(tmp_path) == ["pipe"]


def test_what_does_not_fit_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    writer = open_target(f"{tmp_path}/film.mp4").writer(1 << 60)
    with pytest.raises(TransferError, match=r"it needs 1152921504606846976 bytes and the disk has \d+ left"):
        writer.__enter__()
    assert names(tmp_path) == []


def test_a_disk_that_becomes_full_is_told_and_cleaned_up(tmp_path: Path) -> None:
    # A limit of the process on the size of files stands for the end of the disk: it comes in the middle of a write too.
    code = """
        import resource, sys
        from airflow_media.http.errors import TransferError
        from airflow_media.storage import open_target

        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            with open_target(sys.argv[1]).writer(150_000) as writer:
                for _ in range(5):
                    writer.write(bytes(30_000))
        except TransferError as error:
            print(writer.position, error)
    """
    path = tmp_path / "film.mp4"
    assert run(code, str(path)) == (
        f"90000 The local disk could not write file ({path}): there is no room for it (File too large).\n"
    )
    assert names(tmp_path) == []


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
