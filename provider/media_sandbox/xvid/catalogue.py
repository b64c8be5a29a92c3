"""Presets and pipelines: what a job is made with, to be read only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from media_sandbox.xvid.auth import READ
from media_sandbox.xvid.fixtures import CREATED_AT, PIPELINES, Pipeline
from media_sandbox.xvid.listing import listing
from media_sandbox.xvid.presets import BY_ID, CUSTOM, PRESETS, SYSTEM, Codec, Preset

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Call


async def list_pipelines(call: Call) -> Response:
    """Return the pipelines of the account, their credentials too, as the service does."""
    return listing(call, "pipelines", [show_pipeline(item) for item in PIPELINES if item.user_id == call.user_id])


async def get_pipeline(call: Call) -> Response:
    """Return a pipeline."""
    id_ = call.object_id("pipeline_id")
    pipeline = find_pipeline(call.user_id, id_)
    if pipeline is None:
        raise call.area.absent(f"there is no pipeline {id_}")
    return call.answer({"pipeline": show_pipeline(pipeline)})


def find_pipeline(user_id: str, id_: str) -> Pipeline | None:
    """Return a pipeline of an account, ``None`` when it has none of that id."""
    return next((item for item in PIPELINES if item.id == id_ and item.user_id == user_id), None)


def show_pipeline(pipeline: Pipeline) -> dict[str, Any]:
    """Return a pipeline as the API shows it."""
    return {
        "name": pipeline.name,
        "description": pipeline.description,
        **pipeline.settings,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "id": pipeline.id,
    }


async def list_presets(call: Call) -> Response:
    """Return presets; those of the system are shown to everybody."""
    type_ = call.query.choice("type", (SYSTEM, CUSTOM))
    if type_ != SYSTEM:
        call.identify(READ)
    return listing(call, "presets", [show_preset(preset) for preset in PRESETS if type_ in (None, preset.type)])


async def get_preset(call: Call) -> Response:
    """Return a preset; those of the system are shown to everybody."""
    id_ = call.object_id("preset_id")
    preset = BY_ID.get(id_)
    if preset is None or preset.type != SYSTEM:
        call.identify(READ)
    if preset is None:
        raise call.area.absent(f"there is no preset {id_}")
    return call.answer({"preset": show_preset(preset)})


def show_preset(preset: Preset) -> dict[str, Any]:
    """Return a preset as the API shows it."""
    return {
        "name": preset.name,
        "description": preset.description,
        "type": preset.type,
        "target_format": {
            "extension": preset.container.extension,
            "container": preset.container.id,
            "vcodec": _codec(preset.vcodec),
            "acodec": _codec(preset.acodec),
        },
        "settings": preset.settings or None,
        "id": preset.id,
    }


def _codec(codec: Codec | None) -> dict[str, Any] | None:
    if codec is None:
        return None
    return {"codec": {"id": codec.id}, "profile": codec.profile or None, "passes": 1}
