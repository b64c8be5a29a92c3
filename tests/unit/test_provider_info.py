"""What Airflow is told about the provider, and what its own checks would say of the modules."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import jsonschema
import pytest

import airflow_media
from airflow_media.provider_info import get_provider_info

pytestmark = pytest.mark.airflow

PACKAGE = Path(airflow_media.__file__).parent
DAGS = Path(__file__).parents[2] / "dags"
INFO = get_provider_info()
KINDS = ("hooks", "operators", "sensors", "triggers")
FACES = {
    kind: sorted(
        module.name
        for module in walk_packages([str(PACKAGE)], "airflow_media.")
        if module.name.rpartition(".")[2] in (kind, kind.removesuffix("s")) and ".jobs." not in module.name
    )
    for kind in KINDS
}
DEFERRABLE_DEFAULT = "conf.getboolean('operators', 'default_deferrable', fallback=False)"


def told(kind: str) -> list[str]:
    return sorted(module for entry in INFO[kind] for module in entry["python-modules"])


def classes(*kinds: str) -> Iterator[type]:
    """Give the classes that the modules of these kinds define for users."""
    for kind in kinds:
        for name in FACES[kind]:
            for _, each in inspect.getmembers(import_module(name), inspect.isclass):
                if each.__module__ == name:
                    yield each


def tasks() -> list[type]:
    return [each for each in classes("operators", "sensors") if "__init__" in vars(each)]


def init_of(task: type) -> ast.FunctionDef:
    tree = ast.parse(Path(inspect.getfile(task)).read_text())
    [definition] = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == task.__name__)
    [init] = (node for node in definition.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    return init


# The metadata


def test_the_metadata_are_what_airflow_accepts() -> None:
    import airflow

    schema = json.loads((Path(airflow.__path__[0]) / "provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)


def test_the_package_is_told_by_the_name_and_version_of_the_distribution() -> None:
    assert INFO["package-name"] == "airflow-provider-media"
    assert INFO["versions"][0] == airflow_media.__version__
    [entry] = [each for each in entry_points(group="apache_airflow_provider") if each.value.startswith("airflow_media")]
    assert entry.load()() == INFO


@pytest.mark.parametrize("kind", KINDS)
def test_each_module_that_users_import_is_told(kind: str) -> None:
    assert told(kind) == FACES[kind] != []


def test_each_module_is_told_under_an_integration_that_exists() -> None:
    names = {each["integration-name"] for each in INFO["integrations"]}
    assert {entry["integration-name"] for kind in KINDS for entry in INFO[kind]} <= names


def test_each_extra_link_of_an_operator_is_told() -> None:
    used = {
        f"{type(link).__module__}.{type(link).__qualname__}"
        for each in classes("operators", "sensors")
        for link in getattr(each, "operator_extra_links", ())
    }
    assert used == set(INFO["extra-links"])


# The configuration


def test_the_options_of_the_configuration_are_those_that_are_read() -> None:
    from airflow_media.http.reading import MIB
    from airflow_media.storage.settings import configured_ranges

    told = {name: int(option["default"]) for name, option in INFO["config"]["media"]["options"].items()}
    usual = configured_ranges()
    assert told == {"parallel_ranges": usual.count, "range_size": usual.part // MIB}


# The connection form


@dataclass
class Telltale(Mapping[str, Any]):
    """An extra that keeps which of its keys were asked for."""

    asked: set[str] = field(default_factory=set)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Form:
    """A connection with nothing in it but what some services cannot do without."""

    conn_id, host, port, schema = "form", "https://service.example", None, None
    login, password = "me@example.com", "secret"
    extra_dejson: Mapping[str, Any] = {}


@pytest.mark.parametrize("form", INFO["connection-types"], ids=lambda form: form["connection-type"])
def test_the_form_has_the_very_fields_that_the_hook_reads(form: dict[str, Any]) -> None:
    from airflow_media.jobs.connection import Reader

    module, _, name = form["hook-class-name"].rpartition(".")
    hook = getattr(import_module(module), name)
    reader = Reader(Form())
    reader._extra = extra = Telltale()  # type: ignore[assignment]
    hook.access(reader)
    assert set(form["conn-fields"]) == extra.asked
    assert (hook.conn_type, hook.hook_name) == (form["connection-type"], form["hook-name"])
    assert hook.default_conn_name == f"{form['connection-type']}_default"
    assert hook.conn_name_attr == f"{form['connection-type']}_conn_id"


@pytest.mark.parametrize("form", INFO["connection-types"], ids=lambda form: form["connection-type"])
def test_each_field_of_the_form_says_what_it_is_and_has_a_default_that_it_accepts(form: dict[str, Any]) -> None:
    for name, conn_field in form["conn-fields"].items():
        assert conn_field["label"], name
        assert len(conn_field["description"]) > 20, name
        assert "null" in conn_field["schema"]["type"], f"{name} may be left empty"
        jsonschema.validate(conn_field["schema"].get("default"), conn_field["schema"])


def test_airflow_knows_the_connection_type_and_that_it_can_be_tested() -> None:
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    assert "airflow-provider-media" in manager.providers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Airflow has another class for the same in workers
        hook = manager.hooks["pixop"]
    assert hook is not None
    assert (hook.hook_name, hook.connection_testable) == ("Pixop", True)


def test_airflow_shows_the_form_where_it_makes_forms_of_metadata() -> None:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
    from airflow.providers_manager import ProvidersManager

    [form] = [each for each in HookMetaService.hook_meta_data() if each.connection_type == "pixop"]
    assert form.hook_name == "Pixop"
    if hasattr(ProvidersManager, "iter_connection_type_hook_ui_metadata"):  # Airflow 3.2 and later
        [told] = [each for each in INFO["connection-types"] if each["connection-type"] == "pixop"]
        assert set(form.extra_fields or {}) == set(told["conn-fields"])
        assert form.standard_fields is not None
        assert form.standard_fields.login is not None
        assert form.standard_fields.login.title == "E-mail"


def test_a_hook_can_test_its_connection() -> None:
    for hook in classes("hooks"):
        assert callable(hook.test_connection)  # type: ignore[attr-defined]


# Operators and sensors, as the checks of Airflow's own providers want them


@pytest.mark.parametrize("task", tasks())
def test_each_template_field_is_plainly_assigned(task: type) -> None:
    plain = {
        statement.targets[0].attr: statement.value.id
        for statement in init_of(task).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Attribute)
        and isinstance(statement.value, ast.Name)
    }
    for name in task.template_fields:  # type: ignore[attr-defined]
        assert plain.get(name) == name, f"self.{name} = {name}"


@pytest.mark.parametrize("task", tasks())
def test_each_connection_id_is_a_template_field(task: type) -> None:
    names = [name for name in inspect.signature(task).parameters if name.endswith("conn_id")]
    assert names
    assert set(names) <= set(task.template_fields)  # type: ignore[attr-defined]


@pytest.mark.parametrize("task", tasks())
def test_each_argument_is_documented_and_none_else(task: type) -> None:
    documented = {
        line.split(":")[1].removeprefix("param ") for line in (task.__doc__ or "").splitlines() if ":param " in line
    }
    arguments = set(inspect.signature(task).parameters) - {"self"}
    assert documented | {"kwargs"} == arguments | {"kwargs"}


@pytest.mark.parametrize("task", tasks())
def test_the_default_of_deferrable_is_airflows_setting(task: type) -> None:
    arguments = init_of(task).args
    defaults = dict(zip((each.arg for each in arguments.kwonlyargs), arguments.kw_defaults, strict=True))
    if "deferrable" in defaults:
        default = defaults["deferrable"]
        assert default is not None
        assert ast.unparse(default) == DEFERRABLE_DEFAULT


@pytest.mark.parametrize("task", [each for each in tasks() if hasattr(each, "trigger_cls")])
def test_what_defers_hands_its_connection_to_the_trigger(task: Any) -> None:
    from airflow_media.jobs.deferral import trigger_class
    from airflow_media.jobs.trigger import JobTrigger

    trigger = trigger_class(task.trigger_cls)
    assert issubclass(trigger, JobTrigger)
    assert trigger.hook is task.hook_class
    assert trigger.hook.conn_name_attr in task.template_fields


def test_names_tell_service_and_kind() -> None:
    suffixes = {"hooks": "Hook", "operators": "Operator", "sensors": "Sensor", "triggers": "Trigger"}
    for kind, suffix in suffixes.items():
        for each in classes(kind):
            assert each.__name__.endswith(suffix)


# Modules


def source_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("path", source_files(PACKAGE), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_raises_the_bare_airflow_exception_or_formats_what_it_logs(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            assert node.exc.func.id != "AirflowException", f"{path}:{node.lineno}"
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and "log" in ast.unparse(node.func.value)
        ):
            assert not any(isinstance(each, ast.JoinedStr) for each in node.args[:1]), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", source_files(DAGS), ids=lambda path: path.name)
def test_each_example_dag_has_tags_and_a_description(path: Path) -> None:
    [dag] = (
        call
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("dag", "DAG")
    )
    given = {keyword.arg: keyword.value for keyword in dag.keywords}
    assert "example" in ast.literal_eval(given["tags"])
    assert {"doc_md", "description"} & set(given)


HEAVY = {"boto3", "botocore", "aiohttp", "requests", "av", "moto", "fsspec", "airflow.providers"}
NOT_TO_READ_A_DAG_FILE = {"airflow.triggers.base", "difflib", "xml.etree.ElementTree"}
"""What only a task at work needs, or an error message. Each takes a millisecond or more to import."""


def brought_by(modules: Sequence[str]) -> set[str]:
    """Import modules in a process of its own, and give all that came with them beyond what DAG files import anyway."""
    script = (
        "import sys, airflow.configuration\n"
        "from airflow.sdk import DAG, BaseOperator, BaseSensorOperator\n"
        "before = set(sys.modules)\n"
        f"import {', '.join(modules)}\n"
        "print(*(set(sys.modules) - before), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    brought = set(done.stdout.split())
    assert brought >= set(modules)
    return brought


def test_importing_the_modules_brings_nothing_heavy_that_airflow_has_not_brought() -> None:
    assert brought_by([name for kind in KINDS for name in FACES[kind]]) & HEAVY == set()


def test_reading_a_dag_file_brings_nothing_that_is_for_tasks_at_work() -> None:
    brought = brought_by([*FACES["operators"], *FACES["sensors"]])
    assert brought & NOT_TO_READ_A_DAG_FILE == set()
    assert not [name for name in brought if name.startswith("airflow_media.") and name.endswith(".triggers")]
