"""What is missing of an interval, and what became of it: decided from listings and the manifest, without I/O.

Where a result goes depends on its source only: on the source's URI and ETag. So a look at what is there tells what was
made, whichever run made it, also of a run that was killed before it could write a word about it; and a source that was
replaced gets a place of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from airflow_media.ingest.manifest import Manifest, Output, Video
from airflow_media.ingest.shelf import StoredObject
from airflow_media.storage.names import safe_name

FOLDERS: Mapping[str, str] = MappingProxyType({"enhance": "enhanced", "transcode": "transcoded", "caption": "captions"})
"""The steps that make a file, and the folder of a video that it goes into."""
KEEP = "keep"
STEPS = (*FOLDERS, KEEP)
LONGEST_STEM = 80
REPLACED = "the source was replaced meanwhile"
KEPT = "media_storage_"
"""Beginning of the names of ids at the media storage, before the folder of what is kept."""


class Order(Struct, frozen=True):
    """What is wanted of each video.

    :param target: Prefix of the results of the interval, with a slash at its end.
    :param steps: Which of :data:`STEPS`.
    :param suffixes: How the name of the file of a step ends; empty or absent: as that of the source.
    """

    target: str
    steps: Sequence[str]
    suffixes: Mapping[str, str]

    def outputs(self, source: str, name: str) -> dict[str, str]:
        """Give where the files of a video go, by step.

        :param source: URI of the source.
        :param name: What the video is called.
        """
        path = PurePosixPath(source)
        return {
            step: f"{self.target}{name}/{folder}/{stem_of(source)}{self.suffixes.get(step) or path.suffix}"
            for step, folder in FOLDERS.items()
            if step in self.steps
        }


class Work(Struct, frozen=True):
    """One video and what is to be done about it.

    :param source: URI of the source.
    :param etag: Its ETag.
    :param size: Its bytes.
    :param name: What it is called at the services and among the results.
    :param outputs: Where the files go that are wanted, by step.
    :param todo: The steps that are to be done; none: all is there, and only the record lacks it.
    :param planned_at: When this was decided, as ISO 8601.
    """

    source: str
    etag: str
    size: int
    name: str
    outputs: Mapping[str, str]
    todo: tuple[str, ...]
    planned_at: str

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        values: dict[str, Any] = to_builtins(self)
        return values

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Work:
        """Read what :meth:`to_json` gave."""
        return cls(**{**value, "todo": tuple(value["todo"])})

    def arguments(self) -> dict[str, str]:
        """Give the arguments of :func:`airflow_media.ingest.pipeline.video`; empty: that is not to be done."""
        made = self.outputs.get("enhance", self.source)
        sources = {"enhance": self.source, "transcode": made, "caption": made}
        given = {"name": self.name}
        for step, folder in FOLDERS.items():
            given[f"{step}_source"] = sources[step] if step in self.todo else ""
            given[folder] = self.outputs.get(step, "")
            given[f"keep_{folder}"] = given[folder] if KEEP in self.todo else ""
        return given


def stem_of(source: str) -> str:
    """Give the name of a source without its suffix, short and fit for a file name."""
    return safe_name(PurePosixPath(source).stem)[:LONGEST_STEM].strip()


def name_of(source: str, etag: str | None, salt: str = "") -> str:
    """Name a video: the stem of its file, and a short key that no other source has, nor another content of this one.

    :param source: URI of the source.
    :param etag: Its ETag.
    :param salt: Makes another name of the same source.
    """
    key = hashlib.sha256(json.dumps([source, etag, salt]).encode()).hexdigest()[:8]
    return f"{stem_of(source)}-{key}"


def plan(
    arrivals: Iterable[StoredObject],
    manifest: Manifest | None,
    stored: Mapping[str, StoredObject],
    order: Order,
    *,
    planned_at: str,
    salt: str | None = None,
) -> list[Work]:
    """Decide what is to be done: for new sources, replaced ones, failed ones, and those whose results are missing.

    :param arrivals: The sources of the interval.
    :param manifest: What is known of it.
    :param stored: What there is among the results, by URI.
    :param order: What is wanted.
    :param planned_at: The time of now, as ISO 8601.
    :param salt: Have everything done anew, under names that this text makes different; ``None``: what is missing only.
    :return: Those with something to do first, then those that are only to be recorded.
    """
    works = []
    for arrival in arrivals:
        known = manifest.find(arrival.uri) if manifest else None
        if salt is not None or (known and known.etag != arrival.etag):
            known = None
        name = known.name if known else name_of(arrival.uri, arrival.etag, salt or "")
        outputs = order.outputs(arrival.uri, name)
        todo = missing(known, outputs, stored, keep=KEEP in order.steps)
        if todo or known is None or known.state != "done":
            works.append(Work(arrival.uri, arrival.etag, arrival.size, name, outputs, todo, planned_at))
    return sorted(works, key=lambda work: not work.todo)


def missing(
    known: Video | None, outputs: Mapping[str, str], stored: Mapping[str, StoredObject], *, keep: bool
) -> tuple[str, ...]:
    """Tell which steps are to be done for a video.

    :param known: What is recorded of it.
    :param outputs: Where the files are to be that are wanted, by step.
    :param stored: What there is, by URI.
    :param keep: Whether it is to be in the media storage.
    """
    recorded: Mapping[str, Output] = known.outputs if known else {}
    todo = [step for step, uri in outputs.items() if not _intact(stored.get(uri), recorded.get(step))]
    kept = known is not None and all(f"{KEPT}{FOLDERS[step]}" in known.ids for step in outputs)
    return (*todo, KEEP) if keep and (todo or not kept) else tuple(todo)


def conclude(
    work: Work,
    known: Video | None,
    stored: Mapping[str, StoredObject],
    checksums: Mapping[str, str | None],
    *,
    etag: str | None,
    ids: Mapping[str, str],
    failed: Sequence[str],
    ended_at: str,
) -> Video:
    """Tell what became of a video.

    :param work: What was to be done.
    :param known: What was recorded of it before.
    :param stored: What there is now, by URI.
    :param checksums: What the store knows of the contents, by URI.
    :param etag: ETag of the source now; ``None``: it is not there any more. What was made of one that was replaced may
        be of either content, so that the video counts as failed, and is done again by the next run.
    :param ids: Ids at the services that this run has learned.
    :param failed: The tasks that failed.
    :param ended_at: The time of now, as ISO 8601.
    """
    before = known if known and known.name == work.name else None
    video = Video(
        source=work.source,
        etag=work.etag,
        size=work.size,
        name=work.name,
        state="done",
        outputs={step: _output(stored[uri], checksums.get(uri)) for step, uri in work.outputs.items() if uri in stored},
        ids={**(before.ids if before else {}), **ids},
        planned_at=work.planned_at,
        ended_at=ended_at,
        failed=tuple(failed),
    )
    if etag not in (None, work.etag):
        return replace(video, state="failed", failed=(REPLACED, *failed))
    lacking = missing(video, work.outputs, stored, keep=KEEP in work.todo)
    return replace(video, state="failed") if lacking else video


def _intact(there: StoredObject | None, recorded: Output | None) -> bool:
    if there is None or recorded is None or recorded.uri != there.uri:
        return there is not None
    return (there.size, there.etag) == (recorded.size, recorded.etag)


def _output(there: StoredObject, checksum: str | None) -> Output:
    return Output(there.uri, there.size, there.etag, there.modified.isoformat(), checksum)
