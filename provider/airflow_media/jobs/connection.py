"""Reads an Airflow connection: addresses and options, with errors that name the field to mend. Imports no Airflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from msgspec import Struct, field

from airflow_media.http.auth import Auth
from airflow_media.http.client import AsyncClient, Client, Timeouts, ssl_context
from airflow_media.http.errors import InvalidRequestError
from airflow_media.http.origins import origin
from airflow_media.http.reading import Ranges
from airflow_media.http.retry import RetryPolicy
from airflow_media.http.service import Service

T = TypeVar("T")


class ConnectionFieldError(InvalidRequestError):
    """A connection lacks something, or a field of it cannot be what it says."""


class Connection(Protocol):
    """What we use of an Airflow connection."""

    conn_id: str
    host: str | None
    port: int | None
    schema: str | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> Mapping[str, Any]:
        """The extra field as a mapping."""


class Access(Struct, frozen=True, kw_only=True):
    """Everything that a client needs: which service, where, as whom.

    :param service: The service.
    :param roots: Base URL by name of the root.
    :param auth: How to tell the service who we are.
    :param allow_http: Whether plain HTTP may leave this machine.
    :param ca_file: PEM file of authorities that are trusted besides the public ones.
    :param timeouts: Seconds to wait in each phase.
    :param retry: When to send again.
    :param ranges: How a large file is received, where that is slow in one stream.
    :param settings: What else the connection says, for the flows of the service:
        :class:`~airflow_media.http.call.Configured`.
    """

    service: Service
    roots: Mapping[str, str]
    auth: Auth
    allow_http: bool = False
    ca_file: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    ranges: Ranges = field(default_factory=Ranges)
    settings: Any = None

    def client(self) -> Client:
        """Make a client for a worker."""
        return Client(self.service, self.roots, self.auth, **self._options)

    def async_client(self) -> AsyncClient:
        """Make a client for the running event loop."""
        return AsyncClient(self.service, self.roots, self.auth, **self._options)

    @property
    def _options(self) -> dict[str, Any]:
        return {
            "retry": self.retry,
            "timeouts": self.timeouts,
            "ranges": self.ranges,
            "allow_http": self.allow_http,
            "ca_file": self.ca_file,
            "settings": self.settings,
        }


class Reader:
    """Reads one connection.

    :param connection: The connection.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        try:
            self._extra = dict(connection.extra_dejson)
        except (TypeError, ValueError):
            raise self.fault("extra", "is not a JSON object", 'Write it as {"name": "value"}.') from None

    def access(self, service: Service, roots: Mapping[str, str], auth: Auth, settings: Any = None) -> Access:
        """Give what a client needs, with what every connection may say: ``allow_http``, ``ca_file`` and ``timeout``.

        :param service: The service.
        :param roots: Base URL by name of the root.
        :param auth: How to tell the service who we are.
        :param settings: What else the connection says, for the flows of the service.
        """
        return Access(
            service=service,
            roots=roots,
            auth=auth,
            allow_http=self.flag("allow_http", default=False),
            ca_file=self.ca_file(),
            timeouts=self.timeouts(),
            settings=settings,
        )

    def base_url(self, default: str = "") -> str:
        """Give the base URL, without a slash at its end.

        ``host`` is a full URL, or a host name with ``port`` and ``schema`` (http or https, default https) beside it.

        :param default: The base URL where the connection names no host; empty: it must name one.
        :raises ConnectionFieldError: The host is no URL and no host name, or is missing.
        """
        host = (self._connection.host or "").strip()
        if not host:
            return self._required("host", default.rstrip("/"), "base URL of the service")
        if "://" not in host:
            scheme = (self._connection.schema or "https").strip().lower()
            # The form of some Airflow versions sends port 0 for an empty field.
            port = f":{self._connection.port}" if self._connection.port else ""
            host = f"{scheme}://{host}{port}"
        return self._url("host", host)

    def url(self, name: str, default: str) -> str:
        """Give a URL from extra, without a slash at its end.

        :param name: Key in extra.
        :param default: What holds without it.
        :raises ConnectionFieldError: It is no URL.
        """
        value = self.text(name)
        return self._url(name, value) if value else default.rstrip("/")

    def login(self, what: str) -> str:
        """Give the login.

        :param what: What the service calls it.
        :raises ConnectionFieldError: There is none.
        """
        return self._required("login", self._connection.login, what)

    def password(self, what: str) -> str:
        """Give the password.

        :param what: What the service calls it.
        :raises ConnectionFieldError: There is none.
        """
        return self._required("password", self._connection.password, what)

    def text(self, name: str) -> str | None:
        """Give a text from extra; ``None`` when it is missing or empty."""
        value = self._extra.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.fault(name, f"is {value!r}", "Write it as a text.")
        return value

    def secret(self, name: str) -> str | None:
        """Give a text from extra that must never be printed; ``None`` when it is missing or empty."""
        value = self._extra.get(name)
        if value is not None and not isinstance(value, str):
            raise self.fault(name, "is not a text", "Write it as a text.")
        return value or None

    def words(self, name: str) -> tuple[str, ...]:
        """Give words from extra: a list, or a text with commas between them; none where it is missing or empty."""
        value = self._extra.get(name) or ()
        words = value.split(",") if isinstance(value, str) else value
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            raise self.fault(name, f"is {value!r}", "Write words with commas between them.")
        return tuple(word.strip() for word in words if word.strip())

    def mapping(self, name: str) -> dict[str, str]:
        """Give texts by name from extra: a JSON object, or a text that holds one; empty where it is missing."""
        value = self._extra.get(name) or {}
        try:
            parsed = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            parsed = None
        if not isinstance(parsed, Mapping) or not all(isinstance(each, str) for each in parsed.values()):
            raise self.fault(name, "is not an object of texts", 'Write it as {"name": "value"}.')
        return dict(parsed)

    def flag(self, name: str, default: bool) -> bool:
        """Give a yes or no from extra."""
        value = self._extra.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        raise self.fault(name, f"is {value!r}", "Write true or false.")

    def integer(self, name: str, default: int) -> int:
        """Give a whole number above zero from extra."""
        value = self._extra.get(name)
        if value is None or value == "":
            return default
        number = self._parse(name, value, _whole, "Write a whole number above 0.")
        if number < 1:
            raise self.fault(name, f"is {value!r}", "Write a whole number above 0.")
        return number

    def seconds(self, name: str, default: float) -> float:
        """Give a number of seconds above zero from extra."""
        value = self._extra.get(name)
        if value is None or value == "":
            return default
        number = self._parse(name, value, float, "Write a number of seconds.")
        if not 0 < number < float("inf"):
            raise self.fault(name, f"is {value!r}", "Write a number of seconds above 0.")
        return number

    def timeouts(self) -> Timeouts:
        """Give the time-outs; ``timeout`` in extra is how long to wait for the next bytes of an answer, in seconds."""
        usual = Timeouts()
        read = self.seconds("timeout", usual.read)
        return Timeouts(connect=min(usual.connect, read), read=read, write=read, bulk_read=max(usual.bulk_read, read))

    def ca_file(self) -> str | None:
        """Give the PEM file of authorities to trust besides the public ones, which is read here; ``None``: no others.

        :raises ConnectionFieldError: It cannot be read, or has no certificates in it.
        """
        path = self.text("ca_file")
        if path is not None:
            hint = "Give the path of a PEM file, which must be there on the workers, the triggerer and the API server."
            try:
                ssl_context(path)
            except (OSError, ValueError) as error:
                raise self.fault("ca_file", f"is {path!r}, which cannot be used: {error}", hint) from None
        return path

    def fault(self, name: str, wrong: str, hint: str) -> ConnectionFieldError:
        """Word an error about a field of the connection.

        :param name: The field, or the key in extra.
        :param wrong: What is wrong with it.
        :param hint: What to write instead.
        """
        where = name if name in ("host", "login", "password", "extra") else f"extra {name}"
        return ConnectionFieldError(f"in connection {self._connection.conn_id!r}, {where} {wrong}", hint=hint)

    def _required(self, name: str, value: str | None, what: str) -> str:
        if not value:
            raise self.fault(name, "is empty", f"Fill in the {what}.")
        return value

    def _url(self, name: str, value: str) -> str:
        hint = "Write it as https://host[:port]/path."
        if any(mark in value for mark in "@?#"):  # there a secret may stand, so it is not printed
            raise self.fault(name, "has a user, a query or a fragment in it", hint)
        try:
            origin(value)
        except InvalidRequestError:
            raise self.fault(name, f"is {value!r}", hint) from None
        return value.rstrip("/")

    def _parse(self, name: str, value: object, kind: Callable[[Any], T], hint: str) -> T:
        try:
            return kind(value)
        except (TypeError, ValueError):
            raise self.fault(name, f"is {value!r}", hint) from None


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)
