"""Starts the other sides of the transfers: the sink and the source, each in a process of its own."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import ROOT

HERE = Path(__file__).parent
MIB, GIB = 1 << 20, 1 << 30


def size_of_file(size: int) -> int:
    """Give the size of the file that is moved: so many bytes, or ``BENCH_MIB`` mebibytes to try a benchmark out."""
    return int(os.environ.get("BENCH_MIB", size // MIB)) * MIB


def curl() -> str:
    """Give the path of curl.

    :raises SystemExit: There is none.
    """
    found = shutil.which("curl")
    if found is None:
        raise SystemExit("This benchmark compares with curl: install it first.")
    return found


@contextmanager
def workplace(room: int) -> Iterator[Path]:
    """Give a folder for the time of a benchmark: in memory, where there is room, since disks differ more than clients.

    :param room: Bytes that will be written.
    """
    # Who is ended tidies up: what is left in memory is missing there.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    memory = Path("/dev/shm")
    fits = memory.is_dir() and shutil.disk_usage(memory).free > 2 * room
    with tempfile.TemporaryDirectory(dir=memory if fits else None) as folder:
        yield Path(folder)


def file_of(path: Path, size: int) -> Path:
    """Make a file of zeros that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


@contextmanager
def sink(certificate: Path | None = None) -> Iterator[str]:
    """Start the sink and give its base URL."""
    with _server(certificate, "sink.py", *([str(certificate)] if certificate else [])) as url:
        yield url


@contextmanager
def source(
    file: Path,
    *,
    certificate: Path | None = None,
    rate: float | None = None,
    cuts: list[int] | None = None,
    log: Path | None = None,
) -> Iterator[str]:
    """Start a source of a file and give its base URL.

    :param file: The file.
    :param certificate: For TLS.
    :param rate: Bytes per second of a connection.
    :param cuts: Positions at which a connection is closed, each once.
    :param log: Where each GET is told.
    """
    options = ["--certificate", str(certificate)] if certificate else []
    options += ["--rate", str(rate)] if rate else []
    options += ["--cuts", *map(str, cuts)] if cuts else []
    options += ["--log", str(log)] if log else []
    with _server(certificate, "source.py", str(file), *options) as url:
        yield url


@contextmanager
def _server(certificate: Path | None, name: str, *arguments: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, str(HERE / name), str(port), *arguments]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait(port)
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the other side of the transfer did not start")


def new_certificate(folder: Path) -> Path:
    """Make a certificate of 127.0.0.1 with its key, that signs itself, in one file.

    Whoever shall trust it is given the file as ``SSL_CERT_FILE``, or ``curl --cacert``.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
