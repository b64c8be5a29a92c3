"""Ordering transcriptions: what an order may say, and how a job moves on in time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cielo24_client import ORDER, Cielo24Client, refusal
from sandbox_client import wait_until

from media_sandbox.cielo24.fixtures import CAREFUL
from media_sandbox.testing import running_sandbox

HOUR = 3600.0
NATIVE = {
    "notes": "listen & write",
    "speaker_id": True,
    "return_iwp": ["MECHANICAL", "FINAL"],
    "generate_media_intelligence_iwp": ["FINAL"],
    "custom_metadata": {"k": "v"},
    "customer_approval_steps": ["TRANSLATION", "RETURN"],
    "customer_approval_tool": "AMARA",
    "enable_true_verbatim": False,
    "first_pass_campaign": "TRUE_VERBATIM",
    "audio_description": True,
    "on_screen_text": True,
    "music_lyrics": True,
    "custom_special_handling": True,
}
"""Every option with a value of its own type."""

REFUSED_OPTIONS: list[tuple[str, str]] = [
    ("", "INVALID_QUERY"),
    ("[]", "INVALID_QUERY"),
    ("{speaker_id: true}", "INVALID_QUERY"),
    ('{"return_iwp": [MECHANICAL,FINAL]}', "INVALID_QUERY"),
    ('{"notes": "' + "x" * 1001 + '"}', "INVALID_QUERY"),
    ('{"notes": 1}', "INVALID_QUERY"),
    ('{"speaker_id": "maybe"}', "INVALID_OPTION"),
    ('{"speaker_id": 1}', "INVALID_QUERY"),
    ('{"return_iwp": ["LAST"]}', "INVALID_OPTION"),
    ('{"return_iwp": "FINAL"}', "INVALID_QUERY"),
    ('{"return_iwp": [1]}', "INVALID_QUERY"),
    ('{"generate_media_intelligence_iwp": ["LAST"]}', "INVALID_OPTION"),
    ('{"custom_metadata": {"a": {"b": 1}}}', "INVALID_QUERY"),
    ('{"custom_metadata": []}', "INVALID_QUERY"),
    ('{"customer_approval_steps": ["PAY"]}', "INVALID_OPTION"),
    ('{"customer_approval_tool": "OTHER"}', "INVALID_OPTION"),
    ('{"first_pass_campaign": "FAST"}', "INVALID_OPTION"),
]

REFUSED_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({"transcription_fidelity": None}, "MISSING_PARAMETER"),
    ({"transcription_fidelity": "STANDARD"}, "INVALID_OPTION"),
    ({"transcription_fidelity": "HIGH"}, "INVALID_OPTION"),
    ({"priority": None}, "MISSING_PARAMETER"),
    ({"priority": "ECONOMY"}, "INVALID_OPTION"),
    ({"priority": "standard"}, "INVALID_OPTION"),
    ({"turnaround_hours": "1.5"}, "INVALID_QUERY"),
    ({"turnaround_hours": "0"}, "INVALID_QUERY"),
    ({"standard_product": "1"}, "INVALID_OPTION"),
    ({"target_language": "xx"}, "INVALID_OPTION"),
    ({"target_language": "fr,xx"}, "INVALID_OPTION"),
    ({"target_language": "fr,"}, "INVALID_OPTION"),
    ({"target_language": "ja"}, "INVALID_OPTION"),
    ({"callback_url": "ftp://example.org"}, "INVALID_URL"),
    ({"callback_url": "example.org/done"}, "INVALID_URL"),
    ({"callback_url": ""}, "INVALID_URL"),
]


def as_string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize(("parameters", "type_"), REFUSED_ORDERS)
def test_an_order_is_checked(shared_cielo24: Cielo24Client, clip: Path, parameters: dict[str, Any], type_: str) -> None:
    job_id = shared_cielo24.job_with_media(clip)
    assert refusal(shared_cielo24.order(job_id, **parameters)) == type_
    assert shared_cielo24.info(job_id)["JobStatus"] == "Pending"


@pytest.mark.parametrize(("options", "type_"), REFUSED_OPTIONS)
def test_the_options_of_an_order_are_checked(
    shared_cielo24: Cielo24Client, clip: Path, options: str, type_: str
) -> None:
    assert refusal(shared_cielo24.order(shared_cielo24.job_with_media(clip), options=options)) == type_


@pytest.mark.parametrize("write", [json.dumps, lambda value: json.dumps({k: as_string(v) for k, v in value.items()})])
def test_options_come_in_their_own_types_or_as_strings(
    cielo24: Cielo24Client, clip: Path, write: Callable[[Any], str]
) -> None:
    job_id = cielo24.job_with_media(clip)
    answer = cielo24.order(job_id, options=write({**NATIVE, "something_else": 1}))
    assert answer.status_code == 200, answer.text
    assert cielo24.record(job_id)["options"] == NATIVE
    settings = {name: option["setting"] for name, option in cielo24.info(job_id)["Options"].items()}
    assert settings == NATIVE


def test_options_as_strings_may_be_refused(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", options_as_strings=False)
    job_id = cielo24.job_with_media(clip)
    assert refusal(cielo24.order(job_id, options='{"speaker_id": "true"}')) == "INVALID_QUERY"
    assert cielo24.order(job_id, options=json.dumps(NATIVE)).status_code == 200


def test_an_order_may_be_a_json_body(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.job_with_media(clip)
    body = {**ORDER, "job_id": job_id, "turnaround_hours": 60, "standard_product": True, "options": '{"notes": "n"}'}
    assert set(cielo24.post("job/perform_transcription", json=body).json()) == {"TaskId"}
    record = cielo24.record(job_id)
    assert (record["turnaround_hours"], record["standard_product"], record["options"]) == (60, True, {"notes": "n"})


def test_the_task_of_an_order_is_complete_when_the_job_is(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=HOUR)
    job_id = cielo24.job_with_media(clip)
    task_id = cielo24.order(job_id).json()["TaskId"]
    task = cielo24.task(task_id)
    assert (task["TaskType"], task["TaskStatus"]) == ("JOB_PERFORM_TRANSCRIPTION", "INPROGRESS")
    assert task["TaskCompletionTime"] == ""
    cielo24.sandbox.admin.advance_clock(48 * HOUR)
    cielo24 = Cielo24Client(cielo24.sandbox)
    assert cielo24.wait_for_task(task_id) == "COMPLETE"
    assert cielo24.task(task_id)["TaskCompletionTime"]


def test_an_order_needs_media_and_is_given_once(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.new_job()
    assert refusal(cielo24.order(job_id)) == "INVALID_QUERY"
    cielo24.upload(job_id, clip.read_bytes())
    assert cielo24.order(job_id).status_code == 200
    assert refusal(cielo24.order(job_id)) == "INVALID_QUERY"
    cielo24.wait_for(job_id)
    assert refusal(cielo24.order(job_id)) == "INVALID_QUERY"


@pytest.mark.parametrize(
    ("language", "order", "taken"),
    [
        ("ja", {"transcription_fidelity": "MECHANICAL"}, True),
        ("ja", {"transcription_fidelity": "PREMIUM"}, False),
        ("ja", {"transcription_fidelity": "PROFESSIONAL"}, False),
        ("ja", {"transcription_fidelity": "MECHANICAL", "target_language": "ja"}, True),
        ("it", {"transcription_fidelity": "PROFESSIONAL", "target_language": "ja,cz"}, True),
        ("it", {"transcription_fidelity": "PROFESSIONAL", "target_language": "zu"}, False),
    ],
)
def test_not_every_fidelity_is_offered_for_every_language(
    cielo24: Cielo24Client, clip: Path, language: str, order: dict[str, str], taken: bool
) -> None:
    job_id = cielo24.job_with_media(clip, language=language)
    answer = cielo24.order(job_id, **order)
    if not taken:
        assert refusal(answer) == "INVALID_OPTION"
        cielo24.sandbox.admin.options("cielo24", check_languages=False)
        answer = cielo24.order(job_id, **order)
    assert answer.status_code == 200
    assert cielo24.info(job_id)["TargetLanguage"] == order.get("target_language", language)


@pytest.mark.parametrize(
    ("order", "priority", "hours"),
    [
        ({"priority": "STANDARD"}, "STANDARD", 48),
        ({"priority": "PRIORITY"}, "PRIORITY", 24),
        ({"priority": "STANDARD", "turnaround_hours": 72}, "STANDARD", 72),
        ({"priority": "STANDARD", "turnaround_hours": 16}, "PRIORITY", 16),
        ({"priority": "PRIORITY", "turnaround_hours": 16}, "PRIORITY", 16),
        ({"priority": "PRIORITY", "turnaround_hours": 100}, "PRIORITY", 100),
    ],
)
def test_the_due_date_is_as_far_as_the_turnaround(
    cielo24: Cielo24Client, clip: Path, order: dict[str, Any], priority: str, hours: int
) -> None:
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=HOUR)
    job_id = cielo24.job_with_media(clip)
    cielo24.order(job_id, **order)
    info = cielo24.info(job_id)
    assert (info["JobStatus"], info["Priority"], info["CompletedDate"]) == ("In Process", priority, "")
    due, start = (datetime.fromisoformat(info[name]) for name in ("DueDate", "StartDate"))
    assert (due - start).total_seconds() == pytest.approx(hours * HOUR)


def test_a_job_is_complete_when_it_is_due_and_not_before(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=HOUR, token_life=1e9)
    job_id = cielo24.job_with_media(clip)
    cielo24.order(job_id, turnaround_hours=72)
    cielo24.sandbox.admin.advance_clock(72 * HOUR - 60)
    assert cielo24.info(job_id)["JobStatus"] == "In Process"
    cielo24.sandbox.admin.advance_clock(60)
    assert cielo24.wait_for(job_id) == "Complete"
    info = cielo24.info(job_id)
    assert info["CompletedDate"] >= info["DueDate"]


def test_a_job_may_be_early(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=HOUR, due_share=0.25, token_life=1e9)
    job_id = cielo24.job_with_media(clip)
    cielo24.order(job_id)
    cielo24.sandbox.admin.advance_clock(12 * HOUR)
    assert cielo24.wait_for(job_id) == "Complete"
    assert cielo24.info(job_id)["CompletedDate"] < cielo24.info(job_id)["DueDate"]


def test_jobs_that_wait_keep_no_other_work_from_being_done(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=HOUR)
    for _ in range(cielo24.sandbox.slots + 1):
        cielo24.order(cielo24.job_with_media(clip))
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=0.001)
    cielo24.finished_job(clip)


def products(client: Cielo24Client, job_id: str) -> list[str]:
    return [item["iwp_name"] for item in client.get("job/list_elementlists", job_id=job_id).json()]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ({"transcription_fidelity": "MECHANICAL"}, ["MECHANICAL", "FINAL"]),
        ({"transcription_fidelity": "PREMIUM"}, ["MECHANICAL", "PREMIUM", "FINAL"]),
        (
            {"transcription_fidelity": "PROFESSIONAL", "options": '{"speaker_id": true}'},
            ["MECHANICAL", "PREMIUM", "INTERIM_PROFESSIONAL", "PROFESSIONAL", "SPEAKER_ID", "FINAL"],
        ),
    ],
)
def test_versions_are_made_one_after_the_other(
    cielo24: Cielo24Client, clip: Path, order: dict[str, str], names: list[str]
) -> None:
    assert products(cielo24, cielo24.finished_job(clip, order)) == names


def test_approval_by_the_customer_is_waited_for(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.job_with_media(clip)
    cielo24.order(job_id, options='{"customer_approval_steps": ["RETURN"]}')
    assert cielo24.wait_for(job_id, "Reviewing") == "Reviewing"
    assert products(cielo24, job_id) == ["MECHANICAL", "PREMIUM"]
    assert cielo24.refused("job/get_transcript", job_id=job_id) == "INVALID_QUERY"
    cielo24.sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": "Complete"})
    assert products(cielo24, job_id) == ["MECHANICAL", "PREMIUM", "CUSTOMER_APPROVED_RETURN", "FINAL"]
    assert cielo24.info(job_id)["JobStatus"] == "Complete"
    assert cielo24.get("job/get_transcript", job_id=job_id).status_code == 200


def test_a_transcription_fails_if_that_is_chosen(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.outcome("transcription", "fail", service="cielo24", reason="nobody could hear it")
    job_id = cielo24.job_with_media(clip)
    task_id = cielo24.order(job_id).json()["TaskId"]
    assert cielo24.wait_for(job_id) == "Media Failure"
    assert cielo24.record(job_id)["failure"] == "nobody could hear it"
    assert cielo24.task(task_id)["TaskStatus"] == "FAILED"
    assert cielo24.info(job_id)["CompletedDate"] == ""
    assert cielo24.refused("job/get_caption", job_id=job_id, caption_format="SRT") == "INVALID_QUERY"


def test_a_transcription_is_stuck_until_it_is_released(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.job_with_media(clip)
    cielo24.sandbox.admin.outcome("transcription", "stuck", service="cielo24", on=job_id, percent=40)
    cielo24.order(job_id)
    wait_until(lambda: cielo24.record(job_id)["percent"] == 40)
    assert cielo24.info(job_id)["JobStatus"] == "In Process"
    cielo24.sandbox.admin.release("cielo24")
    assert cielo24.wait_for(job_id) == "Complete"


def test_a_transcription_is_late_if_that_is_chosen(cielo24: Cielo24Client, clip: Path) -> None:
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=0.0001)
    cielo24.sandbox.admin.outcome("transcription", "slow", service="cielo24", seconds=0.5)
    job_id = cielo24.finished_job(clip)
    info = cielo24.info(job_id)
    late = datetime.fromisoformat(info["CompletedDate"]) - datetime.fromisoformat(info["DueDate"])
    assert late.total_seconds() > 0.4


@pytest.mark.parametrize("status", ["Authorizing", "Pending", "In Process", "Reviewing"])
def test_a_status_can_be_given_and_stays(cielo24: Cielo24Client, clip: Path, status: str) -> None:
    cielo24.sandbox.admin.options("cielo24", turnaround_hour_seconds=0.001)
    job_id = cielo24.job_with_media(clip)
    cielo24.sandbox.admin.outcome("transcription", "stuck", service="cielo24", percent=0)
    cielo24.order(job_id)
    cielo24.sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": status})
    cielo24.sandbox.admin.release("cielo24")
    assert cielo24.sandbox.admin.jobs() == []
    assert cielo24.info(job_id)["JobStatus"] == status
    cielo24.sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": "Complete"})
    assert cielo24.caption(job_id)


def test_an_authorizing_job_goes_on_when_it_is_authorized(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.job_with_media(clip)
    cielo24.sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": "Authorizing"})
    cielo24.order(job_id)
    assert cielo24.info(job_id)["JobStatus"] == "Authorizing"
    cielo24.get("job/authorize", job_id=job_id)
    assert cielo24.wait_for(job_id) == "Complete"


def test_a_complete_job_can_be_made_a_failure(cielo24: Cielo24Client, clip: Path) -> None:
    job_id = cielo24.finished_job(clip)
    cielo24.sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": "Media Failure"})
    assert cielo24.info(job_id)["JobStatus"] == "Media Failure"
    assert cielo24.info(job_id)["CompletedDate"] == ""


@pytest.mark.parametrize("status", ["Complete", "Finished"])
def test_a_status_that_cannot_be_is_not_given(cielo24: Cielo24Client, status: str) -> None:
    job_id = cielo24.new_job()
    with pytest.raises(ValueError, match=r"JobStatus must|without media"):
        cielo24.sandbox.admin.post(f"cielo24/jobs/{job_id}/status", {"JobStatus": status})
    assert cielo24.info(job_id)["JobStatus"] == "Pending"


def test_everything_survives_a_restart(tmp_path: Path, clip: Path) -> None:
    options = {"turnaround_hour_seconds": 0.01}
    with running_sandbox(tmp_path, cielo24={"turnaround_hour_seconds": HOUR}) as sandbox:
        client, careful = Cielo24Client(sandbox), Cielo24Client(sandbox, CAREFUL)
        sandbox.admin.outcome("media", "stuck", service="cielo24", percent=0, times=None, on="*")
        unseen = client.new_job(external_id="unseen")
        client.upload(unseen, clip.read_bytes())
        client.order(unseen)
        sandbox.admin.clear_outcomes("cielo24")
        sandbox.admin.release("cielo24")
        client.wait_for_task(client.info(unseen)["Tasks"][1]["TaskId"])
        held = careful.job_with_media(clip)
        careful.order(held)
        forced = client.job_with_media(clip)
        sandbox.admin.post(f"cielo24/jobs/{forced}/status", {"JobStatus": "In Process"})
        (sandbox.data / "cielo24" / held / "part-torn").write_bytes(b"torn")
        started = client.info(unseen)["StartDate"]
    with running_sandbox(tmp_path, cielo24=options) as sandbox:
        again = Cielo24Client(sandbox)
        again.token = client.token
        assert again.info(unseen)["StartDate"] == started
        assert again.info(forced)["JobStatus"] == "In Process"
        assert not (sandbox.data / "cielo24" / held / "part-torn").exists()
        sandbox.admin.options("cielo24", token_life=1e9)
        sandbox.admin.advance_clock(48 * HOUR)
        assert again.wait_for(unseen) == "Complete"
        careful = Cielo24Client(sandbox, CAREFUL)
        careful.get("job/authorize", job_id=held)
        assert careful.wait_for(held) == "Complete"


def test_media_that_were_not_looked_at_are_after_a_restart(tmp_path: Path, clip: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        client = Cielo24Client(sandbox)
        sandbox.admin.outcome("media", "stuck", service="cielo24", percent=0)
        job_id = client.new_job()
        client.upload(job_id, clip.read_bytes())
        client.order(job_id)
    with running_sandbox(tmp_path) as sandbox:
        assert Cielo24Client(sandbox).wait_for(job_id) == "Complete"
