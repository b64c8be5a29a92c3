"""What the tests of the Xvid MediaHub stand-in share."""

from __future__ import annotations

import pytest
from xvid_client import XvidClient

from media_sandbox.testing import RunningSandbox


@pytest.fixture
def xvid(sandbox: RunningSandbox) -> XvidClient:
    """The plain client in a new sandbox."""
    return XvidClient(sandbox)


@pytest.fixture(scope="module")
def shared_xvid(shared_sandbox: RunningSandbox) -> XvidClient:
    """The plain client in the sandbox of a whole module."""
    return XvidClient(shared_sandbox)
