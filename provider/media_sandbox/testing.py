"""For tests: a sandbox in a thread, a client for its controls, and small real videos.

.. code-block:: python

    with running_sandbox(pixop={"token_life": 2}) as sandbox:
        httpx.get(f"{sandbox.pixop.host}/accounts/v1/token", auth=sandbox.pixop.auth)
        sandbox.admin.fault("429 retry_after=1 on=pixop.process_video times=1")
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from media_sandbox.faults import parse_fault
from media_sandbox.media.ffmpeg import executable
from media_sandbox.pixop import fixtures
from media_sandbox.server import Sandbox
from media_sandbox.web import Connection

START_SECONDS = 10.0


class AdminClient:
    """The sandbox's controls, over HTTP as for everybody else.

    :param url: the admin endpoint.
    """

    def __init__(self, url: str) -> None:
        # It speaks plain HTTP: to read the certificates of this machine takes longer than to start a sandbox.
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30, verify=False)

    def fault(self, spec: str) -> None:
        """Set a fault; :mod:`media_sandbox.faults` says how it is written."""
        self._call("POST", "faults", asdict(parse_fault(spec)))

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that are set."""
        return self._list("faults")

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("DELETE", "faults")

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Return the request log, oldest first: of one operation, or all."""
        return self._list("requests" + (f"?operation={operation}" if operation else ""))

    def clear_requests(self) -> None:
        """Empty the request log."""
        self._call("DELETE", "requests")

    def options(self, service: str = "pixop", **changes: Any) -> dict[str, Any]:
        """Change switches of a service, and return them all."""
        answer = self._call("PATCH", "options", {service: changes})
        options: dict[str, Any] = answer.json()[service]
        return options

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock."""
        self._call("POST", "clock", {"advance": seconds})

    def expire_tokens(self) -> None:
        """Make all tokens issued so far expired."""
        self._call("POST", "tokens/expire")

    def jobs(self) -> list[str]:
        """Return the keys of the jobs that run or wait."""
        answer: list[str] = self._call("GET", "jobs").json()
        return answer

    def outcome(self, stage: str, kind: str, service: str = "pixop", **fields: Any) -> None:
        """Choose what becomes of the next work; see :class:`media_sandbox.outcomes.Outcome`."""
        self._call("POST", f"{service}/outcomes", {"stage": stage, "kind": kind, **fields})

    def clear_outcomes(self, service: str = "pixop") -> None:
        """Remove all chosen outcomes."""
        self._call("DELETE", f"{service}/outcomes")

    def release(self, service: str = "pixop") -> None:
        """Let the work go on that is stuck."""
        self._call("POST", f"{service}/release")

    def get(self, path: str) -> Any:
        """Ask a control of a service's own, such as ``xvid/jobs``."""
        return self._call("GET", path).json()

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Use a control of a service's own.

        :return: its answer, ``None`` where it has none.
        """
        answer = self._call("POST", path, body or {})
        return answer.json() if answer.content else None

    def token(self, email: str = fixtures.PLAIN.email, /, **claims: Any) -> str:
        """Return a signed token whose claims are replaced, or left out where ``None``."""
        token: str = self._call("POST", "pixop/tokens", {"email": email, "claims": claims}).json()["jwtToken"]
        return token

    def video(self, video_id: str) -> dict[str, Any]:
        """Return all that is known of a video, the reason of a failure too."""
        video: dict[str, Any] = self._call("GET", f"pixop/videos/{video_id}").json()
        return video

    def change_etag(self, video_id: str) -> None:
        """Give a video's file another entity tag, as if it had changed."""
        self._call("POST", f"pixop/videos/{video_id}/etag")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, method: str, path: str, json: Any = None) -> httpx.Response:
        answer = self._client.request(method, path, json=json)
        if answer.is_error:
            raise ValueError(f"{method} {path}: {answer.text}")
        return answer

    def _list(self, path: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self._call("GET", path).json()
        return answer


@dataclass(frozen=True)
class PixopAccess:
    """How to reach the Pixop stand-in as one of its accounts."""

    host: str
    account: fixtures.Account

    @property
    def auth(self) -> tuple[str, str]:
        """E-mail address and password."""
        return self.account.email, self.account.password

    def as_account(self, account: fixtures.Account) -> PixopAccess:
        """Return the access of another account."""
        return PixopAccess(self.host, account)


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that runs."""

    base_url: str
    data: Path
    slots: int
    """How many jobs run at the same time."""
    admin: AdminClient
    pixop: PixopAccess
    connections: Mapping[str, Connection]
    """How to log in to each service, by its name."""

    def connection(self, service: str) -> Connection:
        """Return what a client needs to log in to a service."""
        return self.connections[service]


@contextmanager
def running_sandbox(data: Path | None = None, *, port: int = 0, **options: dict[str, Any]) -> Iterator[RunningSandbox]:
    """Run a sandbox in a thread of its own.

    :param data: its directory, which another sandbox may take up later; a temporary one if not given.
    :param port: the port; any free one if 0.
    :param options: switches by service: ``pixop={"token_life": 2}``.
    """
    with tempfile.TemporaryDirectory(prefix="media-sandbox-") as temporary:
        thread = _SandboxThread(data or Path(temporary), port, options)
        thread.start()
        base_url = thread.wait_until_listening()
        admin = AdminClient(f"{base_url}/_admin")
        try:
            access = PixopAccess(f"{base_url}/pixop", fixtures.PLAIN)
            yield RunningSandbox(base_url, thread.data, thread.slots, admin, access, thread.connections)
        finally:
            admin.close()
            thread.stop()


class _SandboxThread(threading.Thread):
    def __init__(self, data: Path, port: int, options: dict[str, dict[str, Any]]) -> None:
        super().__init__(name="media-sandbox", daemon=True)
        self.data = data
        self._port = port
        self._options = options
        self._listening = threading.Event()
        self._base_url = ""
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again in the test's thread
            self._error = error
        finally:
            self._listening.set()

    async def _serve(self) -> None:
        sandbox = Sandbox(self.data, self._options)
        await sandbox.start(self._port)
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self._base_url, self.slots = sandbox.base_url, sandbox.jobs.slots
        self.connections = {service.name: service.connection(sandbox.base_url) for service in sandbox.services}
        self._listening.set()
        await self._stopped.wait()
        await sandbox.stop()

    def wait_until_listening(self) -> str:
        if not self._listening.wait(START_SECONDS) or self._error:
            raise RuntimeError("the sandbox did not start") from self._error
        return self._base_url

    def stop(self) -> None:
        if self.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
        self.join()
        if self._error:
            raise RuntimeError("the sandbox broke down") from self._error


def make_video(
    path: Path,
    *,
    size: str = "320x240",
    seconds: float = 1.0,
    fps: int = 25,
    audio: bool = True,
    interlaced: bool = False,
    arguments: tuple[str, ...] = (),
) -> Path:
    """Make a small video of a moving test picture.

    :param path: where to; the suffix chooses the container.
    :param fps: frames per second; fields come at twice that rate.
    :param interlaced: whether it consists of fields, the top one first.
    :param arguments: further ffmpeg arguments for the output, such as ``("-pix_fmt", "yuv422p10le")``.
    :return: ``path``.
    """
    rate = fps * 2 if interlaced else fps
    # Turned slowly, since detectors take the unmoved pattern for interlaced.
    picture = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds},rotate=t/3"]
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"] if audio else []
    fields = ["-vf", "interlace=tff", "-flags:v", "+ildct+ilme"] if interlaced else []
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-r", str(fps)]
    _ffmpeg(*picture, *sound, *codec, *fields, *arguments, str(path))
    return path


def make_pal_video(path: Path, *, seconds: float = 1.0) -> Path:
    """Make interlaced PAL: 720x576 shown as 4:3, 25 frames a second, top field first, with sound."""
    return make_video(
        path, size="720x576", seconds=seconds, interlaced=True, arguments=("-aspect", "4:3", "-b:v", "2M")
    )


def make_audio_file(path: Path) -> Path:
    """Make a proper media file that has no video."""
    _ffmpeg("-f", "lavfi", "-i", "sine=duration=1", str(path))
    return path


def make_garbage(path: Path, size: int = 100_000) -> Path:
    """Make a file that is no media at all, of ``size`` bytes, the same every time."""
    path.write_bytes((b"not a video\n" * (size // 12 + 1))[:size])
    return path


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([executable(), "-v", "error", "-nostdin", "-y", *arguments], check=True)
