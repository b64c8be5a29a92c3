"""The documentation is built without a warning, and says what there is to say about each name that users type."""

from __future__ import annotations

import html
import inspect
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from airflow_media import __version__
from airflow_media.pixop.rules import SettingsError
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.vocabulary import FIELDS
from airflow_media.provider_info import get_provider_info
from media_sandbox.pixop.admin import admin_operations
from media_sandbox.pixop.equivalents import EQUIVALENTS
from media_sandbox.testing import running_sandbox

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"

pytestmark = pytest.mark.xdist_group("docs")  # or each worker builds them for itself


class Page:
    """A built page: all that it shows as code, by the id of its section."""

    def __init__(self, text: str) -> None:
        self.text = html.unescape(re.sub(r"<[^>]+>", "", text))
        parts = re.split(r'<section[^>]* id="([^"]+)"', text)
        self.sections = {name: _codes(part) for name, part in zip(parts[1::2], parts[2::2], strict=True)}

    @property
    def codes(self) -> set[str]:
        """What the page shows as code anywhere."""
        return set().union(*self.sections.values())


def _codes(text: str) -> set[str]:
    found = re.findall(r"<code[^>]*>(.*?)</code>", text, re.DOTALL)
    return {html.unescape(re.sub(r"<[^>]+>", "", code)) for code in found}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html", "docs", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pixop_page(site: Path) -> Page:
    return Page((site / "services" / "pixop.html").read_text())


@pytest.fixture(scope="module")
def sandbox_page(site: Path) -> Page:
    return Page((site / "sandbox.html").read_text())


def test_every_page_can_be_reached_from_the_index(site: Path) -> None:
    index = (site / "index.html").read_text()
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    made_by_sphinx = {"genindex.html", "index.html", "py-modindex.html", "search.html"}
    assert {page for page in pages - made_by_sphinx if f'href="{page}"' not in index} == set()


def operators_and_sensors() -> Iterator[type[Any]]:
    from airflow_media.pixop import operators, sensors

    for module in (operators, sensors):
        for name, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__module__ == module.__name__ and name not in {"PixopOperator", "PixopSensor"}:
                yield cls


@pytest.mark.airflow
def test_every_parameter_of_every_operator_and_sensor_is_on_the_service_page(pixop_page: Page) -> None:
    classes = list(operators_and_sensors())
    assert len(classes) == 6
    for cls in classes:
        shown = pixop_page.sections[cls.__name__.lower()]
        parameters = inspect.signature(cls.__init__).parameters.values()
        own = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
        assert own - shown == set(), cls.__name__


def test_every_setting_and_value_is_on_the_service_page(pixop_page: Page) -> None:
    shown = pixop_page.sections["settings"]
    for field in FIELDS:
        assert {field.name, field.path, *map(str, field.choices or ())} - shown == set()


def test_the_refusal_that_the_service_page_quotes_is_the_real_one(pixop_page: Page) -> None:
    with pytest.raises(SettingsError) as refused:
        ProcessSettings(resolution="hd_1080", clarity_boost="low")
    assert str(refused.value) in pixop_page.text


def test_every_field_of_the_connection_form_is_on_the_connections_page(site: Path) -> None:
    page = Page((site / "connections.html").read_text())
    [form] = get_provider_info()["connection-types"]
    shown = page.sections[f"type-{form['connection-type']}"]
    assert set(form["conn-fields"]) - shown == set()
    labels = [field["label"] for field in form["conn-fields"].values()]
    labels += form["ui-field-behaviour"]["relabeling"].values()
    assert [label for label in labels if label not in page.text] == []


def test_every_option_of_the_sandbox_is_on_its_page(sandbox_page: Page) -> None:
    command = [sys.executable, "-m", "media_sandbox", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^  (--[a-z-]+)", told, re.MULTILINE))
    assert options
    assert {option for option in options if not any(code.startswith(option) for code in sandbox_page.codes)} == set()


def test_every_control_and_equivalent_of_the_sandbox_is_on_its_page(sandbox_page: Page) -> None:
    controls = {operation.path for operation in admin_operations(cast("Any", None))}
    assert controls - sandbox_page.codes == set()
    assert {row.value for row in EQUIVALENTS} | {row.ffmpeg for row in EQUIVALENTS if row.ffmpeg} <= sandbox_page.codes


def test_the_changelog_knows_this_version() -> None:
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.airflow
def test_the_examples_can_be_read_by_airflow() -> None:
    from airflow.dag_processing.dagbag import DagBag

    read = DagBag(EXAMPLES)
    assert read.import_errors == {}
    assert set(read.dag_ids) == {
        "enhance_and_forget",
        "enhance_daily",
        "enhance_one",
        "list_archive",
        "process_by_form",
    }


@pytest.mark.airflow
def test_the_flow_of_the_examples_deletes_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_media.pixop.api import create_video
    from airflow_media.pixop.hook import PixopHook

    flow = runpy.run_path(str(EXAMPLES / "own_flow.py"))["delete_older_than"]
    with running_sandbox() as sandbox:
        email, password = sandbox.pixop.auth
        connection = {"conn_type": "pixop", "host": sandbox.pixop.host, "login": email, "password": password}
        monkeypatch.setenv("AIRFLOW_CONN_PIXOP_DEFAULT", json.dumps(connection))
        hook = PixopHook()
        made = hook.run(create_video(name="clip"))
        assert hook.run(flow(made.project_id, "2000-01-01")) == []
        assert hook.run(flow(made.project_id, "3000-01-01")) == [made.video_id]
