"""Where requests may go, whatever a service or a connection says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_media.http.call import Call
from airflow_media.http.errors import InsecureUrlError, InvalidRequestError, ProtocolError
from airflow_media.http.origins import Nearness, Origins, is_loopback, nearness, origin


def ask(url: str, *, root: str = "", authenticated: bool = True) -> Call[Any]:
    return Call(
        operation="ask", method="GET", url=url, root=root, read=lambda answer: None, authenticated=authenticated
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.com", "https://api.example.com:443"),
        ("HTTPS://API.Example.COM/v1?x=1#y", "https://api.example.com:443"),
        ("http://api.example.com/", "http://api.example.com:80"),
        ("https://api.example.com:8443/v1", "https://api.example.com:8443"),
        ("http://127.0.0.1:0/", "http://127.0.0.1:0"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_origin_spells_out_the_port(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "not an http or https URL"),
        ("videos/7", "not an http or https URL"),
        ("api.example.com", "not an http or https URL"),
        ("ftp://api.example.com/", "not an http or https URL"),
        ("ftp://api.example.com:21/", "not an http or https URL"),
        ("https://api.example.com:http/", "not an http or https URL"),
        ("https://api.example.com:99999/", "not an http or https URL"),
        ("https://[::1/", "not an http or https URL"),
        ("https:///videos", "a URL without a proper host"),
        ("https://:443/", "a URL without a proper host"),
        ("https://a b.example/", "a URL without a proper host"),
        ("https://trusted.example\\.evil.example/", "a URL without a proper host"),
        ("https://ann:hunter2@api.example.com/", "a URL with a login in it"),
    ],
)
def test_anything_but_a_plain_http_url_is_refused(url: str, why: str) -> None:
    with pytest.raises(InvalidRequestError, match=why) as caught:
        origin(url)
    assert "https://host" in caught.value.hint
    assert "hunter2" not in str(caught.value)


@settings(deadline=None)
@given(
    st.one_of(
        st.text(),
        st.text().map("https://{}".format),
        st.from_regex(r"https?://[a-z.\\@:/?#\[\]%\t 0-9-]{0,30}", fullmatch=True),
    )
)
@example("https://trusted.example\\@evil.example/")
@example("https://trusted.example\\.evil.example/")
@example("https://trusted.example?@evil.example/")
@example("https://trusted.example#@evil.example/")
@example("https://evil.example:443\\@trusted.example/")
@example("https://ⓔxample.com/")
@example("https://trusted.example\t.evil.example/")
@example(" https://trusted.example/")
def test_the_http_library_goes_where_we_think_or_nowhere(url: str) -> None:
    try:
        ours = origin(url)
        theirs = httpx.URL(url)
    except (InvalidRequestError, httpx.InvalidURL):
        return
    if theirs.scheme not in {"http", "https"}:
        return
    port = {"http": 80, "https": 443}.get(theirs.scheme) if theirs.port is None else theirs.port
    host = f"[{theirs.host}]" if ":" in theirs.host else theirs.host
    # A name outside ASCII is spelled in two ways, and only ever compares as different from the trusted one.
    assert f"{theirs.scheme}://{host}:{port}" == ours or not ours.isascii()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1", "[::1]"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.example.com", "10.0.0.1", "0.0.0.0", "128.0.0.1", "::2", "127.0.0.1.nip.io"]
)
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)


def test_a_path_is_put_below_its_root() -> None:
    origins = Origins({"": "https://api.example.com/v1/", "media": "https://media.example.com"})
    assert origins.resolve(ask("/videos/7?x=1")) == "https://api.example.com/v1/videos/7?x=1"
    assert origins.resolve(ask("/files", root="media")) == "https://media.example.com/files"
    assert origins.resolve(ask("//evil.example/x")) == "https://api.example.com/v1//evil.example/x"


@given(st.text(alphabet=st.one_of(st.sampled_from("/\\@:?#[]%.\t\n"), st.characters(exclude_categories=["Cs"]))))
@example("/evil.example/x")
@example("@evil.example/x")
@example("\\\\evil.example/x")
def test_the_http_library_stays_at_the_root_whatever_the_path_is(path: str) -> None:
    url = Origins({"": "https://api.example.com"}).resolve(ask(f"/{path}"))
    try:
        place = httpx.URL(url)
    except httpx.InvalidURL:
        return
    assert (place.scheme, place.host, place.port, place.userinfo) == ("https", "api.example.com", None, b"")


def test_an_absolute_url_of_a_configured_origin_may_get_the_token() -> None:
    origins = Origins({"": "https://api.example.com/v1", "media": "https://media.example.com:8443"})
    for url in ("https://api.example.com/other", "https://API.example.com:443/", "https://media.example.com:8443/f"):
        assert origins.resolve(ask(url)) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/videos",
        "http://api.example.com/v1/videos",
        "https://api.example.com:8443/v1/videos",
        "https://api.example.com.evil.example/",
    ],
)
@pytest.mark.parametrize("allow_http", [False, True])
def test_a_token_goes_to_no_other_origin(url: str, allow_http: bool) -> None:
    origins = Origins({"": "https://api.example.com/v1"}, allow_http=allow_http)
    with pytest.raises(ProtocolError, match="no token was sent there"):
        origins.resolve(ask(url))


def test_a_request_without_a_token_may_go_anywhere_by_https() -> None:
    origins = Origins({"": "https://api.example.com/v1"})
    url = "https://bucket.example.net/key?signature=1"
    assert origins.resolve(ask(url, authenticated=False)) == url


@pytest.mark.parametrize(
    ("host", "near"),
    [
        *((host, Nearness.OUTSIDE) for host in ("s3.eu-west-1.amazonaws.com", "8.8.8.8", "2001:4860:4860::8888")),
        *((host, Nearness.OUTSIDE) for host in ("[2606:4700::1]", "localhost.example.com", "local.example")),
        *((host, Nearness.OUTSIDE) for host in ("10.0.0.1.nip.io", "64:ff9b::808:808")),
        *((host, Nearness.NETWORK) for host in ("10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "198.18.0.1")),
        *((host, Nearness.NETWORK) for host in ("nas", "nas.local", "Media.Internal.", "a.b.corp", "x.home.arpa")),
        *((host, Nearness.NETWORK) for host in ("fd00::1", "[fd00::1]", "10.1", "0xa.0.0.1", "167772161")),
        *((host, Nearness.NETWORK) for host in ("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::")),
        *((host, Nearness.MACHINE) for host in ("localhost", "LOCALHOST.", "x.localhost", "127.0.0.1", "::1", "127.1")),
        *((host, Nearness.MACHINE) for host in ("0x7f000001", "2130706433", "017700000001", "0.0.0.0", "0", "::")),
        *((host, Nearness.MACHINE) for host in ("::ffff:127.0.0.1", "64:ff9b::7f00:1", "169.254.169.254", "fe80::1")),
    ],
)
def test_how_near_a_host_is(host: str, near: Nearness) -> None:
    assert nearness(host) is near


ROOTS = {
    Nearness.OUTSIDE: "https://api.example.com/v1",
    Nearness.NETWORK: "https://10.1.2.3/v1",
    Nearness.MACHINE: "https://127.0.0.1:8443/v1",
}
PLACES = {
    Nearness.OUTSIDE: "https://store.example.net/bucket",
    Nearness.NETWORK: "https://192.168.0.7/bucket",
    Nearness.MACHINE: "https://[::1]:9000/bucket",
}


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("place", PLACES)
def test_no_service_sends_us_nearer_than_itself(root: Nearness, place: Nearness) -> None:
    origins, call = Origins({"": ROOTS[root]}, allow_http=True), ask(PLACES[place], authenticated=False)
    if place <= root:
        assert origins.resolve(call) == PLACES[place]
        return
    with pytest.raises(ProtocolError, match="nothing was sent there") as caught:
        origins.resolve(call)
    assert "host of the connection" in caught.value.hint


def test_a_place_that_the_connection_names_may_be_anywhere() -> None:
    origins = Origins({"": "https://api.example.com/v1", "token": "https://10.1.2.3/login"})
    assert origins.resolve(ask("https://10.1.2.3/login", authenticated=False)) == "https://10.1.2.3/login"


@pytest.mark.parametrize("url", ["http://api.example.com/v1/x", "http://store.example.net/", "http://127.0.0.1/x"])
def test_a_service_at_https_sends_us_to_no_plain_http(url: str) -> None:
    with pytest.raises(InsecureUrlError, match="asked over https"):
        Origins({"": "https://api.example.com/v1"}, allow_http=True).resolve(ask(url, authenticated=False))
    plain = Origins({"": "http://127.0.0.1:8000", "media": "https://media.example.com"}, allow_http=True)
    assert plain.resolve(ask(url, authenticated=False)) == url


def test_plain_http_stays_on_this_machine_unless_allowed() -> None:
    outside, inside = "http://api.example.com", "http://127.0.0.1:8000"
    with pytest.raises(InsecureUrlError, match="plain http") as caught:
        Origins({"": outside}).resolve(ask("/videos"))
    assert "allow_http" in caught.value.hint
    with pytest.raises(InsecureUrlError):
        Origins({"": "https://api.example.com"}).resolve(ask(outside, authenticated=False))
    assert Origins({"": outside}, allow_http=True).resolve(ask("/videos")) == f"{outside}/videos"
    assert Origins({"": inside}).resolve(ask("/videos")) == f"{inside}/videos"


def test_a_wrong_root_is_refused_when_the_client_is_made() -> None:
    with pytest.raises(InvalidRequestError):
        Origins({"": "api.example.com"})
