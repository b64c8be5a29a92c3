"""AddMediaOperator against the sandbox: one piece of media on a job, sent once, whatever happens meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from airflow_media.cielo24.api import get_media
from airflow_media.cielo24.flows import find_media
from airflow_media.cielo24.operators import AddMediaOperator
from airflow_media.http.bodies import CHUNK
from airflow_media.jobs.compat import AirflowTaskTerminated
from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from media_sandbox.testing import make_garbage
from support.captioning import NOBODY, CaptionHouse
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]

with_and_without_store = pytest.mark.parametrize("store", [True, False], ids=["store", "no store"])


def add(job_id: str, *, store: bool = True, retries: int = 1, **fields: Any) -> TaskRun:
    fields = {name: str(value) if isinstance(value, Path) else value for name, value in fields.items()}
    return TaskRun(AddMediaOperator(task_id="add", job_id=job_id, **fields), store=store, retries=retries)


class SilentHandler(SimpleHTTPRequestHandler):
    """A web server whose own log is not looked at."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url(film: Path) -> Iterator[str]:
    """The film on a web server."""
    handler = partial(SilentHandler, directory=str(film.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{film.name}?signature=0123456789abcdef"
        server.shutdown()


def test_a_file_is_streamed_to_the_job(house: CaptionHouse, film: Path) -> None:
    run = add(job_id := house.created(), source=film)
    assert len(run.execute()) == 32
    [asked] = house.requests("add_media_file")
    assert asked["body_bytes"] == film.stat().st_size
    assert not {"content-type", "transfer-encoding"} & set(asked["headers"])
    assert run.ti.xcoms == {"api_url": f"{house.host}/api/job/info?v=1&job_id={job_id}"}


def test_a_url_is_given_to_the_job(house: CaptionHouse, url: str, logged: Callable[[], str]) -> None:
    run = add(job_id := house.created(), media_url=url)
    assert len(run.execute()) == 32
    assert house.run(get_media(job_id)).url == url
    assert "0123456789abcdef" not in logged()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ("one of media_url and source is needed, and none is given",)),
        ({"source": "", "media_url": None}, ("none is given",)),
        ({"source": "a.mp4", "media_url": "https://films.test/a.mp4"}, ("both are given",)),
        ({"source": "/nowhere/a.mp4"}, ("/nowhere/a.mp4", "there is no such file")),
        ({"media_url": "films/a.mp4"}, ("media_url is not an absolute http or https URL",)),
        ({"source": "a.mp4", "job_id": ""}, ("'' is not the id of a job",)),
        ({"source": "a.mp4", "job_id": NOBODY}, ("ITEM_NOT_FOUND", NOBODY)),
    ],
)
def test_what_cannot_be_added_is_told_before_it_is_sent(
    house: CaptionHouse, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(add(**{"job_id": house.created(), **fields}).execute, MediaFailError, *words)
    assert house.count("add_media") == house.count("add_media_file") == 0


def test_an_empty_file_is_refused(house: CaptionHouse, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    refused(add(house.created(), source=tmp_path / "empty.mp4").execute, MediaFailError, "empty.mp4", "empty")
    assert house.count("add_media_file") == 0


def test_a_file_that_is_too_large_is_refused(house: CaptionHouse, refused: Refused, tmp_path: Path) -> None:
    with (tmp_path / "huge.mov").open("wb") as file:
        file.truncate(10_737_418_240)  # a hole: it takes no room
    run = add(house.created(), source=tmp_path / "huge.mov")
    refused(run.execute, MediaFailError, "10737418240 bytes; cielo24 takes 1 to 10737418239")
    assert house.count("add_media_file") == 0


def test_a_second_piece_of_media_is_refused_before_it_is_sent(
    house: CaptionHouse, refused: Refused, film: Path
) -> None:
    job_id = house.with_media()
    house.admin.clear_requests()
    refused(add(job_id, source=film).execute, MediaFailError, "a job takes one piece of media", "Create another job")
    refused(add(job_id, media_url="https://films.test/b").execute, MediaFailError, "a job takes one piece of media")
    assert house.count("add_media_file") == 0


def test_a_url_that_the_job_has_already_is_no_error(house: CaptionHouse, url: str, logged: Callable[[], str]) -> None:
    job_id = house.created()
    add(job_id, media_url=url).execute()
    assert add(job_id, media_url=url).execute() is None
    assert "has these media already" in logged()
    assert house.count("add_media") == 1


def test_a_url_that_cannot_be_reached_is_told(house: CaptionHouse, refused: Refused) -> None:
    house.options(refuse_unreachable_media=True)
    run = add(house.created(), media_url="https://films.example/a.mp4?signature=0123456789abcdef")
    error = refused(run.execute, MediaFailError, "INVALID_URL", "add media to job")
    assert "0123456789abcdef" not in str(error)


# Nothing is sent twice


@pytest.mark.parametrize("fault", ["lost_answer", "502", "malformed", "reset", "reset_upload bytes=20000"])
def test_a_file_whose_answer_was_lost_is_there_once(
    house: CaptionHouse, film: Path, logged: Callable[[], str], fault: str
) -> None:
    job_id = house.created()
    house.admin.fault(f"{fault} on=cielo24.add_media_file times=1")
    add(job_id, source=film).execute()
    assert house.run(find_media(job_id)) is not None
    arrived = fault in ("lost_answer", "malformed")
    assert house.count("add_media_file") == (1 if arrived else 2)
    assert house.secrets_in(logged()) == []


@pytest.mark.parametrize("fault", ["lost_answer", "502", "malformed", "reset"])
def test_a_url_whose_answer_was_lost_is_there_once(house: CaptionHouse, url: str, fault: str) -> None:
    job_id = house.created()
    house.admin.fault(f"{fault} on=cielo24.add_media times=1")
    add(job_id, media_url=url).execute()
    assert house.run(get_media(job_id)).url == url


@with_and_without_store
def test_a_retry_takes_the_media_that_a_dead_worker_has_sent(house: CaptionHouse, film: Path, store: bool) -> None:
    job_id = house.created()
    run = add(job_id, source=film, store=store)
    sent = run.operator.hook.add_media

    def send_and_die(*arguments: Any, **options: Any) -> None:
        sent(*arguments, **options)
        raise KeyboardInterrupt

    run.operator.hook.add_media = send_and_die
    with pytest.raises(KeyboardInterrupt):
        run.execute()
    run.template = AddMediaOperator(task_id="add", job_id=job_id, source=str(film))
    run.template.retries = 1
    assert run.next_try().execute() is None
    assert house.count("add_media_file") == 1


def test_a_retry_after_a_service_that_stayed_away_sends_the_file(
    house: CaptionHouse, film: Path, refused: Refused
) -> None:
    house.admin.fault("503 on=cielo24.add_media_file")
    run = add(job_id := house.created(), source=film)
    refused(run.execute, MediaRetryError, "503")
    house.admin.clear_faults()
    assert run.next_try().execute() is not None
    assert house.run(find_media(job_id)) is not None


def test_media_of_somebody_else_are_not_taken_for_ours_by_a_retry(
    house: CaptionHouse, film: Path, refused: Refused
) -> None:
    run = add(house.with_media(), source=film)
    for _ in range(2):
        refused(run.execute, MediaFailError, "a job takes one piece of media")
        run.next_try()


@with_and_without_store
def test_a_cleared_task_says_that_the_job_must_be_new_too(
    house: CaptionHouse, film: Path, refused: Refused, store: bool
) -> None:
    run = add(house.created(), source=film, store=store)
    run.execute()
    refused(run.clear().execute, MediaFailError, "clear the one that created the job, too")


def test_a_token_that_is_dead_before_the_upload_is_renewed(house: CaptionHouse, film: Path) -> None:
    run = add(job_id := house.created(), source=film)
    house.admin.fault("expire_token on=cielo24.add_media_file times=1")
    run.execute()
    assert house.run(find_media(job_id)) is not None


def test_a_killed_upload_leaves_the_job_without_media(
    house: CaptionHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_media.jobs.progress import ProgressLog

    big = make_garbage(tmp_path / "big.mov", size=6 * CHUNK)
    run = add(job_id := house.created(), source=big)
    monkeypatch.setattr(ProgressLog, "transfer", lambda *_: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated, match="add was killed"):
        run.execute()
    assert house.run(find_media(job_id)) is None


def test_progress_of_an_upload_is_told(
    house: CaptionHouse, film: Path, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    from airflow_media.jobs.progress import ProgressLog

    told: list[tuple[str, int, int | None]] = []
    monkeypatch.setattr(ProgressLog, "transfer", lambda _, what, done, total: told.append((what, done, total)))
    add(house.created(), source=film).execute()
    size = film.stat().st_size
    assert told[-1] == (f"Upload of {film}", size, size)
    assert "has its media" in logged()
