"""What is made up here is no secret to other tests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import pytest

from airflow_media.http.redact import REDACTOR


@pytest.fixture(scope="module", autouse=True)
def _own_secrets() -> Iterator[None]:
    """Forget the passwords and tokens that were drawn: others would find their own words blanked."""
    kept, REDACTOR._secrets = REDACTOR._secrets, OrderedDict()
    yield
    REDACTOR._secrets = kept
