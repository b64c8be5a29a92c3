"""Where requests may go: plain HTTP stays on this machine, a token goes to the configured origins only, and no service
sends us to a place that is nearer to us than itself."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from airflow_media.http.call import Call
from airflow_media.http.errors import InsecureUrlError, InvalidRequestError, ProtocolError

INSIDE_HINT = "If that is meant, let the host of the connection be the service's address inside of that network."
URL_HINT = "Write it as https://host[:port]/path."

_INNER_NAMES = re.compile(r"[^.]+|.*\.(?:corp|home|home\.arpa|internal|intranet|lan|local|private)", re.IGNORECASE)
"""Names that mean nothing outside of a network: those without a dot, and domains that are kept for this."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

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


def _host(target: str) -> str:
    return urlsplit(target).hostname or ""


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Nearness(IntEnum):
    """How near to this machine a host is, as far as its name or address tells; no name is looked up."""

    OUTSIDE = 0
    NETWORK = 1
    MACHINE = 2
    """This machine, or what answers to this machine only, as the metadata services of clouds do."""


def nearness(host: str) -> Nearness:
    """Tell how near a host is.

    :param host: Name or address.
    """
    name = host.strip("[]").rstrip(".").lower()
    address = _address(name)
    if address is None:
        if name == "localhost" or name.endswith(".localhost"):
            return Nearness.MACHINE
        return Nearness.NETWORK if _INNER_NAMES.fullmatch(name) else Nearness.OUTSIDE
    if address.is_loopback or address.is_link_local or address.is_unspecified:
        return Nearness.MACHINE
    return Nearness.OUTSIDE if address.is_global else Nearness.NETWORK


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address in any of the spellings that lead there: 127.1, 0x7f000001 and ::ffff:127.0.0.1 all do."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(name))
        except OSError:
            return None
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


class Origins:
    """The roots of a service and the rules for what may be sent where.

    :param roots: Base URL by name of the root.
    :param allow_http: Whether plain HTTP may leave this machine.
    """

    def __init__(self, roots: Mapping[str, str], *, allow_http: bool = False) -> None:
        self._roots = {name: url.rstrip("/") for name, url in roots.items()}
        self._origins = {name: origin(url) for name, url in self._roots.items()}
        self._trusted = frozenset(self._origins.values())
        self._nearest = max((nearness(_host(target)) for target in self._trusted), default=Nearness.MACHINE)
        self._plain = not roots or any(url.startswith("http://") for url in self._trusted)
        self._allow_http = allow_http

    def resolve(self, call: Call[Any]) -> str:
        """Give the absolute URL of a call.

        :raises InsecureUrlError: Plain HTTP that would leave this machine, or that a service at https sends us to.
        :raises ProtocolError: A token would go to another origin than the configured ones, or the service sends us to
            a place that is nearer to us than itself: to this machine, or into its network.
        """
        if call.url.startswith("/"):  # a path cannot leave the origin of its root
            url, target = self._roots[call.root] + call.url, self._origins[call.root]
        else:
            url, target = call.url, origin(call.url)
        if call.authenticated and target not in self._trusted:
            raise ProtocolError(
                f"the service names {target}, which is not where the connection points to; no token was sent there"
            )
        if target not in self._trusted:
            self._check_elsewhere(target)
        if target.startswith("http://") and not self._allow_http and not is_loopback(_host(target)):
            raise InsecureUrlError(f"{target} is plain http, which anyone on the way can read")
        return url

    def _check_elsewhere(self, target: str) -> None:
        """Check an address that a service handed out: that of a store, say."""
        if target.startswith("http://") and not self._plain:
            text = f"the service is asked over https and names {target}, which is plain http; nothing was sent there"
            raise InsecureUrlError(text, hint="Ask whoever runs the service to hand out https.")
        if nearness(_host(target)) > self._nearest:
            text = f"the service names {target}, which is inside of a network that it is outside of"
            raise ProtocolError(f"{text}; nothing was sent there", hint=INSIDE_HINT)
