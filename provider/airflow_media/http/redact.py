"""Keeps secrets out of everything printed: our messages and the request log of the HTTP library."""

from __future__ import annotations

import functools
import json
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import quote, quote_plus

from msgspec import Struct

MASK = "***"
SHORTEST = 5
"""Shorter secrets are not searched for: blanking each "abc" would hide the message and protect nothing."""
MOST = 2000
"""Secrets remembered at a time: a triggerer that lives for months sees many tokens, and old ones are dead."""

INSPECTED = 64 * 1024
"""Characters of a text that are looked at for an excerpt of it."""

LIBRARY_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)

_TELLING = r"(?:token|secret|password|signature|credential|policy|api_?key|securekey)"
# The repetitions are bounded: without a bound, "?tokentokentoken..." takes the square of its length.
_PARAM = re.compile(rf"(?i)([?&](?:sig|[^?=&\s\"']{{0,64}}{_TELLING}[^?=&\s\"']{{0,64}})=)[^&\s\"'>]+")
_MEMBER = re.compile(rf'(?i)("[^"\s]{{0,64}}{_TELLING}[^"\s]{{0,64}}"\s{{0,8}}:\s{{0,8}}")(?:[^"\\]|\\.)+')
_LOGIN = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{1,20}://)[^\s@\"'<>]{1,300}(?=@)")  # also with a slash in the password
_COOKIE = re.compile(r"""(?i)(b["']set-cookie["'], b["'])[^"']+""")  # as the HTTP library logs the fields of an answer


class Discreet(Struct, frozen=True):
    """A record that says nothing secret of itself when it is printed.

    A subclass names in ``unsaid`` the fields that its repr leaves out.
    """

    unsaid: ClassVar[tuple[str, ...]] = ()

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Give the fields that may be printed, as tracebacks with local variables ask for them."""
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in self.unsaid]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"


class Redactor(logging.Filter):
    """Blanks known secrets, logins in URLs, and values of query parameters and JSON members with telling names."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, secrets: Iterable[str]) -> None:
        """Remember secrets; those added again are remembered longest.

        :param secrets: Values that must never be printed.
        """
        forms = [form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST]
        with self._lock:
            for form in forms:
                self._secrets[form] = None
                self._secrets.move_to_end(form)
            while len(self._secrets) > MOST:
                self._secrets.popitem(last=False)

    def clean(self, text: str) -> str:
        """Give the text with each secret replaced by ``***``."""
        with self._lock:
            secrets = tuple(self._secrets)
        # The longest first: a secret may be part of another.
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        for pattern in (_PARAM, _MEMBER, _LOGIN, _COOKIE):
            text = pattern.sub(rf"\g<1>{MASK}", text)
        return text

    def excerpt(self, text: str, length: int) -> str:
        """Give the beginning of a text in a single line, cleaned before it is cut: half a secret is found by nobody.

        :param text: The text.
        :param length: Most characters to give.
        """
        line = " ".join(self.clean(text[:INSPECTED]).split())
        return line if len(line) <= length else line[:length] + "…"

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean a record of the HTTP library in place; never drops one."""
        record.msg, record.args = self.clean(record.getMessage()), ()
        return True


@functools.lru_cache(maxsize=100)  # the same few secrets, with each request
def _forms(secret: str) -> tuple[str, ...]:
    """Give a secret as it is and as it looks in a URL, in JSON, and in the ``repr`` of an error message."""
    bare = secret.strip()
    encoded = bare.encode("utf-8", "replace")
    escaped = (quote(encoded, safe=""), quote_plus(encoded), json.dumps(bare)[1:-1], repr(bare)[1:-1])
    return tuple(dict.fromkeys((secret, bare, *escaped)))


REDACTOR = Redactor()
"""The one of this process. A filter does not see the records of child loggers, so it sits on each that prints."""

for _name in LIBRARY_LOGGERS:
    logging.getLogger(_name).addFilter(REDACTOR)
