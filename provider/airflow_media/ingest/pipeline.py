"""One video through all services, as a task group to be mapped, and the form that goes with it.

.. code-block:: python

    with DAG("mine", params=pipeline_params(), ...):

        @task(multiple_outputs=True, retries=0)
        def order(params: dict) -> dict:
            return order_from_params(params)

        checked = order()
        planned = IngestPlanOperator(..., steps=checked["steps"], suffixes=checked["suffixes"])
        video.partial(settings=checked["settings"]).expand_kwargs(planned.output)

The group takes its other settings from the params of the DAG, and uses the pools of :data:`POOLS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, TaskGroup, task_group

from airflow_media.cielo24.operators import (
    AddMediaOperator,
    Cielo24CaptionsOperator,
    Cielo24CreateJobOperator,
    Cielo24DeleteJobOperator,
    Cielo24TranscribeOperator,
)
from airflow_media.cielo24.vocabulary import CAPTION_FORMATS, FIDELITIES, PRIORITIES, SOURCE_LANGUAGES, SUFFIXES
from airflow_media.http.errors import InvalidRequestError
from airflow_media.ingest.plan import FOLDERS, KEEP, KEPT, STEPS, Order, Work, name_of
from airflow_media.jobs.compat import AirflowSkipException
from airflow_media.jobs.failures import told
from airflow_media.media_storage.operators import MediaStorageUploadOperator
from airflow_media.pixop.operators import (
    PixopDeleteOperator,
    PixopDownloadOperator,
    PixopProcessOperator,
    PixopUploadOperator,
)
from airflow_media.pixop.params import process_params, settings_from_params
from airflow_media.pixop.sensors import IngestProgressSensor
from airflow_media.storage import open_source
from airflow_media.xvid.operators import (
    XvidDeleteFileOperator,
    XvidDownloadOperator,
    XvidJobOperator,
    XvidUploadOperator,
)

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

POOLS: Mapping[str, str] = MappingProxyType({"pixop": "pixop", "xvid": "xvid", "cielo24": "cielo24"})
"""The pool of the jobs of each service. Deferred tasks must count in it: the jobs go on while their tasks wait."""

IDS: Mapping[str, str | tuple[str, str]] = MappingProxyType(
    {
        "pixop_video": "enhance.upload",
        "pixop_processed_video": "enhance.process",
        "xvid_file": ("transcode.upload", "file_id"),
        "xvid_job": "transcode.job",
        "cielo24_job": "caption.create",
        **{f"{KEPT}{folder}": f"{KEEP}.{folder}" for folder in FOLDERS.values()},
    }
)
"""Which XComs of the group are ids at the services."""

TRANSCODED_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".m4a", ".mp3", ".zip")


def pipeline_params(**defaults: Any) -> dict[str, Param]:
    """Make the form of the pipeline: what is wanted, and the settings of each service.

    :param defaults: Values that the form shows at first, by name; those that are not of the pipeline's own are settings
        of :func:`airflow_media.pixop.params.process_params`.
    :raises SettingsError: Defaults of Pixop's settings are not allowed.
    """
    own = {
        "steps": Param(
            defaults.pop("steps", list(STEPS)),
            type="array",
            items={"type": "string", "enum": list(STEPS)},
            examples=list(STEPS),
            minItems=1,
            title="Steps",
            description="enhance: Pixop. transcode: Xvid. caption: cielo24. keep: media storage.",
            section="What is wanted",
        ),
        "delete_at_services": Param(
            defaults.pop("delete_at_services", True),
            type="boolean",
            title="Delete at the services afterwards",
            description="Uploads and results at Pixop, Xvid and cielo24, once the files are in S3 or the work failed.",
            section="What is wanted",
        ),
        "project_name": Param(
            defaults.pop("project_name", "Airflow"),
            type="string",
            minLength=1,
            title="Pixop project",
            description="Created where there is none of this name.",
            section="What is wanted",
        ),
        "xvid_preset": Param(
            defaults.pop("xvid_preset", ""),
            type="string",
            title="Preset",
            description="Id of the preset of Xvid MediaHub that says what is made.",
            section="Transcode",
        ),
        "xvid_suffix": Param(
            defaults.pop("xvid_suffix", ".mp4"),
            type="string",
            enum=list(TRANSCODED_SUFFIXES),
            title="File suffix",
            description="That of what the preset makes.",
            section="Transcode",
        ),
        "language": Param(
            defaults.pop("language", "en"),
            type="string",
            enum=sorted(SOURCE_LANGUAGES),
            title="Language",
            description="What is spoken, as one of cielo24's codes.",
            section="Captions",
        ),
        "fidelity": Param(
            defaults.pop("fidelity", "MECHANICAL"),
            type="string",
            enum=list(FIDELITIES),
            title="Fidelity",
            description="By machine, or by people.",
            section="Captions",
        ),
        "priority": Param(
            defaults.pop("priority", "STANDARD"),
            type="string",
            enum=list(PRIORITIES),
            title="Priority",
            description="Within 48 hours, or within 24.",
            section="Captions",
        ),
        "caption_format": Param(
            defaults.pop("caption_format", "WEB_VTT"),
            type="string",
            enum=list(CAPTION_FORMATS),
            title="Format",
            section="Captions",
        ),
    }
    return own | process_params(**defaults)


def order_from_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Check what was filled into the form, before anything is uploaded.

    :param params: The params of a DAG run.
    :return: ``settings`` for the group, ``steps`` and ``suffixes`` for the plan.
    :raises MediaFailError: What was filled in is not allowed.
    """
    steps = list(dict.fromkeys(params["steps"]))
    with told():
        if "transcode" in steps and not params["xvid_preset"].strip():
            raise InvalidRequestError(
                "no Xvid preset is given", hint="Fill in its id, or take transcode out of the steps."
            )
    container = params.get("container")
    suffixes = {
        "enhance": f".{container}" if container else "",
        "transcode": params["xvid_suffix"],
        "caption": SUFFIXES[params["caption_format"]],
    }
    return {"settings": settings_from_params(params), "steps": steps, "suffixes": suffixes}


