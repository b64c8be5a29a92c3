"""Cielo24CaptionsOperator and Cielo24TranscriptOperator against the sandbox: a proper file, or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest

from airflow_media.cielo24.captions import CaptionOptions
from airflow_media.cielo24.operators import Cielo24CaptionsOperator, Cielo24TranscriptOperator
from airflow_media.cielo24.options import OptionsError
from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.cielo24.vocabulary import CAPTION_FORMATS, SUFFIXES
from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from support.captionfiles import READERS, read_captions
from support.captioning import NOBODY, CaptionHouse
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]


def captions(job_id: str, target: str | Path, **fields: Any) -> TaskRun:
    return TaskRun(Cielo24CaptionsOperator(task_id="captions", job_id=job_id, target=str(target), **fields))


def transcript(job_id: str, target: str | Path, **fields: Any) -> TaskRun:
    return TaskRun(Cielo24TranscriptOperator(task_id="transcript", job_id=job_id, target=str(target), **fields))


def corrupt(house: CaptionHouse, kind: str) -> None:
    house.admin.post("cielo24/corruptions", {"kind": kind})


# Captions


def test_all_formats_fit_into_one_folder_and_are_read_by_others(house: CaptionHouse, tmp_path: Path) -> None:
    job_id = house.completed()
    for caption_format in CAPTION_FORMATS:
        run = captions(job_id, f"{tmp_path}/made/on/demand/", caption_format=caption_format)
        assert run.execute() == f"{tmp_path}/made/on/demand/{job_id}{SUFFIXES[caption_format]}"
        assert run.ti.xcoms == {"api_url": f"{house.host}/api/job/info?v=1&job_id={job_id}"}
    folder = tmp_path / "made" / "on" / "demand"
    assert len(list(folder.iterdir())) == len(CAPTION_FORMATS)
    for caption_format in READERS:
        shown = read_captions(folder / f"{job_id}{SUFFIXES[caption_format]}", caption_format)
        assert shown[0].start == pytest.approx(0.0, abs=0.1), caption_format
        assert max(each.end for each in shown) == pytest.approx(3.0, abs=0.2), caption_format
        assert "sandbox" in " ".join(each.text for each in shown).lower(), caption_format
    older = minidom.parse(str(folder / f"{job_id}{SUFFIXES['ECHO']}"))
    assert older.getElementsByTagName("p")[0].getAttribute("begin") == "00:00:00.000"
    for caption_format in ("QT", "TPM", "TRANSCRIPT"):
        assert "Sandbox" in (folder / f"{job_id}{SUFFIXES[caption_format]}").read_text()


def test_a_file_name_that_is_given_is_taken_and_what_was_there_is_replaced(house: CaptionHouse, tmp_path: Path) -> None:
    target = tmp_path / "film.en.vtt"
    target.write_text("yesterday's")
    assert captions(house.completed(), target).execute() == str(target)
    assert read_captions(target, "WEB_VTT")
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    "options",
    [
        {"line_ending_format": "WINDOWS", "utf8_mark": True, "lines_per_caption": "1"},
        '{"line_ending_format": "WINDOWS", "utf8_mark": "y", "lines_per_caption": 1}',
        CaptionOptions(line_ending_format="WINDOWS", utf8_mark=True, lines_per_caption=1),
    ],
    ids=["dictionary", "text", "object"],
)
def test_options_come_in_several_forms_and_have_their_effect(house: CaptionHouse, tmp_path: Path, options: Any) -> None:
    uri = captions(house.completed(), tmp_path / "a.srt", caption_format="SRT", caption_options=options).execute()
    content = Path(uri).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in content
    shown = read_captions(uri, "SRT")
    assert len(shown) > 1
    assert not [each for each in shown if "\n" in each.text]


def test_a_template_of_ones_own_is_taken_for_srt(house: CaptionHouse, tmp_path: Path) -> None:
    template = "#{caption_number} {start_minute:02d}.{start_second:02d} {caption_text} |\n"
    run = captions(
        house.completed(), tmp_path / "a.txt", caption_format="SRT", caption_options=CaptionOptions(srt_format=template)
    )
    assert Path(run.execute()).read_text().startswith("#1 00.00 ")


def test_an_interim_version_can_be_fetched_before_the_job_is_complete(house: CaptionHouse, tmp_path: Path) -> None:
    house.admin.outcome("transcription", "stuck", service="cielo24", percent=99)
    job_id = house.ordered(TranscriptionOrder(transcription_fidelity="PROFESSIONAL", priority="STANDARD"))
    house.look_until(lambda: house.record(job_id), lambda record: record["percent"] >= 99.0)
    run = captions(job_id, tmp_path / "a.vtt", caption_options={"iwp_name": "MECHANICAL"})
    assert "MECHANICAL" in Path(run.execute()).read_text()
    house.release()


# What is refused


@pytest.mark.parametrize(
    "options", [{"lines": 1}, {"lines_per_caption": 0}, {"display_speaker_id": "names"}, '{"utf8_mark": "perhaps"}']
)
def test_options_that_are_known_to_be_wrong_are_an_import_error_of_the_dag(options: Any) -> None:
    with pytest.raises(OptionsError):
        captions("{{ 1 }}", "/tmp/", caption_options=options)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"caption_format": "VTT"}, ("caption_format: 'VTT' is not one of", "did you mean 'WEB_VTT'")),
        ({"job_id": NOBODY}, ("ITEM_NOT_FOUND", NOBODY)),
        ({"job_id": ""}, ("'' is not the id of a job",)),
        ({"target": "http://films.example/x.vtt"}, ("an http URL can be read from, not written to",)),
        ({"target": ""}, ("path or URI is empty",)),
        ({"caption_options": {"iwp_name": "INTERIM_PROFESSIONAL"}}, ("ITEM_NOT_FOUND",)),
        ({"caption_format": "VTT", "validate": False}, ("INVALID_OPTION",)),
    ],
)
def test_what_cannot_be_fetched_is_told_and_leaves_nothing(
    house: CaptionHouse, tmp_path: Path, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    asked = {"job_id": house.completed(), "target": str(tmp_path / "x.vtt"), **fields}
    refused(captions(**asked).execute, MediaFailError, *words)
    assert list(tmp_path.iterdir()) == []


def test_templated_options_are_checked_before_anything_is_asked(house: CaptionHouse, refused: Refused) -> None:
    run = captions(house.created(), "/tmp/", caption_options="{{ params.options }}")
    run.operator.caption_options = {"lines_per_caption": "0"}  # as rendered
    refused(run.execute, MediaFailError, "lines_per_caption: '0' is not a whole number from 1")
    assert house.count("get_caption") == 0


@pytest.mark.parametrize("fetch", [captions, transcript])
def test_a_job_that_is_not_complete_is_told_with_what_to_do(
    house: CaptionHouse, tmp_path: Path, refused: Refused, fetch: Callable[..., TaskRun]
) -> None:
    house.stick()
    run = fetch(house.ordered(), tmp_path / "x.txt")
    refused(run.execute, MediaFailError, "'In Process', not complete", "Cielo24JobSensor")
    assert list(tmp_path.iterdir()) == []


UNDETECTED = {
    ("cut", "TRANSCRIPT"),
    *(("backwards", name) for name in ("TRANSCRIPT", "TPM", "TWX", "SCC")),
}
"""Damage that leaves a file which is as good as any other of its format, as far as a program can tell."""


@pytest.mark.parametrize("caption_format", CAPTION_FORMATS)
@pytest.mark.parametrize("kind", ["garbage", "cut", "empty", "backwards"])
def test_a_file_that_does_not_parse_is_not_written(
    house: CaptionHouse, tmp_path: Path, refused: Refused, caption_format: str, kind: str
) -> None:
    job_id = house.completed()
    corrupt(house, kind)
    run = captions(job_id, tmp_path / "x", caption_format=caption_format)
    if (kind, caption_format) in UNDETECTED:
        run.execute()
        return
    refused(run.execute, MediaFailError, f"the file is not {caption_format}", "Nothing was written", job_id)
    assert list(tmp_path.iterdir()) == []
    assert run.execute() == str(tmp_path / "x")


def test_a_file_that_does_not_parse_is_taken_as_it_is_where_that_is_asked(house: CaptionHouse, tmp_path: Path) -> None:
    job_id = house.completed()
    corrupt(house, "garbage")
    assert "<html>" in Path(captions(job_id, tmp_path / "x.vtt", validate=False).execute()).read_text()


@pytest.mark.parametrize("fetch", [captions, transcript])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("error status=200 exception=ITEM_NOT_FOUND message=gone", ("200 ITEM_NOT_FOUND", "gone")),
        ("error status=200 exception=SOMETHING_NEW", ("200 SOMETHING_NEW",)),
        ("error status=400 exception=SOMETHING_NEW", ("400 SOMETHING_NEW",)),
    ],
)
def test_an_error_in_place_of_the_file_is_not_written(
    house: CaptionHouse,
    tmp_path: Path,
    refused: Refused,
    fetch: Callable[..., TaskRun],
    fault: str,
    words: tuple[str, ...],
) -> None:
    run = fetch(house.completed(), tmp_path / "x")
    house.admin.fault(f"{fault} on=cielo24.get_*")
    refused(run.execute, MediaFailError, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "fault", ["502", "429 retry_after=0", "reset", "truncate bytes=10", "lost_answer", "expire_token"]
)
def test_faults_that_pass_are_borne(house: CaptionHouse, tmp_path: Path, logged: Callable[[], str], fault: str) -> None:
    job_id = house.completed()
    house.admin.fault(f"{fault} on=cielo24.get_caption times=1")
    assert read_captions(captions(job_id, tmp_path / "x.vtt").execute(), "WEB_VTT")
    assert house.secrets_in(logged()) == []


def test_a_service_that_stays_away_is_left_to_the_retries(
    house: CaptionHouse, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_media.http import retry

    job_id = house.completed()
    monkeypatch.setattr(retry, "RETRYABLE_STATUSES", frozenset())  # the two minutes are over
    house.admin.fault("502 on=cielo24.get_caption")
    refused(captions(job_id, tmp_path / "x.vtt").execute, MediaRetryError, "get captions of job", "502")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_told_and_what_was_there_stays(
    house: CaptionHouse, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_media.storage import local

    job_id = house.completed()
    target = tmp_path / "x.vtt"
    target.write_text("yesterday's")

    def write(descriptor: int, piece: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(local.os, "write", write)
    refused(captions(job_id, target).execute, MediaFailError, str(target), "no room")
    assert target.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [target]


# Transcripts


@pytest.mark.parametrize(
    ("options", "suffix", "words"),
    [
        (None, "txt", ("Sandbox sentence",)),
        ({"timecode_every_paragraph": False}, "txt", ("Sandbox sentence",)),
        ({"file_format": "html"}, "html", ("<", ">", "Sandbox")),
        ({"timecode_format": "(%M %S)"}, "txt", ("(00 00)",)),
    ],
)
def test_a_transcript_is_written_into_a_folder(
    house: CaptionHouse, tmp_path: Path, options: Any, suffix: str, words: tuple[str, ...]
) -> None:
    job_id = house.completed()
    uri = transcript(job_id, f"{tmp_path}/", transcript_options=options).execute()
    assert uri == f"{tmp_path}/{job_id}.{suffix}"
    text = Path(uri).read_text()
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("options", [{"mixed": True}, {"file_format": "pdf"}, {"timecode_format": "%q"}])
def test_transcript_options_that_are_known_to_be_wrong_are_an_import_error_of_the_dag(options: Any) -> None:
    with pytest.raises(OptionsError):
        transcript("{{ 1 }}", "/tmp/", transcript_options=options)


def test_half_a_page_is_no_transcript(house: CaptionHouse, tmp_path: Path, refused: Refused) -> None:
    run = transcript(job_id := house.completed(), tmp_path / "x.html", transcript_options={"file_format": "html"})
    house.admin.fault("malformed on=cielo24.get_transcript")
    refused(run.execute, MediaFailError, job_id, "not a transcript in html", "Nothing was written")
    assert list(tmp_path.iterdir()) == []
