"""Paths: resources and keys as one segment each, and what is no path of the service."""

from __future__ import annotations

import pytest
from media_storage_client import StorageClient, error, media_path

from media_sandbox.testing import RunningSandbox

NAMES = [
    "plain.mov",
    "a b+ü%.mp4",
    "50%25.mov",
    "what?#why",
    "a/b",
    "back\\slash",
    "(/{key})?",
    ":;,'\"()@=&!$*",
    "日本語.mp4",
    "😀",
    "...",
    "a\tb\n",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_round_trip_as_resource_and_as_key(shared_storage: StorageClient, name: str) -> None:
    content = name.encode()
    stored = shared_storage.stored(content, name)
    assert (stored["resource"], stored["key"]) == (name, "")
    variant = shared_storage.stored(content * 2, "variants of " + name, name)
    assert variant["key"] == name
    for resource, key, size in ((name, None, len(content)), ("variants of " + name, name, 2 * len(content))):
        attributes = shared_storage.get(media_path("info", resource, key)).json()["data"]["attributes"]
        assert (attributes["resource"], attributes["key"], attributes["size"]) == (resource, key or "", size)
        assert shared_storage.get(media_path("files", resource, key)).content == content * (1 if key is None else 2)
    assert [item["id"] for item in shared_storage.medias({"filter[resource]": name})] == [stored["id"]]
    assert [item["id"] for item in shared_storage.medias({"filter[key]": name})] == [variant["id"]]


def test_nothing_a_client_names_becomes_a_path(sandbox: RunningSandbox, storage: StorageClient) -> None:
    before = set(sandbox.data.parent.iterdir())
    storage.stored(b"x", "../../escaped", "../../../escaped", filename="..\\..\\escaped.mp4")
    assert set(sandbox.data.parent.iterdir()) == before
    assert not [path for path in sandbox.data.rglob("*") if "escaped" in path.name]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/medias/info/", 404),
        ("/medias/info/r1/", 404),
        ("/medias/info//r1", 404),
        ("/medias/files/a/b/c", 404),
        ("/medias/info/a/b/c", 404),
        ("/medias/info/%2E%2E", 404),
        ("/medias/info/..", 404),
        ("/medias/info/./r1", 404),
        ("/medias/info/r1/%2e", 404),
        ("/medias/info/%FF", 400),
        ("/medias/info/r1/%C3", 400),
        ("/medias/info/a%00b", 400),
        ("/medias/files/r1/%00", 400),
        ("/medias/info/100%", 400),
        ("/medias/info/%zz", 400),
        ("/medias/r1", 404),
        ("/jobs/", 404),
        ("/jobs/a/b", 404),
        ("/medias/", 404),
        ("", 404),
        ("/", 404),
        ("//jobs", 404),
        ("/nothing", 404),
    ],
)
def test_paths_that_name_nothing(shared_storage: StorageClient, path: str, status: int) -> None:
    found, document = shared_storage.raw("GET", path)
    assert found == status
    assert document["errors"][0]["status"] == str(status)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs"),
        ("PATCH", "/jobs/0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001"),
        ("PUT", "/jobs/0197a0c4-7e1b-7c3d-9f10-3a5e8c21b001"),
        ("DELETE", "/jobs"),
        ("DELETE", "/medias/files/r1"),
        ("DELETE", "/medias/info/r1"),
        ("PUT", "/medias/files/r1"),
        ("POST", "/medias"),
        ("POST", "/medias/info/r1"),
    ],
)
def test_other_methods_are_unknown_routes(shared_storage: StorageClient, method: str, path: str) -> None:
    answer = shared_storage.call(method, path)
    assert answer.status_code == 404
    assert "allow" not in answer.headers
    assert error(answer)["status"] == "404"


def test_a_key_is_a_variant_of_its_own(storage: StorageClient) -> None:
    original, variant = storage.stored(b"1", "r1"), storage.stored(b"22", "r1", "k1")
    assert original["id"] != variant["id"]
    assert storage.get(media_path("files", "r1", "k1")).content == b"22"
    assert storage.get(media_path("files", "r1", "k2")).status_code == 404
    assert storage.get(media_path("info", "k1")).status_code == 404


def test_real_deployments_take_encoded_slashes_for_separators(storage: StorageClient) -> None:
    storage.options(misroute_slashes=True)
    stored = storage.stored(b"x", "a/b")
    assert (stored["resource"], stored["key"]) == ("a", "b")
    assert storage.get(media_path("info", "a", "b")).status_code == 200
    assert storage.get(media_path("info", "a/b")).json()["data"]["attributes"]["key"] == "b"
    assert storage.upload(b"x", "r", "k/l").status_code == 404
    assert storage.upload(b"x", "a/b/c").status_code == 404
    assert storage.stored(b"x", "back\\slash")["resource"] == "backslash"
