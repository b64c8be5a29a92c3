"""Every operation of the service over a real socket, through the hook: what comes back, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_media.cielo24 import api, flows
from airflow_media.cielo24.captions import CaptionOptions, TranscriptOptions
from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.cielo24.listing import JobFilter
from airflow_media.cielo24.options import Options, kinds_of
from airflow_media.cielo24.order import TranscriptionOptions, TranscriptionOrder
from airflow_media.cielo24.values import (
    Boundaries,
    Choice,
    Choices,
    Clock,
    Element,
    Flag,
    Kind,
    Moment,
    Template,
    Text,
    Whole,
)
from airflow_media.http.errors import (
    AuthenticationError,
    InvalidRequestError,
    MediaError,
    NotFoundError,
    RateLimitedError,
    ServerFaultError,
    UnreadableAnswerError,
)
from airflow_media.storage import open_source
from media_sandbox.cielo24.fixtures import CAREFUL, TEAM
from support.captioning import NOBODY, ORDER, CaptionHouse, login

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
EVERYTHING = TranscriptionOptions(
    notes="Names: <Ann> & Bob",
    speaker_id=True,
    return_iwp=["FINAL"],
    generate_media_intelligence_iwp=["FINAL", "PREMIUM"],
    custom_metadata={"series": "7"},
    customer_approval_steps=[],
    customer_approval_tool="CIELO24",
    enable_true_verbatim=True,
    first_pass_campaign="TRUE_VERBATIM",
    audio_description=False,
    on_screen_text=False,
    music_lyrics=True,
    custom_special_handling=False,
)


def example(kind: Kind) -> Any:
    """Give a value that an option takes."""
    match kind:
        case Flag():
            return True
        case Whole():
            return 3
        case Choice(words):
            return next(iter(words))
        case Choices(words):
            return list(words)[:2]
        case Boundaries():
            return ("{", "}")
        case Element(name):
            return f"<{name}></{name}>"
        case Clock():
            return "%H:%M:%S"
        case Template():
            return "{caption_number}\n{start_hour:02d}\n{caption_text}\n\n"
    return "x" if isinstance(kind, Text) else None


def everything(group: type[Options], *without: str) -> dict[str, Any]:
    """Give a value for each option of a group."""
    kinds = {name: kind for name, kind in kinds_of(group).items() if not isinstance(kind, Moment)}
    return {name: example(kind) for name, kind in kinds.items() if name not in without}


# Account


def test_after_a_logout_the_hook_logs_in_again(house: CaptionHouse) -> None:
    house.run(api.list_jobs())
    house.run(api.logout())
    house.run(api.list_jobs())
    assert house.count("login") == 2


def test_a_token_that_was_not_used_for_an_hour_is_renewed(house: CaptionHouse) -> None:
    house.run(api.list_jobs())
    house.admin.advance_clock(3601)
    house.run(api.list_jobs())
    assert house.count("login") == 2


def test_a_token_that_is_refused_again_and_again_is_renewed_once(house: CaptionHouse, refused: Refused) -> None:
    house.admin.fault("error status=400 exception=BAD_API_TOKEN on=cielo24.info")
    job_id = house.created()
    refused(lambda: house.run(api.get_job(job_id)), AuthenticationError, "BAD_API_TOKEN")
    assert (house.count("login"), house.count("info")) == (2, 2)


# Jobs


def test_a_job_lives_from_its_creation_to_its_deletion(house: CaptionHouse) -> None:
    job_id = house.created(
        job_name="Épisode 7 & more",
        language="fr",
        external_id="e/7",
        requestor="ann",
        reference="r",
        expected_speakers=2,
    )
    job = house.run(api.get_job(job_id))
    assert (job.job_name, job.source_language, job.external_id) == ("Épisode 7 & more", "fr", "e/7")
    assert (job.status, job.fidelity, job.media_length_seconds, job.due_date) == ("Pending", None, None, None)
    assert datetime.fromisoformat(job.creation_date or "")
    assert house.run(flows.find_job("e/7")) is not None
    assert house.run(flows.find_job("e/8")) is None
    assert house.run(flows.delete_job_if_there(job_id)) is True
    assert house.run(flows.delete_job_if_there(job_id)) is False
    assert house.jobs == []


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"external_id": "e1"}, True),
        ({"external_id": "e2"}, False),
        ({"job_name": "Epi*"}, True),
        ({"job_name": "Epi"}, False),
        ({"job_status": "Pending"}, True),
        ({"job_status": "Complete"}, False),
        ({"creation_date_from": "2000-01-01"}, True),
        ({"creation_date_to": "2000-01-01T00:00:00"}, False),
        ({"fidelity": "PREMIUM"}, False),
        ({"priority": "STANDARD"}, False),
        ({"job_difficulty": "Unknown"}, True),
        ({"username": "*"}, True),
        ({"due_date_from": "2000-01-01"}, False),
    ],
)
def test_a_listing_is_filtered(house: CaptionHouse, where: dict[str, Any], found: bool) -> None:
    job_id = house.created(job_name="Episode 7", external_id="e1")
    listed = house.run(api.list_jobs(JobFilter(**where)))
    assert [job.job_id for job in listed.jobs] == ([job_id] if found else [])
    assert listed.username == "plain"


def test_a_job_of_a_sub_account_is_made_and_found_there(house: CaptionHouse) -> None:
    job_id = house.created(username=TEAM.username, external_id="e1")
    assert house.run(flows.find_job("e1", username=TEAM.username)) is not None
    [job] = house.run(api.list_jobs(JobFilter(username="*"))).jobs
    assert (job.job_id, job.username) == (job_id, TEAM.username)


def test_a_job_that_waits_for_authorization_can_be_changed_and_authorized(
    house: CaptionHouse, connect: Callable[..., None]
) -> None:
    connect("cielo24", **login(CAREFUL))
    job_id = house.created()
    assert house.run(api.get_job(job_id)).status == "Authorizing"
    house.run(
        api.modify_job(
            job_id, transcription_fidelity="PROFESSIONAL", priority="PRIORITY", turnaround_hours=24, notes="n"
        )
    )
    job = house.run(api.get_job(job_id))
    assert (job.fidelity, job.priority) == ("PROFESSIONAL", "PRIORITY")
    house.run(api.authorize_job(job_id))
    assert house.run(api.get_job(job_id)).status == "Pending"
    house.run(api.authorize_job(job_id))


def test_metadata_are_kept(house: CaptionHouse) -> None:
    job_id = house.created()
    first = house.run(api.update_metadata(job_id, reference_id="a & b/c", requestor_id="ann@example.test"))
    assert house.run(api.update_metadata(job_id, reference_id="a & b/c", requestor_id="ann@example.test")) != first
    record = house.record(job_id)
    assert (record["reference_id"], record["requestor_id"]) == ("a & b/c", "ann@example.test")


# Media


def test_a_file_travels_as_the_binding_page_says(house: CaptionHouse) -> None:
    job_id = house.created()
    house.run(api.add_media(job_id, open_source(str(house.film))))
    [asked] = house.requests("add_media_file")
    assert asked["method"] == "POST"
    assert {"v": "1", "job_id": job_id}.items() <= asked["query"].items()
    assert "media_url" not in asked["query"]
    size = house.film.stat().st_size
    assert asked["headers"]["content-length"] == str(size) == str(asked["body_bytes"])
    assert not {"content-type", "transfer-encoding"} & set(asked["headers"])
    assert house.run(api.get_media(job_id)).url is None


def test_media_of_a_page_of_a_video_host_are_added(house: CaptionHouse) -> None:
    job_id = house.created()
    assert house.run(api.add_media_url(job_id, "https://video.test/watch?v=1&t=2"))
    assert house.run(flows.find_media(job_id)) is not None


def test_a_second_piece_of_media_is_an_error_of_the_service(house: CaptionHouse, refused: Refused) -> None:
    job_id = house.with_media()
    call = api.add_media(job_id, open_source(str(house.film)))
    refused(lambda: house.run(call), InvalidRequestError, "400", job_id)


# Transcription and its results


def test_a_job_goes_from_an_order_with_everything_to_its_results(house: CaptionHouse) -> None:
    order = TranscriptionOrder(
        transcription_fidelity="PROFESSIONAL",
        priority="PRIORITY",
        callback_url="https://me:pass@example.test/{job_id}?a=1&b=2",
        target_language="fr",
        turnaround_hours=30,
        standard_product=True,
        options=EVERYTHING,
    )
    job_id = house.with_media()
    house.run(api.perform_transcription(job_id, order))
    job = house.until(job_id, "Complete")
    assert (job.fidelity, job.priority, job.target_language) == ("PROFESSIONAL", "PRIORITY", "fr")
    assert job.callback_urls == ("https://me:pass@example.test/{job_id}?a=1&b=2",)
    assert job.media_length_seconds == pytest.approx(3.0, abs=0.2)
    assert {name: told["setting"] for name, told in job.options.items()}["notes"] is not None
    versions = house.run(api.list_elementlists(job_id))
    assert "FINAL" in [each.iwp_name for each in versions]
    words = house.run(api.get_elementlist(job_id, iwp_name="FINAL"))
    assert words.end_time == pytest.approx(3000, abs=200)
    tokens = [token for segment in words.segments for sequence in segment.sequences for token in sequence.tokens]
    assert tokens[0].display_as
    assert tokens[-1].tags == ("ENDS_SENTENCE",)
    assert house.run(api.get_elementlist(job_id, elementlist_version=versions[-1].version)).segments
    assert house.run(api.get_caption_url(job_id, "SRT")).startswith("http")


@pytest.mark.parametrize("fidelity", ["MECHANICAL", "PREMIUM", "PROFESSIONAL"])
def test_each_fidelity_is_told_by_the_name_under_which_it_was_ordered(house: CaptionHouse, fidelity: str) -> None:
    job_id = house.ordered(TranscriptionOrder(transcription_fidelity=fidelity, priority="STANDARD"))
    assert house.run(api.get_job(job_id)).fidelity == fidelity


def test_every_caption_option_is_taken_by_the_service(house: CaptionHouse) -> None:
    job_id = house.completed()
    options = CaptionOptions(**everything(CaptionOptions, "iwp_name", "audio_description", "mixed"), iwp_name="FINAL")
    assert house.run(api.get_caption(job_id, "DFXP", options))
    version = house.run(api.list_elementlists(job_id))[-1].version
    assert house.run(api.get_caption(job_id, "SRT", CaptionOptions(elementlist_version=version)))


def test_every_transcript_option_is_taken_by_the_service(house: CaptionHouse) -> None:
    job_id = house.completed()
    given = everything(TranscriptOptions, "iwp_name", "audio_description", "mixed", "remove_sound_references")
    options = TranscriptOptions(**given, remove_sound_references=False, iwp_name="FINAL")
    assert house.run(api.get_transcript(job_id, options))


# What is refused


def refusals() -> dict[str, Callable[[CaptionHouse], object]]:
    return {
        "info": lambda house: house.run(api.get_job(NOBODY)),
        "authorize": lambda house: house.run(api.authorize_job(NOBODY)),
        "modify": lambda house: house.run(api.modify_job(NOBODY, notes="n")),
        "delete": lambda house: house.run(api.delete_job(NOBODY)),
        "metadata": lambda house: house.run(api.update_metadata(NOBODY, reference_id="r", requestor_id="u")),
        "media": lambda house: house.run(flows.find_media(NOBODY)),
        "upload": lambda house: house.run(api.add_media(NOBODY, open_source(str(house.film)))),
        "order": lambda house: house.run(flows.transcribe_once(NOBODY, ORDER)),
        "captions": lambda house: house.run(flows.when_complete(NOBODY, api.get_caption(NOBODY, "SRT"))),
        "transcript": lambda house: house.run(api.get_transcript(NOBODY)),
        "elements": lambda house: house.run(api.get_elementlist(NOBODY)),
        "versions": lambda house: house.run(api.list_elementlists(NOBODY)),
    }


@pytest.mark.parametrize("operation", refusals())
def test_a_job_that_is_not_there_is_told(house: CaptionHouse, refused: Refused, operation: str) -> None:
    refused(lambda: refusals()[operation](house), NotFoundError, "ITEM_NOT_FOUND", NOBODY, "Check the id")


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (
            "error status=400 exception=SOMETHING_NEW message=surprise",
            InvalidRequestError,
            ("SOMETHING_NEW", "surprise"),
        ),
        ("error status=200 exception=ITEM_NOT_FOUND", NotFoundError, ("200 ITEM_NOT_FOUND",)),
        ("error status=200 exception=SOMETHING_NEW", InvalidRequestError, ("200 SOMETHING_NEW",)),
        ("error status=400 exception=UNHANDLED_ERROR", ServerFaultError, ("UNHANDLED_ERROR",)),
        ("502", ServerFaultError, ("502", "Bad Gateway")),
        ("500", ServerFaultError, ("500",)),
        ("429 retry_after=9999", RateLimitedError, ("429",)),
        ("malformed", UnreadableAnswerError, ("not what its documentation promises",)),
    ],
)
def test_each_fault_of_the_service_is_told_as_what_it_is(
    house: CaptionHouse,
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    kind: type[MediaError],
    words: tuple[str, ...],
) -> None:
    from airflow_media.http import retry

    job_id = house.created()
    monkeypatch.setattr(retry, "RETRYABLE_STATUSES", frozenset())  # to be told, they need not last for two minutes
    house.admin.fault(f"{fault} on=cielo24.info")
    refused(lambda: house.run(api.get_job(job_id)), kind, "cielo24 could not get job", job_id, *words)


def test_no_token_is_logged_by_the_http_library_at_its_finest(
    house: CaptionHouse, logged: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("httpx", "httpcore", "httpcore.connection", "httpcore.http11"):
        caplog.set_level(logging.DEBUG, logger=name)
    house.completed()
    text = logged()
    assert "HTTP Request: GET" in text, "the library tells its requests"
    assert "api_token=***" in text
    assert len(house.tokens) == 1
    assert house.secrets_in(text) == []


def test_a_url_with_a_signature_is_not_logged(
    house: CaptionHouse, logged: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="httpx")
    url = "http://127.0.0.1:9/a.mp4?signature=0123456789abcdef&x=1"
    job_id = house.created()
    house.run(api.add_media_from_url(job_id, url))
    order = TranscriptionOrder(
        transcription_fidelity="PREMIUM", priority="STANDARD", callback_url="https://me:hidden-word@example.test/"
    )
    house.run(api.perform_transcription(job_id, order))
    text = logged()
    assert "add_media" in text
    assert [secret for secret in ("0123456789abcdef", "hidden-word") if secret in text] == []


def test_a_service_that_says_our_secrets_back_does_not_get_them_printed(house: CaptionHouse, refused: Refused) -> None:
    hook = Cielo24Hook()
    hook.run(api.list_jobs())
    token = next(iter(house.tokens))
    house.admin.fault(f"error status=400 exception=INVALID_QUERY message={token} on=cielo24.info")
    refused(lambda: hook.run(api.get_job(NOBODY)), InvalidRequestError, "INVALID_QUERY: ***")


def test_a_source_that_is_too_large_is_refused_before_its_first_byte(
    house: CaptionHouse, refused: Refused, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.mov"
    with huge.open("wb") as file:
        file.truncate(10_737_418_240)  # a hole: it takes no room
    job_id = house.created()
    call = lambda: house.run(api.add_media(job_id, open_source(str(huge))))  # noqa: E731
    refused(call, InvalidRequestError, "10737418240 bytes; cielo24 takes 1 to 10737418239")
    assert house.count("add_media_file") == 0
