"""Secrets never come through: known ones in every form, unknown ones by the name of what holds them."""

from __future__ import annotations

import json
import logging
import threading
from importlib import import_module
from pkgutil import walk_packages
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import airflow_media
from airflow_media.http.redact import INSPECTED, LIBRARY_LOGGERS, MASK, MOST, REDACTOR, SHORTEST, Discreet, Redactor

secrets = st.text(min_size=SHORTEST).filter(lambda text: len(text.strip()) >= SHORTEST and set(text) - set(MASK))


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@settings(deadline=None)
@given(secret=secrets, before=st.text(), after=st.text())
def test_a_known_secret_never_comes_through(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add([secret])
    bare = secret.strip()
    for form in (secret, bare, quote(bare, safe=""), json.dumps(bare)[1:-1], repr(bare)[1:-1]):
        assert not [piece for piece in redactor.clean(f"{before}|{form}|{after}").split(MASK) if form in piece]


@settings(deadline=None)
@given(secrets)
def test_a_secret_is_found_in_a_url_as_the_http_library_writes_it(secret: str) -> None:
    redactor = Redactor()
    redactor.add([secret])
    bare = secret.strip()
    for url in (
        str(httpx.URL("https://example.com/", params={"v": bare})),
        f"https://example.com/?{urlencode({'v': bare})}",
    ):
        cleaned = redactor.clean(url)
        assert cleaned.endswith(MASK)
        assert quote(bare, safe="") not in cleaned


def test_the_longest_secret_is_blanked_first(redactor: Redactor) -> None:
    redactor.add(["abcde", "abcdefgh"])
    assert redactor.clean("abcdefgh and abcde") == f"{MASK} and {MASK}"


def test_what_is_too_short_to_be_a_secret_is_left(redactor: Redactor) -> None:
    redactor.add(["", "a", "abcd"])
    assert redactor.clean("abcd is a word") == "abcd is a word"


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("https://h/x?token=abc&page=2", f"https://h/x?token={MASK}&page=2"),
        ("https://h/x?page=2&api_token=abc", f"https://h/x?page=2&api_token={MASK}"),
        ("https://h/x?ApiKey=abc&securekey=d", f"https://h/x?ApiKey={MASK}&securekey={MASK}"),
        ("https://h/x?X-Amz-Signature=0a1b&X-Amz-Date=1", f"https://h/x?X-Amz-Signature={MASK}&X-Amz-Date=1"),
        ("https://h/x?X-Amz-Credential=AKIA%2F1&v=1", f"https://h/x?X-Amz-Credential={MASK}&v=1"),
        ("https://h/x?X-Amz-Security-Token=zz", f"https://h/x?X-Amz-Security-Token={MASK}"),
        ("https://h/x?se=2025&sig=abc%3D", f"https://h/x?se=2025&sig={MASK}"),
        ('GET "https://h/x?password=abc" 200', f'GET "https://h/x?password={MASK}" 200'),
        ("https://h/x?design=blue&page=2", "https://h/x?design=blue&page=2"),
    ],
)
def test_query_parameters_that_tell_by_their_name(redactor: Redactor, url: str, cleaned: str) -> None:
    assert redactor.clean(url) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ('{"access_token": "abc", "id": "7"}', f'{{"access_token": "{MASK}", "id": "7"}}'),
        ('{"ApiToken":"a\\"b"}', f'{{"ApiToken":"{MASK}"}}'),
        ('{"client_secret":"cut off in the mid', f'{{"client_secret":"{MASK}'),
        ('{"error": "invalid_token"}', '{"error": "invalid_token"}'),
    ],
)
def test_json_members_that_tell_by_their_name(redactor: Redactor, text: str, cleaned: str) -> None:
    assert redactor.clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("s3://AKIA:s3cr3t@eu-west-1/bucket/", f"s3://{MASK}@eu-west-1/bucket/"),
        ("cannot read s3://AKIA:s3/cr3t@eu-west-1/b, sorry", f"cannot read s3://{MASK}@eu-west-1/b, sorry"),
        ('{"dir": "ftp://me@host/"}', f'{{"dir": "ftp://{MASK}@host/"}}'),
        ("https://host/path and me@example.com", "https://host/path and me@example.com"),
    ],
)
def test_a_login_in_a_url_is_blanked(redactor: Redactor, text: str, cleaned: str) -> None:
    assert redactor.clean(text) == cleaned


