"""Projects, and the pages of listings."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sandbox_client import PixopClient

from media_sandbox.pixop.fixtures import FULL
from media_sandbox.testing import RunningSandbox

TIMESTAMP_LENGTH = len("2021-07-02 12:34:56")


def new_project(client: PixopClient, name: str = "Archive") -> dict[str, Any]:
    answer = client.call("PUT", "/videos/v1/project", json={"name": name})
    assert answer.status_code == 200, answer.text
    project: dict[str, Any] = answer.json()["project"]
    return project


def page_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_a_project_is_made_shown_renamed_and_deleted(client: PixopClient) -> None:
    made = new_project(client)
    assert set(made) == {"id", "name", "teamId", "dateCreated", "timeLastUpdated"}
    assert len(made["dateCreated"]) == TIMESTAMP_LENGTH
    url = f"/videos/v1/project/{made['id']}"
    assert client.call("GET", url).json() == {"project": made}
    renamed = client.call("POST", url, json={"name": "Film archive"}).json()["project"]
    assert (renamed["id"], renamed["name"]) == (made["id"], "Film archive")
    deleted = client.call("DELETE", url)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert client.call("GET", url).status_code == 404
    assert client.call("DELETE", url).status_code == 404


def test_two_projects_may_have_one_name(client: PixopClient) -> None:
    assert new_project(client)["id"] != new_project(client)["id"]


@pytest.mark.parametrize("body", ["{}", '{"name": null}', '{"name": ""}', '{"name": 5}', '{"name": "x", "a": 1}'])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_project_needs_a_name_and_nothing_else(shared_client: PixopClient, method: str, body: str) -> None:
    suffix = f"/{new_project(shared_client)['id']}" if method == "POST" else ""
    assert shared_client.call(method, f"/videos/v1/project{suffix}", content=body).status_code == 400


@pytest.mark.parametrize("body", ["", "[]", '"name"', '{"name": "x",}', "{'name': 'x'}", '{"name": NaN}', "\xff"])
def test_a_body_must_be_a_json_object(shared_client: PixopClient, body: str) -> None:
    answer = shared_client.call("PUT", "/videos/v1/project", content=body.encode("latin-1"))
    assert answer.status_code == 400
    assert answer.json()["exception"] == "BadRequestException"


def test_a_project_with_videos_stays(client: PixopClient) -> None:
    project_id = new_project(client)["id"]
    video_id = client.new_video(projectId=project_id)
    answer = client.call("DELETE", f"/videos/v1/project/{project_id}")
    assert (answer.status_code, answer.json()["exception"]) == (409, "ProjectNotEmptyException")
    client.call("DELETE", f"/videos/v1/video/{video_id}")
    assert client.call("DELETE", f"/videos/v1/project/{project_id}").status_code == 204


def test_projects_are_listed_with_the_keys_of_a_list(client: PixopClient) -> None:
    made = new_project(client)
    listed = client.call("GET", "/videos/v1/projects").json()["_embedded"]["projects"]
    assert [item["name"] for item in listed] == ["Default Project", "Archive"]
    assert set(listed[1]) == {"_links", "id", "name", "dateCreated", "timeLastUpdated"}
    assert client.call("GET", listed[1]["_links"]["self"]["href"]).json()["project"] == made


def test_pages_count_from_one_and_link_to_their_neighbours(shared_sandbox: RunningSandbox) -> None:
    full = PixopClient(shared_sandbox, FULL)
    first = full.call("GET", "/videos/v1/videos").json()
    assert (first["pageSize"], first["page"], len(first["_embedded"]["videos"])) == (10, 1, 10)
    assert set(first["_links"]) == {"self", "next", "first", "last"}
    second = full.call("GET", first["_links"]["next"]["href"]).json()
    assert (second["page"], len(second["_embedded"]["videos"])) == (2, 2)
    assert set(second["_links"]) == {"self", "previous", "first", "last"}
    assert second["_links"]["previous"] == first["_links"]["self"] == first["_links"]["first"]
    assert second["_links"]["self"] == first["_links"]["last"]


def test_links_keep_the_filter_and_the_page_size(shared_sandbox: RunningSandbox) -> None:
    full = PixopClient(shared_sandbox, FULL)
    project_id = full.call("GET", "/videos/v1/projects").json()["_embedded"]["projects"][0]["id"]
    url = f"/videos/v1/videos?project-id={project_id}&page-size=5&page=2"
    links = full.call("GET", url).json()["_links"]
    assert page_of(links["next"]["href"]) == {"project-id": [project_id], "page": ["3"], "page-size": ["5"]}
    assert page_of(links["last"]["href"]) == {"project-id": [project_id], "page": ["3"], "page-size": ["5"]}


def test_a_page_beyond_the_end_is_empty(shared_client: PixopClient) -> None:
    body = shared_client.call("GET", "/videos/v1/videos?page=9").json()
    assert body["_embedded"] == {"videos": []}
    assert "next" not in body["_links"]


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page-size=0", "page-size=1.5", "page=", "page=²"])
def test_a_faulty_page_is_refused(shared_client: PixopClient, query: str) -> None:
    for listing in ("projects", "videos"):
        assert shared_client.call("GET", f"/videos/v1/{listing}?{query}").status_code == 400


def test_a_page_has_at_most_a_hundred_items(shared_client: PixopClient) -> None:
    assert shared_client.call("GET", "/videos/v1/projects?page-size=5000").json()["pageSize"] == 100


def test_the_listing_of_an_unknown_project_is_empty(shared_client: PixopClient) -> None:
    for query in ("project-id=bogus", "parent-id=bogus"):
        assert shared_client.call("GET", f"/videos/v1/videos?{query}").json()["_embedded"]["videos"] == []


def test_the_link_to_the_page_before_and_the_page_size_are_switches(sandbox: RunningSandbox) -> None:
    sandbox.admin.options(previous_link="prev", default_page_size=3)
    body = PixopClient(sandbox, FULL).call("GET", "/videos/v1/videos?page=2").json()
    assert body["pageSize"] == 3
    assert "prev" in body["_links"]
    assert "previous" not in json.dumps(body)
