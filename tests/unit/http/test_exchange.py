"""The rules of talking to a service, driven by hand: no socket, no thread, no clock but our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_media.http.auth import Token
from airflow_media.http.call import Answer, Call, Configured, Flow, Pause
from airflow_media.http.errors import (
    AuthenticationError,
    ConflictError,
    InsecureUrlError,
    InvalidRequestError,
    MediaError,
    NetworkFaultError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
    TransferError,
    UnreadableAnswerError,
)
from airflow_media.http.exchange import LONGEST_MESSAGE, Exchange, GetToken, Send, Steps
from airflow_media.http.origins import Origins
from airflow_media.http.retry import RetryPolicy
from airflow_media.http.service import Problem, Service

T = TypeVar("T")

PASSWORD = "correct horse battery staple"
OK = Answer(200, {}, b'{"id": "7"}')
REFUSED = Answer(401, {}, b"who are you?")
UNAVAILABLE = Answer(503, {}, b"")


class KeyAuth:
    """Carries its token in a header field and in the query."""

    def login(self) -> Flow[Token]:
        value, life = yield from Call(
            operation="log in",
            method="POST",
            url="/login",
            authenticated=False,
            json={"password": PASSWORD},
            read=lambda answer: (str(answer.json()["token"]), float(answer.json()["life"])),
        )
        return Token(value, life)

    def headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    def params(self, token: str) -> dict[str, str]:
        return {"v": token}

    def refused(self, answer: Answer) -> bool:
        return answer.status == 401

    def secrets(self) -> tuple[str, ...]:
        return (PASSWORD,)


@dataclass
class Bench:
    """Carries out the steps of an exchange with scripted answers, and writes them down.

    :param answers: What each sending ends in; a function is asked with the request.
    :param tokens: What each wish for a token ends in.
    """

    answers: list[Answer | MediaError | Callable[[Send], Answer]]
    tokens: list[str | MediaError] = field(default_factory=list)
    now: float = 5000.0
    steps: list[Any] = field(default_factory=list)
    retry: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(first=1.0, budget=100.0, jitter=lambda low, high: high)
    )
    auth: KeyAuth | None = None
    service: Service = field(default_factory=lambda: Service(name="Pixop"))
    seconds_per_request: float = 0.0

    def __post_init__(self) -> None:
        self.exchange = Exchange(
            service=self.service,
            origins=Origins({"": "https://api.example.com/v1"}),
            auth=self.auth,
            retry=self.retry,
            settings={"project": "archive"},
            monotonic=lambda: self.now,
            wall=lambda: 1_000_000.0 + self.now,
        )

    def run(self, flow: Flow[T] | Call[T]) -> T:
        return self.drive(self.exchange.flow(flow))

    def drive(self, steps: Steps[T]) -> T:
        value: Any = None
        while True:
            try:
                step = steps.throw(value) if isinstance(value, MediaError) else steps.send(value)
            except StopIteration as stop:
                result: T = stop.value
                return result
            self.steps.append(step)
            value = self._outcome(step)

    def _outcome(self, step: Any) -> Any:
        if isinstance(step, Pause):
            self.now += step.seconds
            return None
        if isinstance(step, GetToken):
            return self.tokens.pop(0)
        self.now += self.seconds_per_request
        outcome = self.answers.pop(0)
        return outcome(step) if callable(outcome) else outcome

    @property
    def sent(self) -> list[Send]:
        return [step for step in self.steps if isinstance(step, Send)]

    @property
    def pauses(self) -> list[float]:
        return [step.seconds for step in self.steps if isinstance(step, Pause)]

    @property
    def wishes(self) -> list[GetToken]:
        return [step for step in self.steps if isinstance(step, GetToken)]


def get(**options: Any) -> Call[str]:
    settings: dict[str, Any] = {
        "operation": "get video",
        "subject": "video 7",
        "method": "GET",
        "url": "/videos/7",
        "read": lambda answer: answer.json()["id"],
    }
    return Call(**(settings | options))


def create(**options: Any) -> Call[str]:
    return get(**({"operation": "create video", "method": "POST", "url": "/videos"} | options))


@dataclass
class Text:
    """A body that counts how often it is opened."""

    content: bytes = b"some video"
    content_type: str | None = "video/mp4"
    opened: int = 0

    @property
    def length(self) -> int:
        return len(self.content)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        self.opened += 1
        yield iter([self.content])


def chain(error: BaseException) -> list[BaseException]:
    """Give an error and all that it came from."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is not None and link not in found:
            found.append(link)
            waiting += [link.__cause__, link.__context__]
    return found


# What is sent