def arguments_of(sources: Iterable[str], target: str, ordered: Mapping[str, Any], salt: str) -> list[dict[str, str]]:
    """Give the arguments of :func:`video` for files that are named one by one.

    :param sources: Their paths or URIs; each counts once.
    :param target: Prefix or folder of the results, with a slash at its end.
    :param ordered: What :func:`order_from_params` returned.
    :param salt: The id of the run, so that another run does not use the same names at the services.
    :return: A list for ``expand_kwargs``.
    :raises MediaFailError: One of them cannot be read.
    """
    order = Order(target, ordered["steps"], ordered["suffixes"])
    works = []
    with told():
        for uri in dict.fromkeys(sources):
            source = open_source(uri)
            name = name_of(uri, source.etag, salt)
            todo = tuple(step for step in STEPS if step in order.steps)
            works.append(Work(uri, source.etag or "", source.size, name, order.outputs(uri, name), todo, ""))
    return [work.arguments() for work in works]


@task_group
def video(
    name: str,
    settings: Mapping[str, Any],
    enhance_source: str,
    enhanced: str,
    transcode_source: str,
    transcoded: str,
    caption_source: str,
    captions: str,
    keep_enhanced: str,
    keep_transcoded: str,
    keep_captions: str,
) -> None:
    """One video: enhanced by Pixop; from there transcoded by Xvid and captioned by cielo24; all of it kept.

    :param name: What it is called at the services; no other video may have the name.
    :param settings: What Pixop is to do.
    :param enhance_source: URI of what is enhanced. Empty, here and below: the step is skipped.
    :param enhanced: URI of the result.
    :param transcode_source: URI of what is transcoded,
    :param transcoded: and of the result.
    :param caption_source: URI of what is captioned,
    :param captions: and of the captions.
    :param keep_enhanced: URI of what is kept in the media storage as ``enhanced``,
    :param keep_transcoded: as ``transcoded``,
    :param keep_captions: and as ``captions``.
    """
    first = _enhance(name, enhance_source, settings, enhanced)
    second = _transcode(name, transcode_source, transcoded)
    third = _caption(name, caption_source, captions)
    keeps = _keep(name, keep_enhanced, keep_transcoded, keep_captions)
    first[-1] >> [second[0], third[0], keeps[0]]
    second[-1] >> keeps[1]
    third[-1] >> keeps[2]


def skip_without(argument: str) -> Any:
    """Have a task skipped whose argument turns out empty: give it as ``pre_execute``.

    :param argument: The argument, a template field of the operator.
    """

    def check(context: Context) -> None:
        if not getattr(context["task"], argument):
            raise AirflowSkipException(f"{argument} is empty: this is not to be done")

    return check


