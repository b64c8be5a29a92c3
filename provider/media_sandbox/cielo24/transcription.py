"""Ordering a transcription, with all options that an order may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from media_sandbox.cielo24.call import task_answer
from media_sandbox.cielo24.errors import INVALID_OPTION, INVALID_QUERY, refusal
from media_sandbox.cielo24.jobs import LONGEST_NOTES
from media_sandbox.cielo24.parameters import (
    BOOLEAN,
    FLAT_OBJECT,
    LANGUAGE_LIST,
    OBJECT,
    URL,
    Parameter,
    integer,
    list_of,
    one_of,
    text_up_to,
)
from media_sandbox.cielo24.vocabulary import (
    APPROVAL_STEPS,
    APPROVAL_TOOLS,
    CAMPAIGNS,
    FIDELITIES,
    IN_PROGRESS,
    PRIORITIES,
    SOURCE_LANGUAGES,
    TARGET_LANGUAGES,
    TRANSCRIPTION,
    TURNAROUND_HOURS,
    WORK_PRODUCTS,
)

if TYPE_CHECKING:
    from media_sandbox.cielo24.call import Call

OPTIONS: Final = (
    Parameter("notes", text_up_to(LONGEST_NOTES)),
    Parameter("speaker_id", BOOLEAN),
    Parameter("return_iwp", list_of(WORK_PRODUCTS)),
    Parameter("generate_media_intelligence_iwp", list_of(WORK_PRODUCTS)),
    Parameter("custom_metadata", FLAT_OBJECT),
    Parameter("customer_approval_steps", list_of(APPROVAL_STEPS)),
    Parameter("customer_approval_tool", one_of(APPROVAL_TOOLS)),
    Parameter("enable_true_verbatim", BOOLEAN),
    Parameter("first_pass_campaign", one_of(CAMPAIGNS)),
    Parameter("audio_description", BOOLEAN),
    Parameter("on_screen_text", BOOLEAN),
    Parameter("music_lyrics", BOOLEAN),
    Parameter("custom_special_handling", BOOLEAN),
)

ORDER: Final = (
    Parameter("transcription_fidelity", one_of(FIDELITIES), required=True),
    Parameter("priority", one_of(PRIORITIES), required=True),
    Parameter("callback_url", URL),
    Parameter("target_language", LANGUAGE_LIST),
    Parameter("turnaround_hours", integer(1)),
    Parameter("standard_product", BOOLEAN),
    Parameter("options", OBJECT, inner=OPTIONS),
)


async def perform_transcription(call: Call) -> Response:
    """Order the transcription of a job's media."""
    job, values = call.read_with_job(*ORDER)
    fidelity, target = values["transcription_fidelity"], values.get("target_language", "")
    if call.cielo24.options.check_languages:
        _check_languages(fidelity, job.language, target)
    if job.media is None:
        raise refusal(INVALID_QUERY, "the job has no media yet")
    if job.task_id is not None:
        raise refusal(INVALID_QUERY, "the transcription of this job has been ordered already")
    task_id = call.new_task(job, TRANSCRIPTION, IN_PROGRESS)
    call.cielo24.records.jobs.change(
        job.id,
        task_id=task_id,
        fidelity=fidelity,
        priority=_priority(values),
        turnaround_hours=values.get("turnaround_hours"),
        target_language=target,
        callback_url=values.get("callback_url", job.callback_url),
        standard_product=values.get("standard_product"),
        options={**job.options, **values.get("options", {})},
    )
    call.cielo24.workshop.advance(job.id)
    return task_answer(task_id)


def _priority(values: dict[str, Any]) -> str:
    """Return the priority of an order; less time than the chosen one has by default means the quicker one."""
    priority: str = values["priority"]
    hours = values.get("turnaround_hours", TURNAROUND_HOURS[priority])
    return "PRIORITY" if hours < TURNAROUND_HOURS[priority] else priority


def _check_languages(fidelity: str, source: str, targets: str) -> None:
    if source not in SOURCE_LANGUAGES[fidelity]:
        raise refusal(INVALID_OPTION, f"transcription_fidelity: {fidelity} is not offered for media in {source}")
    for target in filter(None, targets.split(",")):
        if target not in TARGET_LANGUAGES[fidelity] and target != source:
            raise refusal(INVALID_OPTION, f"target_language: {fidelity} is not offered for captions in {target}")