def test_a_flow_is_given_what_the_connection_says() -> None:
    def flow() -> Flow[str]:
        settings = yield from Configured()
        return (yield from get(url=f"/{settings['project']}"))

    scene = Bench([OK])
    assert scene.run(flow()) == "7"
    assert [send.url for send in scene.sent] == ["https://api.example.com/v1/archive"]


def test_a_plain_request() -> None:
    bench = Bench([OK])
    assert bench.run(get(params={"page": "2"}, headers={"X-Team": "t"})) == "7"
    assert bench.steps == [
        Send("GET", "https://api.example.com/v1/videos/7", {"x-team": "t"}, {"page": "2"}, None, bulk=False)
    ]


def test_json_is_sent_compact_and_as_utf_8() -> None:
    bench = Bench([OK])
    bench.run(create(json={"name": "Zoë", "size": 1}))
    assert bench.sent[0].content == '{"name":"Zoë","size":1}'.encode()
    assert bench.sent[0].headers == {"content-type": "application/json"}


def test_a_type_of_json_of_its_own_is_kept() -> None:
    bench = Bench([OK])
    bench.run(create(json=[], headers={"Content-Type": "application/vnd.api+json"}))
    assert bench.sent[0].headers == {"content-type": "application/vnd.api+json"}


def test_a_form_is_sent_as_a_web_page_sends_it() -> None:
    bench = Bench([OK])
    bench.run(create(form={"name": "Zoë & Co", "secret": "a+/="}))
    assert bench.sent[0].content == b"name=Zo%C3%AB+%26+Co&secret=a%2B%2F%3D"
    assert bench.sent[0].headers == {"content-type": "application/x-www-form-urlencoded"}
    assert "a+/=" not in repr(create(form={"secret": "a+/="}))


@pytest.mark.parametrize("what", [{"json": {"name": "\ud800"}}, {"form": {"name": "\ud800"}}])
def test_what_cannot_be_written_is_refused_before_it_is_sent(what: dict[str, Any]) -> None:
    bench = Bench([])
    with pytest.raises(InvalidRequestError, match=r"Pixop could not create video .*'\\ud800' in it"):
        bench.run(create(**what))
    assert bench.sent == []


def test_a_body_is_announced_with_its_length() -> None:
    bench, body = Bench([OK]), Text()
    bench.run(create(body=body, bulk=True))
    assert bench.sent[0].content is body
    assert bench.sent[0].headers == {
        "content-length": "10",
        "content-type": "video/mp4",
        "accept-encoding": "identity",
    }
    bench = Bench([OK])
    bench.run(create(body=Text(content_type=None)))
    assert bench.sent[0].headers == {"content-length": "10"}


def test_headers_of_the_root_yield_to_those_of_the_call_and_both_to_the_token() -> None:
    service = Service(name="Pixop", headers={"": {"Accept": "a/a", "Authorization": "none", "X-Root": "1"}})
    bench = Bench([OK], tokens=["t0ken"], auth=KeyAuth(), service=service)
    bench.run(get(headers={"ACCEPT": "b/b", "authorization": "mine"}))
    assert bench.sent[0].headers == {"accept": "b/b", "x-root": "1", "authorization": "Bearer t0ken"}
    assert bench.sent[0].params == {"v": "t0ken"}


def test_a_public_call_asks_for_no_token() -> None:
    bench = Bench([OK], auth=KeyAuth())
    bench.run(get(authenticated=False, url="https://bucket.example.net/key?X=1"))
    assert not bench.wishes
    assert bench.sent[0].headers == {}
    assert bench.sent[0].params == {}


def test_a_long_transfer_says_so_when_it_asks_for_its_token() -> None:
    bench = Bench([OK, OK], tokens=["a", "a"], auth=KeyAuth())
    bench.run(create(bulk=True))
    bench.run(get())
    assert bench.wishes == [GetToken(None, bulk=True), GetToken(None, bulk=False)]


@pytest.mark.parametrize(
    ("call", "cls"),
    [
        (get(url="https://evil.example/"), ProtocolError),
        (get(url="http://bucket.example.net/", authenticated=False), InsecureUrlError),
        (get(url="ftp://bucket.example.net/", authenticated=False), InvalidRequestError),
    ],
)
def test_where_it_must_not_go_nothing_is_sent(call: Call[str], cls: type[MediaError]) -> None:
    bench = Bench([], auth=KeyAuth())
    with pytest.raises(cls, match=r"^Pixop could not get video \(video 7\): "):
        bench.run(call)
    assert bench.steps == []


# When again


