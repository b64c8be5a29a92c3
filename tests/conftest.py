"""What all tests share: an Airflow of their own, set up before anything can import it.

A test that imports Airflow carries the mark ``airflow``; the others run where there is none.
"""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "tests"
FOREIGN = ("AIRFLOW_", "_AIRFLOW_", "AWS_")
"""Beginnings of the names of settings that whoever runs the tests may have, and that must not count here."""
MASKERS = ("airflow.sdk._shared.secrets_masker", "airflow.sdk.execution_time.secrets_masker")
"""Where Airflow keeps what it blanks in logs, in newer and older releases."""


def _own_airflow() -> Path:
    """Give this process an Airflow home that nobody else has and that is gone at its end."""
    home = Path(tempfile.mkdtemp(prefix="airflow-media-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    (home / "dags").mkdir()
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }
    return home


AIRFLOW_HOME = _own_airflow()


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """Home of this process's Airflow."""
    return AIRFLOW_HOME


@pytest.fixture(scope="session")
def airflow_db(airflow_home: Path) -> None:
    """A metadata database of this process's own: a copy of one that is made once for each version of Airflow."""
    BUILD.mkdir(parents=True, exist_ok=True)
    template = BUILD / f"airflow-{version('apache-airflow-core')}.db"
    with (BUILD / f"{template.stem}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            _migrate(template)
    shutil.copy(template, airflow_home / "airflow.db")


def _migrate(template: Path) -> None:
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        made = Path(folder) / "airflow.db"
        environment = os.environ | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{made}"}
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"airflow db migrate failed:\n{done.stdout}\n{done.stderr}")
        made.replace(template)


@pytest.fixture(autouse=True)
def _airflow_for_those_who_need_it(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.node.get_closest_marker("airflow"):
        yield
        return
    request.getfixturevalue("airflow_db")
    yield
    for place in MASKERS:  # each new secret costs Airflow as much as all that it knows already, and each test has some
        if place in sys.modules:
            sys.modules[place].reset_secrets_masker()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Give what was logged so far, down to the finest detail: Airflow's newer logs do not pass by the root logger."""
    caplog.set_level(logging.DEBUG)
    printed: list[str] = []

    def text() -> str:
        printed.extend(capsys.readouterr())
        return caplog.text + "".join(printed)

    return text
