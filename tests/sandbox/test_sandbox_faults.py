"""Faults: what each kind does on the wire, and which calls it strikes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from sandbox_client import PixopClient

from media_sandbox.faults import Fault, parse_fault
from media_sandbox.pixop.fixtures import PLAIN
from media_sandbox.testing import RunningSandbox

ACCOUNT = "/accounts/v1/account"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("503", Fault("error", status=503)),
        (
            "429 retry_after=2 on=pixop.process_video",
            Fault("error", status=429, retry_after=2, on="pixop.process_video"),
        ),
        (
            "delay seconds=0.5 method=GET path=/pixop/media/*",
            Fault("delay", seconds=0.5, method="GET", path="/pixop/media/*"),
        ),
        ("truncate bytes=100 times=3", Fault("truncate", bytes=100, times=3)),
        ("reset", Fault("reset")),
    ],
)
def test_a_fault_is_written_in_one_line(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "explode", "reset now", "reset when=later", "error kind"])
def test_a_faulty_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault|form"):
        parse_fault(text)


def test_the_admin_endpoint_refuses_a_faulty_fault(sandbox: RunningSandbox) -> None:
    for body in ({"kind": "explode"}, {"on": "*"}, {"kind": "reset", "when": 1}):
        assert httpx.post(f"{sandbox.base_url}/_admin/faults", json=body).status_code == 400


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_has_the_shape_of_the_service(sandbox: RunningSandbox, client: PixopClient, status: int) -> None:
    sandbox.admin.fault(f"{status} retry_after=3 times=1")
    answer = client.call("GET", ACCOUNT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "3")
    assert set(answer.json()) == {"exception", "errorMessage"}
    assert client.call("GET", ACCOUNT).status_code == 200


def test_an_error_need_not_say_when_to_come_again(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("429 times=1")
    assert "Retry-After" not in client.call("GET", ACCOUNT).headers


def test_a_bad_gateway_answers_in_html(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("502 times=1")
    answer = client.call("GET", ACCOUNT)
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")


def test_an_exception_can_be_forced(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("error status=401 exception=UserBannedException times=1")
    answer = client.call("GET", ACCOUNT)
    assert (answer.status_code, answer.json()["exception"]) == (401, "UserBannedException")


def test_a_fault_strikes_the_calls_it_is_meant_for(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("500 on=pixop.list_*")
    sandbox.admin.fault("503 path=/pixop/videos/v1/video method=PUT")
    assert client.call("GET", ACCOUNT).status_code == 200
    assert client.call("GET", "/videos/v1/projects").status_code == 500
    assert client.call("GET", "/videos/v1/videos").status_code == 500
    assert client.call("PUT", "/videos/v1/video", json={}).status_code == 503
    assert len(sandbox.admin.faults()) == 2
    sandbox.admin.clear_faults()
    assert client.call("GET", "/videos/v1/projects").status_code == 200


def test_a_fault_is_gone_after_its_times(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("500 times=2")
    assert [client.call("GET", ACCOUNT).status_code for _ in range(3)] == [500, 500, 200]
    assert sandbox.admin.faults() == []


def test_a_reset_does_nothing_and_answers_nothing(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("reset times=2")
    with pytest.raises(httpx.ReadError, match="reset"):
        client.call("GET", ACCOUNT)
    with pytest.raises(httpx.TransportError):
        client.call("PUT", "/videos/v1/video", json={"name": "Reel 1"})
    assert client.call("GET", "/videos/v1/videos").json()["_embedded"]["videos"] == []


def test_a_lost_answer_comes_after_the_work(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("lost_answer times=1")
    with pytest.raises(httpx.ReadError, match="reset"):
        client.call("PUT", "/videos/v1/video", json={"name": "Reel 1"})
    videos = client.call("GET", "/videos/v1/videos").json()["_embedded"]["videos"]
    assert [video["name"] for video in videos] == ["Reel 1"]


def test_a_reset_inside_an_upload_leaves_it_failed(
    sandbox: RunningSandbox, client: PixopClient, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    large.write_bytes(b"x" * 8_000_000)
    video_id = client.new_video()
    sandbox.admin.fault("reset_upload bytes=1000000 times=1")
    with pytest.raises(httpx.TransportError):
        client.upload(video_id, large)
    assert client.video(video_id)["upload"]["uploadState"]["uploadStatus"] == "ERROR"
    assert list((sandbox.data / "pixop" / video_id).iterdir()) == []
    read = sandbox.admin.requests("pixop.upload_light")[0]
    assert (read["status"], read["fault"]) == (None, "reset_upload")
    assert 1_000_000 <= read["body_bytes"] < 8_000_000
    assert client.upload(video_id, large).status_code == 200


@pytest.mark.parametrize("count", [0, 1, 50_000])
def test_a_truncated_download_has_the_first_bytes_only(
    sandbox: RunningSandbox, client: PixopClient, garbage: Path, count: int
) -> None:
    video_id = client.new_video()
    client.upload(video_id, garbage)
    sandbox.admin.fault(f"truncate bytes={count} on=pixop.download_original times=1")
    url = f"/media/v1/download/original/{video_id}"
    received: list[bytes] = []
    with client.http.stream("GET", url, headers={"Authorization": client.authorization}) as answer:
        assert answer.headers["Content-Length"] == "100000"
        with pytest.raises(httpx.RemoteProtocolError):
            received.extend(answer.iter_raw())
    assert b"".join(received) == garbage.read_bytes()[:count]
    assert client.media("GET", url).content == garbage.read_bytes()


def test_an_answer_shorter_than_its_truncation_is_whole(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("truncate bytes=100000 times=1")
    assert client.call("GET", ACCOUNT).json()["user"]["email"] == PLAIN.email
    assert client.call("GET", ACCOUNT).status_code == 200


@pytest.mark.parametrize("stall", ["stall", "stall bytes=5"])
def test_a_stall_is_silent_until_the_client_hangs_up(sandbox: RunningSandbox, client: PixopClient, stall: str) -> None:
    sandbox.admin.fault(f"{stall} times=1")
    with pytest.raises(httpx.ReadTimeout):
        client.call("GET", ACCOUNT, extensions={"timeout": {"read": 0.1}})
    assert client.call("GET", ACCOUNT).status_code == 200


def test_a_malformed_answer_is_complete_http_and_broken_json(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("malformed times=1")
    answer = client.call("GET", ACCOUNT)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_connections_are_refused_for_a_while_and_then_not(sandbox: RunningSandbox, client: PixopClient) -> None:
    with httpx.Client() as earlier:
        earlier.get(f"{sandbox.base_url}/pixop/nothing")  # what is connected stays so
        sandbox.admin.fault("refuse seconds=0.3 on=pixop.create_video times=1")
        with pytest.raises(httpx.TransportError):
            client.call("PUT", "/videos/v1/video", json={"name": "Reel 1"})
        with pytest.raises(httpx.ConnectError, match="refused"):
            client.call("GET", ACCOUNT)
        assert earlier.get(f"{sandbox.base_url}/pixop/nothing").status_code == 404
    end = time.monotonic() + 20
    while (answer := listening(client)) is None:
        assert time.monotonic() < end
    assert answer.json()["_embedded"]["videos"] == [], "what was refused was not done"


def listening(client: PixopClient) -> httpx.Response | None:
    try:
        return client.call("GET", "/videos/v1/videos")
    except httpx.ConnectError:
        return None


def test_a_member_is_missing_wherever_it_stands(sandbox: RunningSandbox, client: PixopClient) -> None:
    whole = client.call("GET", ACCOUNT).json()
    sandbox.admin.fault("missing times=1")
    answer = client.call("GET", ACCOUNT)
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert {name for name, value in whole.items() if "id" in value} >= {"user", "team"}
    without = {name: {key: each for key, each in value.items() if key != "id"} for name, value in whole.items()}
    assert answer.json() == without
    sandbox.admin.fault("missing field=user times=1")
    assert client.call("GET", ACCOUNT).json() == {"team": whole["team"]}


def test_what_is_no_json_misses_nothing(sandbox: RunningSandbox, client: PixopClient, garbage: Path) -> None:
    client.upload(video_id := client.new_video(), garbage)
    sandbox.admin.fault("missing times=1")
    assert client.media("GET", f"/media/v1/download/original/{video_id}").content == garbage.read_bytes()


def test_a_fault_lets_some_calls_pass_first(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("500 on=pixop.get_account skip=2 times=1")
    assert client.call("GET", "/videos/v1/videos").status_code == 200
    assert [client.call("GET", ACCOUNT).status_code for _ in range(4)] == [200, 200, 500, 200]


def test_a_delay_ends_in_the_usual_answer(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("delay seconds=0.05 times=1")
    assert client.call("GET", ACCOUNT).status_code == 200
    assert sandbox.admin.requests("pixop.get_account")[0]["fault"] == "delay"


def test_a_token_expires_in_the_middle(sandbox: RunningSandbox, client: PixopClient) -> None:
    sandbox.admin.fault("expire_token on=pixop.list_projects times=1")
    assert client.call("GET", ACCOUNT).status_code == 200
    answer = client.call("GET", "/videos/v1/projects")
    assert (answer.status_code, answer.json()["exception"]) == (401, "ExpiredJWTTokenException")
    assert PixopClient(sandbox).call("GET", "/videos/v1/projects").status_code == 200


def test_the_request_log_keeps_all_but_secrets(sandbox: RunningSandbox, client: PixopClient) -> None:
    client.get_token(**{"team-id": PLAIN.team_ids[0]})
    client.call("POST", "/accounts/v1/update-password", json={"newPassword": "open sesame"})
    client.call("PUT", "/videos/v1/video?note=1", json={"name": "Reel 1"})
    log = sandbox.admin.requests()
    text = json.dumps(log)
    assert "open sesame" not in text
    assert client.authorization.split()[1] not in text
    assert PLAIN.password not in text
    last = log[-1]
    assert (last["operation"], last["method"], last["path"]) == ("pixop.create_video", "PUT", "/pixop/videos/v1/video")
    assert (last["query"], last["body"], last["status"]) == ({"note": "1"}, {"name": "Reel 1"}, 200)
    assert last["headers"]["authorization"] == "***"
    assert last["answer_headers"]["content-type"] == "application/json"
    sandbox.admin.clear_requests()
    assert sandbox.admin.requests() == []


def test_the_request_log_has_requests_that_nothing_answers_to(sandbox: RunningSandbox) -> None:
    httpx.get(f"{sandbox.base_url}/pixop/nothing")
    entry = sandbox.admin.requests()[0]
    assert (entry["operation"], entry["path"], entry["status"]) == (None, "/pixop/nothing", 404)


@pytest.mark.parametrize(
    "changes",
    [{"elsewhere": {}}, {"pixop": {"colour": 1}}, {"pixop": {"token_life": "long"}}, {"pixop": {"strict_headers": 1}}],
)
def test_faulty_options_are_refused(sandbox: RunningSandbox, changes: dict[str, object]) -> None:
    assert httpx.patch(f"{sandbox.base_url}/_admin/options", json=changes).status_code == 400