@pytest.mark.parametrize(
    "fault", [NetworkFaultError("reset"), Answer(429, {}), Answer(502, {}), UNAVAILABLE, Answer(504, {})]
)
def test_a_repeatable_call_is_sent_again_after_a_passing_fault(fault: Any) -> None:
    bench = Bench([fault, fault, OK])
    assert bench.run(get()) == "7"
    assert bench.pauses == [1.0, 2.0]
    assert bench.sent[0] == bench.sent[1] == bench.sent[2]


@pytest.mark.parametrize("fault", [NetworkFaultError("reset"), Answer(429, {"retry-after": "1"}), UNAVAILABLE])
def test_a_create_is_sent_once(fault: Any) -> None:
    bench = Bench([fault])
    with pytest.raises(MediaError):
        bench.run(create())
    assert len(bench.sent) == 1
    assert bench.pauses == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 501])
def test_a_refusal_is_final(status: int) -> None:
    bench = Bench([Answer(status, {})])
    with pytest.raises(MediaError) as caught:
        bench.run(get())
    assert caught.value.status == status
    assert bench.pauses == []


def test_waiting_ends_with_the_budget() -> None:
    bench = Bench(
        [UNAVAILABLE] * 50, retry=RetryPolicy(first=1.0, longest=8.0, budget=30.0, jitter=lambda low, high: high)
    )
    with pytest.raises(ServerFaultError):
        bench.run(get())
    assert bench.pauses == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_the_time_of_the_requests_counts_into_the_budget() -> None:
    bench = Bench([UNAVAILABLE] * 50, seconds_per_request=40.0)
    with pytest.raises(ServerFaultError):
        bench.run(get())
    assert len(bench.sent) == 3


def test_the_time_of_a_transfer_does_not_but_their_number_is_bounded() -> None:
    bench = Bench([UNAVAILABLE] * 50, seconds_per_request=3600.0)
    with pytest.raises(ServerFaultError):
        bench.run(get(bulk=True))
    assert len(bench.sent) == bench.retry.bulk_attempts


@pytest.mark.parametrize("value", ["40", "Mon, 12 Jan 1970 15:10:40 GMT"])
def test_retry_after_is_obeyed(value: str) -> None:
    bench = Bench([Answer(429, {"retry-after": value}), OK])
    assert bench.run(get()) == "7"
    assert bench.pauses == [41.0]  # with a little more, so that not everybody comes at once


@pytest.mark.parametrize("value", ["101", "Tue, 13 Jan 1970 15:10:40 GMT"])
def test_a_retry_after_beyond_the_budget_is_told_and_not_waited_for(value: str) -> None:
    bench = Bench([Answer(429, {"retry-after": value})])
    with pytest.raises(RateLimitedError) as caught:
        bench.run(get())
    assert caught.value.retry_after == (101.0 if value == "101" else 86_440.0)
    assert bench.pauses == []


# Tokens


def test_a_refused_token_is_renewed_once() -> None:
    bench = Bench([REFUSED, OK], tokens=["old", "new"], auth=KeyAuth())
    assert bench.run(create()) == "7"
    assert bench.wishes == [GetToken(None, bulk=False), GetToken("old", bulk=False)]
    assert [send.headers["authorization"] for send in bench.sent] == ["Bearer old", "Bearer new"]


def test_a_second_refusal_is_the_answer() -> None:
    bench = Bench([REFUSED, REFUSED], tokens=["old", "new"], auth=KeyAuth())
    with pytest.raises(AuthenticationError, match="401: who are you"):
        bench.run(get())
    assert len(bench.sent) == 2


def test_without_a_token_a_refusal_is_the_answer_at_once() -> None:
    bench = Bench([REFUSED])
    with pytest.raises(AuthenticationError):
        bench.run(get())


def test_a_token_may_be_refused_between_passing_faults() -> None:
    bench = Bench([UNAVAILABLE, REFUSED, UNAVAILABLE, OK], tokens=["a", "a", "b", "b"], auth=KeyAuth())
    assert bench.run(get()) == "7"
    assert [wish.refused for wish in bench.wishes] == [None, None, "a", "a"]


def test_a_login_that_fails_is_the_answer_of_the_call() -> None:
    failure = AuthenticationError("wrong password", service="Pixop", operation="log in")
    bench = Bench([], tokens=[failure], auth=KeyAuth())
    with pytest.raises(AuthenticationError, match="Pixop could not log in: wrong password"):
        bench.run(get())


def login_answer(token: str, life: float = 3600.0) -> Answer:
    return Answer(200, {}, json.dumps({"token": token, "life": life}).encode())


