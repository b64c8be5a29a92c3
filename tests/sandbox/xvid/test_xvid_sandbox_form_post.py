"""The form post: what the bucket checks, in its order and with its answers, also for forms that boto3 makes."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import boto3
import httpx
import pytest
from botocore.config import Config
from xvid_client import XvidClient

from media_sandbox.testing import RunningSandbox
from media_sandbox.xvid.fixtures import ACCESS_KEY_ID, BUCKET, MAIN, SECRET_ACCESS_KEY
from media_sandbox.xvid.policy import sign

FILE = ("clip.mp4", b"the content of the file")
MD5 = hashlib.md5(FILE[1], usedforsecurity=False).hexdigest()
Parts = list[tuple[str, tuple[str | None, bytes]]]


def xml(answer: httpx.Response) -> dict[str, str]:
    assert answer.headers["content-type"].startswith("application/xml"), answer.text
    return {element.tag: element.text or "" for element in ElementTree.fromstring(answer.content)}


def error(answer: httpx.Response) -> tuple[int, str]:
    body = xml(answer)
    assert ElementTree.fromstring(answer.content).tag == "Error"
    assert body["RequestId"]
    assert body["HostId"]
    return answer.status_code, body["Code"]


def parts(fields: dict[str, str], file: tuple[str, bytes] | None = FILE) -> Parts:
    made: Parts = [(name, (None, value.encode())) for name, value in fields.items()]
    return made if file is None else [*made, ("file", file)]


def post(client: XvidClient, session: dict[str, Any], form: Parts, **request: Any) -> httpx.Response:
    return client.http.post(request.pop("url", session["form_post_url"]), files=form, **request)


@pytest.fixture
def session(shared_xvid: XvidClient) -> dict[str, Any]:
    return shared_xvid.session()


@pytest.fixture
def fields(session: dict[str, Any]) -> dict[str, str]:
    return dict(session["form_post_params"])


def signed(conditions: list[Any], **document: Any) -> dict[str, str]:
    """Return the fields of a policy of one's own, signed as it should be."""
    document = {"expiration": "2999-01-01T00:00:00Z", "conditions": conditions, **document}
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    return {"policy": policy, "signature": sign(policy, SECRET_ACCESS_KEY), "AWSAccessKeyId": ACCESS_KEY_ID}


def presigned(sandbox: RunningSandbox, key: str, fields: dict[str, str], conditions: list[Any]) -> dict[str, Any]:
    """Have boto3 make a form."""
    client = boto3.client(
        "s3",
        endpoint_url=f"{sandbox.base_url}/xvid/s3",
        region_name="eu-west-1",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(signature_version="s3", s3={"addressing_style": "path"}),
    )
    form: dict[str, Any] = client.generate_presigned_post(BUCKET, key, Fields=fields, Conditions=conditions)
    return form


def test_a_session_s_form_is_taken(shared_xvid: XvidClient, session: dict[str, Any]) -> None:
    answer = post(shared_xvid, session, parts(session["form_post_params"]))
    key = f"tmp/{MAIN.id}/uploads/clip.mp4"
    location = f"{shared_xvid.origin}/xvid/s3/{BUCKET}/{quote(key, safe='')}"
    assert answer.status_code == 201
    assert xml(answer) == {"Location": location, "Bucket": BUCKET, "Key": key, "ETag": f'"{MD5}"'}
    assert (answer.headers["etag"], answer.headers["location"]) == (f'"{MD5}"', location)


def test_the_order_of_the_fields_does_not_matter(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]
) -> None:
    assert post(shared_xvid, session, parts(dict(reversed(fields.items())))).status_code == 201


def test_the_last_slash_may_be_absent(shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]) -> None:
    url = session["form_post_url"].removesuffix("/")
    assert post(shared_xvid, session, parts(fields), url=url).status_code == 201


def test_parts_after_the_file_are_ignored(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]
) -> None:
    assert post(shared_xvid, session, [*parts(fields), ("Upload", (None, b"Submit"))]).status_code == 201


