"""Creating, authorizing, modifying, deleting and listing jobs, their metadata and their tasks."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cielo24_client import JOB_KEYS, Cielo24Client, refusal

from media_sandbox.cielo24.fixtures import CAREFUL, TEAM
from media_sandbox.cielo24.vocabulary import LANGUAGES

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")
TASK_KEYS = {"TaskId", "TaskType", "TaskRequestTime", "TaskCompletionTime", "TaskInfo", "TaskStatus"}


@pytest.fixture
def careful(cielo24: Cielo24Client) -> Cielo24Client:
    """An account whose jobs wait for authorization."""
    return Cielo24Client(cielo24.sandbox, CAREFUL)


def test_a_new_job_has_an_id_and_a_task(cielo24: Cielo24Client) -> None:
    made = cielo24.get("job/new").json()
    assert set(made) == {"JobId", "TaskId"}
    assert all(re.fullmatch("[0-9a-f]{32}", id_) for id_ in made.values())
    task = cielo24.task(made["TaskId"])
    assert set(task) == TASK_KEYS
    assert (task["TaskType"], task["TaskStatus"], task["TaskInfo"]) == ("JOB_CREATED", "COMPLETE", "")


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"job_name": "a", "expected_speakers": 3, "is_duplicate": True}},
        {"data": {"job_name": "a", "expected_speakers": "3", "is_duplicate": "y"}},
    ],
)
def test_a_job_may_be_made_by_post(cielo24: Cielo24Client, request_: dict[str, Any]) -> None:
    job_id = cielo24.post("job/new", **request_).json()["JobId"]
    assert (cielo24.record(job_id)["name"], cielo24.record(job_id)["expected_speakers"]) == ("a", 3)


def test_a_fresh_job_tells_what_is_known(cielo24: Cielo24Client) -> None:
    job_id = cielo24.new_job(job_name="Käse & Brot", language="de", external_id="x/1", requestor="me", reference="r")
    info = cielo24.info(job_id)
    assert set(info) == JOB_KEYS | {"Tasks"}
    assert (info["JobId"], info["JobName"], info["ExternalID"]) == (job_id, "Käse & Brot", "x/1")
    assert (info["SourceLanguage"], info["TargetLanguage"]) == ("de", "de")
    assert (info["JobStatus"], info["JobDifficulty"]) == ("Pending", "Unknown")
    assert (info["ReturnTargets"], info["Options"], info["MediaLengthSeconds"]) == ({}, {}, "")
    assert DATE.fullmatch(info["CreationDate"])
    assert all(info[f"{name}Date"] == "" for name in ("Start", "Due", "Completed", "Return", "Authorization"))
    assert [task["TaskType"] for task in info["Tasks"]] == ["JOB_CREATED"]
    assert (cielo24.record(job_id)["reference_id"], cielo24.record(job_id)["requestor_id"]) == ("r", "me")


def test_what_is_not_known_may_be_null(cielo24: Cielo24Client) -> None:
    cielo24.sandbox.admin.options("cielo24", null_for_unset=True)
    info = cielo24.info(cielo24.new_job())
    assert (info["DueDate"], info["MediaLengthSeconds"]) == (None, None)
    assert "Fidelity" not in info


def test_a_finished_job_tells_all(cielo24: Cielo24Client, clip: Path) -> None:
    order = {"transcription_fidelity": "PROFESSIONAL", "callback_url": "https://example.org/?a=1&b={job_id}",
             "target_language": "fr", "options": '{"notes": "n", "speaker_id": true}'}  # fmt: skip
    job_id = cielo24.finished_job(clip, order)
    info = cielo24.info(job_id)
    assert set(info) == JOB_KEYS | {"Tasks", "Priority", "Fidelity"}
    assert (info["Fidelity"], info["Priority"], info["JobStatus"]) == ("HIGH", "STANDARD", "Complete")
    assert info["TargetLanguage"] == "fr"
    assert info["MediaLengthSeconds"] == pytest.approx(1.0, abs=0.05)
    assert info["ReturnTargets"] == {"url": [{"callback_url": "https://example.org/?a=1&b={job_id}"}]}
    assert info["Options"]["notes"] == {"label": "Notes", "setting": "n"}
    assert info["Options"]["speaker_id"]["setting"] is True
    assert info["StartDate"] < info["DueDate"] <= info["CompletedDate"] == info["ReturnDate"]
    assert info["JobDifficulty"] == "Good"


def test_dates_are_in_a_zone_that_is_an_option(cielo24: Cielo24Client) -> None:
    job_id = cielo24.new_job()
    utc = datetime.fromisoformat(cielo24.info(job_id)["CreationDate"])
    cielo24.sandbox.admin.options("cielo24", zone="America/Los_Angeles")
    there = datetime.fromisoformat(cielo24.info(job_id)["CreationDate"])
    assert utc.replace(tzinfo=ZoneInfo("UTC")) == there.replace(tzinfo=ZoneInfo("America/Los_Angeles"))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_all_languages_are_taken(shared_cielo24: Cielo24Client, language: str) -> None:
    assert shared_cielo24.info(shared_cielo24.new_job(language=language))["SourceLanguage"] == language


@pytest.mark.parametrize("language", ["", "EN", "xx", "en_US"])
def test_no_others_are(shared_cielo24: Cielo24Client, language: str) -> None:
    assert shared_cielo24.refused("job/new", language=language) == "INVALID_OPTION"


def test_duplicates_are_refused_if_that_is_wanted(cielo24: Cielo24Client) -> None:
    cielo24.new_job(external_id="x")
    cielo24.new_job(external_id="x")
    cielo24.sandbox.admin.options("cielo24", refuse_duplicates=True)
    assert cielo24.refused("job/new", external_id="x") == "INVALID_QUERY"
    assert cielo24.get("job/new", external_id="x", is_duplicate="TRUE").status_code == 200
    assert cielo24.get("job/new").status_code == 200
    assert cielo24.get("job/new", external_id="x", username=TEAM.username).status_code == 200


def test_authorizing_lets_a_job_begin(careful: Cielo24Client, clip: Path) -> None:
    job_id = careful.job_with_media(clip)
    assert careful.info(job_id)["JobStatus"] == "Authorizing"
    careful.order(job_id)
    info = careful.info(job_id)
    assert (info["JobStatus"], info["StartDate"], info["AuthorizationDate"]) == ("Authorizing", "", "")
    answer = careful.get("job/authorize", job_id=job_id)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert careful.wait_for(job_id) == "Complete"
    assert DATE.fullmatch(careful.info(job_id)["AuthorizationDate"])


def test_authorizing_before_the_order_will_do(careful: Cielo24Client, clip: Path) -> None:
    job_id = careful.new_job()
    assert careful.post("job/authorize", json={"job_id": job_id}).status_code == 204
    assert careful.info(job_id)["JobStatus"] == "Pending"
    careful.wait_for_task(careful.upload(job_id, clip.read_bytes()).json()["TaskId"])
    careful.order(job_id)
    assert careful.wait_for(job_id) == "Complete"


def test_authorizing_any_other_job_does_nothing(cielo24: Cielo24Client) -> None:
    job_id = cielo24.new_job()
    assert cielo24.get("job/authorize", job_id=job_id).status_code == 204
    info = cielo24.info(job_id)
    assert (info["JobStatus"], info["AuthorizationDate"]) == ("Pending", "")


def test_a_job_is_modified_while_it_awaits_authorization(careful: Cielo24Client, clip: Path) -> None:
    job_id = careful.job_with_media(clip)
    careful.order(job_id)
    changes = {"transcription_fidelity": "PROFESSIONAL", "priority": "PRIORITY", "turnaround_hours": 5}
    changes |= {"requestor_id": "me", "notes": "n", "expected_speakers": 3, "callback_url": "http://example.org"}
    answer = careful.post("job/modify", {"job_id": job_id, **changes})
    assert (answer.status_code, answer.content) == (204, b"")
    info, record = careful.info(job_id), careful.record(job_id)
    assert (info["Fidelity"], info["Priority"], info["Options"]["notes"]["setting"]) == ("HIGH", "PRIORITY", "n")
    assert (record["turnaround_hours"], record["requestor_id"], record["expected_speakers"]) == (5, "me", 3)
    careful.get("job/authorize", job_id=job_id)
    assert refusal(careful.post("job/modify", {"job_id": job_id, "notes": "late"})) == "INVALID_QUERY"


def test_what_is_modified_may_be_in_the_body_with_the_version(careful: Cielo24Client) -> None:
    job_id = careful.new_job()
    body = {"v": "1", "api_token": careful.token, "job_id": job_id, "notes": "body"}
    assert careful.http.post("/api/job/modify", data=body).status_code == 204
    assert careful.record(job_id)["options"] == {"notes": "body"}
    careful.sandbox.admin.options("cielo24", version_in_body=False)
    assert refusal(careful.http.post("/api/job/modify", data=body)) == "MISSING_PARAMETER"


@pytest.mark.parametrize(
    ("change", "type_"),
    [
        ({"transcription_fidelity": "HIGH"}, "INVALID_OPTION"),
        ({"priority": "CRITICAL"}, "INVALID_OPTION"),
        ({"turnaround_hours": "0"}, "INVALID_QUERY"),
        ({"notes": "x" * 1001}, "INVALID_QUERY"),
        ({"callback_url": "example.org"}, "INVALID_URL"),
        ({"account_id": "plain"}, "ACCOUNT_UNPRIVILEGED"),
    ],
)
def test_what_is_modified_is_checked(careful: Cielo24Client, change: dict[str, str], type_: str) -> None:
    assert refusal(careful.post("job/modify", {"job_id": careful.new_job(), **change})) == type_


def test_a_job_can_be_given_away_to_an_account_below(cielo24: Cielo24Client) -> None:
    job_id = cielo24.new_job()
    cielo24.sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": "Authorizing"})
    assert cielo24.post("job/modify", {"job_id": job_id, "account_id": TEAM.username}).status_code == 204
    assert Cielo24Client(cielo24.sandbox, TEAM).info(job_id)["JobId"] == job_id


@pytest.mark.parametrize("word", ["delete", "del"])
def test_a_deleted_job_is_gone(cielo24: Cielo24Client, clip: Path, word: str) -> None:
    job_id = cielo24.job_with_media(clip)
    deleted = cielo24.get(f"job/{word}", job_id=job_id)
    assert deleted.status_code == 200
    assert cielo24.task(deleted.json()["TaskId"])["TaskType"] == "JOB_DELETED"
    assert cielo24.refused("job/info", job_id=job_id) == "ITEM_NOT_FOUND"
    assert cielo24.refused(f"job/{word}", job_id=job_id) == "ITEM_NOT_FOUND"
    assert cielo24.get("job/list").json()["ActiveJobs"] == []
    assert not (cielo24.sandbox.data / "cielo24" / job_id).exists()


def test_a_job_in_process_is_deleted_unless_that_is_refused(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", refuse_deletion=True, turnaround_hour_seconds=3600.0)
    job_id = cielo24.job_with_media(clip)
    cielo24.order(job_id)
    assert cielo24.refused("job/delete", job_id=job_id) == "INVALID_QUERY"
    cielo24.sandbox.admin.options("cielo24", refuse_deletion=False)
    assert cielo24.get("job/delete", job_id=job_id).status_code == 200
    assert cielo24.sandbox.admin.jobs() == []


@pytest.mark.parametrize("method", ["GET", "POST", "FORM"])
def test_metadata_are_kept_and_never_told(cielo24: Cielo24Client, method: str) -> None:
    job_id = cielo24.new_job()
    values = {"job_id": job_id, "reference_id": "a b&c", "requestor_id": "dé"}
    if method == "FORM":
        answers = [cielo24.post("job/update_metadata", data=values) for _ in range(2)]
    else:
        url = "/api/job/update_metadata"
        answers = [cielo24.http.request(method, url, params=cielo24.query(**values)) for _ in range(2)]
    assert [set(answer.json()) for answer in answers] == [{"TaskId"}, {"TaskId"}]
    assert answers[0].json() != answers[1].json()
    assert cielo24.task(answers[0].json()["TaskId"])["TaskStatus"] == "COMPLETE"
    record = cielo24.record(job_id)
    assert (record["reference_id"], record["requestor_id"]) == ("a b&c", "dé")
    assert "a b&c" not in json.dumps(cielo24.info(job_id))
    assert record["media"] is None


def test_metadata_can_be_updated_in_every_state(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.finished_job(clip)
    for status in ("Complete", "Reviewing", "Media Failure", "Authorizing"):
        cielo24.sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": status})
        answer = cielo24.get("job/update_metadata", job_id=job_id, reference_id=status, requestor_id="me")
        assert answer.status_code == 200
        assert cielo24.info(job_id)["JobStatus"] == status


@pytest.mark.parametrize(
    ("content", "type_"),
    [(b"\x00\x00\x00 ftypisom", None), (b"x=1", "video/mp4"), (b'{"reference_id": "a"}', "application/json"),
     (b"--b\r\n\r\n--b--", "multipart/form-data; boundary=b"), (b'{"reference_id": "a"}', None)],
)  # fmt: skip
def test_a_body_that_is_no_form_never_becomes_media(cielo24: Cielo24Client, content: bytes, type_: str | None) -> None:
    job_id = cielo24.new_job()
    query = {"job_id": job_id, "reference_id": "a", "requestor_id": "b"}
    headers = {"Content-Type": type_} if type_ else {}
    assert refusal(cielo24.post("job/update_metadata", query, content=content, headers=headers)) == "INVALID_QUERY"
    assert cielo24.record(job_id)["reference_id"] == ""
    assert cielo24.refused("job/media", job_id=job_id) == "ITEM_NOT_FOUND"
