"""Which media are new: nothing twice, nothing lost, whatever the order, the second or the number."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_storage_script import Script, document, media_document

from airflow_media.http.errors import ProtocolError
from airflow_media.media_storage.arrivals import (
    BEGINNING,
    MOST_KNOWN,
    OVERLAP,
    Cursor,
    Snapshot,
    recent_medias,
)
from airflow_media.media_storage.models import Media

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def at(seconds: int, media_id: str = "") -> Media:
    return Media(id=media_id or f"m{seconds}", created_at=NOON + timedelta(seconds=seconds))


def data(*seconds: int) -> Any:
    """Make a listing, newest first."""
    times = {second: (NOON + timedelta(seconds=second)).isoformat() for second in seconds}
    return document(*(media_document(f"m{second}", created_at=times[second]) for second in seconds))


def ids(medias: Any) -> list[str]:
    return [media.id for media in medias]


# Reading


def test_the_first_look_reads_a_minute_down_from_the_newest() -> None:
    script = Script(data(*range(99, -1, -1)))
    snapshot = script.run(recent_medias())
    assert snapshot.reach == snapshot.horizon == NOON + timedelta(seconds=99) - OVERLAP
    assert len(snapshot.medias) == 100
    assert script.asked_for("sort") == ["-created_at"]
    assert script.asked_for("page[size]") == ["100"]


def test_a_listing_that_ends_has_been_read_whole() -> None:
    snapshot = Script(data(7, 5)).run(recent_medias())
    assert (ids(snapshot.medias), snapshot.reach) == (["m7", "m5"], BEGINNING)
    assert Script(document()).run(recent_medias()) == Snapshot((), BEGINNING)


def test_what_lies_deeper_is_read_anew_in_the_largest_pages() -> None:
    everything = list(range(2499, -1, -1))
    script = Script(data(*everything[:100]), data(*everything[:1000]), data(*everything[1000:2000]))
    snapshot = script.run(recent_medias(NOON + timedelta(seconds=600)))
    assert snapshot.reach == NOON + timedelta(seconds=600)
    assert len(snapshot.medias) == 2000
    assert script.asked_for("page[size]") == ["100", "1000", "1000"]
    assert script.asked_for("page[number]") == ["1", "1", "2"]


def test_the_second_of_the_boundary_is_read_to_its_end() -> None:
    """A page that ends within it may hold a part of its media only."""
    page = data(*range(199, 99, -1))
    script = Script(page, data(*range(199, -1, -1)))
    snapshot = script.run(recent_medias(NOON + timedelta(seconds=100)))
    assert len(script.calls) == 2
    assert snapshot.reach == BEGINNING


def test_what_came_in_while_pages_were_read_is_no_harm() -> None:
    everything = list(range(2999, -1, -1))
    shifted = [everything[999], *everything[1000:1500]]
    script = Script(data(*everything[:100]), data(*everything[:1000]), data(*shifted))
    snapshot = script.run(recent_medias(BEGINNING))
    assert ids(snapshot.medias) == [f"m{second}" for second in everything[:1500]]


def test_a_listing_in_another_order_is_an_error_and_not_a_loss() -> None:
    with pytest.raises(ProtocolError, match="order"):
        Script(data(1, 2)).run(recent_medias())


def test_a_medium_without_a_time_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="time of creation"):
        Script(document(media_document(created_at=None))).run(recent_medias())


# Telling


def snap(*medias: Media, reach: datetime = BEGINNING) -> Snapshot:
    return Snapshot(tuple(sorted(medias, key=lambda media: media.created_at or NOON, reverse=True)), reach)


def test_what_was_there_at_first_is_not_new_and_what_comes_then_is() -> None:
    cursor = Cursor.after(snap(at(0), at(5)))
    fresh, cursor = cursor.take(snap(at(0), at(5), at(6)))
    assert ids(fresh) == ["m6"]
    fresh, cursor = cursor.take(snap(at(0), at(5), at(6)))
    assert fresh == []


def test_in_an_empty_storage_all_that_comes_is_new_oldest_first() -> None:
    cursor = Cursor.after(snap())
    fresh, cursor = cursor.take(snap(at(7), at(3), at(5)))
    assert ids(fresh) == ["m3", "m5", "m7"]


def test_in_the_same_second_each_counts_once_in_the_order_of_the_service() -> None:
    cursor = Cursor.after(snap(at(0, "a")))
    fresh, cursor = cursor.take(Snapshot((at(0, "c"), at(0, "b"), at(0, "a")), BEGINNING))
    assert ids(fresh) == ["b", "c"]
    fresh, cursor = cursor.take(Snapshot((at(0, "d"), at(0, "c"), at(0, "b"), at(0, "a")), BEGINNING))
    assert ids(fresh) == ["d"]


def test_a_medium_that_is_told_of_late_is_found_within_the_overlap() -> None:
    cursor = Cursor.after(snap(at(0), at(90)))
    fresh, _ = cursor.take(snap(at(0), at(40, "late"), at(90)))
    assert ids(fresh) == ["late"]
    assert cursor.take(snap(at(0), at(20, "too late"), at(90)))[0] == []


def test_the_cursor_never_goes_back() -> None:
    cursor = Cursor.after(snap(at(500)))
    assert cursor.take(snap())[1].since == cursor.since
    assert cursor.take(snap(at(100)))[1].since == cursor.since


def test_a_cursor_is_kept_in_few_bytes_and_comes_back() -> None:
    crowd = [at(0, f"{number:032x}.mov") for number in range(MOST_KNOWN)]
    cursor = Cursor.after(snap(*crowd))
    kept = json.dumps(cursor.plain())
    assert len(kept) < 60_000
    assert Cursor.of(json.loads(kept)) == cursor
    assert cursor.take(snap(*crowd))[0] == []


@pytest.mark.parametrize("kept", [None, {}, "x", 7, {"known": ["a"]}, {"since": "soon"}, {"since": None}])
def test_what_is_no_cursor_is_none(kept: Any) -> None:
    assert Cursor.of(kept) is None


def test_a_crowd_raises_the_mark_so_that_nothing_comes_twice() -> None:
    crowd = [at(second, f"{second}-{number}") for second in range(50) for number in range(100)]
    cursor = Cursor.after(snap(*crowd))
    assert len(cursor.known) <= MOST_KNOWN
    assert cursor.since == NOON + timedelta(seconds=20)
    fresh, _ = cursor.take(snap(*crowd, at(20, "late"), at(51, "next")))
    assert ids(fresh) == ["late", "next"]
    same_second = [at(0, str(number)) for number in range(MOST_KNOWN + 1)]
    cursor = Cursor.after(snap(*same_second))
    assert cursor.take(snap(*same_second, at(1, "next")))[0] == [at(1, "next")]


arrivals = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=30)
"""Moments of creation, in seconds since the last, and how many looks pass until the next."""


@settings(max_examples=200)
@given(arrivals, st.data())
def test_each_medium_is_told_of_once_over_any_looks_and_restarts(times: list[tuple[int, int]], draw: Any) -> None:
    cursor = Cursor.after(snap(at(0, "first")))
    there, told, now = [at(0, "first")], [], 0
    for number, (later, looks) in enumerate(times):
        now += later
        there.append(at(now, f"n{number}"))
        for _ in range(looks):
            if draw.draw(st.booleans()):
                again = Cursor.of(json.loads(json.dumps(cursor.plain())))
                assert again is not None
                cursor = again
            fresh, cursor = cursor.take(snap(*there))
            told.extend(ids(fresh))
    told.extend(ids(cursor.take(snap(*there))[0]))
    assert sorted(told) == sorted(f"n{number}" for number in range(len(times)))
    assert len(told) == len(set(told))