def test_a_form_made_by_boto3_is_taken(shared_sandbox: RunningSandbox, shared_xvid: XvidClient) -> None:
    form = presigned(
        shared_sandbox, "from/boto.mp4", {"acl": "private"}, [{"acl": "private"}, ["content-length-range", 1, 100]]
    )
    answer = shared_xvid.http.post(form["url"], data=form["fields"], files={"file": FILE})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"] == f'"{MD5}"'


@pytest.mark.parametrize(("status", "answered"), [("200", 200), ("201", 201), ("204", 204), ("299", 204)])
def test_the_form_chooses_the_status(
    shared_sandbox: RunningSandbox, shared_xvid: XvidClient, status: str, answered: int
) -> None:
    chosen = {"success_action_status": status}
    form = presigned(shared_sandbox, "from/boto.mp4", chosen, [chosen])
    answer = shared_xvid.http.post(form["url"], data=form["fields"], files={"file": FILE})
    assert answer.status_code == answered
    assert (answer.content == b"") is (answered != 201)


def test_the_name_of_the_file_stands_in_for_its_variable(
    shared_sandbox: RunningSandbox, shared_xvid: XvidClient
) -> None:
    form = presigned(
        shared_sandbox, "from/${filename}", {"success_action_status": "201"}, [{"success_action_status": "201"}]
    )
    answer = shared_xvid.http.post(form["url"], data=form["fields"], files={"file": ("C:\\films\\reel.mov", b"x")})
    assert xml(answer)["Key"] == "from/reel.mov"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"AWSAccessKeyId": "AKIAUNKNOWN"}, 403, "InvalidAccessKeyId"),
        ({"signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, 403, "SignatureDoesNotMatch"),
        ({"acl": "public-read"}, 403, "AccessDenied"),
        ({"key": "elsewhere/boto.mp4"}, 403, "AccessDenied"),
        ({"Content-Type": "video/mp4"}, 403, "AccessDenied"),
    ],
)
def test_a_form_made_by_boto3_is_refused_when_tampered_with(
    shared_sandbox: RunningSandbox, shared_xvid: XvidClient, changed: dict[str, str], status: int, code: str
) -> None:
    form = presigned(shared_sandbox, "from/boto.mp4", {"acl": "private"}, [{"acl": "private"}])
    answer = shared_xvid.http.post(form["url"], data={**form["fields"], **changed}, files={"file": FILE})
    assert error(answer) == (status, code)


def test_a_token_is_refused(shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]) -> None:
    answer = post(shared_xvid, session, parts(fields), headers=shared_xvid.headers)
    assert error(answer) == (400, "InvalidArgument")
    assert xml(answer)["ArgumentName"] == "Authorization"
    assert shared_xvid.headers["Authorization"] not in answer.text


def test_another_kind_of_body_is_refused(shared_xvid: XvidClient, session: dict[str, Any]) -> None:
    answer = shared_xvid.http.post(session["form_post_url"], data=session["form_post_params"])
    assert error(answer) == (412, "PreconditionFailed")
    assert xml(answer)["Condition"] == "Bucket POST must be of the enclosure-type multipart/form-data"


def test_a_body_without_length_is_refused(shared_xvid: XvidClient, session: dict[str, Any]) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = shared_xvid.http.post(session["form_post_url"], content=iter([b"--b--\r\n"]), headers=headers)
    assert error(answer) == (411, "MissingContentLength")


def test_a_body_that_is_no_multipart_is_refused(shared_xvid: XvidClient, session: dict[str, Any]) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = shared_xvid.http.post(session["form_post_url"], content=b"nothing of the kind", headers=headers)
    assert error(answer) == (400, "MalformedPOSTRequest")


def test_too_much_before_the_file_is_refused(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]
) -> None:
    spare = 20 * 1024 - sum(len(value) for value in fields.values())
    assert post(shared_xvid, session, parts({**fields, "x-ignore-me": "x" * spare})).status_code == 201
    answer = post(shared_xvid, session, parts({**fields, "x-ignore-me": "x" * (spare + 1)}))
    assert error(answer) == (400, "MaxPostPreDataLengthExceeded")


