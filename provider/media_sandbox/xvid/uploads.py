"""Upload sessions: begun, finished and watched. The form post between is :func:`media_sandbox.xvid.s3.post_object`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from media_sandbox.web import ApiError
from media_sandbox.xvid.answers import Reference
from media_sandbox.xvid.body import Body
from media_sandbox.xvid.catalogue import find_pipeline
from media_sandbox.xvid.fixtures import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY
from media_sandbox.xvid.policy import make_policy, sign
from media_sandbox.xvid.records import COMPLETED, COMPLETING, FAILED, UPLOADING, Upload, base_name, milliseconds, new_id
from media_sandbox.xvid.s3 import PATH
from media_sandbox.xvid.work import bad_finish, object_life

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Call

LARGEST_ADDRESS: Final = 2**32 - 1
LONGEST_KEY: Final = 1024
"""Bytes of an object's key in S3."""
STORAGE: Final = "S3"


async def start_upload(call: Call) -> Response:
    """Begin an upload and return the form to post it with."""
    query, options = call.query, call.xvid.options
    object_key = query.required("object_key")
    query.required("pipeline_id")
    pipeline_id = query.object_id("pipeline_id") or ""
    query.integer("ip", 0, LARGEST_ADDRESS)
    expires_at = query.integer("expires_at", 0, options.largest_epoch)
    if find_pipeline(call.user_id, pipeline_id) is None:
        raise _unknown_pipeline(call, pipeline_id)
    now = call.xvid.clock.now()
    prefix = f"tmp/{pipeline_id}/"
    _check_key(call, object_key, prefix)
    upload = Upload(
        id=new_id(now),
        user_id=call.user_id,
        application_id=call.application_id,
        pipeline_id=pipeline_id,
        object_key=object_key,
        storage_key=prefix + object_key,
        expires_at=int(now + object_life(pipeline_id, options)) if expires_at is None else expires_at,
        created_at=milliseconds(now),
        updated_at=milliseconds(now),
    )
    call.xvid.records.uploads.add(upload)
    return call.answer({"upload": _session(call, upload, prefix, now)})


async def finish_upload(call: Call) -> Response:
    """Note that all chunks have been posted and queue the finishing; once more changes nothing."""
    upload = _find(call)
    nb_chunks = Body(await call.json("upload"), "upload", call.area).raw("nb_chunks")
    if type(nb_chunks) is not int or nb_chunks < 1:
        raise call.area.refuse(f"upload.nb_chunks must be a whole number of at least 1, not {nb_chunks!r}")
    records, options = call.xvid.records, call.xvid.options
    if upload.status != UPLOADING:
        if options.refuse_second_finish:
            raise call.area.refuse("the upload is finished already")
        return call.answer({"upload": _show(call, upload)})
    reason = bad_finish(nb_chunks, records.objects.get(upload.storage_key) is not None)
    if reason and options.refuse_bad_finish:
        raise call.area.refuse(reason)
    now = milliseconds(call.xvid.clock.now())
    changed = records.uploads.change(upload.id, status=COMPLETING, nb_chunks=nb_chunks, updated_at=now)
    assert changed is not None
    call.xvid.workshop.finish(changed)
    return call.answer({"upload": _show(call, changed)})


async def get_upload(call: Call) -> Response:
    """Return an upload."""
    return call.answer({"upload": _show(call, _find(call))})


def _unknown_pipeline(call: Call, id_: str) -> ApiError:
    reason = f"there is no pipeline {id_}"
    late = call.xvid.options.unknown_pipeline_status == 404
    return call.area.absent(reason) if late else call.area.refuse(reason)


def _check_key(call: Call, object_key: str, prefix: str) -> None:
    if object_key.endswith("/"):
        raise call.query.wrong("object_key", "must end with a name, not with a slash")
    if len((prefix + object_key).encode("utf-8", "replace")) > LONGEST_KEY:
        raise call.query.wrong("object_key", f"makes a key of more than {LONGEST_KEY} bytes")
    open_sessions = call.xvid.records.uploads.count(storage_key=prefix + object_key, status=UPLOADING)
    if open_sessions and call.xvid.options.one_session_per_key:
        raise call.query.wrong("object_key", "is that of a session that is still open")


def _session(call: Call, upload: Upload, prefix: str, now: float) -> dict[str, Any]:
    options = call.xvid.options
    largest = options.largest_object if options.length_condition else None
    policy = make_policy(BUCKET, prefix, now + options.policy_life, largest)
    return {
        "form_post_params": {
            "name": base_name(upload.object_key),
            "success_action_status": "201",
            "filename": "",
            "chunk": "0",
            "chunks": "1",
            "policy": policy,
            "signature": sign(policy, SECRET_ACCESS_KEY),
            "AWSAccessKeyId": ACCESS_KEY_ID,
            "key": upload.storage_key,
            "acl": "private",
        },
        "status": options.uploading_word,
        "object_key": upload.object_key,
        "nb_chunks": 0,
        options.session_type_key: STORAGE,
        "form_post_url": _form_url(call),
        "pipeline": Reference("pipeline", upload.pipeline_id, link=False),
        "file": Reference("file", upload.id, link=False),
        "id": upload.id,
    }


def _show(call: Call, upload: Upload) -> dict[str, Any]:
    options = call.xvid.options
    words = {
        UPLOADING: options.uploading_word,
        COMPLETING: options.completing_word,
        COMPLETED: options.completed_word,
        FAILED: options.failed_word,
    }
    return {
        "form_post_url": _form_url(call),
        "status": words[upload.status],
        "nb_chunks": upload.nb_chunks,
        "storage_type": STORAGE,
        "object_key": upload.object_key,
        "pipeline": Reference("pipeline", upload.pipeline_id, link=False),
        "file": Reference("file", upload.id, link=False),
        "id": upload.id,
    }


def _form_url(call: Call) -> str:
    return f"{call.origin}{PATH}{BUCKET}/"


def _find(call: Call) -> Upload:
    id_ = call.object_id("upload_id")
    upload = call.xvid.records.uploads.get(id_)
    if upload is None or upload.user_id != call.user_id:
        raise call.area.absent(f"there is no upload {id_}")
    return upload
