"""The bucket: the form post that brings uploads in, and the signed addresses from which files are fetched.

Nothing here takes the token of the API; a request that carries one is refused, as the real S3 refuses a second way of
signing.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import Response

from media_sandbox.downloads import send_file
from media_sandbox.uploads import Form, receive_form
from media_sandbox.web import ApiError
from media_sandbox.xvid.answers import xml_text
from media_sandbox.xvid.errors import S3Error
from media_sandbox.xvid.fixtures import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY
from media_sandbox.xvid.library import WORK
from media_sandbox.xvid.policy import read_policy, sign, too_large
from media_sandbox.xvid.records import MediaFile, StoredObject

if TYPE_CHECKING:
    from media_sandbox.xvid.service import Xvid

PATH: Final = "/xvid/s3/"
LARGEST_FORM: Final = 20 * 1024
"""Bytes of fields that may come before the file."""
BINARY: Final = "binary/octet-stream"
FILENAME: Final = "${filename}"
XML: Final = "application/xml"

BY_STATUS: Final = {
    404: ("NoSuchKey", "The specified key does not exist."),
    405: ("MethodNotAllowed", "The specified method is not allowed against this resource."),
    500: ("InternalError", "We encountered an internal error. Please try again."),
    503: ("SlowDown", "Please reduce your request rate."),
}
"""What S3 says where the sandbox itself answers."""


async def post_object(xvid: Xvid, request: Request) -> Response:
    """Take in an object by a form post, after all checks of its form, policy and signature."""
    if refusal := _head_refusal(request):
        # An answer to the head alone would cut off clients that are still sending.
        async for _ in request.stream():
            pass
        raise refusal
    path = xvid.library.new_path(WORK)
    try:
        form = await receive_form(request, path)
    except ApiError as error:
        raise S3Error(
            400, "MalformedPOSTRequest", f"The body of your POST request is not well-formed: {error}"
        ) from error
    try:
        fields = _accepted(xvid, request, form)
        content_type = fields.get("content-type", BINARY)
    except BaseException:
        path.unlink()
        raise
    stored = xvid.library.keep_object(fields["key"], path, form.size, form.md5, content_type)
    return _posted(request, stored, fields.get("success_action_status", ""))


async def get_object(xvid: Xvid, request: Request) -> Response:
    """Send a file to whoever has a signed address that has not expired."""
    refuse_authorization(request)
    _check_bucket(request.path_params["bucket"])
    key: str = request.path_params["key"]
    _check_signature(request, key, xvid.clock.now())
    file = xvid.library.get(key)
    path = xvid.library.absolute(file.path) if file else None
    if file is None or path is None or not path.is_file():
        raise S3Error(404, *BY_STATUS[404], {"Key": key})
    return send_file(request, path, file.name, file.md5)


def signed_url(base_url: str, file: MediaFile, expires: int) -> str:
    """Return the address of a file, good until ``expires`` (seconds since the epoch)."""
    signature = sign(_string_to_sign(BUCKET, file.id, str(expires)), SECRET_ACCESS_KEY)
    query = urlencode({"AWSAccessKeyId": ACCESS_KEY_ID, "Expires": expires, "Signature": signature})
    return f"{base_url}{PATH}{BUCKET}/{file.id}?{query}"


def refuse_authorization(request: Request) -> None:
    """Refuse a request that is signed in a second way.

    :raises S3Error: 400.
    """
    if "authorization" in request.headers:
        message = (
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            "parameter or the Authorization header should be specified"
        )
        raise S3Error(400, "InvalidArgument", message, {"ArgumentName": "Authorization"})


def render_s3_error(error: ApiError) -> Response:
    """Return an error as S3 shows it."""
    code, message, details = error.name, error.message, {}
    if isinstance(error, S3Error):
        details = error.details
    elif error.status in BY_STATUS:
        code, message = BY_STATUS[error.status]
    body = {"Code": code, "Message": message, **details, **_request_ids()}
    return _xml("Error", body, error.status, error.headers)


def _head_refusal(request: Request) -> S3Error | None:
    try:
        refuse_authorization(request)
    except S3Error as error:
        return error
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        message = "At least one of the pre-conditions you specified did not hold"
        condition = "Bucket POST must be of the enclosure-type multipart/form-data"
        return S3Error(412, "PreconditionFailed", message, {"Condition": condition})
    if "content-length" not in request.headers:
        return S3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    return None


def _accepted(xvid: Xvid, request: Request, form: Form) -> dict[str, str]:
    """Return the fields of a form that is in order, by their names in lower case.

    :raises S3Error: with the first thing that is wrong, in the order in which S3 looks.
    """
    files = [number for number, part in enumerate(form.parts) if part.name == "file"]
    ahead = form.parts[: files[0]] if files else form.parts
    before = form.parts[files[0]].offset if files else sum(len(part.value) for part in form.parts)
    if before > LARGEST_FORM:
        message = "Your POST request fields preceding the upload file were too large."
        raise S3Error(400, "MaxPostPreDataLengthExceeded", message)
    bucket: str = request.path_params["bucket"]
    _check_bucket(bucket)
    fields = {part.name.lower(): part.text for part in ahead}
    if not fields.get("key"):
        raise _field_missing("key")
    if len(files) != 1 or form.files != [form.parts[files[0]]]:
        details = {"ArgumentName": "file", "ArgumentValue": str(len(files))}
        raise S3Error(400, "InvalidArgument", "POST requires exactly one file upload per request.", details)
    _check_form_signature(fields)
    policy = read_policy(fields["policy"])
    filename = form.files[0].filename or ""
    fields = {name: value.replace(FILENAME, filename) for name, value in fields.items()}
    policy.check(fields, bucket, xvid.clock.now())
    policy.check_length(form.size)
    if form.size > xvid.options.largest_object:
        raise too_large(form.size, xvid.options.largest_object)
    return fields


def _check_bucket(bucket: str) -> None:
    if bucket != BUCKET:
        raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist", {"BucketName": bucket})


def _check_form_signature(fields: dict[str, str]) -> None:
    if not fields.get("policy"):
        raise S3Error(403, "AccessDenied", "Access Denied")
    key_id, signature = fields.get("awsaccesskeyid"), fields.get("signature")
    if not key_id and not signature:
        raise S3Error(403, "AccessDenied", "Access Denied")
    if not key_id:
        raise _field_missing("AWSAccessKeyId")
    if not signature:
        raise _field_missing("Signature")
    _compare(key_id, fields["policy"], signature)


def _check_signature(request: Request, key: str, now: float) -> None:
    query = request.query_params
    names = ("AWSAccessKeyId", "Expires", "Signature")
    if not all(query.get(name) for name in names):
        raise S3Error(403, "AccessDenied", "Access Denied")
    key_id, expires, signature = (query[name] for name in names)
    if not (expires.isascii() and expires.isdigit()):
        message = "Invalid date (should be seconds since epoch): " + expires
        raise S3Error(403, "AccessDenied", message)
    if int(expires) <= now:
        raise S3Error(403, "AccessDenied", "Request has expired", {"Expires": expires})
    _compare(key_id, _string_to_sign(request.path_params["bucket"], key, expires), signature)


def _compare(key_id: str, text: str, signature: str) -> None:
    if key_id != ACCESS_KEY_ID:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise S3Error(403, "InvalidAccessKeyId", message, {"AWSAccessKeyId": key_id})
    if not hmac.compare_digest(sign(text, SECRET_ACCESS_KEY).encode(), signature.encode()):
        message = (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
        details = {"AWSAccessKeyId": key_id, "StringToSign": text, "SignatureProvided": signature}
        raise S3Error(403, "SignatureDoesNotMatch", message, details)


def _string_to_sign(bucket: str, key: str, expires: str) -> str:
    # Also for HEAD, so that one address serves both.
    return f"GET\n\n\n{expires}\n/{bucket}/{quote(key, safe='')}"


def _field_missing(name: str) -> S3Error:
    message = (
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
    )
    return S3Error(400, "InvalidArgument", message, {"ArgumentName": name})


def _posted(request: Request, stored: StoredObject, status: str) -> Response:
    location = f"{request.url.scheme}://{request.url.netloc}{PATH}{BUCKET}/{quote(stored.id, safe='')}"
    etag = f'"{stored.md5}"'
    headers = {"ETag": etag, "Location": location}
    if status != "201":
        return Response(status_code=200 if status == "200" else 204, headers=headers)
    body = {"Location": location, "Bucket": BUCKET, "Key": stored.id, "ETag": etag}
    return _xml("PostResponse", body, 201, headers)


def _xml(root: str, body: dict[str, str], status: int, headers: dict[str, str]) -> Response:
    element = ElementTree.Element(root)
    for name, text in body.items():
        ElementTree.SubElement(element, name).text = xml_text(text)
    content = ElementTree.tostring(element, encoding="UTF-8", xml_declaration=True)
    return Response(content, status, headers, media_type=XML)


def _request_ids() -> dict[str, str]:
    return {"RequestId": secrets.token_hex(8).upper(), "HostId": secrets.token_urlsafe(48)}
