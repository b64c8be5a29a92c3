"""What is read out of the service's answers, whatever it leaves out, adds or spells otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest
from cielo24_script import JOB, job_document

from airflow_media.cielo24.elements import ElementList
from airflow_media.cielo24.models import Job, moment
from airflow_media.http.document import Document

WHOLE = {
    "JobId": JOB,
    "JobName": "Episode 7",
    "MediaLengthSeconds": 607.81,
    "ExternalID": "e7",
    "Priority": "STANDARD",
    "Fidelity": "HIGH",
    "JobStatus": "Complete",
    "SourceLanguage": "en",
    "TargetLanguage": "fr",
    "CreationDate": "2014-07-31T12:35:52.324389",
    "StartDate": "2014-07-31T12:35:53.324389",
    "DueDate": "2014-08-02T12:35:52.324389",
    "CompletedDate": "2014-08-01T12:35:52.324389",
    "ReturnDate": "2014-08-01T12:35:52.324389",
    "AuthorizationDate": "2014-07-31T12:35:52.324389",
    "JobDifficulty": "Good",
    "ReturnTargets": {"url": [{"callback_url": "https://me:pass@example.test/x"}]},
    "Options": {"notes": {"label": "Notes", "setting": "n"}},
    "SomethingNew": {"a": [1]},
}


def read(document: dict[str, Any]) -> Job:
    return Job.read(Document(document))


def test_a_whole_job_is_read() -> None:
    job = read(WHOLE)
    assert (job.job_name, job.external_id, job.media_length_seconds) == ("Episode 7", "e7", 607.81)
    assert (job.status, job.fidelity, job.priority, job.difficulty) == ("Complete", "PROFESSIONAL", "STANDARD", "Good")
    assert (job.source_language, job.target_language) == ("en", "fr")
    assert job.due_date == "2014-08-02T12:35:52.324389"
    assert job.callback_urls == ("https://me:pass@example.test/x",)
    assert job.options == {"notes": {"label": "Notes", "setting": "n"}}
    assert "me:pass" not in repr(job)


@pytest.mark.parametrize("nothing", ["", None, ...])
def test_what_is_empty_null_or_missing_is_none(nothing: Any) -> None:
    document = {name: nothing for name in WHOLE if nothing is not ...} | {"JobId": JOB}
    assert read(document) == Job(job_id=JOB)


@pytest.mark.parametrize(
    ("told", "ordered"),
    [
        ("MECHANICAL", "MECHANICAL"),
        ("STANDARD", "PREMIUM"),
        ("HIGH", "PROFESSIONAL"),
        ("PREMIUM", "PREMIUM"),
        ("PROFESSIONAL", "PROFESSIONAL"),
        ("NEW", "NEW"),
    ],
)
def test_a_fidelity_is_told_by_the_name_under_which_it_is_ordered(told: str, ordered: str) -> None:
    assert read(job_document(Fidelity=told)).fidelity == ordered


def test_the_other_spelling_of_the_external_id_is_read() -> None:
    assert read(job_document(ExternalId="e1")).external_id == "e1"


@pytest.mark.parametrize("targets", [None, [], {"url": None}, {"url": {}}, {"url": ["x", {"callback_url": ""}]}])
def test_return_targets_of_another_shape_tell_none(targets: Any) -> None:
    assert read(job_document(ReturnTargets=targets)).callback_urls == ()


@pytest.mark.parametrize(
    ("status", "begun"),
    [
        ("", False),
        ("Authorizing", False),
        ("Pending", False),
        ("In Process", True),
        ("Reviewing", True),
        ("Complete", True),
        ("Media Failure", True),
        ("Something New", True),
    ],
)
def test_a_job_has_begun_once_it_is_past_its_first_states(status: str, begun: bool) -> None:
    assert read(job_document(status)).has_begun is begun


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-01-15T12:00:00.000000", "UTC", datetime(2026, 1, 15, 12, tzinfo=UTC)),
        ("2026-01-15T12:00:00.000000", "America/Los_Angeles", datetime(2026, 1, 15, 20, tzinfo=UTC)),
        ("2026-07-15T12:00:00", "America/Los_Angeles", datetime(2026, 7, 15, 19, tzinfo=UTC)),
        ("2026-01-15T12:00:00+02:00", None, datetime(2026, 1, 15, 10, tzinfo=UTC)),
        ("2026-01-15T12:00:00", None, None),
        ("soon", "UTC", None),
        ("", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_dates_are_placed_in_time_only_where_their_zone_is_known(
    text: str | None, zone: str | None, instant: datetime | None
) -> None:
    assert moment(text, pendulum.timezone(zone) if zone else None) == instant


ELEMENTS = {
    "version": 2,
    "start_time": 0,
    "end_time": 1500,
    "language": "en",
    "speakers": [{"name": "Effects", "id": 0, "gender": "Unknown"}, {"name": "Ann", "id": 1, "gender": "FEMALE"}],
    "segments": [
        {
            "speaker_change": True,
            "speaker_id": 1,
            "interpolated": False,
            "start_time": 0,
            "end_time": 1500,
            "sequences": [
                {
                    "interpolated": False,
                    "start_time": 0,
                    "end_time": 1500,
                    "confidence_score": 0.9,
                    "tokens": [
                        {
                            "interpolated": False,
                            "start_time": 0,
                            "end_time": 500,
                            "value": "hello",
                            "type": "word",
                            "display_as": "Hello",
                            "tags": ["ENDS_SENTENCE", 7],
                        },
                        {"value": "music", "type": 0, "tags": None, "style": {"x": 1}},
                    ],
                }
            ],
        }
    ],
    "keywords": {"hello": {"display_name": "Hello", "url": "", "time_ranges": []}},
}


def test_an_element_list_is_read_down_to_its_words() -> None:
    elements = ElementList.read(Document(ELEMENTS))
    assert (elements.version, elements.language, elements.end_time) == (2, "en", 1500)
    assert [(speaker.id, speaker.name) for speaker in elements.speakers] == [(0, "Effects"), (1, "Ann")]
    [segment] = elements.segments
    assert (segment.speaker_id, segment.speaker_change, segment.interpolated) == (1, True, False)
    [sequence] = segment.sequences
    assert sequence.confidence_score == 0.9
    word, sound = sequence.tokens
    assert (word.value, word.display_as, word.type, word.tags) == ("hello", "Hello", "word", ("ENDS_SENTENCE",))
    assert (word.start_time, word.end_time) == (0, 500)
    assert (sound.type, sound.tags, sound.start_time) == ("0", (), None)
    assert set(elements.keywords) == {"hello"}
    assert elements.topics == elements.entities == {}


def test_an_element_list_may_hold_nothing() -> None:
    assert ElementList.read(Document({"segments": []})).segments == ()
