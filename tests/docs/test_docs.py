"""The documentation is built without a warning, and says what there is to say about each name that users type."""

from __future__ import annotations

import dataclasses
import html
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from airflow_media import __version__
from airflow_media.cielo24.captions import CaptionOptions, TranscriptOptions
from airflow_media.cielo24.listing import JobFilter
from airflow_media.cielo24.options import OptionsError
from airflow_media.cielo24.order import TranscriptionOptions, TranscriptionOrder
from airflow_media.cielo24.vocabulary import CAPTION_FORMATS, FIDELITIES, PRIORITIES, SOURCE_LANGUAGES
from airflow_media.http.errors import InvalidRequestError
from airflow_media.media_storage.query import JOBS, MEDIAS
from airflow_media.pixop.rules import SettingsError
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.vocabulary import FIELDS
from airflow_media.provider_info import get_provider_info
from airflow_media.xvid.request import job_body
from media_sandbox.controls import outcome_controls
from media_sandbox.media_storage.renditions import VARIANTS
from media_sandbox.outcomes import Outcomes
from media_sandbox.pixop.equivalents import EQUIVALENTS
from media_sandbox.server import SERVICES, Sandbox
from media_sandbox.web import Service
from media_sandbox.xvid.presets import PRESETS, THUMBNAIL_PRESETS

ROOT = Path(__file__).parents[2]
FACES = {"pixop": 6, "xvid": 6, "cielo24": 8, "media_storage": 6}
"""How many operators and sensors each service has."""

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


class Site:
    """The built documentation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pages: dict[str, Page] = {}

    def page(self, name: str) -> Page:
        """Give a page by its path, without suffix."""
        if name not in self._pages:
            self._pages[name] = Page((self.folder / f"{name}.html").read_text())
        return self._pages[name]

    def of_service(self, name: str, folder: str = "services") -> Page:
        """Give the page of a service."""
        return self.page(f"{folder}/{name.replace('_', '-')}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html", "docs", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Site(folder)


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Service]]:
    """The services of the sandbox, none of them started."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield {service.name: service for service in sandbox.services}
    sandbox.store.close()


def test_every_page_can_be_reached_from_the_index(site: Site) -> None:
    index = (site.folder / "index.html").read_text()
    pages = {path.relative_to(site.folder).as_posix() for path in site.folder.rglob("*.html")}
    made_by_sphinx = {"genindex.html", "index.html", "py-modindex.html", "search.html"}
    assert {page for page in pages - made_by_sphinx if f'href="{page}"' not in index} == set()


# Services


def operators_and_sensors(service: str) -> list[type[Any]]:
    """Give the classes that users instantiate: those that no other one derives from."""
    modules = [import_module(f"airflow_media.{service}.{name}") for name in ("operators", "sensors")]
    found = [
        cls
        for module in modules
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if cls.__module__ == module.__name__ and hasattr(cls, "execute")
    ]
    return [cls for cls in found if not any(cls in other.__mro__[1:] for other in found)]


@pytest.mark.airflow
@pytest.mark.parametrize("service", FACES)
def test_every_parameter_of_every_operator_and_sensor_is_on_the_service_page(site: Site, service: str) -> None:
    classes = operators_and_sensors(service)
    assert len(classes) == FACES[service]
    page = site.of_service(service)
    for cls in classes:
        shown = page.sections[cls.__name__.lower()]
        parameters = inspect.signature(cls.__init__).parameters.values()
        own = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
        assert own - shown == set(), cls.__name__


@pytest.mark.airflow
@pytest.mark.parametrize("service", FACES)
def test_every_operator_and_sensor_is_in_the_table_at_the_top_of_its_page(site: Site, service: str) -> None:
    top = next(iter(site.of_service(service).sections.values()))
    assert {cls.__name__ for cls in operators_and_sensors(service)} - top == set()


def test_every_setting_and_value_of_pixop_is_on_its_page(site: Site) -> None:
    shown = site.of_service("pixop").sections["settings"]
    for field in FIELDS:
        assert {field.name, field.path, *map(str, field.choices or ())} - shown == set()


@pytest.mark.parametrize(
    ("group", "section", "words"),
    [
        (TranscriptionOrder, "of-an-order", {*FIDELITIES, *PRIORITIES}),
        (TranscriptionOptions, "of-a-transcription", {"RETURN", "AMARA", "TRUE_VERBATIM"}),
        (CaptionOptions, "of-captions", {"WINDOWS", "upper", "BLANK_AUDIO", "caption_text"}),
        (TranscriptOptions, "of-a-transcript", {"html", "%H"}),
        (JobFilter, "from-python", {"Media Failure"}),
    ],
)
def test_every_option_of_cielo24_is_on_its_page(site: Site, group: Any, section: str, words: set[str]) -> None:
    shown = site.of_service("cielo24").sections[section]
    assert {*group.names(), *words} - shown - {"options"} == set()