def _enhance(name: str, source: str, settings: Mapping[str, Any], target: str) -> list[BaseOperator]:
    with TaskGroup("enhance"):
        upload = PixopUploadOperator(
            task_id="upload",
            source=source,
            name=name,
            project_name="{{ params.project_name }}",
            deferrable=True,
            pre_execute=skip_without("source"),
            map_index_template="{{ task.name }}",
        )
        ingest = IngestProgressSensor(task_id="ingest", video_id=_output(upload), deferrable=True)
        process = PixopProcessOperator(
            task_id="process", video_id=_output(upload), settings=settings, deferrable=True, pool=POOLS["pixop"]
        )
        download = PixopDownloadOperator(task_id="download", video_id=_output(process), target=target)
        delete = PixopDeleteOperator(task_id="delete", video_id=_if_deleting(upload))
        upload >> ingest >> process >> download >> delete.as_teardown(setups=upload)
    return [upload, download]


def _transcode(name: str, source: str, target: str) -> list[BaseOperator]:
    with TaskGroup("transcode"):
        upload = XvidUploadOperator(
            task_id="upload",
            source=source,
            object_key=name,
            deferrable=True,
            pre_execute=skip_without("source"),
            trigger_rule="none_failed",
            map_index_template="{{ task.object_key }}",
        )
        job = XvidJobOperator(
            task_id="job",
            input_name=_output(upload),
            outputs=[{"output_name": name, "preset": {"id": "{{ params.xvid_preset }}"}}],
            output_prefix="{job_id}/",
            deferrable=True,
            pool=POOLS["xvid"],
        )
        download = XvidDownloadOperator(task_id="download", job_id=_output(job), target=target)
        made = f"(ti.xcom_pull('{job.task_id}', key='outputs', map_indexes=ti.map_index) or [{{}}])[0].get('file_id')"
        delete = XvidDeleteFileOperator(
            task_id="delete",
            file_id=[
                _if_deleting(upload, key="file_id"),
                f"{{{{ {made} or '' if params.delete_at_services else '' }}}}",
            ],
        )
        upload >> job >> download >> delete.as_teardown(setups=upload)
    return [upload, download]


def _caption(name: str, source: str, target: str) -> list[BaseOperator]:
    with TaskGroup("caption"):
        create = Cielo24CreateJobOperator(
            task_id="create",
            job_name=name,
            reference=source,
            language="{{ params.language }}",
            pre_execute=skip_without("reference"),
            trigger_rule="none_failed",
            map_index_template="{{ task.job_name }}",
        )
        add_media = AddMediaOperator(task_id="add_media", job_id=_output(create), source=source)
        transcribe = Cielo24TranscribeOperator(
            task_id="transcribe",
            job_id=_output(create),
            fidelity="{{ params.fidelity }}",
            priority="{{ params.priority }}",
            deferrable=True,
            pool=POOLS["cielo24"],
        )
        fetch = Cielo24CaptionsOperator(
            task_id="captions", job_id=_output(transcribe), target=target, caption_format="{{ params.caption_format }}"
        )
        delete = Cielo24DeleteJobOperator(task_id="delete", job_id=_if_deleting(create))
        create >> add_media >> transcribe >> fetch >> delete.as_teardown(setups=create)
    return [create, fetch]


def _keep(name: str, *sources: str) -> list[BaseOperator]:
    with TaskGroup(KEEP):
        return [
            MediaStorageUploadOperator(
                task_id=folder,
                source=source,
                resource=name,
                key=folder,
                if_exists="skip",
                pre_execute=skip_without("source"),
                trigger_rule="none_failed",
                map_index_template="{{ task.resource }}",
            )
            for folder, source in zip(FOLDERS.values(), sources, strict=True)
        ]


def _output(operator: BaseOperator) -> Any:
    """Give what an operator returns, in the place of an argument of another one."""
    return operator.output


def _if_deleting(operator: BaseOperator, key: str = "return_value") -> str:
    """Give a template of the id that an operator of the same video returned; empty where nothing is to be deleted."""
    pulled = f"ti.xcom_pull('{operator.task_id}', key='{key}', map_indexes=ti.map_index)"
    return f"{{{{ {pulled} or '' if params.delete_at_services else '' }}}}"