def test_an_unknown_bucket_is_refused(shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]) -> None:
    answer = post(shared_xvid, session, parts(fields), url=f"{shared_xvid.origin}/xvid/s3/nobodys-bucket/")
    assert error(answer) == (404, "NoSuchBucket")
    assert xml(answer)["BucketName"] == "nobodys-bucket"


@pytest.mark.parametrize("where", ["nowhere", "after the file"])
def test_the_key_must_come_before_the_file(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str], where: str
) -> None:
    key = fields.pop("key")
    form = parts(fields) + (parts({"key": key}, None) if where == "after the file" else [])
    answer = post(shared_xvid, session, form)
    assert error(answer) == (400, "InvalidArgument")
    assert xml(answer)["ArgumentName"] == "key"
    assert xml(answer)["Message"] == (
        "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."
    )


@pytest.mark.parametrize("files", [[], [("file", FILE)] * 2, [("data", FILE)], [("data", FILE), ("file", FILE)]])
def test_there_must_be_one_file_and_it_must_be_called_so(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str], files: Parts
) -> None:
    answer = post(shared_xvid, session, parts(fields, None) + files)
    assert error(answer) == (400, "InvalidArgument")
    assert xml(answer)["Message"] == "POST requires exactly one file upload per request."


@pytest.mark.parametrize("missing", [["policy"], ["AWSAccessKeyId", "signature"], ["policy", "signature"]])
def test_a_form_without_credentials_is_refused(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str], missing: list[str]
) -> None:
    answer = post(shared_xvid, session, parts({name: fields[name] for name in fields if name not in missing}))
    assert error(answer) == (403, "AccessDenied")
    assert xml(answer)["Message"] == "Access Denied"


@pytest.mark.parametrize(("missing", "named"), [("AWSAccessKeyId", "AWSAccessKeyId"), ("signature", "Signature")])
def test_half_of_the_credentials_is_not_enough(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str], missing: str, named: str
) -> None:
    del fields[missing]
    answer = post(shared_xvid, session, parts(fields))
    assert error(answer) == (400, "InvalidArgument")
    assert xml(answer)["ArgumentName"] == named
    assert f"a field named '{named}'.  If" in xml(answer)["Message"]


def test_an_unknown_key_id_is_refused(shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]) -> None:
    answer = post(shared_xvid, session, parts({**fields, "AWSAccessKeyId": "AKIANOBODY"}))
    assert error(answer) == (403, "InvalidAccessKeyId")
    assert xml(answer)["AWSAccessKeyId"] == "AKIANOBODY"


def test_a_wrong_signature_is_told_before_the_policy_is_read(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]
) -> None:
    answer = post(shared_xvid, session, parts({**fields, "policy": "no policy at all"}))
    assert error(answer) == (403, "SignatureDoesNotMatch")
    body = xml(answer)
    assert (body["AWSAccessKeyId"], body["StringToSign"]) == (ACCESS_KEY_ID, "no policy at all")
    assert body["SignatureProvided"] == fields["signature"]


def test_what_is_signed_must_be_a_policy(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]
) -> None:
    two_keys = signed([{"acl": "private", "bucket": BUCKET}])
    answer = post(shared_xvid, session, parts({**fields, **two_keys}))
    assert error(answer) == (400, "InvalidPolicyDocument")
    assert "exactly one property" in xml(answer)["Message"]


def test_an_expired_policy_is_told_before_its_conditions(
    shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]
) -> None:
    expired = signed([{"acl": "public-read"}], expiration="2020-01-01T00:00:00Z")
    answer = post(shared_xvid, session, parts({**fields, **expired}))
    assert error(answer) == (403, "AccessDenied")
    assert xml(answer)["Message"] == "Invalid according to Policy: Policy expired."


