"""How Sphinx builds this site. The build fetches nothing from the network."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
# Importing Airflow writes a configuration file into its home: not into that of whoever builds this.
os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / "airflow-provider-media-docs"))

from airflow_media import __version__  # noqa: E402

project = "airflow-provider-media"
author = "The authors of airflow-provider-media"
project_copyright = author
version = release = __version__

extensions = ["bench_tables", "fault_table", "media_tables", "myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_ext", "examples"]

myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Media for Apache Airflow {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

autodoc_default_options = {"member-order": "bysource"}
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
add_module_names = False

# Every reference to something of this project must lead somewhere; the build fails otherwise. What others document
# would need their object inventories, which are fetched from the network: a build without one must give the same site.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(airflow|collections|contextlib|dataclasses|datetime|enum|httpx|logging|pathlib|pendulum|ssl|starlette|types)\..*",
    ),
    # The same, by the bare names under which modules import them for type checkers.
    (
        "py:.*",
        r"AirflowException|BaseOperator|Context|InitVar|Logger|Param|PokeReturnValue|RetryDecision|TaskInstanceKey"
        r"|datetime",
    ),
    # Sphinx takes these apart at their commas.
    ("py:class", r"(tuple|list|Mapping)\[.*"),
    # Type variables.
    ("py:.*", r".*\.(T(_co)?|R)"),
    # Stands in signatures for those who read the code; not for use from outside, so not on these pages.
    ("py:.*", r"airflow_media\.(http\.exchange|http\.reading|jobs\.compat|jobs\.progress)\..*"),
    ("py:.*", r"media_sandbox\.(clock|pixop\.records|web)\..*|ApiError"),
]
