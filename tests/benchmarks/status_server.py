"""A stand-in that answers logins and looks at jobs as the four services do, and counts them.

It knows no more of a service than its login and its status call, since it must cost less than whoever asks it.
``python status_server.py JOBS TOKEN_LIFE CERTIFICATE`` writes its port; then, for each line of its input, what it has
counted since the line before. From a line ``end`` on, the jobs of Pixop are done.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qs

JSON = b"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


def job_ids(service: str, number: int) -> list[str]:
    """Give the ids of the jobs, as the service spells ids."""
    spelling = {"xvid": "5{:023x}", "media_storage": "0197a0c4-7e1b-7c3d-9f10-{:012x}", "pixop": "0197-{:032x}"}
    return [spelling.get(service, "{:032x}").format(number) for number in range(number)]


class Jobs:
    """What is told of the jobs: they run, until they are all done."""

    def __init__(self, number: int) -> None:
        self.counts: Counter[str] = Counter()
        self.done = False
        self.xvid = [_xvid_job(job_id) for job_id in job_ids("xvid", number)]

    def pixop(self, job_id: str) -> object:
        status, percent = ("DONE", 100) if self.done else ("PROCESSING", 1)
        state = {
            "processingStatus": status,
            "processingProgressPercent": percent,
            "updatedAt": "2026-01-05T10:00:00Z",
        }
        return {"videoId": job_id, "projectId": "0197-77", "processingState": state}

    def cielo24(self, job_id: str) -> object:
        return {
            "JobId": job_id,
            "JobName": "Episode 7",
            "JobStatus": "In Process",
            "Fidelity": "PREMIUM",
            "SourceLanguage": "en",
            "MediaLengthSeconds": 1800.0,
            "CreationDate": "2026-01-05T10:00:00.000000",
        }

    def media_storage(self, ids: list[str]) -> object:
        attributes = {"status": "running", "progress": 0.01, "error": None, "updated_at": "2026-01-05T10:00:00.000Z"}
        return {"data": [{"id": job_id, "type": "media:jobs", "attributes": attributes} for job_id in ids]}


def _xvid_job(job_id: str) -> dict[str, object]:
    return {
        "id": job_id,
        "status": "RUNNING",
        "percentage_completed": 1,
        "pipeline": {"id": "53a1ac4914eaa8ffa4fce900"},
        "input": {"file": {"id": "53a1ac4914eaa8ffa4fce901", "name": "clip.mp4"}},
        "outputs": [
            {"output_name": "clip-720p.mp4", "preset": {"id": "53a1ac4914eaa8ffa4fce902"}, "status": "RUNNING"}
        ],
        "user_data": "media_day scheduled__2026-01-05 transcode",
        "created_at": "2026-01-05T10:00:00Z",
    }


class Tokens:
    """Tokens with a short life."""

    def __init__(self, life: float) -> None:
        self.life = life
        self._born: dict[str, float] = {}

    def give(self) -> str:
        token = f"token-{len(self._born):08d}-{'x' * 200}"
        self._born[token] = time.monotonic()
        return token

    def accepts(self, token: str) -> bool:
        return time.monotonic() - self._born.get(token, -self.life) < self.life


class Connection(asyncio.Protocol):
    """One connection; requests come one after the other."""

    open = 0

    def __init__(self, jobs: Jobs, tokens: Tokens) -> None:
        self._jobs = jobs
        self._tokens = tokens
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        Connection.open += 1
        counts = self._jobs.counts
        counts["connections"] += 1
        counts["sockets"] = max(counts["sockets"], Connection.open)

    def connection_lost(self, error: Exception | None) -> None:
        Connection.open -= 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        fields = head.split(b"\r\n")
        named = {name.lower(): value.strip() for name, _, value in (field.partition(b":") for field in fields[1:])}
        length = int(named.get(b"content-length", b"0"))
        if not end or len(rest) < length:
            return
        self._received = rest[length:]
        target = fields[0].split()[1].decode()
        path, _, query = target.partition("?")
        status, document = self._answer(path, query, named.get(b"authorization", b"").decode())
        content = json.dumps(document).encode()
        self._transport.write(JSON % (status, len(content), content))  # type: ignore[attr-defined]

    def _answer(self, path: str, query: str, authorization: str) -> tuple[int, object]:
        counts, token = self._jobs.counts, authorization.removeprefix("Bearer ")
        service, _, rest = path[1:].partition("/")
        asked = parse_qs(query)
        if rest in LOGINS:
            counts["logins"] += 1
            return 200, LOGINS[rest](self._tokens.give(), self._tokens.life)
        if not self._tokens.accepts(asked["api_token"][0] if "api_token" in asked else token):
            counts["refusals"] += 1
            return REFUSALS[service]
        counts["requests"] += 1
        last = rest.rpartition("/")[2]
        if service == "pixop":
            return 200, self._told(1, self._jobs.pixop(last))
        if service == "cielo24":
            return 200, self._told(1, self._jobs.cielo24(asked["job_id"][0]))
        if service == "media_storage":
            ids = asked.get("filter[id__in][]") or asked.get("filter[id][]") or [last]
            return 200, self._told(len(ids), self._jobs.media_storage(ids))
        if last:
            return 200, self._told(1, {"job": _xvid_job(last)})
        start, limit = int(asked.get("start", ["0"])[0]), int(asked.get("limit", ["1000"])[0])
        listed = self._jobs.xvid[start : start + limit]
        return 200, self._told(len(listed), {"total": len(self._jobs.xvid), "jobs": listed})

    def _told(self, jobs: int, document: object) -> object:
        self._jobs.counts["jobs"] += jobs
        return document


LOGINS: dict[str, Callable[[str, float], object]] = {
    "accounts/v1/token": lambda token, life: {"jwtToken": token, "userId": "1", "teamId": "1"},
    "v1/oauth2/token/": lambda token, life: {"access_token": token, "token_type": "bearer", "expires_in": life},
    "api/account/login": lambda token, life: {"ApiToken": token},
    "tokens": lambda token, life: {"meta": {"token": token}},
}
REFUSALS: dict[str, tuple[int, object]] = {
    "pixop": (401, {"exception": "ExpiredJwtTokenException", "errorMessage": "The token has expired"}),
    "xvid": (403, {"error": {"error_code": "0x0000003", "error_message": "Invalid token"}}),
    "cielo24": (400, {"ErrorType": "BAD_API_TOKEN", "ErrorComment": "The token is not valid"}),
    "media_storage": (401, {"errors": [{"title": "Unauthorized", "detail": "The token has expired"}]}),
}


async def serve(number: int, life: float, certificate: str) -> None:
    jobs, tokens = Jobs(number), Tokens(life)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(jobs, tokens), "127.0.0.1", 0, ssl=context, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    spent = 0.0
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        jobs.done = jobs.done or line.strip() == "end"
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime
        print(json.dumps({**jobs.counts, "server_cpu": cpu - spent}), flush=True)
        spent = cpu
        jobs.counts.clear()
    os._exit(0)


if __name__ == "__main__":
    number, life, certificate = sys.argv[1:]
    asyncio.run(serve(int(number), float(life), certificate))