def test_a_session_s_policy_lives_for_half_an_hour(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    session = xvid.session()
    sandbox.admin.advance_clock(1790)
    assert xvid.post_form(session, b"x").status_code == 201
    sandbox.admin.advance_clock(20)
    assert "Policy expired." in xvid.post_form(session, b"x").text


def test_the_life_of_a_policy_can_be_chosen(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", policy_life=0.0)
    assert "Policy expired." in xvid.post_form(xvid.session(), b"x").text


@pytest.mark.parametrize(
    ("changed", "condition"),
    [
        ({"acl": "public-read"}, '["eq", "$acl", "private"]'),
        ({"key": "elsewhere/clip.mp4"}, f'["starts-with", "$key", "tmp/{MAIN.id}/"]'),
        ({"success_action_status": "200"}, '["eq", "$success_action_status", "201"]'),
        ({"filename": None}, '["starts-with", "$filename", ""]'),
        ({"chunks": None}, '["starts-with", "$chunks", ""]'),
    ],
)
def test_a_condition_that_fails_is_told(
    shared_xvid: XvidClient, session: dict[str, Any], changed: dict[str, str | None], condition: str
) -> None:
    answer = shared_xvid.post_form(session, b"x", **changed)
    assert error(answer) == (403, "AccessDenied")
    assert xml(answer)["Message"] == f"Invalid according to Policy: Policy Condition failed: {condition}"


def test_a_field_too_many_is_refused(shared_xvid: XvidClient, session: dict[str, Any], fields: dict[str, str]) -> None:
    answer = post(shared_xvid, session, parts({**fields, "Content-Type": "video/mp4"}))
    assert error(answer) == (403, "AccessDenied")
    assert xml(answer)["Message"] == "Invalid according to Policy: Extra input fields: content-type"


def test_sizes_are_limited_by_the_policy(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", length_condition=True, largest_object=10)
    session = xvid.session()
    assert xvid.post_form(session, b"x" * 10).status_code == 201
    answer = xvid.post_form(session, b"x" * 11)
    assert error(answer) == (400, "EntityTooLarge")
    assert (xml(answer)["ProposedSize"], xml(answer)["MaxSizeAllowed"]) == ("11", "10")


def test_sizes_are_limited_by_s3_itself(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    session = xvid.session()
    assert sandbox.admin.options("xvid", largest_object=10)["length_condition"] is False
    assert error(xvid.post_form(session, b"x" * 11)) == (400, "EntityTooLarge")


def test_refused_forms_leave_nothing(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    session = xvid.session()
    for changed in ({"key": None}, {"acl": "public-read"}, {"signature": "x"}):
        assert xvid.post_form(session, b"x", **changed).is_error
    assert [path for path in (sandbox.data / "xvid").glob("*/*") if path.is_file()] == []


def test_posting_again_replaces_the_object(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    session = xvid.session()
    for content in (b"first", b"second"):
        assert xvid.post_form(session, content).status_code == 201
    assert [path.read_bytes() for path in (sandbox.data / "xvid" / "objects").iterdir()] == [b"second"]


def test_the_bucket_answers_faults_in_its_own_shape(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    session = xvid.session()
    sandbox.admin.fault("503 retry_after=1 on=xvid.post_object times=1")
    answer = xvid.post_form(session, b"x")
    assert error(answer) == (503, "SlowDown")
    assert answer.headers["retry-after"] == "1"
    assert xvid.post_form(session, b"x").status_code == 201


def test_a_post_that_is_cut_off_leaves_nothing(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    session = xvid.session()
    sandbox.admin.fault("reset_upload bytes=100000 on=xvid.post_object times=1")
    with pytest.raises(httpx.TransportError):
        xvid.post_form(session, b"x" * 5_000_000)
    assert xvid.post_form(session, b"whole").status_code == 201
    assert [path.read_bytes() for path in (sandbox.data / "xvid" / "objects").iterdir()] == [b"whole"]


def test_other_methods_are_refused_in_the_bucket_s_shape(shared_xvid: XvidClient, session: dict[str, Any]) -> None:
    answer = shared_xvid.http.put(session["form_post_url"], content=b"x")
    assert error(answer) == (405, "MethodNotAllowed")
    assert answer.headers["allow"] == "POST"