@settings(deadline=None)
@given(st.text(), st.integers(1, 400))
def test_an_excerpt_is_one_line_of_bounded_length(text: str, length: int) -> None:
    excerpt = Redactor().excerpt(text, length)
    assert len(excerpt) <= length + 1
    assert excerpt == " ".join(excerpt.split())


@settings(deadline=None)
@given(st.integers(0, 60))
def test_an_excerpt_never_ends_in_half_a_secret(before: int) -> None:
    redactor = Redactor()
    redactor.add(["s3cr3t-s3cr3t-s3cr3t"])
    assert "s3c" not in redactor.excerpt("x" * before + "s3cr3t-s3cr3t-s3cr3t", 40)


@pytest.mark.parametrize(
    "text",
    [
        "?" * INSPECTED,
        "&token" * 10_000,
        '"token' * 10_000,
        '"' * INSPECTED,
        "?" + "token" * 13_000,
        '"' + "token" * 13_000,
        "ab://" * 13_000,
    ],
)
def test_hostile_text_is_cleaned_in_linear_time(redactor: Redactor, text: str) -> None:
    # A pattern that backtracks would need minutes here.
    assert len(redactor.excerpt(text, 100)) <= 101


def test_old_secrets_are_forgotten_and_those_in_use_are_not(redactor: Redactor) -> None:
    redactor.add(["the-password"])
    redactor.add(["an-old-token"])
    for number in range(MOST - 1):
        redactor.add([f"token-{number}", "the-password"])
    assert redactor.clean("the-password an-old-token") == f"{MASK} an-old-token"


def test_can_be_used_by_many_threads(redactor: Redactor) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(300):
                secret = f"secret-{number}-{turn}"
                redactor.add([secret])
                assert secret not in redactor.clean(f"it is {secret}")
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize("name", LIBRARY_LOGGERS)
def test_the_loggers_of_the_http_library_are_cleaned(name: str, caplog: pytest.LogCaptureFixture) -> None:
    REDACTOR.add(["hunter2-hunter2"])
    with caplog.at_level(logging.DEBUG, name):
        logging.getLogger(name).debug("sent %s to %s", "hunter2-hunter2", "https://h/?token=abc")
    assert caplog.messages == [f"sent {MASK} to https://h/?token={MASK}"]


def test_every_logger_of_the_http_library_is_known() -> None:
    libraries = {"httpx", "httpcore", "urllib3"}
    printing = {name for name in logging.root.manager.loggerDict if name.split(".")[0] in libraries}
    assert printing - {"httpcore", "urllib3", "urllib3.util"} <= set(LIBRARY_LOGGERS)


class Key(Discreet, frozen=True):
    """A record with a secret."""

    unsaid = ("value",)

    name: str
    value: str


def test_a_record_says_nothing_secret_of_itself() -> None:
    key = Key("door", "s3same")
    assert repr(key) == str(key) == "Key(name='door')"
    assert key.__rich_repr__() == [("name", "door")]
    assert key.value == "s3same"


def test_what_is_left_unsaid_is_a_field() -> None:
    for module in walk_packages(airflow_media.__path__, "airflow_media."):
        if module.name.endswith((".auth", ".bodies", ".call", ".exchange", ".models")):
            import_module(module.name)
    records = Discreet.__subclasses__()
    names = {each.__name__ for each in records}
    assert names >= {"Answer", "Call", "Job", "Key", "MultipartBody", "Send", "Token", "TokenGrant", "User"}
    for record in records:
        assert record.unsaid
        assert set(record.unsaid) <= set(record.__struct_fields__)
