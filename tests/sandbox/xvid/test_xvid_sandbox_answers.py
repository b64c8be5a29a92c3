"""The forms of answers: JSON and XML, for people, with nulls, expanded, in pages; and those that refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from xvid_client import XvidClient, refusal

from media_sandbox.testing import RunningSandbox
from media_sandbox.xvid.fixtures import FOREIGN, MAIN, NARROW, OTHER, VAULT
from media_sandbox.xvid.presets import BY_NAME, PRESETS

UNKNOWN = "000000000000000000000000"
FILES = 7


@pytest.fixture(scope="module")
def filled(shared_xvid: XvidClient, clip: Path) -> XvidClient:
    """The plain client, with seven files and a job that has succeeded."""
    shared_xvid.uploaded(clip, "film-0.mp4")
    for number in range(1, FILES - 1):
        shared_xvid.uploaded(b"x" * number, f"note-{number}.txt")
    shared_xvid.done("MP3", input_name="film-0.mp4")
    return shared_xvid


def xml(text: str) -> ElementTree.Element:
    assert text.startswith("<?xml version")
    return ElementTree.fromstring(text.encode())


def value(element: ElementTree.Element, example: Any) -> Any:
    """Return an element as the JSON value that it stands for."""
    if isinstance(example, dict):
        return {child.tag: value(child, example[child.tag]) for child in element}
    if isinstance(example, list):
        assert {child.tag for child in element} <= {element.tag.removesuffix("s")}
        return [value(child, item) for child, item in zip(element, example, strict=True)]
    if isinstance(example, bool):
        return element.text == "true"
    return type(example)(element.text or "")


@pytest.mark.parametrize("path", ["/jobs/", "/files/", "/pipelines/"])
def test_xml_says_the_same_as_json(filled: XvidClient, path: str) -> None:
    plural = path.strip("/")
    listing = filled.get(path).json()
    item = listing[plural][0]
    single = f"{path}{item['id']}"
    root = xml(filled.get(single, format="xml").text)
    assert (root.tag, value(root, item)) == (plural.removesuffix("s"), item)
    whole = xml(filled.get(path, format="xml").text)
    assert whole.tag == plural
    assert len(whole.findall(root.tag)) == len(listing[plural])
    assert whole.findtext("total") == str(listing["total"])
    assert "format=xml" in (whole.findtext("first/href") or "")


def test_a_session_can_be_begun_in_xml(shared_xvid: XvidClient) -> None:
    params = {"object_key": "a&b<c>.mp4", "pipeline_id": MAIN.id, "format": "xml"}
    root = xml(shared_xvid.call("POST", "/files/uploads/", params=params).text)
    assert root.tag == "upload"
    assert root.findtext("form_post_params/key") == f"tmp/{MAIN.id}/a&b<c>.mp4"
    assert root.findtext("form_post_params/filename") == ""
    assert root.findtext("pipeline/id") == MAIN.id


def test_characters_that_xml_does_not_have_are_replaced(shared_xvid: XvidClient) -> None:
    id_ = shared_xvid.ordered("MP3", input_name="none", user_data="a\x00b\uffffc")
    assert xml(shared_xvid.get(f"/jobs/{id_}", format="xml").text).findtext("user_data") == "a\ufffdb\ufffdc"
    shared_xvid.ended(id_)
    shared_xvid.call("DELETE", f"/jobs/{id_}")


@pytest.mark.parametrize(
    ("accept", "format_", "answered"),
    [
        (None, None, "application/json"),
        ("*/*", None, "application/json"),
        ("text/html", None, "application/json"),
        ("application/xml", None, "application/xml"),
        ("text/html, Application/XML;q=0.9, */*", None, "application/xml"),
        ("application/json, application/xml", None, "application/json"),
        ("application/xml", "json", "application/json"),
        ("application/json", "xml", "application/xml"),
    ],
)
def test_the_parameter_wins_over_the_header(
    shared_xvid: XvidClient, accept: str | None, format_: str | None, answered: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    params = {} if format_ is None else {"format": format_}
    for path in ("/pipelines/", f"/pipelines/{UNKNOWN}"):
        answer = shared_xvid.call("GET", path, params=params, headers=headers)
        assert answer.headers["content-type"] == answered


def test_answers_can_be_for_people(filled: XvidClient) -> None:
    for format_ in ("json", "xml"):
        plain = filled.get(f"/pipelines/{MAIN.id}", format=format_, human="false").text
        human = filled.get(f"/pipelines/{MAIN.id}", format=format_, human="true").text
        assert len(human.splitlines()) > len(plain.splitlines())
    assert json.loads(filled.get(f"/pipelines/{MAIN.id}", human="true").text) == (
        filled.get(f"/pipelines/{MAIN.id}").json()
    )


def test_nulls_can_be_shown(filled: XvidClient) -> None:
    id_ = filled.get("/files/").json()["files"][1]["id"]
    usual, full = filled.one(f"/files/{id_}", "file"), filled.get(f"/files/{id_}", show_null="true").json()["file"]
    assert None not in usual.values()
    assert {name: item for name, item in full.items() if item is not None} == usual
    assert full["job"] is None
    assert "<job />" in filled.get(f"/files/{id_}", show_null="true", format="xml").text


def test_references_can_be_expanded_by_kind(filled: XvidClient) -> None:
    job = filled.get("/jobs/").json()["jobs"][0]
    expanded = filled.get(f"/jobs/{job['id']}", expand="file,preset").json()["job"]
    output = expanded["outputs"][0]
    assert output["file"] == filled.one(f"/files/{output['file']['id']}", "file")
    assert output["preset"]["name"] == "MP3"
    assert expanded["input"]["file"]["name"] == "film-0.mp4"
    assert expanded["pipeline"] == job["pipeline"] == {"id": MAIN.id, "href": f"{filled.base}/pipelines/{MAIN.id}"}
    listed = filled.get("/jobs/", expand="file,preset").json()["jobs"][0]
    assert listed == expanded


def test_all_references_can_be_expanded_without_end(filled: XvidClient) -> None:
    job_id = filled.get("/jobs/").json()["jobs"][0]["id"]
    job = filled.get(f"/jobs/{job_id}", expand_all="true").json()["job"]
    output = job["outputs"][0]["file"]
    assert job["pipeline"]["name"] == output["pipeline"]["name"] == "Main"
    assert output["job"]["id"] == job_id
    # Objects that the stand-in does not have stay references.
    assert set(job["user"]) == set(job["application"]) == {"id", "href"}
    file = filled.get(f"/files/{output['id']}", expand="job,file").json()["file"]
    assert file["job"]["status"] == "SUCCESS"
    assert file["job"]["outputs"][0]["file"]["job"]["id"] == job_id


def test_a_reference_to_what_is_gone_stays_one(xvid: XvidClient, clip: Path) -> None:
    source = xvid.uploaded(clip)
    id_ = xvid.done("MP3")["id"]
    xvid.call("DELETE", f"/files/{source}")
    job = xvid.get(f"/jobs/{id_}", expand_all="true").json()["job"]
    assert job["input"]["file"] == {"id": source, "href": f"{xvid.base}/files/{source}"}


def test_listings_come_in_parts(filled: XvidClient) -> None:
    whole = filled.get("/files/").json()
    assert (whole["total"], whole["start"], whole["limit"]) == (FILES, 0, 1000)
    assert set(whole) == {"files", "total", "start", "limit", "first", "last"}
    part = filled.get("/files/", start=2, limit=3, type="file").json()
    assert part["files"] == whole["files"][2:5]
    assert (part["total"], part["start"], part["limit"]) == (FILES, 2, 3)
    for name, start in (("first", "0"), ("last", "6")):
        href = part[name]["href"]
        assert href.startswith(f"{filled.base}/files/?")
        assert parse_qs(urlsplit(href).query) == {"type": ["file"], "start": [start], "limit": ["3"]}
    last = filled.http.get(part["last"]["href"], headers=filled.headers).json()
    assert last["files"] == whole["files"][6:]
    assert filled.get("/files/", start=FILES).json()["files"] == []


def test_the_limits_of_listings_can_be_chosen(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", default_limit=1, largest_limit=2)
    assert len(xvid.get("/presets/").json()["presets"]) == 1
    assert len(xvid.get("/presets/", limit=2).json()["presets"]) == 2
    assert xvid.get("/presets/", limit=3).status_code == 400


def test_listings_are_sorted_by_any_key(filled: XvidClient) -> None:
    def sizes(**params: Any) -> list[int]:
        return [file["size"] for file in filled.get("/files/", **params).json()["files"]]

    usual = sizes()
    assert sizes(direction=-1) == usual[::-1]
    assert sizes(sort="size") == sizes(sort="size", direction=1) == sorted(usual)
    assert sizes(sort="size", direction=-1) == sorted(usual, reverse=True)
    assert sizes(sort="nothing") == usual
    durations = [file.get("duration") for file in filled.get("/files/", sort="duration").json()["files"]]
    assert durations[2:] == [None] * (FILES - 2)
    names = [file["name"] for file in filled.get("/files/", sort="name").json()["files"]]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "params",
    [
        {"start": -1},
        {"start": "a"},
        {"limit": 0},
        {"limit": 5001},
        {"direction": 0},
        {"sort": "pipeline"},
        {"format": "html"},
        {"human": "1"},
        {"show_null": ""},
        {"expand_all": "yes"},
    ],
)
def test_parameters_of_listings_must_make_sense(filled: XvidClient, params: dict[str, Any]) -> None:
    assert refusal(filled.get("/files/", **params)) == (400, "0x0230001", "Invalid Input")


def test_pipelines_are_shown_with_their_secrets(shared_sandbox: RunningSandbox, shared_xvid: XvidClient) -> None:
    listing = shared_xvid.get("/pipelines/").json()
    assert [item["name"] for item in listing["pipelines"]] == ["Main", "Vault"]
    vault = shared_xvid.one(f"/pipelines/{VAULT.id}", "pipeline")
    assert "vault-input-secret" in vault["input_download_dir"]
    assert "vault-output-secret" in vault["output_upload_dir"]
    for id_ in (UNKNOWN, FOREIGN.id):
        assert refusal(shared_xvid.get(f"/pipelines/{id_}"))[0] == 404
    assert refusal(shared_xvid.get("/pipelines/main"))[0] == 400
    other = XvidClient(shared_sandbox, OTHER).get("/pipelines/").json()["pipelines"]
    assert [item["id"] for item in other] == [FOREIGN.id]


def test_presets_of_the_system_are_shown_to_everybody(shared_sandbox: RunningSandbox, shared_xvid: XvidClient) -> None:
    system = [preset for preset in PRESETS if preset.type == "system"]
    custom = [preset for preset in PRESETS if preset.type == "custom"]
    assert system
    assert custom
    nobody = {"Authorization": ""}

    def names(**request: Any) -> list[str]:
        return [preset["name"] for preset in shared_xvid.call("GET", "/presets/", **request).json()["presets"]]

    assert names(params={"type": "system"}, headers=nobody) == [preset.name for preset in system]
    assert names(params={"type": "custom"}) == [preset.name for preset in custom]
    assert names() == [preset.name for preset in PRESETS]
    for params in ({"type": "custom"}, {}):
        assert refusal(shared_xvid.call("GET", "/presets/", params=params, headers=nobody))[0] == 403
    assert refusal(shared_xvid.get("/presets/", type="good"))[0] == 400
    for preset, status in ((system[0].id, 200), (custom[0].id, 403), (UNKNOWN, 403)):
        assert shared_xvid.call("GET", f"/presets/{preset}", headers=nobody).status_code == status
    narrow = XvidClient(shared_sandbox, NARROW)
    assert [narrow.get(f"/presets/{id_}").status_code for id_ in (custom[0].id, UNKNOWN, "1")] == [200, 404, 400]


def test_a_preset_tells_what_it_makes(shared_xvid: XvidClient) -> None:
    preset = shared_xvid.one(f"/presets/{BY_NAME['Xvid AVI'].id}", "preset")
    assert preset == {
        "name": "Xvid AVI",
        "description": "MPEG-4 Advanced Simple Profile and MP3 in AVI",
        "type": "system",
        "target_format": {
            "extension": "avi",
            "container": "avi",
            "vcodec": {"codec": {"id": "xvid"}, "profile": "asp", "passes": 1},
            "acodec": {"codec": {"id": "mp3"}, "passes": 1},
        },
        "id": BY_NAME["Xvid AVI"].id,
    }
    half = shared_xvid.one(f"/presets/{BY_NAME['Half size H.264 MP4'].id}", "preset")
    assert half["settings"] == {"video": {"width": "50%", "height": "50%"}}


COLLECTIONS = [
    ("POST", "/oauth2/token"),
    ("GET", "/files"),
    ("GET", "/files/downloads"),
    ("POST", "/jobs"),
    ("GET", "/jobs"),
    ("GET", "/pipelines"),
    ("GET", "/presets"),
]


@pytest.mark.parametrize(("method", "path"), COLLECTIONS)
def test_collections_need_their_slash(shared_xvid: XvidClient, method: str, path: str) -> None:
    answer = shared_xvid.call(method, path)
    assert refusal(answer) == (404, "0x0000004", "Requested resource does not exist")
    assert answer.headers["x-sandbox-reason"] == "the path of a collection ends with a slash"


def test_slashes_can_be_left_to_the_client(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", strict_slashes=False)
    for path in ("/files", "/jobs", "/pipelines", "/presets"):
        assert xvid.get(path).status_code == 200


@pytest.mark.parametrize("path", [f"/jobs/{UNKNOWN}/", f"/files/{UNKNOWN}/", "/", "/titles/", "/jobs/templates/"])
def test_other_paths_are_not_there(shared_xvid: XvidClient, path: str) -> None:
    assert refusal(shared_xvid.get(path)) == (404, "0x0000004", "Requested resource does not exist")


def test_other_methods_are_not_allowed(shared_xvid: XvidClient) -> None:
    answer = shared_xvid.call("PATCH", f"/jobs/{UNKNOWN}")
    assert refusal(answer) == (405, "0x0000005", "Method not allowed")
    assert answer.headers["allow"] == "DELETE, GET"


def test_errors_come_in_xml_too(shared_xvid: XvidClient) -> None:
    for path in ("/jobs/1", "/nothing"):
        root = xml(shared_xvid.get(path, format="xml").text)
        assert root.tag == "error"
        assert [child.tag for child in root] == ["error_code", "error_message"]


def test_codes_can_come_bare(sandbox: RunningSandbox, xvid: XvidClient) -> None:
    sandbox.admin.options("xvid", bare_codes=True)
    assert refusal(xvid.get("/jobs/1"))[1] == "0050001"
    assert refusal(xvid.get(f"/files/{UNKNOWN}"))[1] == "0230002"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("500", (500, "0x0000001", "Internal Error")),
        ("403", (403, "0x0000003", "Invalid access token")),
        ("503 message=busy", (503, "0x0000001", "busy")),
        ("404 exception=0x0230002 message=gone", (404, "0x0230002", "gone")),
    ],
)
def test_faults_have_the_shape_of_the_service(
    sandbox: RunningSandbox, xvid: XvidClient, fault: str, expected: tuple[int, str, str]
) -> None:
    sandbox.admin.fault(f"{fault} times=1 on=xvid.list_files")
    assert refusal(xvid.get("/files/")) == expected
    assert xvid.get("/files/").status_code == 200
