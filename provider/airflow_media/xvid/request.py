"""The body of a job request: put together, checked before it is sent, and marked so that the job can be found again.

The mark goes to the end of ``user_data``, by which jobs can be listed: ``"reel 7 [airflow 3f2a9c21-77e1a2c3]"``. Before
it stands what the user wrote, to the letter, and :func:`unmarked` gives it back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from airflow_media.http.errors import InvalidRequestError

SERVICE_NAME = "Xvid MediaHub"

_MARK = re.compile(r" ?\[airflow [0-9a-f]+-[0-9a-f]+\]\Z")


def job_output(
    output_name: str,
    preset_id: str,
    *,
    video: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    thumbnails: Sequence[Mapping[str, Any]] | None = None,
    logos: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Make one output of a job, with the service's own keys ('POST /jobs').

    :param output_name: Name of the output, without suffix; ``{input_name}`` in it is replaced by that of the input.
    :param preset_id: Preset that says what is made.
    :param video: Changes of the preset's video settings, such as ``{"width": "50%", "bitrate": "90%"}``.
    :param settings: All changes of the preset's settings; ``video`` is a short way to a part of them.
    :param thumbnails: Sets of thumbnails, such as ``{"thumbnail_names": "thumb", "thumbnail_preset":
        "thumbnails_small"}``; each job gives them as an archive.
    :param logos: Pictures to put over the video, such as ``{"logo_image": URL, "logo_preset": "..."}``.
    """
    changes = {**(settings or {}), **({"video": dict(video)} if video else {})}
    optional = {"settings": changes, "thumbnails": _dicts(thumbnails), "logos": _dicts(logos)}
    given = {name: value for name, value in optional.items() if value}
    return {"output_name": output_name, "preset": {"id": preset_id}, **given}


def job_body(
    *,
    input_name: str | None = None,
    outputs: Sequence[Mapping[str, Any]] | None = None,
    pipeline_id: str | None = None,
    output_prefix: str | None = None,
    user_data: str | None = None,
    job: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Put a job together, and check its shape ('POST /jobs').

    :param input_name: Object key of the input, relative to the pipeline; or a full URI.
    :param outputs: Outputs with the service's own keys: see :func:`job_output`.
    :param pipeline_id: The pipeline.
    :param output_prefix: Put before the name of each output; ``{job_id}`` in it is replaced.
    :param user_data: Free text.
    :param job: The whole job with the service's own keys, instead of all others but the pipeline.
    :return: What goes into ``{"job": ...}``.
    :raises InvalidRequestError: Something is missing or of another shape; it tells all that is wrong at once.
    """
    if job is not None:
        if input_name or outputs or output_prefix or user_data:
            _refuse(["job is given together with input_name, outputs, output_prefix or user_data: it replaces them"])
        if not isinstance(job, Mapping):
            _refuse(["job is not an object"])
        body = dict(job)
    else:
        optional = {"output_prefix": output_prefix or None, "user_data": user_data or None}
        given = {name: value for name, value in optional.items() if value is not None}
        body = {"input": {"input_name": input_name}, "outputs": outputs, **given}
    if pipeline_id and "pipeline" not in body:
        body["pipeline"] = {"id": pipeline_id}
    if faults := [*_faults(body)]:
        _refuse(faults)
    copied: dict[str, Any] = json.loads(_json(body))
    return copied


def marked(job: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Give the job with a mark in its user data by which it can be found again.

    :param job: The job.
    :param key: What tells it from all others: two hexadecimal numbers with a dash between them.
    """
    text = job.get("user_data")
    return {**job, "user_data": f"{text} [airflow {key}]" if text else f"[airflow {key}]"}


def unmarked(user_data: str | None) -> str | None:
    """Give what the user wrote into the user data of a job, without the mark of the task that submitted it.

    :param user_data: As the service gives it.
    """
    return _MARK.sub("", user_data or "") or None


def _faults(body: Mapping[str, Any]) -> list[str]:
    """Say all that is wrong with a job; what the manual leaves open is left to the service."""
    if "pipeline_id" in body:
        return ['job has pipeline_id: write it as "pipeline": {"id": ...}']
    if set(body) - {"pipeline"} == {"job"}:
        return ["job is what stands inside of the request's outer job key"]
    faults = []
    source = body.get("input")
    if not isinstance(source, Mapping) or not _is_text(source.get("input_name")):
        faults.append("input_name is missing")
    if not _has_id(body.get("pipeline")):
        faults.append("there is no pipeline: give pipeline_id, or set it in the extra of the connection")
    for name in ("user_data", "output_prefix"):
        if not isinstance(body.get(name, ""), str):
            faults.append(f"{name} is not a text")
    outputs = body.get("outputs")
    if isinstance(outputs, str) or not isinstance(outputs, Sequence) or not outputs:
        faults.append("outputs is not a list of at least one output")
    else:
        faults.extend(f"outputs[{index}] {fault}" for index, each in enumerate(outputs) if (fault := _fault(each)))
    return faults or _not_json(body)


def _fault(output: object) -> str:
    """Say what is wrong with an output; empty where nothing is."""
    if not isinstance(output, Mapping):
        return "is not an object with output_name and preset"
    if not _is_text(output.get("output_name")):
        return "has no output_name"
    if "preset" in output and not _has_id(output["preset"]):
        return 'has a preset that is not written as {"id": ...}'
    for name in ("thumbnails", "logos"):
        if not isinstance(output.get(name, []), list):
            return f"has {name} that are not a list"
    return "" if isinstance(output.get("settings", {}), Mapping) else "has settings that are not an object"


def _not_json(body: Mapping[str, Any]) -> list[str]:
    try:
        _json(body)
    except (TypeError, ValueError, RecursionError) as error:
        return [f"there is something in it that JSON cannot hold ({error})"]
    return []


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, allow_nan=False, default=_as_list)


def _as_list(value: object) -> list[Any]:
    """Take what a mapped task has returned for the list that it stands for."""
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(type(value).__name__)


def _has_id(value: object) -> bool:
    return isinstance(value, Mapping) and _is_text(value.get("id"))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _dicts(values: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    return [dict(value) for value in values or ()]


def _refuse(faults: list[str]) -> NoReturn:
    raise InvalidRequestError("; ".join(faults), service=SERVICE_NAME, operation="create job")