def test_a_login_is_made_only_when_it_is_due() -> None:
    bench = Bench([login_answer("first"), login_answer("second")], auth=KeyAuth())
    wish = GetToken(None, bulk=False)
    assert bench.drive(bench.exchange.token(wish, seen=0)) == "first"
    assert bench.drive(bench.exchange.token(wish, seen=1)) == "first"
    bench.now += 3600.0 - 120.0
    assert bench.drive(bench.exchange.token(wish, seen=1)) == "second"
    assert bench.drive(bench.exchange.token(GetToken("first", bulk=False), seen=1)) == "second"
    assert [send.url for send in bench.sent] == ["https://api.example.com/v1/login"] * 2


def test_the_life_of_a_token_begins_when_it_was_asked_for() -> None:
    bench = Bench([login_answer("slow", 100.0)] * 2, auth=KeyAuth(), seconds_per_request=95.0)
    wish = GetToken(None, bulk=False)
    bench.drive(bench.exchange.token(wish, seen=0))
    bench.drive(bench.exchange.token(wish, seen=1))
    assert len(bench.sent) == 2


def test_a_failed_login_is_shared_by_those_who_waited() -> None:
    bench = Bench([Answer(403, {}, b"locked"), login_answer("late")], auth=KeyAuth())
    wish = GetToken(None, bulk=False)
    for _ in range(3):
        with pytest.raises(MediaError, match="Pixop could not log in: 403: locked"):
            bench.drive(bench.exchange.token(wish, seen=0))
    assert len(bench.sent) == 1
    assert bench.drive(bench.exchange.token(wish, seen=1)) == "late"


# Flows


def test_a_flow_gets_results_and_pauses() -> None:
    def twice() -> Flow[str]:
        first = yield from get()
        yield from Pause(3.0)
        second = yield from create()
        return first + second

    bench = Bench([OK, Answer(200, {}, b'{"id": "8"}')])
    assert bench.run(twice()) == "78"
    assert bench.pauses == [3.0]


def test_a_fault_is_raised_where_the_flow_made_the_call() -> None:
    def find_or_create() -> Flow[str]:
        try:
            return (yield from get())
        except NotFoundError:
            return (yield from create())

    bench = Bench([Answer(404, {}), OK])
    assert bench.run(find_or_create()) == "7"
    assert [send.method for send in bench.sent] == ["GET", "POST"]


def test_a_flow_that_does_not_catch_ends_with_the_fault_and_tidies_up() -> None:
    ended = []

    def flow() -> Flow[str]:
        try:
            return (yield from get())
        finally:
            ended.append(True)

    with pytest.raises(NotFoundError):
        Bench([Answer(404, {})]).run(flow())
    left = flow()  # held here, so that it is not the garbage collector that tidies up
    steps = Bench([]).exchange.flow(left)
    next(steps)
    steps.close()
    assert ended == [True, True]


def test_a_flow_may_end_without_a_call() -> None:
    def nothing() -> Flow[int]:
        return 5
        yield from Pause(0.0)

    assert Bench([]).run(nothing()) == 5


