"""Claims: one run at a time, whoever asks at once, and nothing stays locked for ever."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ingest_s3 import BUCKET

from airflow_media.http.errors import InvalidRequestError
from airflow_media.ingest.claims import Claim, Holder
from airflow_media.ingest.shelf import ABSENT, Shelf

pytestmark = pytest.mark.airflow

NAME = "manifests/2026-01-31.claim"
ONE, OTHER = Holder("daily", "scheduled__1"), Holder("daily", "manual__2")


@pytest.fixture
def shelf(ingest_s3: Any) -> Shelf:
    return Shelf(f"s3://{BUCKET}/media/")


def alive(_: Holder) -> bool:
    return True


def ended(_: Holder) -> bool:
    return False


def test_a_claim_is_held_by_one_run_until_it_is_given_back(shelf: Shelf) -> None:
    claim = Claim(shelf, NAME)

    assert claim.take(ONE, alive) is None
    assert claim.take(OTHER, alive) == ONE
    assert claim.take(ONE, alive) is None, "a retry of who holds it takes it again"

    assert not claim.give_back(OTHER)
    assert claim.take(OTHER, alive) == ONE
    assert claim.give_back(ONE)
    assert claim.take(OTHER, alive) is None
    assert not claim.give_back(ONE)


def test_the_claim_of_a_run_that_has_ended_is_taken_over(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    claim = Claim(shelf, NAME)
    claim.take(ONE, alive)

    with caplog.at_level(logging.WARNING):
        assert claim.take(OTHER, ended) is None

    assert "Taking over the claim of run scheduled__1 of DAG daily" in caplog.text
    assert claim.take(ONE, alive) == OTHER


@pytest.mark.parametrize("left_behind", [False, True], ids=["free", "left behind"])
def test_of_many_that_ask_at_once_one_gets_it(ingest_s3: Any, shelf: Shelf, left_behind: bool) -> None:
    if left_behind:
        Claim(shelf, NAME).take(ONE, alive)
    runs = [Holder("daily", f"run {number}") for number in range(8)]
    start = threading.Barrier(len(runs))

    def ask(run: Holder) -> Holder | None:
        claim = Claim(Shelf(shelf.uri), NAME)
        start.wait()
        return claim.take(run, lambda holder: holder != ONE)

    with ThreadPoolExecutor(len(runs)) as pool:
        answers = list(pool.map(ask, runs))

    [winner] = [run for run, other in zip(runs, answers, strict=True) if other is None]
    assert {other for other in answers if other is not None} == {winner}


def test_a_store_that_overlooks_conditions_is_told_of(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put = shelf._client.put_object
    monkeypatch.setattr(shelf._client, "put_object", lambda IfNoneMatch=None, IfMatch=None, **place: put(**place))

    with caplog.at_level(logging.WARNING):
        assert Claim(shelf, NAME).take(ONE, alive) is None

    assert "overlooks If-None-Match" in caplog.text
    assert "max_active_runs=1" in caplog.text


def test_a_store_that_keeps_conditions_is_not_complained_about(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Claim(shelf, NAME).take(ONE, alive)

    assert caplog.text == ""


def test_what_is_no_claim_is_told_with_what_to_do(shelf: Shelf) -> None:
    shelf.write(NAME, {"dag_id": "daily"}, seen=ABSENT)

    with pytest.raises(InvalidRequestError, match=r"run_id is missing.* Remove it if no run is at work"):
        Claim(shelf, NAME).take(ONE, alive)
