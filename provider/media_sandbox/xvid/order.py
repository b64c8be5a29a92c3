"""The request for a job, checked and made into a record."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from media_sandbox.xvid.body import Body
from media_sandbox.xvid.catalogue import find_pipeline
from media_sandbox.xvid.command import DEMUXERS
from media_sandbox.xvid.presets import BY_ID, THUMBNAIL_PRESETS
from media_sandbox.xvid.query import OBJECT_ID
from media_sandbox.xvid.records import Job, Output, base_name, milliseconds, new_id

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Call

JOB_KEYS: Final = ("pipeline", "input", "outputs", "output_prefix", "user_data", "unique_custom_key")
OUTPUT_KEYS: Final = ("output_name", "preset", "settings", "thumbnails")
THUMBNAIL_KEYS: Final = ("thumbnail_names", "thumbnail_preset")
SETTINGS: Final = {"video": ("width", "height", "bitrate"), "audio": ("bitrate",)}
INPUT_KEYS: Final = (
    *("input_name", "start_time", "force_container", "force_aspect_ratio"),
    *("force_framerate", "framerate", "force_interlaced", "interlaced"),
)
"""The manual's table has the last two without ``force_``."""

PERCENT: Final = re.compile(r"\d{1,4}(\.\d+)?%", re.ASCII)
ASPECT_RATIO: Final = re.compile(r"[1-9]\d{0,4}:[1-9]\d{0,4}", re.ASCII)
THUMBNAIL_NAMES: Final = re.compile(r"([\w.-]|\{resolution\})+", re.ASCII)
"""Names in an archive must not lead out of the folder into which it is unpacked."""


def read_order(call: Call, body: dict[str, Any]) -> Job:
    """Return the job that a request asks for.

    :raises ApiError: 400 saying in its header what is wrong.
    """
    job = Body(body, "job", call.area)
    options = call.xvid.options
    _only(call, job, (*JOB_KEYS, *(["pipeline_id"] if options.pipeline_id_in_job else [])))
    now = call.xvid.clock.now()
    id_ = new_id(now)
    pipeline_id = _pipeline_id(call, job)
    given = _input(call, job.one("input"))
    stem = PurePosixPath(base_name(given["input_name"])).stem

    def named(text: str) -> str:
        return text.replace("{job_id}", id_).replace("{input_name}", stem)

    outputs: list[Output] = []
    for output in job.many("outputs"):
        name = named(output.needed("output_name"))
        if name in [earlier.output_name for earlier in outputs]:
            raise output.wrong("output_name", f"is {name!r}, as that of another output")
        outputs.append(_output(call, output, name, now))
    if not outputs:
        raise job.wrong("outputs", "needs at least one output")
    return Job(
        id=id_,
        user_id=call.user_id,
        application_id=call.application_id,
        pipeline_id=pipeline_id,
        input=given,
        outputs=outputs,
        created_at=milliseconds(now),
        updated_at=milliseconds(now),
        output_prefix=named(job.text("output_prefix") or ""),
        user_data=job.text("user_data"),
        unique_custom_key=job.text("unique_custom_key"),
    )


def _pipeline_id(call: Call, job: Body) -> str:
    if call.xvid.options.pipeline_id_in_job and "pipeline_id" in job:
        id_ = job.needed("pipeline_id")
        if not OBJECT_ID.fullmatch(id_):
            raise job.wrong("pipeline_id", f"must be 24 hexadecimal digits, not {id_!r}")
    else:
        id_ = job.id_of("pipeline")
    if find_pipeline(call.user_id, id_) is None:
        raise job.wrong("pipeline", f"names no pipeline of the account: {id_}")
    return id_


def _input(call: Call, given: Body) -> dict[str, Any]:
    _only(call, given, INPUT_KEYS)
    container, aspect = given.text("force_container"), given.text("force_aspect_ratio")
    if container is not None and container not in DEMUXERS:
        raise given.wrong("force_container", f"must be one of {', '.join(DEMUXERS)}, not {container!r}")
    if aspect is not None and not ASPECT_RATIO.fullmatch(aspect):
        raise given.wrong("force_aspect_ratio", f"must be like 16:9, not {aspect!r}")
    rate_key, fields_key = (short if short in given else f"force_{short}" for short in ("framerate", "interlaced"))
    return {
        "input_name": given.needed("input_name"),
        "start_time": given.number("start_time", 0),
        "force_container": container,
        "force_aspect_ratio": aspect,
        "force_framerate": given.number(rate_key, 1),
        "force_interlaced": given.flag(fields_key),
    }


def _output(call: Call, output: Body, name: str, now: float) -> Output:
    _only(call, output, OUTPUT_KEYS)
    preset_id = output.id_of("preset")
    if preset_id not in BY_ID:
        raise output.wrong("preset", f"names no preset: {preset_id}")
    thumbnails = [_thumbnails(call, item) for item in output.many("thumbnails")]
    return Output(
        output_name=name,
        preset_id=preset_id,
        file_id=new_id(now),
        settings=_settings(call, output.one("settings")),
        thumbnails=thumbnails,
        zip_id=new_id(now) if thumbnails else None,
    )


def _settings(call: Call, settings: Body) -> dict[str, Any]:
    _only(call, settings, SETTINGS)
    chosen = {}
    for track, keys in SETTINGS.items():
        body = settings.one(track)
        _only(call, body, keys)
        chosen[track] = {key: _amount(body, key) for key in keys if key in body}
    return {track: values for track, values in chosen.items() if values}


def _amount(body: Body, key: str) -> Any:
    """Return pixels or bits per second, or a percentage of the input's as text."""
    value = body.raw(key)
    if isinstance(value, str):
        if not PERCENT.fullmatch(value) or not float(value[:-1]):
            raise body.wrong(key, f"must be a number or like 50%, not {value!r}")
        return value
    return body.number(key, 1)


def _thumbnails(call: Call, order: Body) -> dict[str, str]:
    _only(call, order, THUMBNAIL_KEYS)
    names, preset = order.needed("thumbnail_names"), order.needed("thumbnail_preset")
    if not THUMBNAIL_NAMES.fullmatch(names):
        raise order.wrong("thumbnail_names", f"may have letters, digits, _ . - and {{resolution}}, not {names!r}")
    if preset not in THUMBNAIL_PRESETS:
        raise order.wrong("thumbnail_preset", f"must be one of {', '.join(THUMBNAIL_PRESETS)}, not {preset!r}")
    return {"thumbnail_names": names, "thumbnail_preset": preset}


def _only(call: Call, body: Body, known: Collection[str]) -> None:
    if call.xvid.options.strict_job_keys:
        body.only(known)
