"""Where requests may go: plain HTTP stays on this machine, and a token goes to the configured origins only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from airflow_media.http.call import Call
from airflow_media.http.errors import InsecureUrlError, InvalidRequestError, ProtocolError

URL_HINT = "Write it as https://host[:port]/path."

_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+")  # a name or an IPv6 address: nothing that two parsers may read in two ways


def origin(url: str) -> str:
    """Give scheme, host and port of a URL, the port always spelled out.

    :param url: An absolute http or https URL.
    :raises InvalidRequestError: It is not one.
    """
    try:
        parts = urlsplit(url)
        default = {"http": 80, "https": 443}[parts.scheme]
        port = default if parts.port is None else parts.port
    except (ValueError, KeyError):
        raise InvalidRequestError("not an http or https URL", hint=URL_HINT) from None
    if "@" in parts.netloc:
        # The HTTP library would send it along, and print it with each request.
        raise InvalidRequestError("a URL with a login in it", hint=URL_HINT)
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise InvalidRequestError("a URL without a proper host", hint=URL_HINT)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Origins:
    """The roots of a service and the rules for what may be sent where.

    :param roots: Base URL by name of the root.
    :param allow_http: Whether plain HTTP may leave this machine.
    """

    def __init__(self, roots: Mapping[str, str], *, allow_http: bool = False) -> None:
        self._roots = {name: url.rstrip("/") for name, url in roots.items()}
        self._trusted = frozenset(origin(url) for url in roots.values())
        self._allow_http = allow_http

    def resolve(self, call: Call[Any]) -> str:
        """Give the absolute URL of a call.

        :raises InsecureUrlError: Plain HTTP that would leave this machine.
        :raises ProtocolError: A token would go to another origin than the configured ones.
        """
        url = self._roots[call.root] + call.url if call.url.startswith("/") else call.url
        target = origin(url)
        if call.authenticated and target not in self._trusted:
            raise ProtocolError(
                f"the service names {target}, which is not where the connection points to; no token was sent there"
            )
        host = urlsplit(url).hostname or ""
        if target.startswith("http://") and not self._allow_http and not is_loopback(host):
            raise InsecureUrlError(f"{target} is plain http, which anyone on the way can read")
        return url
