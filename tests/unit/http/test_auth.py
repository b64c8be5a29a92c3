"""When a token is still good, by the clock alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_media.http.auth import DEFAULT_LEAD, Token, TokenCache
from airflow_media.http.errors import AuthenticationError, NetworkFaultError

BORN = 1000.0


def cached(life: float | None, lead: float = DEFAULT_LEAD) -> TokenCache:
    cache = TokenCache(lead)
    cache.store(Token("t0ken", life), BORN)
    return cache


def test_there_is_none_at_first() -> None:
    assert TokenCache().current(BORN) is None


def test_a_token_never_shows_itself() -> None:
    assert "t0ken" not in repr(Token("t0ken", 3600.0))


def test_a_token_of_unknown_life_is_good_until_it_is_refused() -> None:
    cache = cached(None)
    assert cache.current(BORN + 1e9) == "t0ken"
    assert cache.current(BORN + 1e9, bulk=True) == "t0ken"
    assert cache.current(BORN, refused="t0ken") is None


def test_the_refusal_of_an_older_token_says_nothing_about_the_current_one() -> None:
    assert cached(3600.0).current(BORN, refused="an older one") == "t0ken"


@pytest.mark.parametrize(
    ("life", "bulk", "good_until"),
    [
        (3600.0, False, 3480.0),  # ahead of its end by the lead
        (3600.0, True, 1800.0),  # a long transfer wants half of the life
        (1200.0, False, 1080.0),  # where both rules meet
        (60.0, False, 54.0),  # a short life: a tenth of it
        (60.0, True, 30.0),
    ],
)
def test_a_token_is_renewed_ahead_of_its_end(life: float, bulk: bool, good_until: float) -> None:
    cache = cached(life, lead=120.0)
    assert cache.current(BORN, bulk=bulk) == "t0ken"
    assert cache.current(BORN + good_until - 0.001, bulk=bulk) == "t0ken"
    assert cache.current(BORN + good_until, bulk=bulk) is None


@pytest.mark.parametrize("bulk", [False, True])
def test_a_token_that_is_used_lives_on_and_one_that_is_not_dies(bulk: bool) -> None:
    cache = TokenCache(lead=120.0)
    cache.store(Token("t0ken", idle=3600.0), BORN)
    for use in range(1, 100):
        assert cache.current(BORN + use * 3479.0, bulk=bulk) == "t0ken"
    assert cache.current(BORN + 99 * 3479.0 + 3480.0, bulk=bulk) is None


@settings(deadline=None)
@given(st.floats(0.001, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.booleans())
def test_no_token_is_given_in_the_last_tenth_of_a_short_life_or_after_its_end(
    life: float, lead: float, age: float, bulk: bool
) -> None:
    given_out = cached(life, lead).current(BORN + age, bulk=bulk)
    now = BORN + age
    assert (given_out is not None) == (now < BORN + life - (life / 2 if bulk else min(lead, life / 10)))
    if given_out is not None:
        assert now < BORN + life


def test_a_new_token_replaces_the_old_one() -> None:
    cache = cached(60.0)
    cache.store(Token("second", 60.0), BORN + 50.0)
    assert cache.current(BORN + 70.0) == "second"
    assert cache.logins == 2


def test_a_failed_login_fails_those_who_waited_for_it_and_nobody_else() -> None:
    cache = TokenCache()
    before = cache.logins
    failure = AuthenticationError("wrong password", service="Pixop", status=401)
    cache.fail(failure)
    with pytest.raises(AuthenticationError) as first:
        cache.check(before)
    with pytest.raises(AuthenticationError) as second:
        cache.check(before)
    assert str(first.value) == str(second.value) == str(failure)
    assert first.value is not second.value  # each has a traceback of its own
    cache.check(cache.logins)


def test_a_login_that_works_ends_the_failure() -> None:
    cache = TokenCache()
    before = cache.logins
    cache.fail(NetworkFaultError("gone"))
    cache.store(Token("t0ken"), BORN)
    cache.check(before)
    assert cache.current(BORN) == "t0ken"