# Answers that are not what was promised


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not JSON"),
        (b"<html>Welcome</html>", "not JSON"),
        (b"{}", "KeyError: 'id'"),
        (b"[]", "TypeError"),
        (b"7", "TypeError"),
        (b'{"id": null}', "TypeError"),
        (b'{"id": "seven"}', "ValueError"),
        (b'{"id": Infinity}', "OverflowError"),
        (b"\xff\xfe{", "UnicodeDecodeError"),
        (b"[" * 200_000, "RecursionError"),
    ],
)
def test_an_answer_that_cannot_be_read_is_told_with_its_beginning(content: bytes, what: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        Bench([Answer(200, {}, content)] * 3).run(get(read=lambda answer: int(answer.json()["id"])))
    error = caught.value
    assert what in error.message
    assert (error.service, error.operation, error.subject, error.status) == ("Pixop", "get video", "video 7", 200)
    assert len(error.message) < 600
    if content.startswith(b"<html>"):
        assert "'<html>Welcome</html>'" in error.message


@pytest.mark.parametrize("odd", [Answer(200, {}, b"<html>Back in a minute</html>"), Answer(200, {}, b'{"id"')])
def test_an_answer_that_cannot_be_read_is_asked_for_again_twice(odd: Answer) -> None:
    bench = Bench([odd, odd, OK])
    assert bench.run(get()) == "7"
    assert bench.pauses == [1.0, 2.0]
    bench = Bench([odd] * 50)
    with pytest.raises(UnreadableAnswerError, match="the answer is not what its documentation promises") as caught:
        bench.run(get())
    assert len(bench.sent) == 3
    assert not caught.value.retryable


def test_a_create_whose_answer_cannot_be_read_is_not_sent_again() -> None:
    bench = Bench([Answer(200, {}, b"<html>")])
    with pytest.raises(UnreadableAnswerError):
        bench.run(create())
    assert len(bench.sent) == 1


def test_an_error_of_the_reader_is_completed() -> None:
    def read(answer: Answer) -> str:
        raise ConflictError("it is of another kind")

    with pytest.raises(ConflictError, match=r"Pixop could not get video \(video 7\): it is of another kind"):
        Bench([OK]).run(get(read=read))


@settings(deadline=None)
@given(st.integers(200, 599), st.binary())
def test_no_bytes_break_it(status: int, content: bytes) -> None:
    bench = Bench([Answer(status, {}, content)] * 60)
    with pytest.raises(MediaError, match=r"^Pixop could not get video \(video 7\): "):
        bench.run(get(read=lambda answer: [float(item["x"]) for item in answer.json()["items"]]))


# Secrets


@pytest.mark.parametrize("member", ["access_token", "jwt", "value"])
def test_nothing_secret_comes_out_of_the_answer_to_a_login(member: str) -> None:
    content = json.dumps({member: "eyJ0b2tlbg", "life": 60}).encode()
    bench = Bench([Answer(200, {}, content)] * 3, auth=KeyAuth())
    with pytest.raises(ProtocolError) as caught:
        bench.drive(bench.exchange.token(GetToken(None, bulk=False), seen=0))
    assert "KeyError: 'token'" in str(caught.value)
    assert "eyJ0b2tlbg" not in str(caught.value)


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(400, {}, b"you sent v0-s3cr3t-t0ken and correct horse battery staple"),
        Answer(200, {}, b"you sent v0-s3cr3t-t0ken and correct horse battery staple"),
        Answer(200, {}, b'{"id": {"v0-s3cr3t-t0ken": "correct horse battery staple"}}'),
        Answer(404, {"location": "/"}, b'{"problem": "no v0-s3cr3t-t0ken correct horse battery staple"}'),
        NetworkFaultError("lost https://api.example.com/v1?v=v0-s3cr3t-t0ken correct horse battery staple"),
        TransferError("Illegal header value b'Bearer v0-s3cr3t-t0ken' correct horse battery staple"),
    ],
)
def test_no_secret_is_in_an_error_or_in_what_it_came_from(outcome: Any) -> None:
    def problem(answer: Answer) -> Problem | None:
        return Problem(answer.json()["problem"], "NO")

    def read(answer: Answer) -> int:
        return int(str(answer.json()["id"]))

    def answered(send: Send) -> Any:
        # As a client does it: with the HTTP library's own error, which knows the whole request, behind ours.
        if isinstance(outcome, MediaError):
            outcome.__context__ = RuntimeError(f"lost {send}")
        return outcome

    service = Service(name="Pixop", problem=problem, secret_params=frozenset({"v"}))
    bench = Bench([answered], tokens=["v0-s3cr3t-t0ken"], auth=KeyAuth(), service=service)
    with pytest.raises(MediaError) as caught:
        bench.run(create(read=read, subject="video of correct horse battery staple"))
    for link in chain(caught.value):
        for text in (str(link), repr(link)):
            assert "s3cr3t" not in text
            assert "battery" not in text
    assert "***" in str(caught.value)


def test_the_query_of_a_signed_url_is_secret() -> None:
    query = "part=1&X-Odd-Proof=0a1b2c3d4e5f"
    bench = Bench([NetworkFaultError(f"lost https://bucket.example.net/key?{query}")])
    with pytest.raises(NetworkFaultError) as caught:
        bench.run(create(url=f"https://bucket.example.net/key?{query}", authenticated=False))
    assert "0a1b2c3d4e5f" not in str(caught.value)


def test_parameters_that_the_service_calls_secret_are() -> None:
    service = Service(name="Pixop", secret_params=frozenset({"who"}))
    bench = Bench([Answer(400, {}, b"unknown: ann.smith@example.com in blue")], service=service)
    with pytest.raises(InvalidRequestError) as caught:
        bench.run(get(params={"who": "ann.smith@example.com", "colour": "blue"}))
    assert caught.value.message == "unknown: *** in blue"


def test_a_message_without_end_is_cut() -> None:
    service = Service(name="Pixop", problem=lambda answer: Problem(answer.text, "LONG"))
    bench = Bench([Answer(400, {}, b"word " * 100_000)], service=service)
    with pytest.raises(InvalidRequestError) as caught:
        bench.run(get())
    assert len(caught.value.message) == LONGEST_MESSAGE + 1
