"""Caption a video with cielo24: create a job, add the media, have them transcribed, let a person approve the
transcript, fetch captions in several formats.

Trigger it in the UI. The wait is deferred: it holds no worker, however many days people need for the transcript. The
approval is asked for under "Required Actions".
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, task

from airflow_media.cielo24.api import get_transcript
from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.cielo24.operators import (
    AddMediaOperator,
    Cielo24CaptionsOperator,
    Cielo24CreateJobOperator,
    Cielo24DeleteJobOperator,
    Cielo24TranscribeOperator,
    Cielo24TranscriptOperator,
    Cielo24UpdateMetadataOperator,
)
from airflow_media.cielo24.vocabulary import CAPTION_FORMATS, FIDELITIES, PRIORITIES, SOURCE_LANGUAGES

PREVIEW = 5000
"""Characters of the transcript that are shown to whoever approves it."""


@dag(
    schedule=None,
    tags=["media", "cielo24", "example"],
    doc_md=__doc__,
    default_args={"retries": 2},
    params={
        "job_name": Param(
            "Episode 7", type="string", minLength=1, title="Name", description="For people.", section="Media"
        ),
        "source": Param(
            "s3://my-bucket/incoming/clip.mov",
            type=["null", "string"],
            title="Source",
            description="Path or URI of a file of up to 10 GB, which is uploaded.",
            section="Media",
        ),
        "media_url": Param(
            None,
            type=["null", "string"],
            title="Or a public URL",
            description="For cielo24 to get the media from, where no source is given.",
            section="Media",
        ),
        "language": Param(
            "en",
            type="string",
            enum=sorted(SOURCE_LANGUAGES),
            title="Language",
            description="What is spoken, by the codes of cielo24.",
            section="Media",
        ),
        "reference_id": Param(
            None,
            type=["null", "string"],
            title="Reference",
            description="To group jobs by. Empty: cielo24 is told none.",
            section="Media",
        ),
        "fidelity": Param(
            "PREMIUM",
            type="string",
            enum=list(FIDELITIES),
            values_display={
                "MECHANICAL": "Mechanical: by machine, in minutes",
                "PREMIUM": "Premium: by people",
                "PROFESSIONAL": "Professional: by people, and checked",
            },
            title="Fidelity",
            section="Transcription",
        ),
        "priority": Param(
            "STANDARD",
            type="string",
            enum=list(PRIORITIES),
            values_display={"STANDARD": "Standard: 48 hours", "PRIORITY": "Priority: 24 hours"},
            title="Priority",
            section="Transcription",
        ),
        "approve": Param(
            True,
            type="boolean",
            title="Let a person approve",
            description="Show the transcript under Required Actions, and make captions only when it is approved.",
            section="Transcription",
        ),
        "formats": Param(
            ["WEB_VTT", "SRT"],
            type="array",
            items={"type": "string", "enum": list(CAPTION_FORMATS)},
            examples=list(CAPTION_FORMATS),
            minItems=1,
            uniqueItems=True,
            title="Caption formats",
            section="Results",
        ),
        "target": Param(
            "s3://my-bucket/captions/",
            type="string",
            pattern="/$",
            title="Target folder",
            description="Path or URI of a folder, with a slash at its end.",
            section="Results",
        ),
        "delete_at_cielo24": Param(
            False,
            type="boolean",
            title="Delete at cielo24 afterwards",
            description="The job with its media and transcripts, whether the run succeeds or not.",
            section="Results",
        ),
    },
)
def cielo24_caption() -> None:
    create = Cielo24CreateJobOperator(
        task_id="create", job_name="{{ params.job_name }}", language="{{ params.language }}"
    )
    job_id = create.output
    add = AddMediaOperator(
        task_id="add_media",
        job_id=job_id,
        source="{{ params.source or '' }}",
        media_url="{{ params.media_url or '' if not params.source else '' }}",
    )

    @task.short_circuit(ignore_downstream_trigger_rules=False, retries=0)
    def has_reference(params: dict[str, Any]) -> bool:
        """Skip the metadata where there are none."""
        return bool(params["reference_id"])

    metadata = Cielo24UpdateMetadataOperator(
        task_id="metadata",
        job_id=job_id,
        reference_id="{{ params.reference_id }}",
        requestor_id="{{ dag_run.triggering_user_name or 'airflow' }}",
    )
    transcribe = Cielo24TranscribeOperator(
        task_id="transcribe",
        job_id=job_id,
        fidelity="{{ params.fidelity }}",
        priority="{{ params.priority }}",
        deferrable=True,
        poll_interval=5,
    )
    transcript = Cielo24TranscriptOperator(task_id="transcript", job_id=job_id, target="{{ params.target }}")

    @task.branch(retries=0)
    def needs_approval(params: dict[str, Any]) -> str:
        """Ask a person, or go on to the captions."""
        return "preview" if params["approve"] else "formats"

    @task
    def preview(job_id: str) -> str:
        """Give the beginning of the transcript, for whoever approves it."""
        return Cielo24Hook().run(get_transcript(job_id)).decode("utf-8-sig")[:PREVIEW]

    shown = preview(job_id)
    approve = ApprovalOperator(
        task_id="approve",
        subject="Are the captions of {{ params.job_name }} to be made from this transcript?",
        body="{{ ti.xcom_pull('preview') }}",
    )

    @task(trigger_rule="none_failed_min_one_success", retries=0)
    def formats(params: dict[str, Any]) -> list[str]:
        """Give the formats, unless the transcript was rejected."""
        found: list[str] = params["formats"]
        return found

    wanted, asked = formats(), needs_approval()
    captions = Cielo24CaptionsOperator.partial(task_id="captions", job_id=job_id, target="{{ params.target }}").expand(
        caption_format=wanted
    )
    delete = Cielo24DeleteJobOperator(
        task_id="delete",
        job_id="{{ ti.xcom_pull('create') if params.delete_at_cielo24 else '' }}",
    )

    create >> add >> transcribe >> transcript >> asked
    add >> has_reference() >> metadata  # nothing waits for them: cielo24 may refuse this call
    asked >> shown >> approve >> wanted
    asked >> wanted
    captions >> delete.as_teardown()


cielo24_caption()
