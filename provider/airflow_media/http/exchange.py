"""The rules of talking to a service, without I/O: which request, which token, when again, what an answer means.

:class:`Exchange` turns a flow into steps (get a token, send, pause). The two clients carry out the steps, each in its
own kind of I/O, and decide nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlencode

from msgspec import Struct, field

from airflow_media.http.auth import Auth, TokenCache
from airflow_media.http.bodies import Body
from airflow_media.http.call import UNREADABLE, Answer, Call, Configured, Flow, Pause
from airflow_media.http.errors import InvalidRequestError, MediaError, UnreadableAnswerError
from airflow_media.http.origins import Origins
from airflow_media.http.redact import REDACTOR, Discreet
from airflow_media.http.retry import RetryPolicy
from airflow_media.http.service import Service

T = TypeVar("T")

LONGEST_MESSAGE = 2000
"""Characters of an error message: some services answer with a whole page where a sentence is expected."""
EXCERPT = 200
"""Characters of an unreadable answer that go into an error message."""


class GetToken(Discreet, frozen=True):
    """Step: give a token that is good now.

    :param refused: The token that the service has just refused.
    :param bulk: Whether it is for a long transfer.
    """

    unsaid = ("refused",)

    refused: str | None
    bulk: bool


class Send(Discreet, frozen=True):
    """Step: send a request and give the answer; raise a :class:`MediaError` where none comes.

    :param method: HTTP method.
    :param url: Absolute URL, without the parameters.
    :param headers: All header fields, ``Content-Length`` included.
    :param params: Query parameters.
    :param content: The body.
    :param bulk: Whether the answer may take long.
    """

    unsaid = ("url", "headers", "params", "content")

    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    content: bytes | Body | None
    bulk: bool


Step: TypeAlias = GetToken | Send | Pause
Steps: TypeAlias = Generator[Step, Any, T]


class Exchange(Struct, kw_only=True):
    """Everything about one connection to one service that needs no I/O.

    :param service: The service.
    :param origins: Its roots, and what may be sent where.
    :param auth: How it wants to be told who we are; ``None`` for a public one.
    :param retry: When to send again.
    :param settings: What flows are given for :class:`~airflow_media.http.call.Configured`.
    :param monotonic: Clock for durations, in seconds.
    :param wall: Wall clock, in seconds.
    """

    service: Service
    origins: Origins
    auth: Auth | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    settings: Any = None
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    tokens: TokenCache = field(default_factory=TokenCache)

    def flow(self, flow: Flow[T] | Call[T]) -> Steps[T]:
        """Turn a flow or a single call into steps.

        A fault of a call is raised inside the flow, where the call was yielded, so that the flow can decide about it.
        """
        if isinstance(flow, Call):
            return (yield from self.call(flow))
        value: Any = None
        fault: MediaError | None = None
        try:
            while True:
                try:
                    asked = flow.send(value) if fault is None else flow.throw(fault)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                value, fault = None, None
                if isinstance(asked, Configured):
                    value = self.settings
                    continue
                if isinstance(asked, Pause):
                    yield asked
                    continue
                try:
                    value = yield from self.call(asked)
                except MediaError as error:
                    fault = error
        finally:
            flow.close()

    def token(self, step: GetToken, seen: int) -> Steps[str]:
        """Turn the wish for a token into the steps of a login, where it takes one. To be driven by one at a time.

        :param step: What kind of token.
        :param seen: :attr:`TokenCache.logins` from before the client waited for its turn.
        """
        assert self.auth is not None
        self.tokens.check(seen)
        now = self.monotonic()
        known = self.tokens.current(now, refused=step.refused, bulk=step.bulk)
        if known:
            return known
        try:
            token = yield from self.flow(self.auth.login())
        except MediaError as error:
            self.tokens.fail(error)
            raise
        self.tokens.store(token, now)
        return token.value

    def call(self, call: Call[T]) -> Steps[T]:
        """Turn a call into steps: token, request, a new token when refused, again after a passing fault."""
        url = self._resolve(call)
        started, attempt, refused = self.monotonic(), 0, None
        while True:
            attempt += 1
            token: str | None = None
            if self.auth and call.authenticated:
                # Asked for here first: nearly always there is one, and nobody need wait for a turn.
                token = self.tokens.current(self.monotonic(), refused=refused, bulk=call.bulk)
                token = token or (yield GetToken(refused, call.bulk))
            try:
                answer: Answer = yield self._request(call, url, token)
            except MediaError as lost:
                fault = self.about(lost, call)
            else:
                if token and refused is None and self.auth and self.auth.refused(answer):
                    refused = token
                    continue
                problem = self.service.fault(call, answer, self.wall())
                try:
                    if problem is None:
                        return self._read(call, answer)
                except UnreadableAnswerError as unreadable:
                    problem = unreadable
                fault = self.about(problem, call)
            # How long a big file took says nothing about the service's health: such calls are bounded by their number.
            spent = self.monotonic() - started if not call.bulk else 0.0
            delay = self.retry.delay(fault, attempt, spent) if call.may_repeat else None
            if delay is None or (call.bulk and attempt >= self.retry.bulk_attempts):
                raise fault
            yield Pause(delay)

    def about(self, error: MediaError, call: Call[Any]) -> MediaError:
        """Say on an error what was asked, where it does not say so itself, and make it fit to be printed.

        :param error: The error, which is changed.
        :param call: What was asked.
        :return: The same error.
        """
        error.service = error.service or self.service.name
        error.operation = error.operation or call.operation
        error.subject = REDACTOR.clean(error.subject or call.subject)
        error.message = REDACTOR.excerpt(error.message, LONGEST_MESSAGE)
        error.args = (error.message,)
        # What it came from says nothing more, at great length, and with the secrets in it.
        error.__cause__ = error.__context__ = None
        return error

    def _resolve(self, call: Call[Any]) -> str:
        try:
            url = self.origins.resolve(call)
        except MediaError as error:
            raise self.about(error, call) from None
        if not call.url.startswith("/"):
            REDACTOR.add([url.partition("?")[2]])
        return url

    def _request(self, call: Call[T], url: str, token: str | None) -> Send:
        try:
            return self._written(call, url, token)
        except UnicodeEncodeError as error:  # a file name of bytes that are no text, or half of a character in JSON
            odd = ascii(error.object[error.start : error.end])
            raise InvalidRequestError(f"a text with {odd} in it, which cannot be written as UTF-8") from None

    def _written(self, call: Call[T], url: str, token: str | None) -> Send:
        headers = {"accept-encoding": "identity"} if call.bulk else {}
        headers |= {name.lower(): value for name, value in self.service.headers.get(call.root, {}).items()}
        headers |= {name.lower(): value for name, value in call.headers.items()}
        params = dict(call.params)
        # Added anew with each request: what has not been used for long is forgotten.
        REDACTOR.add(self._secrets(call, token))
        if token and self.auth:
            headers |= {name.lower(): value for name, value in self.auth.headers(token).items()}
            params |= self.auth.params(token)
        content: bytes | Body | None = call.body
        if call.json is not None:
            content = json.dumps(call.json, ensure_ascii=False, separators=(",", ":")).encode()
            headers.setdefault("content-type", "application/json")
        if call.form is not None:
            content = urlencode(call.form).encode()
            headers["content-type"] = "application/x-www-form-urlencoded"
        if call.body is not None:
            headers["content-length"] = str(call.body.length)
            if call.body.content_type is not None:
                headers["content-type"] = call.body.content_type
        return Send(call.method, url, headers, params, content, call.bulk)

    def _secrets(self, call: Call[Any], token: str | None) -> list[str]:
        secrets = [value for name, value in call.params.items() if name in self.service.secret_params]
        if self.auth:
            secrets += self.auth.secrets()
        return [*secrets, token] if token else secrets

    def _read(self, call: Call[T], answer: Answer) -> T:
        try:
            return call.read(answer)
        except MediaError as error:
            fault = error
        except UNREADABLE as error:
            what = "not JSON" if isinstance(error, json.JSONDecodeError) else f"{type(error).__name__}: {error}"
            text = f"the answer is not what its documentation promises ({REDACTOR.excerpt(what, EXCERPT)})"
            if call.authenticated or self.auth is None:  # the answer to a login may hold a token that nobody knows yet
                text += f"; it begins: {REDACTOR.excerpt(answer.text, EXCERPT)!r}"
            fault = UnreadableAnswerError(text, status=answer.status)
        raise self.about(fault, call)
