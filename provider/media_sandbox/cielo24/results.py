"""Results of a job: captions, transcripts and element lists, of its final version or of an earlier one."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from media_sandbox.cielo24.captions import CaptionSettings
from media_sandbox.cielo24.elements import ElementList, Script, element_list_view, make_elements
from media_sandbox.cielo24.errors import INVALID_QUERY, ITEM_NOT_FOUND, refusal
from media_sandbox.cielo24.files import Origin, caption_file, check_settings
from media_sandbox.cielo24.given import Given
from media_sandbox.cielo24.parameters import BOOLEAN, MOMENT, TEXT, Moment, Parameter, as_text, parameters_of
from media_sandbox.cielo24.records import CaptionLink, Job, WorkProduct, new_id
from media_sandbox.cielo24.transcript import TranscriptSettings, make_transcript
from media_sandbox.cielo24.vocabulary import COMPLETE, WORK_PRODUCTS
from media_sandbox.cielo24.words import TextSettings
from media_sandbox.cielo24.work import planned_products
from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from media_sandbox.cielo24.call import Call
    from media_sandbox.cielo24.service import Cielo24

CAPTION: Final = tuple(
    dataclasses.replace(parameter, required=parameter.name == "caption_format")
    for parameter in parameters_of(CaptionSettings)
)
TRANSCRIPT: Final = parameters_of(TranscriptSettings)
ELEMENT_LIST: Final = (
    Parameter("elementlist_version", MOMENT),
    Parameter("iwp_name", TEXT),
    Parameter("audio_description", BOOLEAN),
)

SAMPLE_MS: Final = 30_000
DEFAULT_SPEAKERS: Final = 2
MOST_SPEAKERS: Final = 20


async def get_caption(call: Call) -> Response:
    """Return a caption file, or its address."""
    job, values = call.read_with_job(*CAPTION)
    settings = CaptionSettings(**values)
    check_settings(settings)
    product = _product(call, job, settings)
    corruption = call.cielo24.corruptions.take(job.id)
    bend = corruption.bend if corruption else list
    elements = await _elements(job, product, settings)
    text = await asyncio.to_thread(caption_file, elements, settings, _origin(job, product), bend)
    text = corruption.spoil(text) if corruption else text
    return _link(call, job, text) if settings.build_url else PlainTextResponse(text)


async def get_transcript(call: Call) -> Response:
    """Return the transcript."""
    job, values = call.read_with_job(*TRANSCRIPT)
    settings = TranscriptSettings(**values)
    elements = await _elements(job, _product(call, job, settings), settings)
    return PlainTextResponse(await asyncio.to_thread(make_transcript, elements, settings))


async def get_elementlist(call: Call) -> Response:
    """Return an element list."""
    job, values = call.read_with_job(*ELEMENT_LIST)
    settings = TextSettings(**values)
    product = _product(call, job, settings)
    elements = await _elements(job, product, settings)
    intelligence = product.iwp_name in job.options.get("generate_media_intelligence_iwp", [])
    return JSONResponse(element_list_view(elements, intelligence=intelligence))


async def list_elementlists(call: Call) -> Response:
    """Return which versions of the element list there are, the oldest first."""
    job, _ = call.read_with_job()
    return JSONResponse([{"iwp_name": item.iwp_name, "version": _version(item)} for item in job.products])


async def download_caption(cielo24: Cielo24, request: Request, _: Given) -> Response:
    """Return the file of a permanent address, which needs no token."""
    link = cielo24.records.links.get(request.path_params["caption_id"])
    if link is None:
        raise ApiError(404, ITEM_NOT_FOUND, "there is no such caption file")
    return Response(_link_path(cielo24, link).read_bytes(), media_type="text/plain")


def _product(call: Call, job: Job, settings: TextSettings) -> WorkProduct:
    """Return the version that is asked for, the newest unless something else is said.

    :raises ApiError: 400 when there is none, or none yet.
    """
    if settings.mixed and not settings.audio_description:
        raise refusal(INVALID_QUERY, "mixed needs audio_description")
    found = [item for item in job.products if _is_asked_for(item, settings)]
    plain = settings.iwp_name is None and settings.elementlist_version is None
    if found and (job.status == COMPLETE or not plain):
        _check_description(job, settings)
        return found[-1]
    if call.cielo24.options.sample_results and plain:
        return WorkProduct("FINAL", job.created)
    known = settings.iwp_name is None or settings.iwp_name in (planned_products(job) or WORK_PRODUCTS)
    if known and not (job.products and settings.elementlist_version):
        raise refusal(INVALID_QUERY, f"the job is {job.status}, so there is no such version yet")
    raise refusal(ITEM_NOT_FOUND, "the job has no such version of the element list")


def _check_description(job: Job, settings: TextSettings) -> None:
    if settings.audio_description and not job.options.get("audio_description"):
        raise refusal(INVALID_QUERY, "no audio description was ordered for this job")


def _is_asked_for(product: WorkProduct, settings: TextSettings) -> bool:
    version = settings.elementlist_version
    return settings.iwp_name in (None, product.iwp_name) and (version is None or _is_version(product, version))


def _is_version(product: WorkProduct, version: Moment) -> bool:
    # Versions are told in whole seconds.
    return int(version.first(UTC).timestamp()) == int(product.made)


def _version(product: WorkProduct) -> str:
    return datetime.fromtimestamp(product.made, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _elements(job: Job, product: WorkProduct, settings: TextSettings) -> ElementList:
    script = Script(
        language=job.result_language,
        version=product.iwp_name,
        speakers=min(max(job.expected_speakers or DEFAULT_SPEAKERS, 1), MOST_SPEAKERS),
        named=bool(job.options.get("speaker_id")),
        spoken=settings.mixed or not settings.audio_description,
        described=settings.audio_description,
    )
    length_ms = job.media.length_ms if job.media and job.media.length_ms else SAMPLE_MS
    return await asyncio.to_thread(make_elements, script, length_ms)


def _origin(job: Job, product: WorkProduct) -> Origin:
    own: Mapping[str, Any] = job.options.get("custom_metadata", {})
    known = {
        "job_id": job.id,
        "job_name": job.name,
        "elementlist_version": _version(product),
        "iwp_name": product.iwp_name,
    }
    return Origin(job.id, job.name, {**{name: as_text(value) for name, value in own.items()}, **known})


def _link(call: Call, job: Job, text: str) -> Response:
    link = CaptionLink(new_id(), job.id)
    _link_path(call.cielo24, link).write_bytes(text.encode())
    call.cielo24.records.links.add(link)
    url = call.request.url
    return JSONResponse({"CaptionUrl": f"{url.scheme}://{url.netloc}/cielo24/captions/{link.id}"})


def _link_path(cielo24: Cielo24, link: CaptionLink) -> Path:
    home = cielo24.directory / link.job_id
    home.mkdir(exist_ok=True)
    return home / f"captions-{link.id}"
