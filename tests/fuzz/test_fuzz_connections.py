"""Whatever stands in a connection: a client, or an error that names the field and none of the secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from fuzz_answers import JSON, PLAIN, TEXTS
from fuzz_settings import fuzzed, typed_errors
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.http.redact import REDACTOR
from airflow_media.jobs.connection import Reader
from airflow_media.jobs.hook import MediaHook
from airflow_media.media_storage.hook import MediaStorageHook
from airflow_media.pixop.hook import PixopHook
from airflow_media.xvid.hook import XvidHook

HOOKS = (PixopHook, XvidHook, MediaStorageHook, Cielo24Hook)
SECRET = "s3cr3t-canary"
HOSTS = st.one_of(
    st.none(),
    TEXTS,
    st.sampled_from(
        ["api.example.com", "https://api.example.com/v1", "http://127.0.0.1:80", "https://u:p@h", "h:99999"]
    ),
    st.from_regex(r"(https?://)?[a-z.\[\]:@/?#%\\ 0-9-]{0,30}", fullmatch=True),
)
NAMES = (
    *("team_id", "accounts_url", "videos_url", "media_url", "pipeline_id", "scope", "api_key", "token_url"),
    *("upload_field", "upload_fields", "success_statuses", "failure_statuses", "ids_per_request", "empty_downloads"),
    *("timezone", "allow_http", "timeout"),
)


@dataclass
class Connection:
    """A connection as Airflow gives it."""

    host: str | None = None
    port: int | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None
    extra_dejson: Any = field(default_factory=dict)
    conn_id: str = "mine"


CONNECTIONS = st.builds(
    Connection,
    host=HOSTS,
    port=st.one_of(st.none(), st.integers(-1, 10**6)),
    schema=st.one_of(st.none(), TEXTS, st.sampled_from(["http", "https", "HTTPS", "ftp"])),
    login=st.one_of(st.none(), TEXTS),
    password=st.one_of(st.none(), TEXTS, st.just(SECRET)),
    extra_dejson=st.one_of(
        st.dictionaries(st.sampled_from(NAMES), st.one_of(PLAIN, JSON, HOSTS), max_size=5),
        st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=5).map(lambda extra: {**extra, "api_key": SECRET}),
        JSON,
    ),
)


@pytest.mark.airflow
@pytest.mark.parametrize("hook", HOOKS, ids=[hook.__name__ for hook in HOOKS])
def test_a_connection_is_taken_or_refused_in_words(hook: type[MediaHook]) -> None:
    @fuzzed(5)
    @given(CONNECTIONS)
    @example(Connection(host="api.example.com", login="a", password="\ud800"))
    def fuzz(connection: Connection) -> None:
        with typed_errors(secret=SECRET):
            access = hook.access(Reader(connection))
            assert SECRET not in repr(access)
            REDACTOR.add(access.auth.secrets())
            with access.client() as client:
                assert client.exchange.origins

    fuzz()
