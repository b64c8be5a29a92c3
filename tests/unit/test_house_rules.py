"""The rules of the house that no linter knows; layers and independence are import-linter's, in pyproject.toml."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROVIDER = ROOT / "provider"
MODULES = sorted(PROVIDER.rglob("*.py"))
LONGEST_MODULE = 450

ROOMS = sorted(path.parent for path in (PROVIDER / "airflow_media").glob("*/api.py"))
FACES = {"base", "feed", "hook", "operators", "sensors", "triggers"}
"""The modules of a service that face Airflow; all others work without it."""
PURE = [path for room in ROOMS for path in room.glob("*.py") if path.stem not in FACES]
INGEST = ("arrivals", "claims", "interval", "manifest", "plan", "shelf")
"""The modules of the ingest that work without Airflow."""

AIRFLOW_FREE = [
    *(PROVIDER / "airflow_media" / "http").rglob("*.py"),
    *(PROVIDER / "airflow_media" / "storage").rglob("*.py"),
    *(PROVIDER / "airflow_media" / "jobs" / name for name in ("connection.py", "progress.py", "states.py", "watch.py")),
    *PURE,
    *(PROVIDER / "airflow_media" / "ingest" / f"{name}.py" for name in INGEST),
    *(PROVIDER / "media_sandbox").rglob("*.py"),
]


def imported(nodes: list[ast.stmt]) -> Iterator[str]:
    """Give the modules that are imported when a module is, not those inside functions or for type checkers."""
    for node in nodes:
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module)):
                yield module
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from imported(node.orelse)
            case ast.If() | ast.Try():
                yield from imported([child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)])


def top_level_imports(path: Path) -> set[str]:
    return set(imported(ast.parse(path.read_text()).body))


@pytest.mark.parametrize("path", AIRFLOW_FREE, ids=lambda path: str(path.relative_to(PROVIDER)))
def test_what_needs_no_airflow_imports_none(path: Path) -> None:
    assert not {name for name in top_level_imports(path) if name.split(".")[0] == "airflow"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(PROVIDER)))
def test_what_a_service_is_without_airflow_knows_no_jobs_of_airflow(path: Path) -> None:
    allowed = {"airflow_media.jobs.states"} if path.stem == "kinds" else set()
    assert {name for name in top_level_imports(path) if name.startswith("airflow_media.jobs")} <= allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROVIDER)))
def test_modules_are_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_MODULE
    assert not text or ast.get_docstring(ast.parse(text)), "a module without a docstring"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROVIDER)))
def test_the_two_packages_do_not_know_each_other(path: Path) -> None:
    other = {"airflow_media": "media_sandbox", "media_sandbox": "airflow_media"}[path.relative_to(PROVIDER).parts[0]]
    assert not {name for name in top_level_imports(path) if name.split(".")[0] == other}


@pytest.mark.parametrize("package", ["airflow_media", "media_sandbox"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    assert (PROVIDER / package / "py.typed").is_file()


def test_only_the_wire_knows_http_libraries() -> None:
    outside = [path for path in (PROVIDER / "airflow_media").rglob("*.py") if path.parent.name != "http"]
    libraries = {"aiohttp", "httpx", "urllib3"}
    assert not [path.name for path in outside if libraries & {name.split(".")[0] for name in top_level_imports(path)}]


def test_differences_between_airflow_versions_are_in_one_module() -> None:
    shim = PROVIDER / "airflow_media" / "jobs" / "compat.py"
    others = [path for path in (PROVIDER / "airflow_media").rglob("*.py") if path != shim]
    assert not [path.name for path in others if re.search(r"AIRFLOW_V_|except ImportError", path.read_text())]


def test_constraints_name_packages_and_versions_only() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+", line)]


@pytest.mark.parametrize(
    "module",
    [
        "airflow_media.http.client",
        "airflow_media.storage",
        "airflow_media.ingest.plan",
        *(f"airflow_media.{room.name}.flows" for room in ROOMS),
    ],
)
def test_the_core_works_without_airflow_being_imported(module: str) -> None:
    code = f"import {module}, sys; sys.exit(any(name.split('.')[0] == 'airflow' for name in sys.modules))"
    subprocess.run([sys.executable, "-c", code], check=True)