def test_every_word_of_cielo24_is_on_its_page(site: Site) -> None:
    page = site.of_service("cielo24")
    assert set(CAPTION_FORMATS) - page.sections["caption-formats"] == set()
    assert SOURCE_LANGUAGES - page.sections["languages"] == set()


def test_every_filter_of_the_media_storage_is_on_its_page(site: Site) -> None:
    assert {*JOBS.filters, *MEDIAS.filters} - site.of_service("media_storage").sections["filters"] == set()


def refusals() -> Iterator[tuple[str, str]]:
    """Give what the pages quote: a service, and the text of an error."""
    with pytest.raises(SettingsError) as of_pixop:
        ProcessSettings(resolution="hd_1080", clarity_boost="low")
    yield "pixop", str(of_pixop.value)
    with pytest.raises(InvalidRequestError) as of_xvid:
        job_body(outputs=[{"output_name": "clip", "preset": "H.264"}], pipeline_id="53a1ac4914eaa8ffa4fce91b")
    yield "xvid", str(of_xvid.value)
    with pytest.raises(OptionsError) as of_cielo24:
        CaptionOptions.parse({"characters_per_line": 32, "force_case": "UPPER"})
    yield "cielo24", str(of_cielo24.value)


def test_the_refusals_that_the_service_pages_quote_are_the_real_ones(site: Site) -> None:
    for service, text in refusals():
        assert text in site.of_service(service).text


@pytest.mark.parametrize("form", get_provider_info()["connection-types"], ids=lambda form: form["connection-type"])
def test_every_field_of_every_connection_form_is_on_the_connections_page(site: Site, form: dict[str, Any]) -> None:
    page = site.page("connections")
    own = page.sections[f"type-{form['connection-type'].replace('_', '-')}"]
    assert set(form["conn-fields"]) - own - page.sections["what-all-have"] == set()
    labels = [field["label"] for field in form["conn-fields"].values()]
    labels += form["ui-field-behaviour"]["relabeling"].values()
    assert [label for label in labels if label not in page.text] == []


# Sandbox


def test_every_option_of_the_command_line_is_on_the_page_of_the_sandbox(site: Site) -> None:
    command = [sys.executable, "-m", "media_sandbox", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^  (--[a-z-]+)", told, re.MULTILINE))
    shown = site.page("sandbox").codes
    assert options
    assert {option for option in options if not any(code.startswith(option) for code in shown)} == set()


def test_every_shared_control_is_on_the_page_of_the_sandbox(site: Site) -> None:
    assert {control.path for control in outcome_controls("any", Outcomes(()))} - site.page("sandbox").codes == set()


@pytest.mark.parametrize("service", [kind.name for kind in SERVICES])
def test_every_control_operation_and_option_of_a_stand_in_is_on_its_page(
    site: Site, stand_ins: dict[str, Service], service: str
) -> None:
    stand_in, page = stand_ins[service], site.of_service(service, "sandbox")
    shared = {control.path for control in outcome_controls("any", Outcomes(()))}
    assert {control.path for control in stand_in.admin_operations} - shared - page.codes == set()
    assert {operation.name for operation in stand_in.operations} - page.codes == set()
    assert [each.name for each in dataclasses.fields(stand_in.options) if each.name not in page.text] == []


def test_what_stands_for_what_is_on_the_pages_of_the_stand_ins(site: Site) -> None:
    pixop = {row.value for row in EQUIVALENTS} | {row.ffmpeg for row in EQUIVALENTS if row.ffmpeg}
    assert pixop <= site.of_service("pixop", "sandbox").codes
    codecs = [codec for preset in PRESETS for codec in (preset.vcodec, preset.acodec) if codec]
    xvid = {preset.name for preset in PRESETS} | {codec.ffmpeg for codec in codecs} | set(THUMBNAIL_PRESETS)
    assert xvid <= site.of_service("xvid", "sandbox").codes
    storage = {variant.key for variant in VARIANTS} | {variant.ffmpeg for variant in VARIANTS}
    assert storage <= site.of_service("media_storage", "sandbox").codes


# The rest


def test_every_example_dag_is_told_of(site: Site) -> None:
    names = {path.stem for path in (ROOT / "dags").glob("*.py")}
    told = site.page("index").codes
    readme = (ROOT / "README.md").read_text()
    assert {name for name in names if name not in told or f"dags/{name}.py" not in readme} == set()


def test_the_changelog_knows_this_version() -> None:
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
