"""What the fields of an Airflow connection may be, and what is said of those that may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.http.client import Timeouts
from airflow_media.jobs.connection import ConnectionFieldError, Reader

DEFAULT = "https://api.bakery.example/v1/"


@dataclass
class Fields:
    """A connection, as far as it is read."""

    host: str | None = None
    port: int | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None
    extra: Any = field(default_factory=dict)
    conn_id: str = "bakery"

    @property
    def extra_dejson(self) -> Mapping[str, Any]:
        return self.extra  # type: ignore[no-any-return]


def read(**fields: Any) -> Reader:
    return Reader(Fields(**fields))


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({}, "https://api.bakery.example/v1"),
        ({"host": "   "}, "https://api.bakery.example/v1"),
        ({"host": "https://other.example/"}, "https://other.example"),
        ({"host": " http://127.0.0.1:8123/prefix/ "}, "http://127.0.0.1:8123/prefix"),
        ({"host": "other.example"}, "https://other.example"),
        ({"host": "other.example", "port": 8443}, "https://other.example:8443"),
        ({"host": "other.example", "port": 0}, "https://other.example"),
        ({"host": "localhost", "port": 80, "schema": "HTTP"}, "http://localhost:80"),
        ({"host": "https://other.example", "port": 99, "schema": "http"}, "https://other.example"),
    ],
)
def test_a_host_is_a_url_or_a_name_with_port_and_scheme(fields: dict[str, Any], url: str) -> None:
    assert read(**fields).base_url(DEFAULT) == url


@pytest.mark.parametrize(
    "host",
    [
        "ftp://other.example",
        "https://",
        "https://a b.example",
        "https://user:hunter2@other.example",
        "https://other.example/?token=hunter2",
        "https://other.example/#hunter2",
        "https://other.example:99999",
    ],
)
def test_a_host_that_is_no_url_is_refused_with_how_to_write_it(host: str) -> None:
    with pytest.raises(ConnectionFieldError, match=r"connection 'bakery', host .*https://host\[:port\]/path") as fault:
        read(host=host).base_url(DEFAULT)
    assert "hunter2" not in str(fault.value)


def test_a_scheme_that_is_none_is_told_with_the_host() -> None:
    with pytest.raises(ConnectionFieldError, match=r"host is 'gopher://other.example'"):
        read(host="other.example", schema="gopher").base_url(DEFAULT)


def test_a_root_of_its_own_comes_from_extra() -> None:
    reader = read(extra={"media_url": "https://media.example/m/"})
    assert reader.url("media_url", DEFAULT) == "https://media.example/m"
    assert reader.url("videos_url", DEFAULT) == "https://api.bakery.example/v1"


def test_a_root_that_is_no_url_is_named() -> None:
    with pytest.raises(ConnectionFieldError, match="extra media_url is 'media'"):
        read(extra={"media_url": "media"}).url("media_url", DEFAULT)


@pytest.mark.parametrize("name", ["login", "password"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_missing_is_asked_for_by_the_words_of_the_service(name: str, value: str | None) -> None:
    with pytest.raises(ConnectionFieldError, match=f"connection 'bakery', {name} is empty. Fill in the secret word"):
        getattr(read(**{name: value}), name)("secret word")


def test_login_and_password_are_given_as_they_are() -> None:
    reader = read(login="baker@example.com", password=" hunter2 ")
    assert (reader.login("e-mail"), reader.password("password")) == ("baker@example.com", " hunter2 ")


@pytest.mark.parametrize(("value", "text"), [("a", "a"), ("", None), (None, None)])
def test_a_text_may_be_missing(value: str | None, text: str | None) -> None:
    assert read(extra={"team_id": value}).text("team_id") == text
    assert read().text("team_id") is None


@pytest.mark.parametrize("value", [7, True, ["a"], {"a": 1}])
def test_a_text_is_a_text(value: object) -> None:
    with pytest.raises(ConnectionFieldError, match=r"extra team_id is .* Write it as a text"):
        read(extra={"team_id": value}).text("team_id")


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), ("true", True), ("False", False), ("TRUE", True), ("", None), (None, None)],
)
@pytest.mark.parametrize("default", [True, False])
def test_a_flag_is_a_boolean_or_its_word(value: object, flag: bool | None, default: bool) -> None:
    assert read(extra={"allow_http": value}).flag("allow_http", default) is (default if flag is None else flag)


@pytest.mark.parametrize("value", ["yes", 1, 0, "on", [True]])
def test_another_word_is_no_flag(value: object) -> None:
    with pytest.raises(ConnectionFieldError, match=r"extra allow_http is .* Write true or false"):
        read(extra={"allow_http": value}).flag("allow_http", False)


@pytest.mark.parametrize(("value", "seconds"), [(7, 7.0), ("7.5", 7.5), (None, 60.0), ("", 60.0), (1e-3, 1e-3)])
def test_seconds_are_a_number_or_its_text(value: object, seconds: float) -> None:
    assert read(extra={"timeout": value}).seconds("timeout", 60.0) == seconds


@pytest.mark.parametrize("value", [0, -1, "0", "nan", "inf", "-inf", "soon", [], {}, "1e999"])
def test_seconds_are_above_zero_and_end(value: object) -> None:
    with pytest.raises(ConnectionFieldError, match=r"extra timeout is .* Write a number of seconds"):
        read(extra={"timeout": value}).seconds("timeout", 60.0)


@pytest.mark.parametrize(("value", "number"), [(7, 7), ("7", 7), (7.0, 7), (None, 500), ("", 500)])
def test_an_integer_is_a_whole_number_or_its_text(value: object, number: int) -> None:
    assert read(extra={"size": value}).integer("size", 500) == number


@pytest.mark.parametrize("value", [0, -1, "0", "7.5", 7.5, True, "many", [], {}, float("inf")])
def test_an_integer_is_above_zero(value: object) -> None:
    with pytest.raises(ConnectionFieldError, match=r"extra size is .* Write a whole number above 0"):
        read(extra={"size": value}).integer("size", 500)


@pytest.mark.parametrize(
    ("value", "words"),
    [("done, ready,", ("done", "ready")), (["done", " ready "], ("done", "ready")), (None, ()), ("", ()), ([], ())],
)
def test_words_are_a_list_or_a_text_with_commas(value: object, words: tuple[str, ...]) -> None:
    assert read(extra={"statuses": value}).words("statuses") == words


@pytest.mark.parametrize("value", [7, {"done": 1}, ["done", 7], True])
def test_other_values_are_no_words(value: object) -> None:
    with pytest.raises(ConnectionFieldError, match=r"extra statuses is .* Write words with commas"):
        read(extra={"statuses": value}).words("statuses")


@pytest.mark.parametrize(
    ("value", "mapping"), [({"a": "b"}, {"a": "b"}), ('{"a": "b"}', {"a": "b"}), (None, {}), ("", {}), ({}, {})]
)
def test_a_mapping_is_an_object_or_its_text(value: object, mapping: dict[str, str]) -> None:
    assert read(extra={"fields": value}).mapping("fields") == mapping


@pytest.mark.parametrize("value", [{"key": 7}, '{"key": 7}', "hidden", "[]", ["hidden"], 7])
def test_another_mapping_is_refused_without_being_printed(value: object) -> None:
    with pytest.raises(ConnectionFieldError, match="extra fields is not an object of texts") as fault:
        read(extra={"fields": value}).mapping("fields")
    assert "hidden" not in str(fault.value)


def test_a_secret_is_a_text_and_never_printed() -> None:
    assert read(extra={"api_key": "k"}).secret("api_key") == "k"
    assert read(extra={"api_key": ""}).secret("api_key") is read().secret("api_key") is None
    with pytest.raises(ConnectionFieldError, match="extra api_key is not a text") as fault:
        read(extra={"api_key": ["hidden"]}).secret("api_key")
    assert "hidden" not in str(fault.value)


def test_a_service_without_a_host_of_its_own_wants_one_in_the_connection() -> None:
    with pytest.raises(ConnectionFieldError, match=r"host is empty. Fill in the base URL of the service"):
        read(host=None).base_url()


def test_a_time_out_bounds_the_wait_for_bytes_and_never_lengthens_that_for_a_connection() -> None:
    assert read().timeouts() == Timeouts()
    assert read(extra={"timeout": 2}).timeouts() == Timeouts(connect=2, read=2, write=2, bulk_read=600)
    assert read(extra={"timeout": 900}).timeouts() == Timeouts(connect=10, read=900, write=900, bulk_read=900)


@pytest.mark.parametrize("extra", [["not", "an", "object"], 7, "text"])
def test_an_extra_that_is_no_object_is_refused_without_being_printed(extra: object) -> None:
    with pytest.raises(ConnectionFieldError, match="connection 'bakery', extra is not a JSON object"):
        read(extra=extra)


def answer(read_it: Callable[[], object]) -> str:
    """Give what is read, or what is said of it, as a text."""
    try:
        return repr(read_it())
    except ConnectionFieldError as fault:
        return str(fault)


@given(
    st.one_of(st.none(), st.text()),
    st.one_of(st.none(), st.integers(0, 70_000)),
    st.one_of(st.none(), st.text()),
)
def test_any_host_gives_a_url_or_an_error_that_names_the_connection(
    host: str | None, port: int | None, schema: str | None
) -> None:
    reader = read(host=host, port=port, schema=schema)
    assert answer(lambda: reader.base_url(DEFAULT)).startswith(
        ("'http://", "'https://", "in connection 'bakery', host")
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_any_value_in_extra_is_read_or_refused_by_name(value: object) -> None:
    reader = read(extra={"it": value})
    refusal = "in connection 'bakery', extra it"
    assert answer(lambda: reader.text("it")).startswith((refusal, repr(value or None)))
    assert answer(lambda: reader.flag("it", False)).startswith((refusal, "True", "False"))
    assert answer(lambda: reader.seconds("it", 1.0)).startswith((refusal, *"0123456789"))
    assert answer(lambda: reader.url("it", DEFAULT)).startswith((refusal, "'http://", "'https://"))
