"""How errors read, and that they survive copying and pickling."""

from __future__ import annotations

import copy
import pickle

import pytest

from airflow_media.http import errors
from airflow_media.http.errors import AuthenticationError, ConflictError, MediaError, NetworkFaultError, NotFoundError

ALL = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, MediaError)]


def test_says_who_could_not_do_what_and_why_and_what_to_do() -> None:
    error = NotFoundError(
        "No such video.",
        service="Pixop",
        operation="get video",
        subject="video 3f2a",
        status=404,
        code="VideoNotFoundException",
    )
    assert str(error) == (
        "Pixop could not get video (video 3f2a): 404 VideoNotFoundException: No such video. "
        "Check the id, and that it belongs to the account of the connection."
    )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MediaError("it broke"), "it broke."),
        (MediaError("it broke."), "it broke."),
        (MediaError(" it broke: "), "it broke."),
        (MediaError("are you sure?"), "are you sure?"),
        (MediaError("<html> and so on…"), "<html> and so on…"),
        (MediaError("it broke", hint="Mend it."), "it broke. Mend it."),
        (MediaError("it broke", operation="list videos"), "The service could not list videos: it broke."),
        (MediaError("it broke", service="Pixop"), "it broke."),
        (MediaError("", service="Pixop", operation="list videos"), "Pixop could not list videos."),
        (ConflictError("busy", status=409), "409: busy."),
        (ConflictError("busy", code="BUSY"), "BUSY: busy."),
    ],
)
def test_reads_as_sentences_whatever_is_known(error: MediaError, text: str) -> None:
    assert str(error) == text


def test_hint_and_retryable_of_the_class_can_be_overridden() -> None:
    assert NetworkFaultError("gone").retryable
    assert not NetworkFaultError("gone", retryable=False).retryable
    assert not AuthenticationError("no").retryable
    assert AuthenticationError("no", retryable=True).retryable
    assert AuthenticationError("no").hint == AuthenticationError.default_hint
    assert AuthenticationError("no", hint="Ask Ann.").hint == "Ask Ann."


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_survives_copying(cls: type[MediaError], again: object) -> None:
    error = cls("it broke", service="S", operation="o", subject="s", status=500, code="C", hint="H", retry_after=3.0)
    other = again(error)  # type: ignore[operator]
    assert type(other) is cls
    assert str(other) == str(error)
    assert vars(other) == vars(error)


@pytest.mark.parametrize("cls", ALL)
def test_every_error_tells_what_it_means(cls: type[MediaError]) -> None:
    assert issubclass(cls, MediaError)
    assert cls.__doc__
    assert not cls.default_hint or cls.default_hint.endswith(".")
